"""
The charsets that content may be in.

Rule: a charset is taken by its name from a list. Python knows more codecs than there
are charsets: some take quadratic time, some are no text, and it remembers for good
each name that it did not find.
"""

from __future__ import annotations

from twisted.web.http import BAD_REQUEST, UNSUPPORTED_MEDIA_TYPE

from ..responses import HTTPError

UTF_8 = "utf-8"

CHARSETS = {
    UTF_8: ("utf8", "us-ascii", "ascii"),
    "utf-16": ("utf16",),
    "utf-16le": (),
    "utf-16be": (),
    "iso-8859-1": ("latin1", "latin-1", "iso8859-1"),
    "iso-8859-2": ("latin2", "iso8859-2"),
    "iso-8859-5": ("iso8859-5",),
    "iso-8859-7": ("iso8859-7",),
    "iso-8859-9": ("latin5", "iso8859-9"),
    "iso-8859-15": ("latin-9", "latin9", "iso8859-15"),
    "windows-1250": ("cp1250",),
    "windows-1251": ("cp1251",),
    "windows-1252": ("cp1252",),
    "windows-1253": ("cp1253",),
    "windows-1254": ("cp1254",),
    "koi8-r": (),
    "koi8-u": (),
    "gb18030": ("gbk", "gb2312"),
    "big5": (),
    "euc-jp": (),
    "shift_jis": ("shift-jis",),
    "iso-2022-jp": (),
    "euc-kr": (),
}
"""Charsets of the Encoding Standard that occur, and other names for each. What is
ASCII is UTF-8; GBK and GB2312 are parts of GB18030."""

_called = {
    name: charset for charset, others in CHARSETS.items() for name in (charset, *others)
}


def charset_called(name: str) -> str:
    """
    The charset that *name* stands for; UTF-8 when it is empty.

    :raise Refusal: 415 when it is none of `CHARSETS`.
    """
    charset = _called.get(name.strip().lower()) if name else UTF_8
    if charset is None:
        raise HTTPError(UNSUPPORTED_MEDIA_TYPE, "Content in an unknown charset.")
    return charset


def decoded(data: bytes, charset: str) -> str:
    """
    The text that *data* is.

    :raise Refusal: 400 when it is none in that charset.
    """
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        raise HTTPError(BAD_REQUEST, f"Not {charset.upper()}.") from None
