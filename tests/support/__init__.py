"""
What black-box tests share: daemons, clients, databases, faulty disks.
"""
