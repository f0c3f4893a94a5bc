"""What is collected: feeds, papers, leaderboards, repositories.

One check of one source reads in this order:

    collect     claims the source, reads it, writes what came, says what became of it
    reading     asks for its pages, with its key and what it told us the last time
    fetch       one safe, conditional request; ``network`` keeps it off private addresses
    turns       one request at a time to a host, and to what sources share, such as arXiv
    uploads     a file of the operator's in place of a request
    kinds       bytes → items or a table; one module a kind, no network and no rows
    storing     items and snapshots into their rows
    backoff     when it is looked at next

Beside it, before there is a source: ``discover`` tries an address that somebody pasted.

A new kind is a module in ``kinds`` and a line in its registry.
"""
