"""
What each system call does to a `disk.Disk`.

Rule: a call that touches the disk and is not known here is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from os.path import dirname

from .disk import Change, Disk, File, Opened
from .tracing import Call

OWN_DESCRIPTORS = "/proc/self/fd/"
"""Where files that have no name are linked from."""


def apply(call: Call, disk: Disk) -> bool:
    """Do to *disk* what *call* did; whether it changed what a power cut may leave."""
    if call.result < 0:
        return False
    if call.name in _CALLS:
        return bool(_CALLS[call.name](disk, call))
    if disk.root.encode().hex() in call.arguments.replace("\\x", ""):
        raise AssertionError(f"not understood: {call}")
    return False


def _open(disk: Disk, call: Call) -> bool:
    path = call.path(1)
    if not disk.ours(path):
        disk.opened.pop(call.result, None)
        return False
    flags = call.parts[2].split("|")
    if "O_TMPFILE" in call.parts[2]:
        disk.opened[call.result] = Opened(File(), path)  # it has no name yet
        return False
    if path in disk.folders:
        disk.opened[call.result] = Opened(None, path)
        return False
    file = disk.now().get(path)
    made = file is None
    if file is None:
        file = File()
        disk.rename(call.ended, dirname(path), {path: file})
    elif "O_TRUNC" in flags:
        file.changes.append(Change(call.ended, 0, None))
    disk.opened[call.result] = Opened(
        file, path, "O_APPEND" in flags, "O_DSYNC" in flags or "O_SYNC" in flags
    )
    return made or "O_TRUNC" in flags


def _close(disk: Disk, call: Call) -> bool:
    disk.opened.pop(call.descriptor(), None)
    return False


def _dup(disk: Disk, call: Call) -> bool:
    if call.descriptor() in disk.opened:  # they share one position
        disk.opened[call.result] = disk.opened[call.descriptor()]
    return False


def _control(disk: Disk, call: Call) -> bool:
    opened = disk.opened.get(call.descriptor())
    if opened is not None and call.parts[1].startswith("F_DUPFD"):
        disk.opened[call.result] = opened
    elif opened is not None and call.parts[1] == "F_SETFL":
        opened.appends = "O_APPEND" in call.parts[2]
    return False


def _seek(disk: Disk, call: Call) -> bool:
    if opened := disk.opened.get(call.descriptor()):
        opened.position = call.result
    return False


def _read(disk: Disk, call: Call) -> bool:
    if opened := disk.opened.get(call.descriptor()):
        opened.position += call.result
    return False


def _write(disk: Disk, call: Call) -> bool:
    opened = disk.opened.get(call.descriptor())
    if opened is None or opened.file is None:
        return False
    if opened.appends:
        opened.position = len(opened.file.content())
    _change(opened, call, opened.position)
    opened.position += call.result
    return True


def _write_at(disk: Disk, call: Call) -> bool:
    opened = disk.opened.get(call.descriptor())
    if opened is None or opened.file is None:
        return False
    flags = call.parts.pop() if call.name == "pwritev2" else ""
    offset = int(call.parts[-2] if flags else call.parts[-1])
    assert not opened.appends, f"Linux appends, whatever the offset: {call}"
    assert offset >= 0, f"not understood: {call}"
    _change(opened, call, offset, "SYNC" in flags)
    return True


def _change(opened: Opened, call: Call, offset: int, flushes: bool = False) -> None:
    assert opened.file is not None
    data = call.data[: call.result]
    opened.file.changes.append(Change(call.ended, offset, data))
    if opened.flushes or flushes:
        opened.file.flush(call.ended + 1)


def _truncate(disk: Disk, call: Call) -> bool:
    opened = disk.opened.get(call.descriptor())
    if opened is None or opened.file is None:
        return False
    opened.file.changes.append(Change(call.ended, int(call.parts[1]), None))
    return True


def _allocate(disk: Disk, call: Call) -> bool:
    opened = disk.opened.get(call.descriptor())
    if opened is None or opened.file is None:
        return False
    if call.parts[1] == "0":  # with FALLOC_FL_KEEP_SIZE nothing is to be seen
        end = int(call.parts[2]) + int(call.parts[3])
        if end > len(opened.file.content()):
            opened.file.changes.append(Change(call.ended, end, None))
            return True
    elif call.parts[1] != "FALLOC_FL_KEEP_SIZE":
        raise AssertionError(f"not understood: {call}")
    return False


def _flush(disk: Disk, call: Call) -> bool:
    opened = disk.opened.get(call.descriptor())
    if opened is None:
        return False
    if opened.file is None:
        disk.flush_folder(opened.path, call.began)
    else:
        opened.file.flush(call.began)
    return True


def _rename_at(disk: Disk, call: Call) -> bool:
    return _renamed(disk, call, call.path(1), call.path(3))


def _rename(disk: Disk, call: Call) -> bool:
    return _renamed(disk, call, call.path(0), call.path(1))


def _renamed(disk: Disk, call: Call, old: str, new: str) -> bool:
    if not (disk.ours(old) or disk.ours(new)):
        return False
    file = disk.now().get(old)
    if file is None or "RENAME_EXCHANGE" in call.arguments:
        raise AssertionError(f"not understood: {call}")
    disk.rename(call.ended, dirname(new), {old: None, new: file})
    return True


def _link(disk: Disk, call: Call) -> bool:
    paths = [call.path(p) for p in ((0, 1) if call.name == "link" else (1, 3))]
    if not any(disk.ours(path) for path in paths):
        return False
    if paths[0].startswith(OWN_DESCRIPTORS):
        opened = disk.opened.get(int(paths[0].removeprefix(OWN_DESCRIPTORS)))
        file = opened.file if opened else None
    else:
        file = disk.now().get(paths[0])
    assert file is not None, f"not understood: {call}"
    disk.rename(call.ended, dirname(paths[1]), {paths[1]: file})
    return True


def _unlink(disk: Disk, call: Call) -> bool:
    path = call.path(0 if call.name == "unlink" else 1)
    if not disk.ours(path):
        return False
    disk.rename(call.ended, dirname(path), {path: None})
    return True


def _mkdir(disk: Disk, call: Call) -> bool:
    path = call.path(0 if call.name == "mkdir" else 1)
    if disk.ours(path):
        # Without a folder nothing of the store is there, which shows nothing.
        disk.folders.add(path)
    return False


def _map(disk: Disk, call: Call) -> bool:
    if "MAP_SHARED" in call.parts[3] and "PROT_WRITE" in call.parts[2]:
        assert not disk.ours(call.place(4)), f"not understood: {call}"
    return False


def _socket(disk: Disk, call: Call) -> bool:
    return False


def _ring(disk: Disk, call: Call) -> bool:
    raise AssertionError("not understood: what goes through io_uring")


_CALLS: dict[str, Callable[[Disk, Call], bool]] = {
    "openat": _open,
    "close": _close,
    "dup": _dup,
    "dup2": _dup,
    "dup3": _dup,
    "fcntl": _control,
    "lseek": _seek,
    "read": _read,
    "readv": _read,
    "write": _write,
    "writev": _write,
    "pwrite64": _write_at,
    "pwritev": _write_at,
    "pwritev2": _write_at,
    "sendto": _socket,
    "ftruncate": _truncate,
    "fallocate": _allocate,
    "fsync": _flush,
    "fdatasync": _flush,
    "rename": _rename,
    "renameat": _rename_at,
    "renameat2": _rename_at,
    "link": _link,
    "linkat": _link,
    "unlink": _unlink,
    "unlinkat": _unlink,
    "mkdir": _mkdir,
    "mkdirat": _mkdir,
    "mmap": _map,
    "io_uring_setup": _ring,
}
