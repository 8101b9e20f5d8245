"""
What all connections of a site by HTTP/2 share.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.interfaces import IReactorTime

from ..interfaces import ISite
from ..limits import Limits
from .engine import FRAME_BYTES, EngineLimits
from .engines import EngineChoice, own_engine
from .open_files import OpenFiles
from .request_head import SectionReader

FIELD_BYTES = 32
"""What a field counts beside its bytes in the size that a client is told."""

HARD_FACTOR = 4
"""
A header section that is so many times larger than allowed, or has so many times more
fields, ends the connection; one that is less so is answered 431, for which it has to be
read.
"""

PSEUDO_FIELDS = 4
"""Those of a request, such as :path, which are fields of a section, too."""

MIN_CONTINUATIONS = 8
"""CONTINUATION frames of a header section that are allowed at least, as in nghttp2."""


class HTTP2:
    """
    Shared by the connections of one site.

    :param limits: the limits of the site.
    :param engine: the engine to use, instead of our own.
    :ivar engine_limits: what it has to know of the limits.
    :ivar sections: reads header sections.
    :ivar files: those that responses and large bodies keep open.
    """

    def __init__(self, limits: Limits, engine: EngineChoice | None = None) -> None:
        self._engine = engine
        head = limits.request_line + limits.header_size
        largest = HARD_FACTOR * (head + FIELD_BYTES * limits.header_count)
        self.engine_limits = EngineLimits(
            streams=limits.streams,
            header_list=head + FIELD_BYTES * limits.header_count,
            max_header_list=largest,
            max_fields=HARD_FACTOR * (limits.header_count + PSEUDO_FIELDS),
            continuations=MIN_CONTINUATIONS + largest // FRAME_BYTES,
        )
        self.max_block = largest
        self.sections = SectionReader(limits)
        most = max(limits.connections, limits.streams)  # a page's pictures at least
        self.files = OpenFiles(most if limits.connections else 0)

    @property
    def engine(self) -> EngineChoice:
        """What speaks HTTP/2."""
        return self._engine or own_engine()


class HTTP2Site(ISite, Protocol):
    """
    What a connection by HTTP/2 asks of its site.

    :ivar http2: what its connections share.
    :ivar reactor: the one that the site uses.
    """

    http2: HTTP2
    reactor: IReactorTime
