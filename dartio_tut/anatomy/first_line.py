"""
The first line of a message: a request line or a status line (RFC 9112 sections 3, 4).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from . import faults
from .faults import Fault
from .line_ends import Line, line_at
from .part_list import PartList

_token = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+").fullmatch
_target = re.compile(rb"[!\x22$-~]+").fullmatch
_version = re.compile(rb"HTTP/[0-9]\.[0-9]").fullmatch
_spaces = re.compile(rb"[ \t]*").match
_word = re.compile(rb"[^ \t]*").match
_status_code = re.compile(rb"[1-9][0-9][0-9]").fullmatch
_reason = re.compile(rb"[\t\x20-\x7e\x80-\xff]*").fullmatch

WHITE = b" \t"


class FirstLine(NamedTuple):
    """
    What the first line says.

    :ivar method: of a request; likewise *target*.
    :ivar status: of a response; 0 when it is not to be read.
    """

    line: Line
    version: bytes
    method: bytes = b""
    target: bytes = b""
    status: int = 0


def take_request_line(raw: bytes, at: int, parts: PartList) -> FirstLine:
    """The request line that begins *at*."""
    line = line_at(raw, at)
    text = raw[at : line.stop]
    method_start = len(text) - len(text.lstrip(WHITE))
    method_end = _word(text, method_start).end()  # type: ignore[union-attr]
    target_start = _spaces(text, method_end).end()  # type: ignore[union-attr]
    text_end = max(method_end, len(text.rstrip(WHITE)))
    version_start = _version_start(text, target_start, text_end, line.is_whole)
    target_end = max(target_start, len(text[:version_start].rstrip(WHITE)))
    if version_start == text_end:
        target_end = max(target_start, text_end)
        version_start = text_end = target_end
    method, target = text[method_start:method_end], text[target_start:target_end]
    version = text[version_start:text_end]
    parts.add(at, at + method_start, "whitespace")
    parts.add_word(at + method_start, at + method_end, "method", method)
    _add_gap(raw, at + method_end, at + target_start, parts)
    parts.add(at + target_start, at + target_end, "target")
    _add_gap(raw, at + target_end, at + version_start, parts)
    parts.add_word(at + version_start, at + text_end, "version", version)
    parts.add(at + text_end, line.stop, "whitespace")
    if b"\r" in text:
        parts.note(faults.BARE_CR)
    parts.add_line_end(line)
    if line.is_whole:
        plain = b" ".join((method, target, version))
        if (fault := _request_line_fault(method, target, version)) is not None:
            parts.note(fault)
        elif plain != text:
            parts.note(faults.MALFORMED_REQUEST_LINE)
    return FirstLine(line, version, method, target)


def _version_start(text: bytes, start: int, end: int, is_whole: bool) -> int:
    """Where the version begins in *text*, after *start*; *end* without a version."""
    found = max(text.rfind(b" ", 0, end), text.rfind(b"\t", 0, end)) + 1
    begins = text[found : min(found + 5, end)].upper()
    if found < start or (found == start and is_whole and begins != b"HTTP/"):
        return end
    if begins == b"HTTP/" or (
        not is_whole and found > start and b"HTTP/".startswith(begins)
    ):
        return found
    return end


def _add_gap(raw: bytes, start: int, end: int, parts: PartList) -> None:
    """What separates two words of a first line: one space, or what stands there."""
    parts.add(start, end, "space" if raw[start:end] == b" " else "whitespace")


def _request_line_fault(method: bytes, target: bytes, version: bytes) -> Fault | None:
    if not version:
        is_http09 = bool(_token(method)) and bool(_target(target))
        return faults.HTTP_09 if is_http09 else faults.MALFORMED_REQUEST_LINE
    if not _token(method) or not target:
        return faults.MALFORMED_REQUEST_LINE
    if not _target(target):
        is_one_word = b" " not in target and b"\t" not in target
        return (
            faults.TARGET_CHARACTERS if is_one_word else faults.MALFORMED_REQUEST_LINE
        )
    if not _version(version):
        return faults.MALFORMED_VERSION
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        return faults.UNKNOWN_VERSION
    return None


def take_status_line(raw: bytes, at: int, parts: PartList) -> FirstLine:
    """The status line that begins *at*."""
    line = line_at(raw, at)
    text = raw[at : line.stop]
    version, space, rest = text.partition(b" ")
    code, second_space, reason = rest.partition(b" ")
    status = int(code) if _status_code(code) else 0
    for kind, piece in (
        ("version", version),
        ("space", space),
        ("status-code", code),
        ("space", second_space),
        ("reason-phrase", reason),
    ):
        if kind in ("version", "status-code"):
            parts.add_word(at, at + len(piece), kind, piece)
        else:
            parts.add(at, at + len(piece), kind)
        at += len(piece)
    if b"\r" in text:
        parts.note(faults.BARE_CR)
    parts.add_line_end(line)
    if line.is_whole:
        if not (_version(version) and status and second_space and _reason(reason)):
            parts.note(faults.MALFORMED_STATUS_LINE)
        elif version not in (b"HTTP/1.1", b"HTTP/1.0"):
            parts.note(faults.UNKNOWN_VERSION)
    return FirstLine(line, version, status=status)
