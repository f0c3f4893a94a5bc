"""Who may come in, and as whom: login, one's own account, people, the audit log."""
