"""
Whether a server answers a case rightly: only then its speed is of interest.
"""

from __future__ import annotations

import http.client
import ssl

from .cases import HELLO, Case
from .running import Unfit

PATIENCE = 15.0
"""Seconds until an answer must be there; the first one may wait for an import."""


def unverified() -> ssl.SSLContext:
    """TLS as the load generators speak it: they do not look at the certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def check(case: Case, port: int, expected: bytes) -> int:
    """
    Ask once, and see that the answer is *expected*.

    :param expected: the content of the file; hello may end with a line feed.
    :return: the length of the answer, an estimate of its header fields included.
    :raise Unfit: when it is anything else.
    """
    if case.secure:
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=PATIENCE, context=unverified()
        )
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", case.path, headers=dict(case.fields))
        response = connection.getresponse()
        content = response.read()
        kept = connection.sock is not None
    except (OSError, http.client.HTTPException) as error:
        raise Unfit(f"does not answer: {error!r}") from None
    finally:
        connection.close()
    if response.status != case.status:
        raise Unfit(f"answers {response.status}, not {case.status}")
    if content.rstrip(b"\n") != expected.rstrip(b"\n"):
        raise Unfit(f"answers {len(content)} other bytes, not {len(expected)}")
    if kept == (("Connection", "close") in case.fields):
        raise Unfit("keeps the connection" if kept else "closes the connection")
    head = sum(len(name) + len(value) + 4 for name, value in response.getheaders())
    return head + len(content)


def expected(case: Case, content: dict[str, bytes]) -> bytes:
    """What the right answer to *case* holds, given the *content* of the files."""
    if case.status == 304:
        return b""
    return content.get(case.path[1:], HELLO)
