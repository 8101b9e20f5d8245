"""
Stores of others: a server of JSON for trying things out, and a plain upload. Neither
flushes.
"""

from __future__ import annotations

import json
import string
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from local_servers import account, find_server

from ..figures import Run
from ..load import Request, Server, script, under_load
from ..measuring import Bench, Stage, Subject
from .ours import APPEND, IN_CACHE, JSON, PUT, Write
from .samples import DOCUMENT, DOCUMENTS, NOTE_BODY

JSON_SERVER = "0.17.4"
"""The version from npm: its maker's newest when this was written."""

CONFIGURATION = Path(__file__).with_name("programs") / "nginx_put.conf"


def others(write: Write, clients: int, bench: Bench) -> list[Subject]:
    """The other stores that do this *write*, and can be had here."""
    subjects = []
    for name, make in {"json-server": _json_server, "nginx": _nginx}.items():
        if bench.wants(name) and (write is PUT or name != "nginx"):
            try:
                subjects.append(make(write, clients))
            except LookupError as missing:
                bench.left_out[f"{name} as a store"] = str(missing.args[0])
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
    nginx, versions = find_server("nginx", {"system": ["nginx", "-v"]})
    built = subprocess.run([nginx, "-V"], capture_output=True, text=True).stderr
    if "http_dav_module" not in built:
        raise LookupError("this nginx has no DAV module")
    request = replace(write.request, method="PUT")
    template = string.Template(CONFIGURATION.read_text())

    def command(port: int, folder: Path) -> list[str]:
        (folder / "files").mkdir()
        written = template.substitute(user=account(), port=port)
        (folder / "nginx.conf").write_text(written)
        return [nginx, "-e", "stderr", "-p", str(folder), "-c", "nginx.conf"]

    title = f"nginx {versions['nginx']}, PUT of its DAV module: written and renamed"
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
