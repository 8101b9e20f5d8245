"""
One sentence for each way in which an exchange can fail.
"""

from __future__ import annotations

from socket import gaierror

from OpenSSL import SSL
from twisted.internet.error import (
    ConnectError,
    ConnectionClosed,
    ConnectionRefusedError,
    DNSLookupError,
    TimeoutError,
)
from twisted.web.http_headers import InvalidHeaderName

from ..errors import ClientError
from .connection import TLS_ALERT, Connection
from .status import unfinished

MAX_LINE_BYTES = 16384
"""The longest line that Twisted reads of a response's head."""


def failure_text(error: Exception, url: str, connection: Connection) -> str:
    """Why a request to *url* brought no response, in a sentence that names it."""
    cause, proxy = _cause(error), connection.to_proxy
    if proxy and proxy.certificate_problem:
        return f"certificate of the proxy {proxy.host} {proxy.certificate_problem}"
    if isinstance(cause, ClientError):
        return str(cause)
    if isinstance(cause, (ConnectError, DNSLookupError, TimeoutError, gaierror)):
        return _unreached(cause, url, connection)
    if connection.is_tls and (failed := _tls_reason(cause, url, connection)):
        return failed
    if connection.first_bytes.startswith(TLS_ALERT):
        return f"{_place(connection)} speaks TLS: is it https:// ?"
    if connection.has_endless_head():
        return f"{url} answers with header fields without an end"
    if isinstance(cause, ConnectionClosed):
        return _closed(url, connection)
    return _malformed(cause, url, connection)


def _cause(error: BaseException) -> BaseException:
    """The innermost of the exceptions that Twisted wraps in each other."""
    while getattr(error, "reasons", None):
        error = error.reasons[0].value  # type: ignore[attr-defined]
    return error


def _place(connection: Connection) -> str:
    host = connection.host
    return f"{f'[{host}]' if ':' in host else host}:{connection.port}"


def _unreached(cause: BaseException, url: str, connection: Connection) -> str:
    """The server, or the proxy before it, could not be connected to."""
    what, host, hint = f"no server answers at {url}", connection.host, ""
    if connection.proxy:
        what, host = f"no proxy answers at {connection.proxy}", connection.proxy.host
        hint = f"; no_proxy={connection.host} goes without it"
    if isinstance(cause, (DNSLookupError, gaierror)):
        return f"no host of that name: {host}{hint}"
    if isinstance(cause, ConnectionRefusedError):
        return what + hint
    return f"{what}: {str(cause).rstrip('.')}{hint}"


def _tls_reason(cause: BaseException, url: str, connection: Connection) -> str:
    """Why there is no TLS connection; empty when TLS is not to blame."""
    place, host = _place(connection), connection.host
    if connection.certificate_problem:
        return f"certificate of {host} {connection.certificate_problem}"
    if connection.first_bytes and not connection.speaks_tls():
        plain = url.replace("https://", "http://", 1)
        return f"no TLS at {place}: is it {plain} ?"
    if not connection.first_bytes and isinstance(cause, ConnectionClosed):
        return f"no TLS at {place}: it closed the connection; is it http:// ?"
    if isinstance(cause, SSL.Error):
        said = [entry[-1] for entry in cause.args[0]] if cause.args else []
        return f"no TLS with {place}: {said[-1] if said else 'it broke off'}"
    return ""


def _closed(url: str, connection: Connection) -> str:
    """The server closed the connection before a response was there."""
    if connection.head_bytes > MAX_LINE_BYTES:
        return f"{url} answers with a header field of more than {MAX_LINE_BYTES} bytes"
    if said := unfinished(url, connection):
        return said
    if connection.head_bytes:
        return f"incomplete: {url} closed the connection within its header fields"
    hint = "" if connection.is_tls else "; is it https:// ?"
    return f"no answer from {url}: it closed the connection{hint}"


def _malformed(cause: BaseException, url: str, connection: Connection) -> str:
    """The server sent something that is no response."""
    first = connection.first_bytes.decode("latin-1")
    if first and not connection.is_tls and not first.startswith("HTTP/"):
        return f"{url} does not answer in HTTP: {first!r}"
    return f"{url} gives a malformed response: {malformed_response_text(cause)}"


def malformed_response_text(cause: BaseException) -> str:
    """What is wrong with a response, when Twisted's parser fails with *cause*."""
    said = str(cause.args[0]) if cause.args else ""
    line = getattr(cause, "data", None)
    if isinstance(cause, KeyError):
        return f"its transfer coding is not known: {_text(cause.args[0])!r}"
    if isinstance(cause, InvalidHeaderName):
        return f"no name of a header field: {_text(cause.args[0])!r}"
    if isinstance(cause, AttributeError):  # the line before is to be continued
        return "its first header field begins with a space"
    if line is not None:
        return f"{_line_fault(said)}: {_text(line)!r}"
    if isinstance(cause, ValueError) and "unpack" in said:
        return "a header field has no colon"
    if said.startswith("Exceeds the limit"):  # of digits that int() takes
        return "its Content-Length has thousands of digits"
    if "non-decimal" in said:
        return f"its Content-Length is not a number: {said.partition(': b')[2]}"
    return said.removeprefix("Invalid response: ") or type(cause).__name__


def _line_fault(said: str) -> str:
    """What is wrong with the first line of a response, of which Twisted *said* so."""
    if "unpack" in said or "invalid literal" in said:
        return "no version of HTTP"
    return "no status code" if "non-integer" in said else said


def _text(line: object) -> str:
    return line.decode("latin-1") if isinstance(line, bytes) else str(line)
