"""
The others: a server of JSON for trying things out, and a plain upload. Neither flushes.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import string
import subprocess
from functools import partial
from pathlib import Path

from ..installing import cache, program, version
from ..peer import SERVERS
from .ours import GONE
from .over_http import Asked, Server, under_load
from .samples import DOCUMENT, NAMES, NOTE_BODY, name_of
from .turn import Contender, Stage, Turn

PATIENCE = 300.0
"""Seconds for npm."""

UPLOAD = """\
local n = 0
request = function()
  n = (n + 1) % COUNT
  return wrk.format(nil, "FOLDER" .. n .. "END")
end
""".replace("COUNT", str(NAMES))
"""Lua for wrk: a PUT of each name in turn."""


def json_server() -> tuple[Path, str]:
    """
    json-server and its version, installed when it is not yet.

    :raise LookupError: when that is not possible; its argument says why.
    """
    folder = cache() / "npm"
    npm, found = program("npm"), folder / "node_modules" / "json-server"
    if not found.exists():
        if npm is None:
            raise LookupError("not installed: there is no npm")
        print("Installing json-server ...", flush=True)
        command = [npm, "install", "--silent", "--prefix", str(folder), "json-server"]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
        except (OSError, subprocess.SubprocessError) as error:
            raise LookupError(f"not installed: {error}") from None
    told = json.loads((found / "package.json").read_text())["version"]
    return folder / "node_modules" / ".bin" / "json-server", told


def json_poster() -> Contender:
    """json-server, told of notes."""
    path, told = json_server()
    asked = Asked("POST", "/notes", NOTE_BODY)
    run = partial(_json_server, path, {"notes": []}, asked)
    return Contender("json-server", f"json-server {told}", GONE, run)


def json_putter() -> Contender:
    """json-server, with documents that are put over old ones."""
    path, told = json_server()
    documents = [{"id": number, **json.loads(DOCUMENT)} for number in range(NAMES)]
    lua = UPLOAD.replace("FOLDER", "/documents/").replace("END", "")
    asked = Asked("PUT", "/documents/0", DOCUMENT, each=lua)
    run = partial(_json_server, path, {"documents": documents}, asked)
    title = f"json-server {told}, {NAMES:,} documents in its one file"
    return Contender("json-server", title, GONE, run)


def plain_putter() -> Contender:
    """
    nginx's upload: write, rename, answer.

    :raise LookupError: when there is none; its argument says why.
    """
    nginx = program("nginx")
    if nginx is None:
        raise LookupError("not installed: there is no nginx")
    built = subprocess.run([nginx, "-V"], capture_output=True, text=True).stderr
    if "http_dav_module" not in built:
        raise LookupError("not installed: this nginx has no DAV module")
    lua = UPLOAD.replace("FOLDER", "/doc-").replace("END", ".json")
    asked = Asked("PUT", f"/{name_of(0)}", DOCUMENT, each=lua)

    def run(stage: Stage, clients: int) -> Turn:
        return under_load(stage, Server(partial(_nginx, nginx)), asked, clients)

    title = f"nginx {version(nginx, '-v')}, PUT of its DAV module: written and renamed"
    return Contender("nginx", title, GONE, run)


def _json_server(
    path: Path, content: dict[str, object], asked: Asked, stage: Stage, clients: int
) -> Turn:
    def command(port: int, own: Path) -> list[str]:
        (own / "db.json").write_text(json.dumps(content))
        line = ["--host", "127.0.0.1", "--port", str(port), "--quiet", "db.json"]
        return [program("node") or "node", str(path), *line]

    return under_load(stage, Server(command), asked, clients)


def _nginx(nginx: str, port: int, own: Path) -> list[str]:
    user = pwd.getpwuid(os.getuid()).pw_name
    group = grp.getgrgid(os.getgid()).gr_name
    (own / "files").mkdir()
    template = string.Template((SERVERS / "nginx_put.conf").read_text())
    written = template.substitute(user=f"{user} {group}", port=port)
    (own / "nginx.conf").write_text(written)
    return [nginx, "-e", "stderr", "-p", str(own), "-c", "nginx.conf"]
