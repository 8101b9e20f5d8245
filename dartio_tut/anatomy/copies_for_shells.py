"""
Commands for a POSIX shell that send a request: curl, `dartio inspect`, and a pipe for
any bytes.
"""

from __future__ import annotations

from .plain_request import FRAMING_FIELDS, PlainRequest, Unsendable, plain_request
from .shell_text import is_literal, printf, quoted, word
from .targets import has_dot_segments, has_lower_encoding, is_plain_target

BODY_ARGUMENT_BYTES = 64 * 1024
"""A longer body goes through a pipe: Linux allows 128 KiB for one argument."""

ADDED_BY_CURL = {"accept": "Accept", "user-agent": "User-Agent"}
"""Fields that curl adds to each request unless it is told not to."""

EXPECTING_BYTES = 1024
"""With a longer body, curl waits for a 100 (Continue) first, unless told not to."""

DEFAULT_PORTS = {"http": 80, "https": 443}


def curl_copy(request: PlainRequest, url_base: str) -> str:
    """
    The request for curl(1).

    :raise Unsendable: when curl cannot send it.
    """
    if request.method == "CONNECT":
        raise Unsendable("CONNECT asks a proxy for a tunnel")
    words = ["curl"]
    if request.is_http10:
        words.append("--http1.0")
    elif url_base.startswith("https:"):
        words.append("--http1.1")
    body, piped = _curl_body(request)
    words += _curl_method(request)
    if is_plain_target(request.target) and not has_lower_encoding(request.target):
        if has_dot_segments(request.target):
            words.append("--path-as-is")
        url = url_base + request.target
    else:
        words += ["--request-target", word(request.target.encode())]
        url = url_base + "/"
    words += [*_curl_fields(request), *body, quoted(url)]
    return " ".join([*piped, *words])


def _curl_method(request: PlainRequest) -> list[str]:
    if request.method == "HEAD":
        if request.body is not None:
            raise Unsendable("curl waits for a body after HEAD unless it is --head")
        return ["--head"]
    default = "GET" if request.body is None else "POST"
    return [] if request.method == default else ["-X", word(request.method.encode())]


def _curl_fields(request: PlainRequest) -> list[str]:
    lines = []
    for name, value in request.fields:
        if name.lower() == "content-length" and value == b"%d" % len(
            request.body or b""
        ):
            continue  # as curl says it itself
        lines.append(
            b"%b: %b" % (name.encode(), value) if value else f"{name};".encode()
        )
    for name, shown in ADDED_BY_CURL.items():
        if not request.has(name):
            lines.append(f"{shown}:".encode())
    if not request.has("host"):
        lines.append(b"Host:")
    if request.body is not None and not request.has("content-type"):
        lines.append(b"Content-Type:")
    if len(request.body or b"") > EXPECTING_BYTES and not request.has("expect"):
        lines.append(b"Expect:")
    return [text for line in lines for text in ("-H", word(line))]


def _curl_body(request: PlainRequest) -> tuple[list[str], list[str]]:
    """Words for the body, and those of a pipe in front of the command."""
    if request.body is None:
        return [], []
    if is_literal(request.body) and len(request.body) <= BODY_ARGUMENT_BYTES:
        # Not --data-binary, for which an at sign in front means a file.
        return ["--data-raw", quoted(request.body.decode("ascii"))], []
    return ["--data-binary", "@-"], [printf(request.body), "|"]


def dartio_copy(raw_request: bytes, url_base: str) -> str:
    """The request, any bytes, for ``dartio inspect``."""
    try:
        options = _dartio_options(plain_request(raw_request), url_base)
    except Unsendable:
        return (
            f"{printf(raw_request)} | dartio inspect {quoted(url_base + '/')} --raw -"
        )
    return " ".join(["dartio", "inspect", *options])


def _dartio_options(request: PlainRequest, url_base: str) -> list[str]:
    """
    Words that describe the request.

    :raise Unsendable: when it is shorter to send the bytes as they are.
    """
    first, *others = request.fields or [("", b"")]
    body = request.body
    if (
        request.is_http10
        or request.is_chunked
        or not is_plain_target(request.target)
        or first[0] != "Host"
        or not all(is_literal(value) for _, value in request.fields)
        or not is_literal(body or b"")
        or len(body or b"") > BODY_ARGUMENT_BYTES
    ):
        raise Unsendable("it has what only its bytes can say")
    words = [quoted(url_base + request.target)]
    if request.method != ("GET" if body is None else "POST"):
        words.append(f"--method={quoted(request.method)}")
    if first[1].decode() != url_base.partition("://")[2]:
        others.insert(0, first)
    for name, value in others:
        if name.lower().encode() in FRAMING_FIELDS:
            if value != b"%d" % len(body or b""):
                raise Unsendable("its length has zeros in front")
            continue
        words.append(f"--header={quoted(f'{name}: {value.decode()}')}")
    if body is not None:
        words.append(f"--data={quoted(body.decode())}")
    return words


def raw_copy(raw_request: bytes, url_base: str) -> str:
    """A pipe that sends *raw_request*, any bytes, as they are."""
    scheme, _, netloc = url_base.partition("://")
    host, _, port = netloc.rpartition(":")
    if not host or netloc.endswith("]"):
        host, port = netloc, str(DEFAULT_PORTS[scheme])
    if scheme == "https":
        return (
            f"{printf(raw_request)} | openssl s_client -quiet -connect "
            f"{quoted(f'{host}:{port}')}"
        )
    return f"{printf(raw_request)} | nc {quoted(host.strip('[]'))} {port}"
