"""A draft as an editor shapes it: words, entries, previews, test copies."""
