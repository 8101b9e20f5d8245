"""
Store client: copies what one store keeps into another.

    $ dartio store copy ~/.local/share/dartio_tut/notes postgresql://db.example/notes
    Copied 3 notes; 0 were there already.

A copy that was interrupted continues when it is started again.
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from typing import Any

from dartio_tut.store import (
    CopyConflict,
    NameTaken,
    Quota,
    StoreFull,
    StoreUnavailable,
    copy_documents,
    copy_notes,
    files_left_out,
    folder_path,
    is_database,
    notes_not_in_utf8,
    open_documents,
    open_notes,
)

from .arguments import parse_whole_number
from .command import ClientError, run_alone

STORE_KINDS = ("notes", "documents")

DEFAULT_LOG, DEFAULT_COLLECTION = "notes", "documents"

MAX_NAMES_SHOWN = 20
"""How many of the files that were left out are named, each on a line."""


def add_arguments(parser: ArgumentParser) -> None:
    """Tell *parser* what this client understands."""
    parser.add_argument("action", choices=["copy"], help="what to do")
    parser.add_argument(
        "source", metavar="FROM", help="the store to copy, as for --store"
    )
    parser.add_argument("target", metavar="TO", help="the store to copy it to")
    parser.add_argument(
        "--only",
        choices=STORE_KINDS,
        help="copy this kind instead of all that is found",
    )
    parser.add_argument("--log", help=f"the log of a database (default: {DEFAULT_LOG})")
    parser.add_argument(
        "--collection",
        help=f"the collection of a database (default: {DEFAULT_COLLECTION})",
    )
    parser.add_argument(
        "--keep-free",
        type=parse_whole_number,
        default=Quota().free,
        metavar="BYTES",
        help="bytes of the disk with TO to leave free (default: %(default)s)",
    )


async def main(reactor: Any, arguments: Namespace) -> None:
    """Copy, and print how many were copied."""
    try:
        _check_folders(arguments.source, arguments.target)
        left = await _copy_kinds(arguments)
    except OSError as error:
        raise ClientError(f"cannot copy: {_said(error)}") from None
    except (CopyConflict, NameTaken, StoreFull, StoreUnavailable, ValueError) as error:
        raise ClientError(f"cannot copy: {error}") from None
    if any(left):
        raise ClientError("; ".join(filter(None, left)))


async def _copy_kinds(arguments: Namespace) -> list[str]:
    """
    Copy what there is of each kind; what was not copied.

    :raise OSError: when a database has not what was named, or nothing at all.
    """
    kinds, left = _kinds(arguments), []
    missing: list[FileNotFoundError] = []
    for kind in kinds:
        try:
            left.append(await _copy(arguments, kind))
        except FileNotFoundError as error:
            if arguments.log or arguments.collection:
                raise
            missing.append(error)
    if len(missing) == len(kinds):
        raise missing[0]
    for why in missing:
        print(f"Not copied: {why}.")
    return left


def _said(error: OSError) -> str:
    """What *error* says, and of which path."""
    text = error.strerror or str(error)
    return f"{error.filename}: {text}" if error.filename else text


def _check_folders(source: str, target: str) -> None:
    """
    See that there is something in *source*, and that *target* is elsewhere.

    :raise ClientError: when it is empty, or *target* is inside of it.
    """
    if is_database(source):
        return
    folder = Path(folder_path(source))
    if not folder.is_dir():
        raise ClientError(f"cannot copy: {folder}: no such folder")
    if not any(folder.iterdir()):
        raise ClientError(f"cannot copy: {folder}: it is empty, so it is no store")
    if is_database(target):
        return
    folder, inside = folder.resolve(), Path(folder_path(target)).resolve()
    if inside == folder:
        raise ClientError("cannot copy: FROM and TO are the same folder")
    if folder in inside.parents:
        raise ClientError(f"cannot copy: {inside} is inside {folder}")


def _kinds(arguments: Namespace) -> tuple[str, ...]:
    """The kinds that there are to copy."""
    if arguments.only:
        return (arguments.only,)
    if is_database(arguments.source):
        return STORE_KINDS
    folder = Path(folder_path(arguments.source))
    if not (folder / "notes.txt").exists():
        return ("documents",)
    if not (folder / ".notes").exists():  # in which the store keeps its journal
        raise ClientError(
            "cannot copy: is notes.txt a document, or are notes kept in it? Say --only"
        )
    return STORE_KINDS


async def _copy(arguments: Namespace, kind: str) -> str:
    """Copy all of a *kind*; what was not copied, and what to do about it."""
    if kind == "notes":
        log = arguments.log or DEFAULT_LOG
        done = await _copy_with(open_notes, copy_notes, arguments, log, kind)
    else:
        collection = arguments.collection or DEFAULT_COLLECTION
        done = await _copy_with(
            open_documents, copy_documents, arguments, collection, kind
        )
    print(f"Copied {done.written} {kind}; {done.there} were there already.")
    if not (done.written or done.there or done.taken):
        print(f"There are no {kind} in the store to copy.")
    if kind == "documents":
        _tell_left_out(files_left_out(arguments.source) | dict(done.taken))
    elif changed := notes_not_in_utf8(arguments.source):
        shown = ", ".join(map(str, changed[:MAX_NAMES_SHOWN]))
        more = ", ..." if len(changed) > MAX_NAMES_SHOWN else ""
        return (
            f"not in UTF-8, and so not copied as they are: notes {shown}{more} (mend "
            "these lines of notes.txt, and begin with an empty store)"
        )
    if done.taken:
        many = "documents were" if len(done.taken) > 1 else "document was"
        return f"{len(done.taken)} {many} not copied; rename what is above"
    return ""


async def _copy_with(
    opened: Any, copied: Any, arguments: Namespace, name: str, kind: str
) -> Any:
    source = opened(arguments.source, name=name, must_exist=True)
    try:
        target = opened(arguments.target, Quota(free=arguments.keep_free), name=name)
        try:
            return await copied(source, target, partial(_show_progress, kind))
        finally:
            _show_progress(kind, 0)
            await target.close()
    finally:
        await source.close()


def _tell_left_out(files: dict[str, str]) -> None:
    """Say which files were not copied, as they are no documents, and why."""
    for name, why in list(files.items())[:MAX_NAMES_SHOWN]:
        print(f"Left out {ascii(name)[1:-1]}: {why}.")
    if len(files) > MAX_NAMES_SHOWN:
        print(f"Left out {len(files) - MAX_NAMES_SHOWN} more.")


def _show_progress(kind: str, count: int) -> None:
    """Show on a terminal how many have been copied."""
    if sys.stderr.isatty():
        line = f"\r{count} {kind}" if count else "\r" + " " * 40 + "\r"
        print(line, end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run_alone(sys.modules[__name__])
