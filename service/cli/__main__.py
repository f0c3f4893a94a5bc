"""``python -m service.cli``: the same as ``broadsheet``."""

from service.cli import main

main()
