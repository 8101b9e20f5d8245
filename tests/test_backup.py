"""
Backing up, restoring and upgrading, as docs/operations/backup.md says it.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .support.command_blocks import command_blocks, replaced_in, run_block
from .support.harness import BIN, CHECKOUT, Case, Daemon, ask
from .support.postgres import Postgres, shared

PAGE = CHECKOUT / "docs" / "operations" / "backup.md"
EARLIER = CHECKOUT / "tests" / "earlier_stores"
JSON = {"Content-Type": "application/json"}


class Operator:
    """
    Types blocks of commands, and does by hand what systemctl would do.

    :param options: those of the notes server that it stops and starts.
    """

    def __init__(self, case: Case, *options: str) -> None:
        self._case = case
        self._options = options
        self.daemon = self.start()

    def start(self) -> Daemon:
        """Run the server."""
        return self._case.serve("notes", "--rest", *self._options)

    def type(self, block: str, replacements: Mapping[str, str], path: str = "") -> None:
        """
        Run *block*; the server is stopped and started where systemctl says so.

        :param path: where there are more programs.
        """
        block = replaced_in(block, replacements)
        for part in re.split(r"^(systemctl .*)\n", block, flags=re.MULTILINE):
            if part == "systemctl stop dartio@notes.service":
                self.daemon.stop()
            elif part == "systemctl start dartio@notes.service":
                self.daemon = self.start()
            elif part:
                assert "systemctl" not in part, part
                more = {"PATH": f"{path}:{BIN}:/usr/bin:/bin"} if path else {}
                run_block(part, self._case.here, self._case.home, **more)

    def post(self, note: str) -> None:
        """Store *note*, and have it acknowledged."""
        said = ask(self.daemon, "POST", body=json.dumps({"myNote": note}))
        self._case.assertEqual(said.code, 200)

    def notes(self) -> list[str]:
        """All notes of the server."""
        return [note["text"] for note in self.page()["notes"]]

    def page(self) -> dict[str, Any]:
        """The first page of notes."""
        said = ask(self.daemon, fields={"Accept": "application/json"})
        found: dict[str, Any] = json.loads(said.body)
        return found


class BackupTests(Case):
    """The blocks of the page, typed."""

    def test_folder_is_backed_up_while_it_is_used_and_restored(self) -> None:
        store, backup = self.here / "store", self.here / "backup"
        operator = Operator(self, "--store", str(store))
        make, restore = command_blocks(PAGE, "A folder")
        places = {"/var/lib/dartio/notes": str(store), "/backup": str(backup)}
        for note in ("milk", "two\nlines", "\N{PILE OF POO}"):
            operator.post(note)
        operator.type(make, places)
        operator.post("after the backup")
        operator.type(restore, places)
        self.assertEqual(operator.notes(), ["milk", "two\nlines", "\N{PILE OF POO}"])
        operator.post("next")
        self.assertEqual(operator.notes()[3:], ["next"])
        aside = (backup / "notes-aside" / "notes.txt").read_text()
        self.assertIn("after the backup", aside)

    def test_database_is_backed_up_while_it_is_used_and_restored(self) -> None:
        server = shared()
        database(server, "backed_up")
        operator = Operator(self, "--store", server.url("backed_up"))
        make, restore = command_blocks(PAGE, "PostgreSQL")
        (self.here / "backup").mkdir()
        places = {
            "postgresql://db.example/notes": server.url("backed_up"),
            "/backup": str(self.here / "backup"),
        }
        operator.post("milk")
        operator.type(make, places, str(server.bin))
        operator.post("after the backup")
        operator.type(restore, places, str(server.bin))
        self.assertEqual(operator.notes(), ["milk"])
        operator.post("next")
        self.assertEqual(operator.notes(), ["milk", "next"])

    def test_upgrade_leaves_the_store_as_it_is(self) -> None:
        store, target = self.here / "store", self.here / "opt"
        operator = Operator(self, "--store", str(store))
        operator.post("milk")
        (upgrade,) = command_blocks(PAGE, "Upgrading")
        # test_installing makes a wheel, and installs it in an environment.
        pip = "/opt/dartio-tut/bin/pip"
        build, install = f"{pip} wheel", f"{pip} install"
        operator.type(
            upgrade,
            {
                "rm -rf": ":",
                build: ": pip wheel",
                install: ": pip install",
                "/opt/dartio-tut": str(target),
            },
        )
        self.assertTrue((target / "bin" / "python3").exists())
        self.assertEqual(operator.notes(), ["milk"])


class EarlierStoreTests(Case):
    """Folders that earlier versions have written."""

    def test_nothing_is_lost(self) -> None:
        packed = sorted(EARLIER.glob("*.tar.gz"))
        self.assertGreaterEqual(len(packed), 2)
        for path in packed:
            self.assert_nothing_is_lost(path)

    def assert_nothing_is_lost(self, packed: Path) -> None:
        day = packed.name.removesuffix(".tar.gz")
        store = self.here / day
        store.mkdir()
        subprocess.run(["tar", "-xzf", packed, "-C", store], check=True)
        facts = json.loads((EARLIER / f"{day}.json").read_text())
        notes = self.serve("notes", "--rest", "--store", str(store))
        for number, text in facts["notes"].items():
            said = ask(
                notes, target=f"/{number}", fields={"Accept": "application/json"}
            )
            if text is None:
                self.assertEqual((day, number, said.code), (day, number, 410))
            else:
                found = json.loads(said.body)["text"]
                self.assertEqual((day, number, found), (day, number, text))
        said = ask(notes, "POST", body='{"myNote": "new"}')
        self.assertEqual(said.body.split()[2], b"%d" % (len(facts["notes"]) + 1))
        writer = self.serve("writer", "--rest", "--store", str(store))
        for name, text in facts["documents"].items():
            found = ask(writer, target=f"/{quote(name)}").body
            self.assertEqual(
                (day, name, json.loads(found)), (day, name, json.loads(text))
            )
        self.assertEqual(ask(writer, "PUT", "/new.json", "{}", JSON).code, 201)


def database(server: Postgres, name: str) -> None:
    """Make an empty database."""
    url = server.url()
    subprocess.run(
        [str(server.bin / "psql"), url, "-qc", f"CREATE DATABASE {name}"], check=True
    )
