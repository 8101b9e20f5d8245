"""
What unit tests share: clients in memory, a strict response reader, tables of cases.

Rule: no socket, no sleep, no global reactor.
"""
