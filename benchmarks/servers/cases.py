"""
The cases: a request that is repeated, and idle connections.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from email.utils import formatdate
from functools import cache, partial
from pathlib import Path

from dartio_tut.daemon import localhost_certificate
from local_servers import free_port, running

from ..figures import Run
from ..load import STREAMS, Request, Server, check, script, under_load
from ..measuring import MEMORY, Bench, Case, RunOf, Stage, Subject, Subjects
from .idle import memory_each, open_files
from .page import IDLE, LOAD, REFERENCE
from .peers import HERE, Peer, available

PROGRAMS = ("nginx:nginx-light", "wrk:wrk", "h2load:nghttp2-client", "node:nodejs")
"""What is measured or makes the load: a program and the package that has it."""

HELLO = b"Hello, world!"

CONTENT = {
    path: bytes(range(256)) * (size // 256)
    for path, size in {
        "1k.bin": 1 << 10,
        "100k.bin": 100 << 10,
        "10m.bin": 10 << 20,
    }.items()
}

Loss = Callable[[Path, Sequence[int]], str]
"""See `benchmarks.load.Server`."""

FEW_FILES, MANY_FILES = 10, 6_000
"""Files of 1 KiB that are asked for in turn: fewer and more than caches hold."""

UPLOAD_BYTES = 100_000_000 // 256 * 256

MODIFIED = 1_577_836_800
"""When the files were changed: the start of 2020, far enough back for any cache."""

BROWSER = tuple(
    (name, value)
    for line in (HERE / "browser_head.txt").read_text().splitlines()
    for name, _, value in [line.partition(": ")]
)
"""The fields that a browser sends with every request for a page, in its order."""


@cache
def given(bench: Bench) -> dict[str, object]:
    """What all servers are given, made once: files to serve, a certificate, limits."""
    root = bench.folder / "files"
    (root / "many").mkdir(parents=True)
    made = CONTENT | {
        f"many/{number}.bin": CONTENT["1k.bin"] for number in range(MANY_FILES)
    }
    for path, content in made.items():
        (root / path).write_bytes(content)
        os.utime(root / path, (MODIFIED, MODIFIED))
    cert, key = localhost_certificate(str(bench.folder / "certificate"))
    most = open_files(bench.idle)
    # nginx closes idle ones when less than a sixteenth of these is free.
    limits = {"open_files": most, "connections": most * 9 // 8}
    return {"files": root, "cert": cert, "key": key} | limits


_CASE = partial(Case, page="servers", reference=REFERENCE)


def cases(idle: int) -> list[Case]:
    """All of them; the last ones open so many *idle* connections."""
    return [*_greetings(), *_files(), *_uploads(), *_encrypted(), *_idle(idle)]


def _greetings() -> list[Case]:
    hello, browser = _with(), _with(*BROWSER)
    varied = replace(browser, lua=script("varied_head"))
    close = _with(("Connection", "close"))
    title, both = "Hello, and a line in the access log", ("nginx", "ours")
    return [
        load_case("hello", "Hello, world", hello),
        load_case("close", "Hello, a connection each", close),
        load_case("hello-browser", "Hello for a browser, whose head repeats", browser),
        load_case("hello-varied", "Hello for browsers, no two heads alike", varied),
        load_case("hello-log", title, hello, only=both, watching="logging"),
        load_case(
            "hello-metrics", "Hello, counted", hello, only=both, watching="metrics"
        ),
    ]


def _files() -> list[Case]:
    ten_mib, title = _file("10m.bin"), "File of 10 MiB, 16 connections"
    since = (("If-Modified-Since", formatdate(MODIFIED, usegmt=True)),)
    not_modified = replace(_file("1k.bin"), fields=since, status=304, content=b"")
    found = [
        load_case("1k", "File of 1 KiB", _file("1k.bin")),
        load_case("100k", "File of 100 KiB", _file("100k.bin")),
        # Fewer connections: 64 would hold a large part of the run's bytes in buffers.
        load_case("10m", title, ten_mib, connections=16),
        load_case("304", "Not modified (304, by If-Modified-Since)", not_modified),
    ]
    for count in (FEW_FILES, MANY_FILES):
        lua = script("round_robin", PREFIX="/many/", SUFFIX=".bin", COUNT=count)
        many = replace(_file("1k.bin"), path="/many/0.bin", lua=lua)
        title, at = "Files of 1 KiB in turn", f"{count:,} files"
        found.append(load_case("many-files", title, many, at=at))
    return found


def _uploads() -> list[Case]:
    body = bytes(range(256)) * (UPLOAD_BYTES // 256)
    put = Request("/upload/file", "PUT", body=body, status=0)
    title, both = "Upload of 100 MB into a file, 1 connection", ("nginx", "ours")
    return [load_case("upload", title, put, connections=1, only=both, loss=not_saved)]


def _encrypted() -> list[Case]:
    tls, file = replace(_with(), secure=True), replace(_file("100k.bin"), secure=True)
    small = replace(_file("1k.bin"), secure=True, http2=True)
    by_http2 = [
        ("h2", "Hello", replace(tls, http2=True)),
        ("h2-1k", "File of 1 KiB", small),
        ("h2-100k", "File of 100 KiB", replace(file, http2=True)),
    ]
    how = f"over HTTP/2, 16 connections with {STREAMS} streams each"
    return [
        load_case("tls", "Hello over TLS", tls),
        load_case("tls-100k", "File of 100 KiB over TLS", file),
        *(
            load_case(name, f"{title} {how}", request, connections=16)
            for name, title, request in by_http2
        ),
    ]


def _file(path: str) -> Request:
    return Request(f"/{path}", content=CONTENT[path])


def _with(*fields: tuple[str, str]) -> Request:
    return Request(fields=fields, content=HELLO)


def load_case(
    name: str,
    title: str,
    request: Request,
    *,
    connections: int = 64,
    only: Sequence[str] = (),
    watching: str = "",
    loss: Loss | None = None,
    at: str = "",
) -> Case:
    """
    A case in which *request* is repeated.

    :param only: the peers that are measured; all that can, when it is empty.
    :param watching: ``logging``: each peer writes its access log; ``metrics``: ours
        counts what it does.
    :param loss: what is wrong with what a peer has left in its folder.
    """

    def run(peer: Peer, bench: Bench, stage: Stage) -> Run:
        def command(port: int, folder: Path) -> list[str]:
            return peer.command(request, folder, watching, port=port, **given(bench))

        logs = watching == "logging"
        wrong = loss or (not_logged if logs else None)
        server = Server(command, loss=wrong) if wrong else Server(command)
        return under_load(stage, server, request, connections)

    def subjects(bench: Bench, folder: Path) -> list[Subject]:
        return [
            _subject(peer, partial(run, peer, bench), watching == "logging")
            for peer in available(bench)
            if not (request.http2 and "no-http2" in peer.settings)
            and (not only or peer.kind in only)
        ]

    return _CASE(name, title, subjects, LOAD, at)


def not_logged(folder: Path, counts: Sequence[int]) -> str:
    """What an access log in *folder* lacks, when so many requests were answered."""
    logs = folder.glob("access.log*")
    missing = sum(counts) - sum(path.read_bytes().count(b"\n") for path in logs)
    return f"{missing} requests not logged" if missing > 0 else ""


def not_saved(folder: Path, counts: Sequence[int]) -> str:
    """What is wrong with the file that was uploaded into *folder*."""
    path = folder / "upload" / "file"
    size = path.stat().st_size if path.exists() else 0
    return "" if size == UPLOAD_BYTES else f"saved {size:,} bytes of {UPLOAD_BYTES:,}"


def _idle(count: int) -> list[Case]:
    hello = Request(content=HELLO)
    secure = replace(hello, secure=True)
    return [
        _CASE(name, title, _holding(request), IDLE, f"{count:,}", measures=[MEMORY])
        for name, title, request in (
            ("idle", "Idle connections", hello),
            ("idle-tls", "Idle connections over TLS", secure),
            ("idle-h2", "Idle connections over HTTP/2", replace(secure, http2=True)),
        )
    ]


def _holding(request: Request) -> Subjects:
    """Those that hold connections on each of which *request* was answered."""

    def run(peer: Peer, bench: Bench, stage: Stage) -> Run:
        port = free_port()
        command = peer.command(request, stage.folder, "", port=port, **given(bench))
        with running(command, port, stage.core, stage.folder) as server:
            check(request, port)
            each, fault = memory_each(server.pid, port, bench.idle, request)
            return Run({"bytes": each}, fault)

    def subjects(bench: Bench, folder: Path) -> list[Subject]:
        return [
            _subject(peer, partial(run, peer, bench))
            for peer in available(bench)
            if not (request.http2 and "no-http2" in peer.settings)
        ]

    return subjects


def _subject(peer: Peer, run: RunOf, logs: bool = False) -> Subject:
    log = "file" if logs else peer.settings.get("log", "none")
    ours = peer.kind == "ours"
    return Subject(peer.name, peer.title, run, log, ours, peer.kind)
