"""A stand-in for the world outside: the feeds of a newsroom, and a local Amazon SES.

It knows nothing of the rest of the project. ``python -m service.sandbox`` runs it as a process;
tests run it in a thread: ``with Sandbox(date=date(2026, 11, 20)) as sandbox: sandbox.url``.
"""

from .app import Sandbox

__all__ = ["Sandbox"]
