"""
What a disk may hold after a power cut, by what a program asked of the kernel.

A file keeps what was flushed by fsync before; of what was written since, any part may
be there. A name is kept when its folder was flushed; of later ones, the first so many
may be there. Nothing else is promised to programs, and file systems make use of that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PAGE_BYTES = 4096
"""What a file system writes at once, in an order of its own."""

Tree = dict[str, bytes | None]
"""The files below a folder, and the folders, which have no content."""


@dataclass(frozen=True)
class Change:
    """
    A change of a file's content, which is on disk after the next flush.

    :ivar made: the place of the call among others.
    :ivar data: what is written; ``None``: the file is cut, or grows, to *offset*.
    """

    made: int
    offset: int
    data: bytes | None

    def apply(self, content: bytearray) -> None:
        """Do it."""
        end = self.offset + len(self.data or b"")
        content.extend(bytes(max(0, end - len(content))))
        if self.data is None:
            del content[end:]
        else:
            content[self.offset : end] = self.data


@dataclass(eq=False)
class File:
    """
    A file, by whatever name.

    :ivar flushed: what is on disk for certain.
    :ivar changes: what came after.
    """

    flushed: bytes = b""
    changes: list[Change] = field(default_factory=list)

    def content(self, changes: list[Change] | None = None) -> bytes:
        """Its content after *changes*, or all."""
        content = bytearray(self.flushed)
        for change in self.changes if changes is None else changes:
            change.apply(content)
        return bytes(content)

    def flush(self, before: int) -> None:
        """Have all on disk that was done *before*."""
        done = [change for change in self.changes if change.made < before]
        self.flushed = self.content(done)
        self.changes = self.changes[len(done) :]


@dataclass
class Opened:
    """A descriptor of a file, or of a folder (no file)."""

    file: File | None
    path: str
    appends: bool = False
    flushes: bool = False
    position: int = 0


@dataclass(frozen=True)
class Renaming:
    """A change of names in a folder: what each is from now on, ``None`` for gone."""

    made: int
    folder: str
    names: dict[str, File | None]


Kept = Callable[[File], bytes]
"""What a file has kept."""


class Disk:
    """
    The disk below the folder *root*, as the calls of a process leave it.

    :param in_order: what was added to a file is written from its beginning.
    :ivar names: the files that are on disk for certain by their paths.
    :ivar renamings: what came after.
    """

    def __init__(self, root: Path, in_order: bool = True) -> None:
        self.root = str(root)
        self.in_order = in_order
        self.names: dict[str, File | None] = {}
        self.renamings: list[Renaming] = []
        self.opened: dict[int, Opened] = {}
        self.folders: set[str] = {self.root}
        for path in root.rglob("*") if root.exists() else ():
            if path.is_dir():
                self.folders.add(str(path))
            else:
                self.names[str(path)] = File(path.read_bytes())

    def now(self) -> dict[str, File | None]:
        """The files by their paths, as the process sees them."""
        return self.named(len(self.renamings))

    def named(self, renamings: int) -> dict[str, File | None]:
        """The files by their paths, after so many *renamings*."""
        names = dict(self.names)
        for renaming in self.renamings[:renamings]:
            names |= renaming.names
        return names

    def ours(self, path: str) -> bool:
        """Whether *path* is on this disk."""
        return path == self.root or path.startswith(self.root + "/")

    def rename(self, made: int, folder: str, names: dict[str, File | None]) -> None:
        """Change *names* in *folder*."""
        self.renamings.append(Renaming(made, folder, names))

    def flush_folder(self, folder: str, before: int) -> None:
        """Have all names in *folder* on disk that were given *before*."""
        left = []
        for renaming in self.renamings:
            if renaming.folder == folder and renaming.made < before:
                self.names |= renaming.names
            else:
                left.append(renaming)
        self.renamings = left

    def after_a_cut(self) -> Iterator[Tree]:
        """All that may be left, as far as it is worth a look; duplicates too."""
        for renamings in range(len(self.renamings) + 1):
            names = {p: f for p, f in self.named(renamings).items() if f is not None}
            changed = [file for file in names.values() if file.changes]
            for kept in _losses(changed) if self.in_order else (_late,):
                tree: Tree = {path: kept(file) for path, file in names.items()}
                yield tree | dict.fromkeys(self.folders)

    def relative(self, tree: Tree) -> Tree:
        """*tree* with paths from this disk's root."""
        return {str(Path(p).relative_to(self.root)): c for p, c in tree.items()}

    def contents(self) -> Iterator[tuple[str, bytes]]:
        """What is on disk for certain, by paths from its root."""
        for path, file in self.names.items():
            if file is not None:
                yield str(Path(path).relative_to(self.root)), file.flushed

    def write_to(self, tree: Tree, folder: Path) -> None:
        """Make *folder* what *tree* is."""
        for path, content in sorted(tree.items(), key=lambda item: item[0]):
            there = folder / Path(path).relative_to(self.root)
            if content is None:
                there.mkdir(exist_ok=True)
            else:
                there.write_bytes(content)


def _losses(changed: list[File]) -> Iterator[Kept]:
    """What of the *changed* files may be left: all, none, and parts."""
    yield File.content
    if not changed:
        return
    yield lambda file: file.flushed
    yield _zeros
    yield lambda file: file.content(file.changes[-1:])
    yield lambda file: file.content(file.changes[:-1])
    for part in (1, 0.25, 0.5, 0.75, -1):
        yield lambda file, part=part: _torn(file, part)  # type: ignore[misc]
    for one in changed if len(changed) > 1 else ():
        yield lambda file, one=one: file.content() if file is one else file.flushed  # type: ignore[misc]


def _zeros(file: File) -> bytes:
    """The new size is there, the data is not."""
    return file.flushed.ljust(len(file.content()), b"\0")


def _late(file: File) -> bytes:
    """Of what was added, the page that was there before is not yet written."""
    old, content = len(file.flushed), file.content()
    end = -(-old // PAGE_BYTES) * PAGE_BYTES
    if end >= len(content):
        return content
    return content[:old] + bytes(end - old) + content[end:]


def _torn(file: File, part: float) -> bytes:
    """*file* with its last write done in part: a share, or so many bytes."""
    changes = list(file.changes)
    if changes and changes[-1].data is not None:
        last = changes.pop()
        assert last.data is not None
        size = int(len(last.data) * part) if 0 < part < 1 else int(part)
        changes.append(Change(last.made, last.offset, last.data[:size]))
    return file.content(changes)
