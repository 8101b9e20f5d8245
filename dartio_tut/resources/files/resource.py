"""
Files and folders as a resource.

`twisted.web.static.File` as it comes serves what hides behind a dot or a link, waits
for ever on a FIFO, calls an archive's compression a content coding and trips over odd
ranges. `Files` is that resource without these faults, and it sends a file from the
kernel to the socket.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from copy import copy
from functools import partial
from stat import S_ISDIR
from typing import Any, Literal, NamedTuple

from twisted.internet.defer import Deferred
from twisted.python.filepath import FilePath
from twisted.web.http import FORBIDDEN, NOT_FOUND
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request
from twisted.web.static import File, Registry

from ..fields import SECURITY_FIELDS, merge_fields
from ..responses import ErrorResource, HTTPError
from .caching import CacheRule
from .field_rules import FieldRule, fields_for_all
from .file_responses import FileResponses
from .kept_contents import KeptFile
from .listing.responses import FolderListings
from .locations import with_slash
from .lookup import Lookup, OpenFolder, RedirectTarget
from .private_files import PrivateFiles
from .redirects import Redirect
from .representations import FileMetadata, OpenFile, Representations
from .root import Root
from .safe_open import LINK_POLICIES
from .type_table import TYPES_BY_EXTENSION
from .types import OCTET_STREAM, ContentTypes


def parse_index_name(text: str) -> str:
    """
    Return *text* if it can be the name of an index file.

    :raise ValueError: when it is empty, or a path.
    """
    if text in ("", ".", "..") or "/" in text:
        raise ValueError(f"{text!r} is not the name of a file: use index.html")
    return text


def _in_thread(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
    from twisted.internet.threads import deferToThread  # its reactor, not before

    return deferToThread(function, *args)


class _Tree(NamedTuple):
    """What serves all that is below one root."""

    root: Root
    lookup: Lookup
    responses: FileResponses
    listings: FolderListings


def _tree(
    path: str,
    *,
    links: str,
    dotfiles: bool,
    spa: bool,
    try_html: bool,
    types: ContentTypes,
    cache: Sequence[CacheRule],
    precompressed: bool,
    rules: Sequence[FieldRule],
    redirects: Sequence[Redirect],
    private: PrivateFiles,
    default_type: str,
    run: Callable[..., Deferred[Any]],
) -> _Tree:
    root = Root(os.fsencode(path), LINK_POLICIES[links], dotfiles)
    representations = Representations(
        root.path, LINK_POLICIES[links], types, cache, precompressed, rules, private,
        default_type,
    )  # fmt: skip
    fields = merge_fields(SECURITY_FIELDS, fields_for_all(rules))
    lookup = Lookup(root, representations, types, spa, try_html, redirects)
    responses = FileResponses(representations, types, fields)
    listings = FolderListings(
        root.may_show, root.open, run, fields, private, responses.refuse
    )
    return _Tree(root, lookup, responses, listings)


class Files(File):
    """
    A file, or a folder and what is below it.

    Regular files and folders are served. ``404.html`` in the root, and the like for any
    other status code, is sent in the place of an error, but not to clients that ask for
    JSON.

    :param path: the file or folder.
    :param defaultType: the content type of files of which nothing tells the type.
    :param ignoredExts: extensions that a path may leave out.
    :param registry: for *processors*, as Twisted's `File` has them.
    :param listing: whether a folder without an index file is listed.
    :param index: the names that an index file may have, the best first.
    :param links: which links are followed: ``"inside"`` the root, wherever they lead
        (``"follow"``), or none (``"refuse"``).
    :param dotfiles: whether names that begin with a dot are served, beside
        ``.well-known``.
    :param spa: whether a page that is not there is answered with the root's index.
    :param try_html: whether ``/about`` may be ``about.html``.
    :param types: content types and charset.
    :param cache: patterns of paths, and the Cache-Control for what matches.
    :param precompressed: whether ``app.js.br`` may be sent instead of ``app.js``.
    :param fields: header fields of all responses, or of those with some files, in the
        place of those of the same name.
    :param redirects: paths that have moved.
    :param private: paths of files that are never served, such as the daemon's log.
    :param run: calls what takes a while elsewhere.
    """

    # Declared by Twisted, with the types they have there.
    contentTypes: dict[str, str] = dict(TYPES_BY_EXTENSION)  # noqa: RUF012
    contentEncodings: dict[str, str] = {}  # noqa: RUF012
    indexNames = ["index.html"]  # noqa: RUF012
    childNotFound = ErrorResource(  # type: ignore[assignment]
        HTTPError(NOT_FOUND, "Not found.")
    )
    forbidden = ErrorResource(  # type: ignore[assignment]
        HTTPError(FORBIDDEN, "Not allowed.")
    )
    type: str | None = None
    encoding: str | None = None

    def __init__(
        self,
        path: str,
        defaultType: str = OCTET_STREAM,
        ignoredExts: Sequence[str] = (),
        registry: Registry | None = None,
        allowExt: Literal[0] = 0,
        *,
        listing: bool = False,
        index: Sequence[str] | None = None,
        links: str = "inside",
        dotfiles: bool = False,
        spa: bool = False,
        try_html: bool = False,
        types: ContentTypes | None = None,
        cache: Sequence[CacheRule] = (),
        precompressed: bool = True,
        fields: Sequence[tuple[bytes, bytes] | FieldRule] = (),
        redirects: Sequence[Redirect] = (),
        private: Collection[str] = (),
        run: Callable[..., Deferred[Any]] = _in_thread,
    ) -> None:
        super().__init__(path, defaultType, ignoredExts, registry, allowExt)
        # Python finds these faster here than in the class.
        self.type = self.type
        self._segments: tuple[bytes, ...] = ()
        self.children = _Children(self)
        self.indexNames = list(self.indexNames if index is None else index)
        self.listing = listing
        private_files = PrivateFiles(private)
        private_files.tell(path)
        self._tree_at = partial(
            _tree,
            links=links,
            dotfiles=dotfiles,
            spa=spa,
            try_html=try_html,
            types=types or ContentTypes(known=self.contentTypes),
            cache=cache,
            precompressed=precompressed,
            rules=[_rule(field) for field in fields],
            redirects=redirects,
            private=private_files,
            default_type=defaultType,
            run=run,
        )
        self._tree = self._tree_at(path)

    @property
    def isLeaf(self) -> bool:  # type: ignore[override]
        """Whether it finds all that is below by itself: that is the fast way."""
        return not (self.children or self.processors)

    def render(self, request: Request) -> bytes | int:
        """Answer with what the rest of the path names."""
        if request.method == b"GET":
            return self.render_GET(request)
        return self.answer_for(request, request.postpath or [])

    def render_GET(self, request: Request) -> bytes | int:
        """Answer with what the rest of the path names."""
        return self.answer_for(request, request.postpath or [])

    render_HEAD = render_GET

    def answer_for(self, request: Request, segments: Sequence[bytes]) -> bytes | int:
        """Answer with what is found at *segments* below here."""
        if self._segments:
            segments = [*self._segments, *segments]
        responses = self._tree.responses
        try:
            if request.method not in (b"GET", b"HEAD"):
                return responses.allow(request)
            found = self._tree.lookup.find(request, segments, self)
            if isinstance(found, KeptFile):
                kind = self._type_of(found) if self.type else None
                return responses.send_kept(request, found, kind)
            if isinstance(found, OpenFile):
                return responses.send(request, found, self._type_of(found))
        except HTTPError as error:
            page = {NOT_FOUND: self.childNotFound, FORBIDDEN: self.forbidden}
            own = page.get(error.code)
            if own in (None, Files.childNotFound, Files.forbidden):
                return responses.refuse(request, error)
            answered: bytes | int = own.render(request)
            return answered
        if isinstance(found, RedirectTarget):
            return responses.move(request, found)
        return self._tree.listings.answer(request, found)

    def _type_of(self, found: KeptFile[FileMetadata] | OpenFile) -> str | None:
        """The content type that was set for this very file, if there is one."""
        return self.type if self.type and found.names == self._segments else None

    # What Twisted's File offers to programs.

    def getChild(self, path: bytes, request: Request) -> IResource:
        """
        Return the resource for the name *path* in this folder: what one of
        `processors` makes of such a file, or `Files` with the same settings.
        """
        child = self._child(path)
        if not self.processors:
            return child
        try:
            found = self._tree.lookup.find(request, child._segments, self)
        except HTTPError:
            return child
        if isinstance(found, RedirectTarget):
            return child
        if not isinstance(found, KeptFile):
            os.close(found.descriptor)
        if isinstance(found, OpenFolder):
            return child
        served = os.path.join(os.fsencode(self._tree.root.path), *found.names)
        processor = self.processors.get(os.path.splitext(os.fsdecode(served))[1])
        if processor is None:
            return child
        processed: Any = processor(os.fsdecode(served), self.registry)
        return IResource(processed)

    def createSimilarFile(self, path: str) -> Files:
        """
        Return a resource for the file or folder at *path*, with the same settings. What
        is below this one stays below its root.
        """
        top = os.path.abspath(os.fsdecode(self._tree.root.path))
        below = os.path.relpath(path, top)
        similar = self._similar(path)
        if below == os.pardir or below.startswith(os.path.join(os.pardir, "")):
            similar._tree = self._tree_at(path)
            similar._segments = ()
        else:
            names = () if below == os.curdir else os.fsencode(below).split(b"/")
            similar._segments = tuple(names)
        return similar

    def _child(self, name: bytes) -> Files:
        """The resource for *name* below, which may be one that no file has."""
        segments = (*self._segments, name)
        is_name = bool(name) and self._tree.root.names((name,)) is not None
        path = os.path.join(self.path, os.fsdecode(name)) if is_name else self.path
        child = self._similar(path)
        child._segments = segments
        return child

    def _similar(self, path: str) -> Files:
        similar = copy(self)
        FilePath.__init__(similar, path)
        similar.children = _Children(similar)
        similar.indexNames = self.indexNames[:]
        similar.ignoredExts = list(self.ignoredExts)
        similar.type = None
        return similar

    def listNames(self) -> list[str]:
        """Return the sorted names in this folder that may be asked for."""
        root = self._tree.root
        return list(map(os.fsdecode, root.listed(root.names(self._segments) or ())))

    def directoryListing(self) -> Resource:
        """Return a resource that lists this folder, whatever its settings say."""
        names = self._tree.root.names(self._segments) or ()
        return _Listing(self._tree, names)

    def redirect(self, request: Request) -> bytes:
        """Send the client to this folder's URL with the slash at its end."""
        text = "The folder is one slash further."
        return self._tree.responses.move(
            request, RedirectTarget(with_slash(request.uri), text)
        )


