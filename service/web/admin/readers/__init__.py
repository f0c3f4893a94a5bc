"""Readers found, added, changed, brought from a file, and left alone."""
