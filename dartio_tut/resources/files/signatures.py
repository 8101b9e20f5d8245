"""
The content type of a file by its first bytes, for names that tell none.

Rule: only signatures that no text begins with by chance; what is not certain is not
guessed.
"""

from __future__ import annotations

from collections.abc import Mapping

SIGNATURE_BYTES = 16
"""Bytes of a file that are looked at: as many as the longest signature has."""

MAX_FILE_TYPE_BOX_BYTES = 1024
"""The first box of an ISO media file lists some brands of four bytes each."""

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"%!PS-Adobe", "application/postscript"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"fLaC", "audio/x-flac"),
    (b"OggS\0", "audio/ogg"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"\0asm", "application/wasm"),
    (b"wOFF", "font/woff"),
    (b"wOF2", "font/woff2"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"(\xb5\x2f\xfd", "application/zstd"),
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"PK\x03\x04", "application/zip"),
)

_CONTAINER_TYPES: Mapping[tuple[bytes, bytes], str] = {
    (b"RIFF", b"WEBP"): "image/webp",
    (b"RIFF", b"WAVE"): "audio/x-wav",
    (b"RIFF", b"AVI "): "video/x-msvideo",
    (b"FORM", b"AIFF"): "audio/x-aiff",
    (b"FORM", b"AIFC"): "audio/x-aiff",
}
"""By the first four bytes, and the four after another four."""

_ISO_MEDIA_BRANDS: Mapping[bytes, str] = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso8", b"iso9",
         b"mp41", b"mp42", b"mp71", b"avc1", b"M4V ", b"dash", b"MSNV", b"f4v "),
        "video/mp4",
    ),
    **dict.fromkeys((b"3gp4", b"3gp5", b"3gp6", b"3gp7"), "video/3gpp"),
    **dict.fromkeys((b"3g2a", b"3g2b", b"3g2c"), "video/3gpp2"),
}  # fmt: skip
"""Brands of ISO media files (ISO/IEC 14496-12); others say nothing of the type."""


def type_by_signature(start: bytes) -> str | None:
    """
    Tell the content type by *start*, the first `SIGNATURE_BYTES` of a file, or
    ``None`` when they have no known signature.
    """
    for signature, kind in _SIGNATURES:
        if start.startswith(signature):
            return kind
    if start[4:8] == b"ftyp":
        size = int.from_bytes(start[:4], "big")
        if size % 4 or not 12 <= size <= MAX_FILE_TYPE_BOX_BYTES:
            return None
        return _ISO_MEDIA_BRANDS.get(start[8:12])
    return _CONTAINER_TYPES.get((start[:4], start[8:12]))
