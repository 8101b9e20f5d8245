"""
Where a name and a password stand before a host: ``http://NAME:PASSWORD@host/``
(RFC 3986 section 3.2.1), also percent-encoded within another URL, or without a scheme.

Rule: rather too much than too little; see `masking`.
"""

from __future__ import annotations

import re
from bisect import bisect_left

_words = re.compile(rb"[^\s]++").finditer
_last_word = re.compile(rb"[^\s]++\Z")
_authority_end = re.compile(rb"[/?#]").search
_slashes = re.compile(rb"%(?:25)*+2[fF]%(?:25)*+2[fF]").finditer
_encoded_end = re.compile(rb"%(?:25)*+(?:2[fF]|3[fF]|23)|[/?#&]").search
_encoded_at = re.compile(rb"%(?:25)*+40").finditer

Span = tuple[int, int]


def userinfo(text: bytes) -> list[Span]:
    """Where it stands in *text*, in ascending order."""
    found: list[Span] = []
    if b"@" in text or b"%40" in text or b"2540" in text:
        for word in _words(text):
            if b"@" in word[0]:
                spans = _plain(word[0])
            elif b"40" in word[0]:
                spans = _encoded(word[0])
            else:
                continue
            start = word.start()
            found += ((start + a, start + b) for a, b in spans)
    return found


def _plain(word: bytes) -> list[Span]:
    """Where it stands in *word*, which has an ``@``."""
    last_at = word.rfind(b"@")
    end = _end(word, 0)
    at = word.rfind(b"@", 0, end)
    if b":" in word[: max(at, 0)]:
        return [(0, last_at)]
    start = word.find(b"//") + 2
    while 2 <= start <= last_at:
        end = _end(word, start)
        at = word.rfind(b"@", start, end)
        # A password may have a slash: what looks like a port and is no number is one.
        _, colon, port = word[start:end].partition(b":")
        if at >= 0 or (colon and not port.isdigit() and word[start] != ord("[")):
            return [(start, last_at)]
        start = word.find(b"//", max(start, end)) + 2
    return []


def _end(word: bytes, start: int) -> int:
    found = _authority_end(word, start)
    return len(word) if found is None else found.start()


def _encoded(word: bytes) -> list[Span]:
    """Where it stands percent-encoded in *word*."""
    ats = [at.start() for at in _encoded_at(word)]
    for slashes in _slashes(word):
        found = _encoded_end(word, slashes.end())
        end = len(word) if found is None else found.start()
        if bisect_left(ats, slashes.end()) < bisect_left(ats, end):
            return [(slashes.end(), ats[-1])]
    return []


def userinfo_cut(text: bytes) -> list[Span]:
    """Where it may stand at the end of *text*, which was cut before its ``@``."""
    last = _last_word.search(text[-MAX_CUT_BYTES:])
    if last is None:
        return []
    word, start = last[0], len(text) - len(last[0])
    slashes = word.rfind(b"//")
    if slashes >= 0:
        begins = slashes + 2
        return [] if _authority_end(word, begins) else [(start + begins, len(text))]
    for encoded in _slashes(word):
        return [(start + encoded.end(), len(text))]
    return [(start, len(text))] if b":" in word and b"/" not in word else []


MAX_CUT_BYTES = 4096
"""Bytes at the end that are looked at; a name and a password are shorter."""
