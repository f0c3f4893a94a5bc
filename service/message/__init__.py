"""A mail as data, before any transport: slots, headers, MIME.

Below the stages, because rendering makes mails and delivery sends them, and neither may know the
other.
"""
