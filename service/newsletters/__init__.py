"""A newsletter as a file: identity, schedule, sections and sources in one page of TOML.

spec       what such a file may say (pure)
problems   what is wrong with one: the line, the field, what is allowed (pure)
toml       values to TOML; reading is Python's own (pure)
rows       a description into the rows, and back
file       load a file, write one
edit       the same description, changed by a form
examples   a complete newsletter, and the demo's
"""
