"""The installation itself: whether it is fit to send, keys for programs, webhooks."""
