"""Who gets an issue, at which pace, and what became of each message.

In the order of a delivery's life: ``plan`` writes the rows, ``claim`` gives a batch to one worker,
``pace`` says when, ``send`` carries a batch through a transport, ``states`` decides what follows,
``reconcile`` speaks for rows whose outcome nobody told, ``finish`` says when an issue is sent.
Beside it: ``canary`` judges the rest of an issue by its first few, ``late`` skips who would get old
news, ``control`` stops and tries again, ``latecomers`` plans who joined meanwhile, ``history`` says
who got what.
"""
