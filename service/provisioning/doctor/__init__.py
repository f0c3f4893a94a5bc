"""Is this installation fit to send? Edges read, pure judges say what is wrong and what to do."""
