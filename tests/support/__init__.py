"""
What the black-box tests share: daemons, clients, databases, faulty disks.

Rule: what it offers may be used by any test; what only one test needs stays there.
"""
