"""Readers from a file: read, mapped, checked without writing, brought in, and undone.

``upload`` makes one kind of file of all, ``records`` reads it, ``presets`` knows other services'
columns, ``people`` judges a row by itself and ``standing`` beside what is known here; ``bulk`` and
``write`` put a chunk into the database, ``run`` does one chunk after the other.
"""
