"""
The store that is a PostgreSQL database, for many daemons on many machines.

Rule: every operation is one statement, and every write has a token, so that to send it
twice does it once.
"""
