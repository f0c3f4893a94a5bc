"""Templates of the mails we send, as data: themes, layouts, partials, macros, a folder a message.

A package only so that they ship in the wheel and are found by ``importlib``.
"""
