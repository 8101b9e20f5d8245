"""
The content type of a file: by its first bytes where they tell, else by its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from twisted.web.static import File

from ..bodies.charsets import charset_called
from ..responses import HTTPError

SIGNATURE_BYTES = 16
"""Bytes of a file that are looked at: as many as the longest sign below has."""

OCTET_STREAM = "application/octet-stream"
"""For what nothing tells the type of: a browser saves it instead of guessing."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "application/pdf"),
    (b"%!PS", "application/postscript"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"fLaC", "audio/x-flac"),
    (b"\0asm", "application/wasm"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"(\xb5\x2f\xfd", "application/zstd"),
)

_CONTAINER_TYPES: Mapping[tuple[bytes, bytes], str] = {
    (b"RIFF", b"WEBP"): "image/webp",
    (b"RIFF", b"WAVE"): "audio/x-wav",
    (b"RIFF", b"AVI "): "video/x-msvideo",
    (b"FORM", b"AIFF"): "audio/x-aiff",
    (b"FORM", b"AIFC"): "audio/x-aiff",
}
"""What stands first, and after eight bytes."""

_ISO_MEDIA_BRANDS: Mapping[bytes, str] = {
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
}
"""Of ISO media files, with ``ftyp`` after four bytes; others are ``video/mp4``."""

ADDED_EXTENSIONS = {
    ".avif": "image/avif",
    ".gz": "application/gzip",
    ".log": "text/plain",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".zst": "application/zstd",
}
"""What the system's tables may lack, or get wrong: an archive is no content coding."""

TYPES_BY_EXTENSION: Mapping[str, str] = {**File.contentTypes, **ADDED_EXTENSIONS}

_named = re.compile(
    r"(\.[^.=/\s]+)=([\w.+-]+/[\w.+-]+(?:; ?[\w-]+=[\w.-]+)?)", re.ASCII
).fullmatch

_SPECIFIC_EXTENSIONS = (
    ".docx",
    ".xlsx",
    ".pptx",
    ".svgz",
    ".mov",
    ".m4v",
    ".3gp",
    ".ai",
    ".eps",
)
"""Names that tell more than the container's first bytes do."""

_TEXT_TYPES = ("application/javascript", "application/xml", "image/svg+xml")
"""Text whose charset is worth saying, beside ``text/*``."""


def parse_type(text: str) -> tuple[str, str]:
    """
    The extension and the content type that *text* stands for, as ``.log=text/plain``.

    :raise ValueError: when it is none.
    """
    found = _named(text)
    if found is None:
        raise ValueError(f"{text!r} is no type: use one such as .log=text/plain")
    return found[1].lower(), found[2]


def parse_charset(text: str) -> str | None:
    """
    The charset that *text* stands for; none for ``none``.

    :raise ValueError: when it is none of `CHARSETS`.
    """
    if text == "none":
        return None
    try:
        charset_called(text or "?")
    except HTTPError:
        raise ValueError(f"{text!r} is no charset") from None
    return text


def type_by_signature(start: bytes) -> str | None:
    """The type that *start*, the first `SIGNATURE_BYTES` bytes, is a sign of."""
    for sign, kind in _SIGNATURES:
        if start.startswith(sign):
            return kind
    if start[4:8] == b"ftyp":
        return _ISO_MEDIA_BRANDS.get(start[8:12], "video/mp4")
    return _CONTAINER_TYPES.get((start[:4], start[8:12]))


class ContentTypes:
    """
    Finds the content type of files.

    :param charset: what the charset of text is said to be; ``None`` to say nothing.
    :param names: types by extension, over the usual ones.
    """

    def __init__(
        self, charset: str | None = "utf-8", names: Mapping[str, str] | None = None
    ) -> None:
        self._charset = charset
        self._names = {**TYPES_BY_EXTENSION, **(names or {})}
        self._given = frozenset(names or ())

    def by_name(self, name: bytes) -> str | None:
        """The type that the extension of *name* stands for."""
        return self._names.get(_extension(name))

    def of(self, name: bytes, start: Callable[[], bytes]) -> str:
        """
        The type of a file called *name*, with its charset.

        :param start: gives the first bytes; they are not read when the name was given
            a type by hand.
        """
        extension = _extension(name)
        kind = self._names.get(extension)
        if extension not in self._given and extension not in _SPECIFIC_EXTENSIONS:
            kind = type_by_signature(start()) or kind
        kind = kind or OCTET_STREAM
        is_text = kind.startswith("text/") or kind in _TEXT_TYPES
        if is_text and self._charset and ";" not in kind:
            return f"{kind}; charset={self._charset}"
        return kind


def _extension(name: bytes) -> str:
    dot = name.rfind(b".")
    return name[dot:].lower().decode("ascii", "replace") if dot >= 0 else ""
