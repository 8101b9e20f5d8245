"""
HTTP/2 (RFC 9113): one connection, its streams, and the engines that speak it.

Rule: an engine knows frames and windows, and no request; a stream knows requests, and
no frame.
"""
