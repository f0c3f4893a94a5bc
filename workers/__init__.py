"""The only place that knows the order: collect, build, freeze, render, plan, send, settle.

A task is a doorway: it opens a transaction, calls a stage, rings for the next. It carries one id,
may run twice or not at all, and the minute's tick (``tend``) finds whatever it left.
"""
