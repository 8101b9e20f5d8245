"""
Finding what a path stands for: a file to send, a folder to list, or another URL.

Rule: files are opened here, and nothing is sent; what cannot be found is one
`HTTPError`. Whatever is opened is returned, or closed again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from stat import S_ISREG
from typing import NamedTuple, Protocol

from twisted.logger import Logger
from twisted.web.http import (
    FORBIDDEN,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    SERVICE_UNAVAILABLE,
)
from twisted.web.server import Request

from ..fields import field_of, option_bytes
from ..negotiation import accepts_anything, accepts_by_name, best_coding
from ..responses import HTTPError
from .kept_contents import KeptFile
from .locations import with_single_slashes, with_slash, without_slash
from .path_segments import PathSegments
from .read_errors import report_read_error
from .redirects import Redirect, location
from .representations import FileMetadata, OpenFile, Representations
from .root import Root
from .safe_open import ABSENT_ERRORS
from .types import ContentTypes

PAGE_TYPES = (b"text/html", b"application/xhtml+xml")
"""A browser names these when a person goes to a page."""

ANY_EXTENSION = "*"
"""What Twisted's ``ignoredExts`` have for any extension."""


class OpenFolder(NamedTuple):
    """A folder that was opened, and is to be listed."""

    descriptor: int
    status: os.stat_result
    names: PathSegments


class RedirectTarget(NamedTuple):
    """
    Another URL, to which the client is sent.

    :ivar text: a sentence for the client.
    """

    location: bytes
    text: str


class LookupSettings(Protocol):
    """Attributes of `Files` that an application may change at any time."""

    indexNames: list[str]
    ignoredExts: Sequence[str]
    listing: bool


