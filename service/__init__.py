"""The map of the house. One message's path is a row of folders, read in order:

    sources     what is collected: feeds, papers, tables, repositories
    issues      what is said today: composed, curated, frozen
    rendering   how it looks: templates to MJML to HTML, once for each distinct choice
    delivery    who gets it, at which pace, and what became of it
    events      what Amazon SES says happened afterwards

Beside them: ``audience`` (who asked for what, and who must be left alone), ``newsletters``
(a newsletter as a file), ``message`` (a mail as data: slots, headers, MIME), ``models`` (the
rows in which stages meet), ``doorbell`` (hurries a worker; the database is the queue).
In front: ``web``, ``cli`` and the top-level ``workers``, which alone knows the order.
``sandbox`` stands apart: a newsroom and a local SES for the demo, the tests and benchmarks.
"""
