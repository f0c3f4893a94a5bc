"""What is said today: composed of what was collected, curated, approved and frozen.

schedule    which dates are due, and what an outage missed (pure)
duplicates  when two headlines are the same story (pure)
deltas      what moved between two snapshots (pure)
compose     candidates to ranked sections (pure)
tables      snapshots to tables and repositories (pure)
headline    subject and preheader (pure)
editorial   the sentence or two that stand in for an editor's own (pure)
states      which state may follow which (pure)
build       a draft from the rows, and a rebuild that leaves the editor's work alone
curate      pin, drop, reorder, edit
approve     freeze, hold, skip, stop; an issue by hand
due         what the minute's tick finds
"""
