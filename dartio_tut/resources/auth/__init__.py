"""
Names and passwords before a tree.

Rule: no password, and no hash of one, is in a log, an error or a ``repr``.
"""
