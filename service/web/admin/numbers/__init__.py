"""What became of it all: the home page, an issue's report, and what they are made of."""
