"""
Masks the secrets in what was sent: as many asterisks as there were bytes.

Rule: rather too much than too little. What cannot be read as HTTP is masked by what a
reader might take it for: lines end with CR, LF or both, names have any case, and a
line that is not a header field belongs to the one before. CR and LF stay, so that it
can be seen how a message is divided.

Masked text can be masked again, with more behind it, and nothing that was masked comes
back: so text may come in pieces. The time it takes grows with the length only.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .secret_names import (
    MAX_NAME_BYTES,
    find_field_word,
    is_secret_parameter,
    may_name_secret,
)
from .userinfo import Span, userinfo, userinfo_cut

MAX_PARAMETERS = 256
"""Signs of a parameter that are looked at; behind these, all is masked."""

MASKED_NAME = b"*"
"""What a name begins with that came in pieces, behind a secret: as long as it has no
colon, it may belong to the secret, and is masked. Which name it was is not known, so
all of that line is a secret."""

_STARS = bytes(b if b in b"\r\n" else 0x2A for b in range(256))
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"

Match = Callable[[bytes, int], re.Match[bytes] | None]

_lines = re.compile(rb"[^\r\n]++").finditer
_field = re.compile(rb"[ \t]*+(%b++)[ \t]*+:[ \t]*+" % _TOKEN).match
_first_line = re.compile(rb"%b++ [^ \r\n]++ HTTP/[0-9.]++\Z|HTTP/[0-9.]++ " % _TOKEN)
# An asterisk may be what was masked, in text that came before.
_NO_STAR = _TOKEN.replace(b"*", b"")
_rest_of_name = re.compile(rb"%b*+(?:[ \t]*+:[ \t]*+)?" % _NO_STAR).match

# All of the line, and those that follow until an empty one or another field. A CR alone
# does not end it: who reads it may take it for a part of the value.
_field_value: Match = re.compile(
    rb"[^\n]*+(?:\n(?!\r?\n)(?!%b++[ \t]*+:)[^\n]++)*" % _TOKEN
).match

_equals = re.compile(rb"=|%(?:25)*3[dD]").finditer
_value: Match = re.compile(rb"\"[^\"\r\n]*+\"?|[^& \t\r\n]*+").match
_form_value: Match = re.compile(rb"[^&]*+").match
# A space may be a part of the value, but the version at the end of the line is not.
_value_in_part: Match = re.compile(
    rb"(?:(?![ \t]++HTTP/[0-9.]++[ \t]*+(?:[\r\n]|\Z))[^&\r\n])*"
).match


def stars(data: bytes) -> bytes:
    """*data* with nothing of it left but where its lines end."""
    return data.translate(_STARS)


def mask_head(head: bytes) -> bytes:
    """Mask the secrets in *head*, all of the head of a message."""
    masked = _masked(head, _field_values(head, may_be_broken=True))
    masked = _masked(masked, _parameter_values(masked, _value))
    return _masked(masked, userinfo(masked))


def mask_part(text: bytes) -> bytes:
    """
    Mask the secrets in *text*, which is a part of a head, or not well-formed, or may be
    one of these.
    """
    masked = _masked(text, _field_values(text, may_be_broken=True))
    masked = _masked(masked, _parameter_values(masked, _value_in_part))
    masked = _masked(masked, userinfo(masked))
    return _masked(masked, userinfo_cut(masked))


def mask_body(body: bytes) -> bytes:
    """Mask in *body* the lines that are header fields: it may have a message in it."""
    return _masked(body, _field_values(body, may_be_broken=False))


def mask_form(body: bytes) -> bytes:
    """Mask the secrets in *body*, which is a form (``x-www-form-urlencoded``)."""
    masked = mask_body(body)
    return _masked(masked, _parameter_values(masked, _form_value))


def _masked(text: bytes, secrets: list[Span]) -> bytes:
    """*text*, with *secrets* masked: spans in ascending order."""
    if not secrets:
        return text
    parts: list[bytes] = []
    done = 0
    for start, end in secrets:
        parts += text[done:start], stars(text[start:end])
        done = end
    return b"".join([*parts, text[done:]])


def _field_values(text: bytes, may_be_broken: bool) -> list[Span]:
    """
    Where the values of fields are that hold secrets.

    :param may_be_broken: whether a line that is not a field is taken for one if it
        names a secret.
    """
    found: list[Span] = []
    if not may_name_secret(text):
        return found
    done = 0
    for line in _lines(text):
        if line.start() < done:
            continue
        start = _value_start(text, line, may_be_broken)
        value = None if start is None else _field_value(text, start)
        if value is not None:
            found.append(value.span())
            done = value.end()
    return found


def _value_start(text: bytes, line: re.Match[bytes], may_be_broken: bool) -> int | None:
    """Where the secret value begins in *line* of *text*; ``None`` if it has none."""
    field = _field(text, line.start())
    if field is not None and field.end() <= line.end():
        if field[1].startswith(MASKED_NAME):
            return field.start(1)
        return field.end() if find_field_word(field[1]) else None
    if not may_be_broken or _first_line.match(line[0]):
        return None
    name = find_field_word(line[0])
    rest = None if name is None else _rest_of_name(text, line.start() + name.end())
    return None if rest is None else rest.end()


def _parameter_values(text: bytes, value: Match) -> list[Span]:
    """Where the values of parameters are that hold secrets, wherever they stand."""
    found: list[Span] = []
    if b"=" not in text and b"%" not in text:
        return found
    done = 0
    for number, equals in enumerate(_equals(text)):
        if equals.start() < done:
            continue  # it is in a value that is masked
        if number >= MAX_PARAMETERS:
            return [*found, (equals.end(), len(text))]
        before = max(done, equals.start() - MAX_NAME_BYTES)
        if is_secret_parameter(text[before : equals.start()]):
            secret = value(text, equals.end())
            done = equals.end() if secret is None else secret.end()
            found.append((equals.end(), done))
    return found
