"""
Sockets and TLS.
"""
