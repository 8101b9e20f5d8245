"""
Sockets and TLS.

Rule: nothing here knows HTTP.
"""
