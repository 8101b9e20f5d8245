"""
How much a client may ask of the wire: all limits, in one place, frozen.

Each has its precedent in servers that have met the internet. What an operator may
change is an option of every server.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """
    The limits of one site. Sizes are bytes, times seconds; 0 connections: no limit.

    :param request_line: longer is 414. nginx 8 KiB, Apache 8,190.
    :param header_size: all field lines of a request; more is 431. nginx 32 KiB,
        Node 16 KiB.
    :param header_count: field lines of a request; more is 431. Apache and h2o 100.
    :param body: content of a request; more is 413, before it is read. nginx 1 MiB.
    :param body_in_memory: content beyond goes to a temporary file.
        ``nginx`` does so beyond 16 KiB.
    :param pipelined: bytes kept of what follows a request that is being answered;
        then reading stops until it is.
    :param header_time: for a request line with its fields, all of it, from the first
        byte; a trickle does not prolong it. Apache 20 to 40 s.
    :param body_time: between two reads of content, and what the rate is counted
        after. nginx 60 s, Apache 20 s.
    :param body_rate: bytes a second that content must reach. Apache 500.
    :param write_time: without the client taking a byte of an answer. nginx 60 s.
    :param idle_time: between two requests of a connection. nginx 75 s.
    :param linger_time: a refused client is still read from, so that it sees the
        answer instead of a reset (RFC 9112 section 9.6). Apache 2 s.
    :param half_close: whether a client that has closed its half of the connection, and
        waits for its response, is taken to be there; by default it is taken to have
        gone, as nginx does when it waits for another server.
    :param streams: requests at a time on one connection by HTTP/2; one more is refused,
        and may be sent again. Apache and h2o 100, nginx 128.
    :param connections: at a time; one more is answered 503.
    :param connections_per_client: at a time from one address; one more is
        answered 503. None by default: behind a proxy all come from one address.
    """

    request_line: int = 8192
    header_size: int = 32 * 1024
    header_count: int = 100
    body: int = 1024 * 1024
    body_in_memory: int = 64 * 1024
    pipelined: int = 64 * 1024
    header_time: float = 20
    body_time: float = 30
    body_rate: float = 500
    write_time: float = 60
    idle_time: float = 75
    linger_time: float = 2
    half_close: bool = False
    streams: int = 100
    connections: int = 20_000
    connections_per_client: int = 0
