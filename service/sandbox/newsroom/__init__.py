"""The newsroom: feeds in every real format, over several days, all of it invented.

What is served depends on the anchor date and on the day in force alone.
"""

from .service import Newsroom

__all__ = ["Newsroom"]
