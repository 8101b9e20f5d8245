"""
Names and passwords before a tree (HTTP Basic authentication).

Rule: no password, and no hash of one, appears in a log, an error or a ``repr``.
"""
