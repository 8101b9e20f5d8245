"""
The files that every server is asked for: plain ones, odd ones, and traps.

Beside the folder lies a secret, which no answer may contain.
"""

from __future__ import annotations

import gzip
import os
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

MODIFIED = 1_577_836_800
"""When everything was changed: the start of 2020, far enough back for any cache."""

DATE = formatdate(MODIFIED, usegmt=True)
EARLIER = formatdate(MODIFIED - 3600, usegmt=True)
LATER = formatdate(MODIFIED + 3600, usegmt=True)

PLAIN = "".join(f"line {n:04d}\n" for n in range(100)).encode()
"""What ``plain.txt`` holds: 1,000 bytes, no two parts alike."""

LARGE = 5 << 30
"""Bytes of ``large.bin``, all but the last few a hole: more than 32 bits can count."""

TAIL = b"the end."
BLOCK = bytes(range(256)) * 400
SECRET = b"nobody is to be told"
DOTTED = b"a name with a dot"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(64)
SCRIPT = b"console.log('hello');\n" * 100
MARKUP = b"<!doctype html><script>alert(1)</script>\n"
OWN_404 = b"<!doctype html><title>Lost</title><p>This page is our own.\n"
INDEX = b"<!doctype html><title>Index</title><p>The index.\n"

CODINGS = {
    "": SCRIPT,
    "gzip": gzip.compress(SCRIPT, mtime=0),
    # Nobody decodes them here: what counts is whose bytes are sent.
    "br": b"as if by brotli" * 8,
    "zstd": b"as if by zstandard" * 8,
}
SUFFIXES = {"": "", "gzip": ".gz", "br": ".br", "zstd": ".zst"}

FOLDERS = ("trap", "types", ".well-known", "sub", "names", "bytes", "indexed")

NAMES = {
    "markup": b"<xss>.txt",
    "quote": b'"onxss="1".txt',
    "newline": b"new\nline.txt",
    "space": b"a b#c?d%41.txt",
    "colon": b"javascript:1.txt",
    "utf-8": "größe.txt".encode(),
    "latin-1": b"gr\xf6\xdfe.txt",
}
"""Names that a listing has to write with care."""

TYPES = {
    "t.js": ("text/javascript", "application/javascript"),
    "t.mjs": ("text/javascript", "application/javascript"),
    "t.css": ("text/css",),
    "t.json": ("application/json",),
    "t.svg": ("image/svg+xml",),
    "t.wasm": ("application/wasm",),
    "t.webp": ("image/webp",),
    "t.avif": ("image/avif",),
    "t.woff2": ("font/woff2",),
    "t.webmanifest": ("application/manifest+json",),
    "t.pdf": ("application/pdf",),
    "t.mp4": ("video/mp4",),
}
"""Files of today's web, and the types that they are registered with."""


@dataclass(frozen=True)
class Tree:
    """
    :ivar files: what is served.
    :ivar site: what is served when it is about a site with pages of its own.
    """

    files: Path
    site: Path


def make_tree(folder: Path) -> Tree:
    """Make everything in *folder*."""
    tree = Tree(folder / "files", folder / "site")
    for place in ("site", "secret", "files", *(f"files/{name}" for name in FOLDERS)):
        (folder / place).mkdir()
    _plain(tree.files)
    _traps(tree.files)
    _named(tree.files)
    (folder / "secret" / "secret.txt").write_bytes(SECRET)
    (tree.site / "index.html").write_bytes(INDEX)
    (tree.site / "404.html").write_bytes(OWN_404)
    for place, _, names in os.walk(folder):
        for name in (*names, "."):
            path = os.path.join(place, name)
            os.utime(path, (MODIFIED, MODIFIED), follow_symlinks=False)
    return tree


def _plain(files: Path) -> None:
    contents = {
        "plain.txt": PLAIN,
        "block.bin": BLOCK,
        "page.html": "<!doctype html><title>ä</title>".encode(),
        "unknown.qqq": MARKUP,
        "nosuffix": MARKUP,
        "archive.tar.gz": CODINGS["gzip"],
        "picture.txt": PICTURE,
        "style.css": b"body { color: black }\n",
        ".env": DOTTED,
        ".well-known/security.txt": b"Contact: mailto:me@localhost\n",
    }
    contents |= {f"app.js{SUFFIXES[coding]}": made for coding, made in CODINGS.items()}
    contents |= {f"types/{name}": b"x" for name in TYPES}
    for name, content in contents.items():
        (files / name).write_bytes(content)
    with (files / "large.bin").open("wb") as large:
        large.seek(LARGE - len(TAIL))
        large.write(TAIL)


def _traps(files: Path) -> None:
    (files / "inside.txt").symlink_to("plain.txt")
    (files / "outside.txt").symlink_to("../secret/secret.txt")
    (files / "outside").symlink_to("../secret")
    os.mkfifo(files / "trap" / "pipe")
    (files / "trap" / "unreadable.txt").write_bytes(SECRET)
    (files / "trap" / "unreadable.txt").chmod(0)


def _named(files: Path) -> None:
    for name in ("b.txt", "c.txt", "a.txt", "d.txt"):
        (files / "sub" / name).write_bytes(name.encode())
    (files / "sub" / ".hidden").write_bytes(DOTTED)
    (files / "indexed" / "index.html").write_bytes(INDEX)
    for kind, octets in NAMES.items():
        folder = "bytes" if kind == "latin-1" else "names"
        (files / folder / os.fsdecode(octets)).write_bytes(octets)
