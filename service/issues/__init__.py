"""What is said today: composed of what was collected, curated, approved and frozen.

ai/         an editorial drafted by a model, which an editor accepts or not
schedule    which dates are due, and what an outage missed (pure)
duplicates  when two titles are one story (pure)
deltas      what moved between two snapshots (pure)
tables      snapshots to tables and repositories (pure)
compose     candidates to ranked sections (pure)
week        a week's issues to one digest (pure)
headline    subject and preheader (pure)
editorial   the sentences that stand in for an editor's own (pure)
approval    when an issue that waits reminds, and when that ends (pure)
states      which state may follow which (pure)
gather      rows to the values that these read
build       a draft of a date, and a rebuild that leaves the editor's work alone
missing     which sources an issue was built without
words       the words that follow from an issue's sections as they stand
curate      pin, drop, reorder, edit, write
approve     freeze, reopen, hold, resume, skip, stop; an issue by hand
waiting     remind editors of what waits for them, and end the wait at its limit
due         what the minute's tick finds
"""
