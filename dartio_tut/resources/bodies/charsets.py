"""
The charsets that a request body may have.

Rule: only charsets of a list are decoded. Python has more codecs than that: some take
quadratic time, some do not give text, and each name that is not found is kept in memory
for ever.
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
"""Charsets of the Encoding Standard that are in use, and other names for each. ASCII is
part of UTF-8; GBK and GB2312 are parts of GB18030."""

_charset_by_name = {
    name: charset for charset, others in CHARSETS.items() for name in (charset, *others)
}


def find_charset(name: str) -> str:
    """
    Return the charset that has that *name*; UTF-8 when it is empty.

    :raise HTTPError: 415 when it is not one of `CHARSETS`.
    """
    charset = _charset_by_name.get(name.strip().lower()) if name else UTF_8
    if charset is None:
        raise HTTPError(UNSUPPORTED_MEDIA_TYPE, "Content in an unknown charset.")
    return charset


def decode_text(data: bytes, charset: str) -> str:
    """
    Decode *data*.

    :raise HTTPError: 400 when it is not text in that charset.
    """
    try:
        return data.decode(charset)
    except UnicodeDecodeError:
        raise HTTPError(BAD_REQUEST, f"Not {charset.upper()}.") from None
