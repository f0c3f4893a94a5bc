"""Amazon SES v2, as far as a newsletter needs it."""
