"""What is claimed about speed, as commands: each figure beside a yardstick of the same run.

``make bench`` runs all of it; ``python -m benchmarks mail`` runs one. A figure alone depends on the
machine; the ratio to the raw library's loop does not, so the ratio is what we promise.
"""
