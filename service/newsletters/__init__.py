"""A newsletter as a file: identity, schedule, sections and sources in one page of TOML.

spec       what such a file may say (pure)
problems   what is wrong with one: the line, the field, what is allowed (pure)
toml       values to TOML; reading is Python's own (pure)
file       load a file into the rows, dump the rows into a file
examples   a complete newsletter, and the demo's
"""
