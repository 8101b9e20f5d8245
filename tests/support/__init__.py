"""
What black-box tests share: daemons, clients, databases, faulty disks.

Rule: nothing here asserts; tests do.
"""
