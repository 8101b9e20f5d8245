"""
Store client: copies what one store keeps into another.

    $ dartio store copy ~/.local/share/dartio_tut/notes postgresql://db.example/notes
    Copied 3 notes; 0 were there already.

Start it again when it was cut off: it goes on where it was.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import Any

from dartio_tut.store import (
    CopyConflict,
    StoreFull,
    Unavailable,
    copy_documents,
    copy_notes,
    folder_path,
    open_documents,
    open_notes,
)

from .command import ClientError, run_alone

KINDS = ("notes", "documents")


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.add_argument("action", choices=["copy"], help="what to do")
    parser.add_argument("source", metavar="FROM", help="a store, as --store has it")
    parser.add_argument("target", metavar="TO", help="another store")
    parser.add_argument(
        "--only", choices=KINDS, help="one kind instead of what is found"
    )
    parser.add_argument("--log", default="notes", help="a database's log of notes")
    parser.add_argument(
        "--collection", default="documents", help="a database's collection"
    )


async def main(reactor: Any, arguments: Namespace) -> None:
    """Copy, and tell how many there were."""
    try:
        for kind in _kinds(arguments):
            await _copy(arguments, kind)
    except (OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or str(error)
        raise ClientError(f"cannot copy: {text}") from None
    except (CopyConflict, StoreFull, Unavailable) as error:
        raise ClientError(f"cannot copy: {error}") from None


def _kinds(arguments: Namespace) -> tuple[str, ...]:
    """What there is to copy."""
    if arguments.only:
        return (arguments.only,)
    if "://" in arguments.source and not arguments.source.startswith("file:"):
        return KINDS
    folder = Path(folder_path(arguments.source))
    if not folder.is_dir():
        raise ClientError(f"cannot copy: {folder}: no such folder")
    if not (folder / "notes.txt").exists():
        return ("documents",)
    if not (folder / ".notes").exists():  # which those who keep notes leave there
        raise ClientError(
            "cannot copy: is notes.txt a document, or are notes kept in it? Say --only"
        )
    return KINDS


async def _copy(arguments: Namespace, kind: str) -> None:
    opened, copied = open_documents, copy_documents
    name = arguments.collection
    if kind == "notes":
        opened, copied, name = open_notes, copy_notes, arguments.log  # type: ignore[assignment]
    source = opened(arguments.source, name=name)
    target = opened(arguments.target, name=name)
    try:
        done = await copied(source, target, partial(_tell, kind))
    finally:
        _tell(kind, 0)
        await source.close()
        await target.close()
    print(f"Copied {done.written} {kind}; {done.there} were there already.")


def _tell(kind: str, count: int) -> None:
    """Show on a terminal how far it is."""
    if sys.stderr.isatty():
        line = f"\r{count} {kind}" if count else "\r" + " " * 40 + "\r"
        print(line, end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run_alone(sys.modules[__name__])