class Lookup:
    """
    Find what is below a folder, or the one file that there is.

    :param root: where files are opened.
    :param types: tell which paths cannot be those of pages.
    :param spa: whether a page that is not there is answered with the root's index.
    :param try_html: whether ``/about`` may be ``about.html``.
    :param redirects: paths that have moved.
    """

    _log = Logger()

    def __init__(
        self,
        root: Root,
        representations: Representations,
        types: ContentTypes,
        spa: bool,
        try_html: bool,
        redirects: Sequence[Redirect],
    ) -> None:
        self._root = root
        self._open = root.open
        self._representations = representations
        self._kept = representations.kept
        self._kept_form = representations.kept_form
        self._types = types
        self._spa = spa
        self._try_html = try_html
        self._redirects = redirects

    def find(
        self, request: Request, segments: Sequence[bytes], files: LookupSettings
    ) -> OpenFile | OpenFolder | RedirectTarget | KeptFile[FileMetadata]:
        """
        Find what *segments*, the decoded path below the root, stand for.

        :raise HTTPError: when there is nothing to be had.
        """
        if self._redirects:
            query = request.uri.partition(b"?")[2]
            target = location(self._redirects, segments, query)
            if target is not None:
                return RedirectTarget(target, "It has moved.")
        ends_with_slash = bool(segments) and not segments[-1]
        key = _first_index(segments, files) if ends_with_slash else tuple(segments)
        kept = self._kept(key) or self._kept_form(key, request)
        if kept is not None:
            return kept
        names = self._root.names(segments)
        if names is None:
            return self._find_odd(request, segments, files)
        try:
            descriptor, status = self._open(names)
        except OSError as error:
            return self._find_instead(request, names, ends_with_slash, files, error)
        if S_ISREG(status.st_mode):
            if not ends_with_slash or not (names or self._root.is_folder):
                made = descriptor, status, names, None, False
                return tuple.__new__(OpenFile, made)  # cheaper than OpenFile(...)
            os.close(descriptor)
            return self._fall_back(request, names, files)
        folder = OpenFolder(descriptor, status, names)
        # Whoever asks without the empty segment that ends the path, because a folder is
        # in the place of a file, must not send the client further and further.
        if ends_with_slash or request.uri.partition(b"?")[0].endswith(b"/"):
            return self._find_in_folder(request, folder, names, files)
        os.close(descriptor)
        return self._find_at_folder(request, names, files)

    def _find_instead(
        self,
        request: Request,
        names: PathSegments,
        ends_with_slash: bool,
        files: LookupSettings,
        error: OSError,
    ) -> OpenFile | OpenFolder | RedirectTarget:
        """Find what stands for a path that cannot be opened because of *error*."""
        if isinstance(error, PermissionError):
            if ends_with_slash:  # a folder that may be passed, if not read
                return self._find_in_folder(request, None, names, files)
            raise self._failed(request, error)
        if error.errno not in ABSENT_ERRORS:
            raise self._failed(request, error)
        if names and not ends_with_slash:
            found = self._open_instead(request, names, files)
            if found:
                return found
        return self._fall_back(request, names, files)

    def _similar(
        self, names: PathSegments, files: LookupSettings
    ) -> Iterator[PathSegments]:
        """The names that *names* may stand for, with an extension that was left out."""
        *folders, name = names
        if self._try_html:
            yield (*folders, name + b".html")
        for extension in files.ignoredExts:
            if extension == ANY_EXTENSION:
                for other in self._root.listed(tuple(folders)):
                    if other.startswith(name + b"."):
                        yield (*folders, other)
            else:
                yield (*folders, name + option_bytes(extension))

    def _find_at_folder(
        self, request: Request, names: PathSegments, files: LookupSettings
    ) -> OpenFile | RedirectTarget:
        """Find what stands for a folder whose path lacks the slash at its end."""
        if self._try_html and names:
            page = self._open_either(request, (*names[:-1], names[-1] + b".html"))
            if page:
                return page
        if self._spa and not files.listing and self._may_be_page(request, names):
            index = self._open_index(request, names, files)
            if index is None:
                return self._fall_back(request, names, files)
            os.close(index.descriptor)
        return RedirectTarget(
            with_slash(request.uri), "The folder is one slash further."
        )

    def _find_in_folder(
        self,
        request: Request,
        folder: OpenFolder | None,
        names: PathSegments,
        files: LookupSettings,
    ) -> OpenFile | OpenFolder | RedirectTarget:
        """Find what stands for a *folder*, which is ``None`` if it may not be read."""
        listed = False
        try:
            found = self._open_index(request, names, files)
            if found:
                return found
            if self._try_html and names:
                page = (*names[:-1], names[-1] + b".html")
                found = self._open_either(request, page)
                if found:
                    os.close(found.descriptor)
                    return RedirectTarget(without_slash(request.uri), "It is a page.")
            if folder and files.listing:
                listed = True
                return folder
        finally:
            if folder and not listed:
                os.close(folder.descriptor)
        if folder is None:
            raise HTTPError(FORBIDDEN, "Not allowed.")
        return self._fall_back(request, names, files)

    def _open_index(
        self, request: Request, names: PathSegments, files: LookupSettings
    ) -> OpenFile | None:
        for index in files.indexNames:
            found = self._open_either(request, (*names, option_bytes(index)))
            if found:
                return found
        return None

    def _open_instead(
        self, request: Request, names: PathSegments, files: LookupSettings
    ) -> OpenFile | None:
        """Open what stands for a file that is not there."""
        if names == self._root.own_names:
            return self._open_either(request, ())
        found = self._open_lone(request, names)
        if found is None and (self._try_html or files.ignoredExts):
            for other in self._similar(names, files):
                found = found or self._open_either(request, other)
        return found

    def _open_either(self, request: Request, names: PathSegments) -> OpenFile | None:
        """
        Open the file at *names*, or its compressed form if that is all there is.

        :raise HTTPError: as `_open_lone`, or when it is there, but cannot be opened.
        """
        try:
            found = self._representations.open_file(names)
        except OSError as error:
            raise self._failed(request, error) from None
        return found or self._open_lone(request, names)

    def _open_lone(self, request: Request, names: PathSegments) -> OpenFile | None:
        """
        Open the compressed form of a file that is itself not there.

        :raise HTTPError: when the client accepts none of its codings.
        """
        representations = self._representations
        codings = representations.codings(names)
        if not codings:
            return None
        try:
            accept = field_of(request)(b"accept-encoding")
            found = representations.open_lone(names, accept)
        except OSError as error:
            raise self._failed(request, error) from None
        if found is None:
            if not self._has_lone(names) or best_coding(accept, codings) is not None:
                return None  # it may not be opened, as a link that leads out
            kept = b", ".join(codings).decode("ascii")
            raise HTTPError(
                NOT_ACCEPTABLE,
                f"It is kept compressed only. Accept one of these codings: {kept}.",
                ((b"Vary", b"Accept-Encoding"),),
            )
        return found

    def _has_lone(self, names: PathSegments) -> bool:
        """Tell whether there is a compressed form that some client would be sent."""
        found = self._representations.open_lone(names, b"*")
        if found:
            os.close(found.descriptor)
        return found is not None

    def _find_odd(
        self, request: Request, segments: Sequence[bytes], files: LookupSettings
    ) -> OpenFile | RedirectTarget:
        """Find what stands for a path that no file has."""
        single = [name for name in segments[:-1] if name] + [*segments[-1:]]
        names = self._root.names(single) if len(single) < len(segments) else None
        if names is not None and self._is_there(names, single, files):
            url = with_single_slashes(request.uri)
            return RedirectTarget(url, "There is a slash too many.")
        return self._fall_back(request, None, files)

    def _is_there(
        self, names: PathSegments, segments: Sequence[bytes], files: LookupSettings
    ) -> bool:
        """Tell whether there is a folder, or without a slash at the end a file."""
        if segments[-1] == b"":
            return self._root.exists(names, as_folder=True)
        others = (names, *self._similar(names, files))
        return any(self._root.exists(other) for other in others)

    def _fall_back(
        self, request: Request, names: PathSegments | None, files: LookupSettings
    ) -> OpenFile:
        """
        Open the index that stands for a page of a single-page application.

        :raise HTTPError: when it does not exist, or the client wants no page.
        """
        if self._root.is_gone():
            raise HTTPError(SERVICE_UNAVAILABLE, "It cannot be read just now.")
        if self._spa and self._may_be_page(request, names):
            index = self._open_index(request, (), files)
            if index:
                return index._replace(varies=True)
        raise HTTPError(NOT_FOUND, "Not found.")

    def _may_be_page(self, request: Request, names: PathSegments | None) -> bool:
        """
        Tell whether a page is asked for, and not a script, a picture or data.

        A client that goes to a page names the type of pages in its Accept field. Of
        one that takes anything, the path must not look like a file's.
        """
        accept = field_of(request)(b"accept")
        if accepts_by_name(accept, PAGE_TYPES):
            return True
        if names is None or not accepts_anything(accept):
            return False
        return not names or self._types.by_name(names[-1]) is None

    def _failed(self, request: Request, error: OSError) -> HTTPError:
        """Return the refusal for what is there, but cannot be opened."""
        if isinstance(error, PermissionError):
            self._root.say_if_closed()
            return HTTPError(FORBIDDEN, "Not allowed.")
        report_read_error(self._log, request.path, error)
        return HTTPError(SERVICE_UNAVAILABLE, "It cannot be read just now.")


def _first_index(segments: Sequence[bytes], files: LookupSettings) -> PathSegments:
    """The names of the index in a folder, if it is the best one; else no names."""
    if not files.indexNames:
        return ()
    return (*segments[:-1], option_bytes(files.indexNames[0]))
