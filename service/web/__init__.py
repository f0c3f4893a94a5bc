"""What people see in a browser: the public pages, the admin, the hook for SES, and health."""
