"""
Where a name and a password stand before a host: ``http://NAME:PASSWORD@host/``
(RFC 3986 section 3.2.1), also percent-encoded within another URL, or without a scheme.

Rule: rather too much than too little; see `masking`.
"""

from __future__ import annotations

import re
from bisect import bisect_left

# The name of a field is no part of a word.
_name = rb"(?<![^\r\n])[!#$%&'*+\-.^_`|~0-9A-Za-z]++:"
_word = rb"(?:%b|(?!%b))([^\s]++)" % (_name, _name)
_words = re.compile(_word).finditer
_last_word = re.compile(rb"(?<!\S)(?:%b|(?!%b))(\S*+)\Z" % (_name, _name))
_authority_end = re.compile(rb"[/?#]").search
_slashes = re.compile(rb"%(?:25)*2[fF]%(?:25)*2[fF]").finditer
_encoded_end = re.compile(rb"%(?:25)*(?:2[fF]|3[fF]|23)|[/?#&]").search
_encoded_at = re.compile(rb"%(?:25)*40").finditer

Span = tuple[int, int]


def userinfo(text: bytes) -> list[Span]:
    """Where it stands in *text*, in ascending order."""
    found: list[Span] = []
    if any(mark in text for mark in (b"@", b"//", b"%40", b"2540")):
        for word in _words(text):
            if b"@" in word[1] or b"//" in word[1]:
                spans = _plain(word[1])
            elif b"40" in word[1]:
                spans = _encoded(word[1])
            else:
                continue
            start = word.start(1)
            found += ((start + a, start + b) for a, b in spans)
    return found


def _plain(word: bytes) -> list[Span]:
    """Where it stands in *word*."""
    last_at = word.rfind(b"@")
    at = word.rfind(b"@", 0, _end(word, 0))
    if b":" in word[: max(at, 0)]:
        return [(0, last_at)]
    start = word.find(b"//") + 2
    while start > 1:
        end = _end(word, start)
        if _odd(word, start):
            return [(start, last_at if last_at >= end else len(word))]
        if word.rfind(b"@", start, end) >= 0:
            return [(start, last_at)]
        start = word.find(b"//", max(start, end)) + 2
    return []


def _odd(word: bytes, start: int) -> bool:
    """
    Whether the authority that begins at *start* has no port where one should be: it
    may be a password, which has a slash.
    """
    _, colon, port = word[start : _end(word, start)].partition(b":")
    return bool(colon) and not port.isdigit() and word[start : start + 1] != b"["


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
    if last is None or not last[1]:
        return []
    word, start = last[1], len(text) - len(last[1])
    begins = word.find(b"//") + 2
    while begins > 1:
        if _odd(word, begins) or not _authority_end(word, begins):
            return [(start + begins, len(text))]
        begins = word.find(b"//", begins) + 2
    if b"//" in word:
        return []
    for encoded in _slashes(word):
        return [(start + encoded.end(), len(text))]
    return [(start, len(text))] if b":" in word and b"/" not in word else []


MAX_CUT_BYTES = 4096
"""Bytes at the end that are looked at; a name and a password are shorter."""
