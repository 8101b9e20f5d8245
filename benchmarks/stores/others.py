"""
Stores of others: a server of JSON for trying things out, and a plain upload. Neither
flushes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from local_servers import find_server, printed

from ..figures import Run
from ..load import Request, Server, script, under_load
from ..measuring import Bench, Stage, Subject
from ..servers.peers import SETTINGS, Peer
from .ours import APPEND, IN_CACHE, JSON, PUT, Write
from .samples import DOCUMENT, DOCUMENTS, NOTE_BODY

JSON_SERVER = "0.17.4"
"""The version from npm: its maker's newest when this was written."""

NGINX_PUT = SETTINGS["nginx"] | {"inside": "location / { dav_methods PUT; }"}


def others(write: Write, clients: int, bench: Bench) -> list[Subject]:
    """The other stores that do this *write*, and can be had here."""
    subjects = []
    for name, make in {"json-server": _json_server, "nginx": _nginx}.items():
        if bench.wants(name) and (write is PUT or name != "nginx"):
            try:
                subjects.append(make(write, clients))
            except LookupError as missing:
                bench.left_out[f"{name} as a store"] = str(missing)
    return subjects


def _json_server(write: Write, clients: int) -> Subject:
    program = find_server("json-server", {"npm": JSON_SERVER}).program
    title = f"json-server {JSON_SERVER}"
    if write is APPEND:
        content: dict[str, object] = {"notes": []}
        request = Request("/notes", "POST", JSON, NOTE_BODY, status=0)
    else:
        title += f", {DOCUMENTS:,} documents in its one file"
        rows = [{"id": n, **json.loads(DOCUMENT)} for n in range(DOCUMENTS)]
        content = {"documents": rows}
        lua = script("round_robin", PREFIX="/documents/", SUFFIX="", COUNT=DOCUMENTS)
        request = Request("/documents/0", "PUT", JSON, DOCUMENT, lua, status=0)

    def command(port: int, folder: Path) -> list[str]:
        (folder / "db.json").write_text(json.dumps(content))
        line = ["--host", "127.0.0.1", "--port", str(port), "--quiet", "db.json"]
        return [program, *line]

    return _subject("json-server", title, command, request, clients)


def _nginx(write: Write, clients: int) -> Subject:
    """nginx's upload: write, rename, answer."""
    nginx, versions = find_server("nginx", NGINX_PUT)
    if "http_dav_module" not in printed(nginx, "-V"):
        raise LookupError("this nginx has no DAV module")
    request = replace(write.request, method="PUT")
    title = f"nginx {versions['nginx']}, PUT of its DAV module: written and renamed"
    peer = Peer("nginx", "nginx", title, nginx, NGINX_PUT)

    def command(port: int, folder: Path) -> list[str]:
        files = folder / "files"
        files.mkdir()
        given = {"port": port, "files": files, "connections": 1024}
        return peer.command(request, folder, "", **given)

    return _subject("nginx", title, command, request, clients)


def _subject(
    name: str,
    title: str,
    command: Callable[[int, Path], list[str]],
    request: Request,
    clients: int,
) -> Subject:
    def run(stage: Stage) -> Run:
        return under_load(stage, Server(command), request, clients)

    return Subject(name, title, run, IN_CACHE)
