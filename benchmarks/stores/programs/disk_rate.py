"""
The raw rate: what the disk gives to a program that does nothing else.

    lines FOLDER CLIENTS SECONDS    a line for each client is written at once, then
                                    flushed
    files FOLDER CLIENTS SECONDS    each client is a thread, with a file of its own that
                                    it writes, flushes, renames, and flushes the folder:
                                    as safe as a put, and the filesystem may do the
                                    flushes of all together
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from threading import Thread

from ..samples import DOCUMENT, DOCUMENTS, NOTE, WARM_UP_SECONDS, name_of


def append_lines(folder: Path, clients: int, until: float) -> int:
    """Append to one file until it is time; return how many lines were flushed."""
    batch = f"{NOTE}\n".encode() * clients
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    descriptor = os.open(folder / "raw.txt", flags)
    count = 0
    while time.monotonic() < until:
        os.write(descriptor, batch)
        os.fsync(descriptor)
        count += clients
    os.close(descriptor)
    return count


def put_files(folder: Path, clients: int, until: float) -> int:
    """Put files until it is time; return how many were put."""
    counts = [0] * clients
    share = max(1, DOCUMENTS // clients)

    def put(client: int) -> None:
        descriptor = os.open(folder, os.O_RDONLY)
        while time.monotonic() < until:
            name = name_of(client * share + counts[client] % share)
            _put(folder, str(client), name)
            os.fsync(descriptor)
            counts[client] += 1
        os.close(descriptor)

    threads = [Thread(target=put, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def _put(folder: Path, temporary: str, name: str) -> None:
    descriptor = os.open(folder / temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(descriptor, DOCUMENT)
    os.fsync(descriptor)
    os.close(descriptor)
    os.replace(folder / temporary, folder / name)


def main() -> None:
    """Do what the command line says, and print what came of it."""
    kind, where, clients, seconds = sys.argv[1:]
    work = {"lines": append_lines, "files": put_files}[kind]
    folder = Path(where)
    work(folder, int(clients), time.monotonic() + WARM_UP_SECONDS)
    begun, before = time.monotonic(), time.process_time()
    count = work(folder, int(clients), begun + int(seconds))
    spent, taken = time.process_time() - before, time.monotonic() - begun
    print(json.dumps({"count": count, "seconds": taken, "cpu": spent}))


if __name__ == "__main__":
    main()
