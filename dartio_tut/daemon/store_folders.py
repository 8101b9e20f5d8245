"""
The folders of stores that several workers share.

A worker that finds none would make one, as at the first start. Where a mount has gone
away since, that would be an empty store at the mount point, which acknowledges what
nobody finds when the mount is back. So each worker must find the folder of its parent.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from errno import EBUSY

from dartio_tut.store import folder_identity

VARIABLE = "DARTIO_STORE_FOLDERS"
"""What has the identity of each folder, for the workers of a parent."""


def remember_folder(path: str, environ: MutableMapping[str, str] = os.environ) -> None:
    """
    Let workers, which are started with *environ*, take no other folder for *path*.

    :raise OSError: if it is not there.
    """
    known = json.loads(environ.get(VARIABLE, "{}"))
    environ[VARIABLE] = json.dumps(known | {path: folder_identity(path)})


@contextmanager
def folder_of_parent(
    path: str, environ: MutableMapping[str, str] = os.environ
) -> Iterator[None]:
    """
    While a worker opens the store in *path*, see that it is the folder of its parent.

    :raise OSError: if it is not.
    """
    known = json.loads(environ.get(VARIABLE, "{}")).get(path)
    _check(path, known)
    yield
    _check(path, known)


def _check(path: str, known: list[int] | None) -> None:
    if known is not None and known != [*folder_identity(path)]:
        raise OSError(
            EBUSY,
            "another folder is in its place than when the daemon was started; to keep "
            "things there, start the daemon again",
            path,
        )