class _Children(dict[bytes, IResource]):
    """
    The resources that were put below `Files` by hand; called, the paths in the folder.

    Twisted's `Resource` has an attribute of the name that `FilePath` has for a method,
    which `FilePath.walk`, ``remove`` and ``copyTo`` call.
    """

    def __init__(self, files: Files) -> None:
        super().__init__()
        self._files = files

    def __call__(self) -> list[FilePath[str]]:
        return list(FilePath.children(self._files))


class _Listing(Resource):
    """The listing of a folder."""

    isLeaf = True

    def __init__(self, tree: _Tree, names: tuple[bytes, ...]) -> None:
        super().__init__()
        self._tree = tree
        self._names = names

    def render(self, request: Request) -> bytes | int:
        try:
            descriptor, status = self._tree.root.open(self._names)
        except OSError:
            return self._refuse(request)
        if not S_ISDIR(status.st_mode):
            os.close(descriptor)
            return self._refuse(request)
        folder = OpenFolder(descriptor, status, self._names)
        return self._tree.listings.answer(request, folder)

    def _refuse(self, request: Request) -> bytes | int:
        error = HTTPError(NOT_FOUND, "Not found.")
        return self._tree.responses.refuse(request, error)


def _rule(field: tuple[bytes, bytes] | FieldRule) -> FieldRule:
    return field if isinstance(field, FieldRule) else FieldRule("", *field)
