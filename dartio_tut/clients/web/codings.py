"""
Content codings: what ``Content-Encoding`` names (RFC 9110, 8.4.1).

Rule: a decoder gives its output in pieces of about `PIECE_BYTES`, each only when it is
asked for, so that a few bytes which stand for many gigabytes fill no memory. At the
end of the content it says whether that came too early.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

PIECE_BYTES = 1 << 16
"""
What a decoder gives at once: as much as one read of a socket. Brotli's may give half as
much more.
"""

CODINGS_LIMIT = 5
"""How many codings one content may have, one over the other; curl and urllib3 draw the
line there too."""

ZSTD_WINDOW_LOG = 23
"""A client need not keep more than 8 MiB of a zstd content (RFC 9659, 3)."""

GZIP_WINDOW_BITS = zlib.MAX_WBITS | 16
"""How zlib calls the gzip format."""


class ContentError(Exception):
    """Content that cannot be decoded; says why."""


class Decoder(ABC):
    """Decodes one content, in one coding."""

    @abstractmethod
    def decode(self, data: bytes) -> Iterator[bytes]:
        """The output for *data*, the next bytes of the content."""

    @abstractmethod
    def is_complete(self) -> bool:
        """Whether the content may end here."""


class MemberDecoder(Decoder):
    """
    A coding whose content is any number of members behind each other, as gzip's is
    (RFC 1952, 2.2) and zstd's (RFC 8878, 3.1).

    :param new_member: makes an object like a `bz2.BZ2Decompressor`, for one member.
    :param padding: bytes that may follow the last member.
    """

    def __init__(self, new_member: Callable[[], Any], padding: bytes = b"") -> None:
        self._new_member = new_member
        self._padding = padding
        self._member: Any = None
        self._is_first = True

    def decode(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member is None:
                if not self._is_first:
                    data = data.lstrip(self._padding) if self._padding else data
                if not data:
                    return
                self._member, self._is_first = self._new_member(), False
            yield from self._decode_member(data)
            if not self._member.eof:
                return
            data, self._member = self._member.unused_data, None

    def _decode_member(self, data: bytes) -> Iterator[bytes]:
        piece = self._member.decompress(data, PIECE_BYTES)
        while piece:
            yield piece
            if self._member.eof:
                return
            piece = self._member.decompress(b"", PIECE_BYTES)

    def is_complete(self) -> bool:
        return self._member is None


class ZlibMember:
    """One member in a format of zlib, with the methods of a `bz2.BZ2Decompressor`."""

    def __init__(self, window_bits: int) -> None:
        self._zlib = zlib.decompressobj(window_bits)

    @property
    def eof(self) -> bool:
        """Whether the member has ended, and its checksum is right."""
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        """What follows the member."""
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most *max_length* bytes; call again, without *data*, for more."""
        return self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)


class DeflateDecoder(Decoder):
    """
    ``deflate``: the zlib format (RFC 9110, 8.4.1.2), or a bare deflate stream, from
    servers that took the name at its word.
    """

    def __init__(self) -> None:
        self._start = b""
        self._stream: MemberDecoder | None = None

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            self._start += data
            if len(self._start) < 2:
                return
            bits = zlib.MAX_WBITS if _is_zlib(self._start) else -zlib.MAX_WBITS
            self._stream = MemberDecoder(lambda: ZlibMember(bits))
            data, self._start = self._start, b""
        yield from self._stream.decode(data)

    def is_complete(self) -> bool:
        if self._stream is None:
            return not self._start
        return self._stream.is_complete()


def _is_zlib(start: bytes) -> bool:
    """Whether *start* begins as the zlib format does (RFC 1950, 2.2)."""
    return start[0] & 0x0F == 8 and int.from_bytes(start[:2], "big") % 31 == 0


class BrotliDecoder(Decoder):
    """``br`` (RFC 7932)."""

    def __init__(self) -> None:
        import brotli

        self._brotli = brotli.Decompressor()
        self._has_begun = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        self._has_begun = self._has_begun or bool(data)
        while True:
            piece = self._brotli.process(data, output_buffer_limit=PIECE_BYTES)
            if piece:
                yield piece
            elif self._brotli.can_accept_more_data():
                return
            data = b""

    def is_complete(self) -> bool:
        return not self._has_begun or self._brotli.is_finished()


def _gzip() -> Decoder:
    # Tapes and some servers fill up with zeros, which gzip(1) ignores too.
    return MemberDecoder(lambda: ZlibMember(GZIP_WINDOW_BITS), padding=b"\0")


def _zstd() -> Decoder:
    zstd = _zstd_module()
    options = {zstd.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
    return MemberDecoder(lambda: zstd.ZstdDecompressor(options=options))


def _zstd_module() -> Any:
    try:
        from compression import zstd  # Python 3.14
    except ImportError:
        from backports import zstd
    return zstd


DECODERS: dict[str, Callable[[], Decoder]] = {
    "gzip": _gzip,
    "deflate": DeflateDecoder,
    "br": BrotliDecoder,
    "zstd": _zstd,
}
"""The codings that requests offer to accept, the server's choice."""

ACCEPT_ENCODING = ", ".join(DECODERS).encode("ascii")

ALIASES = {"x-gzip": "gzip"}
"""Other names of the same codings (RFC 9110, 8.4.1.3)."""

NO_CODING = ("", "identity")


class ContentDecoder:
    """
    Decodes content that has the codings *names*, the first having been applied first.

    :raises ContentError: one of them is not known, or there are too many.
    """

    def __init__(self, names: Sequence[str]) -> None:
        names = [name.strip().lower() for name in names]
        names = [ALIASES.get(name, name) for name in names if name not in NO_CODING]
        unknown = [name for name in names if name not in DECODERS]
        if unknown:
            raise ContentError(f"the content coding {unknown[0]!r} is not known")
        if len(names) > CODINGS_LIMIT:
            raise ContentError(f"the content has more than {CODINGS_LIMIT} codings")
        self._names = names[::-1]
        self._decoders = [DECODERS[name]() for name in self._names]

    def __bool__(self) -> bool:
        """Whether there is anything to decode."""
        return bool(self._decoders)

    def decode(self, data: bytes) -> Iterator[bytes]:
        """
        The output for *data*, the next bytes of the content, in pieces.

        :raises ContentError: while they are asked for: *data* is not in its coding.
        """
        return self._through(0, data)

    def _through(self, first: int, data: bytes) -> Iterator[bytes]:
        if first == len(self._decoders):
            yield data
            return
        pieces = self._decoders[first].decode(data)
        while (piece := self._next_piece(first, pieces)) is not None:
            yield from self._through(first + 1, piece)

    def _next_piece(self, number: int, pieces: Iterator[bytes]) -> bytes | None:
        try:
            return next(pieces, None)
        except Exception as error:  # noqa: BLE001  (four libraries' own classes)
            name = self._names[number]
            raise ContentError(f"the {name} content is broken: {error}") from None

    def check_end(self) -> None:
        """
        Tell that the content has ended.

        :raises ContentError: it ended too early.
        """
        for name, decoder in zip(self._names, self._decoders, strict=True):
            if not decoder.is_complete():
                raise ContentError(f"incomplete: the {name} content ends too early")
