"""
The store that is a PostgreSQL database, for many daemons on many machines.

Rule: one statement an operation, each with a token, so that asking twice does once.
"""
