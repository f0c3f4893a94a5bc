"""Who may edit: accounts, logging in, and the record of what was done."""
