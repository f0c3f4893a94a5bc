"""The inbox: every message that was sent, to be looked at in a browser or read by a test."""

from .routes import Inbox

__all__ = ["Inbox"]
