"""
What is installed is what was built: the wheel, not the checkout.
"""

from __future__ import annotations

import subprocess

from .support.harness import BIN, CHECKOUT, Case, environment


class PackagingTests(Case):
    """The installed package."""

    def python(self, code: str) -> str:
        return subprocess.run(
            [str(BIN / "python"), "-c", code],
            cwd=self.here,
            env=environment(self.home),
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    def test_it_is_not_the_checkout(self) -> None:
        where = self.python("import dartio_tut; print(dartio_tut.__file__)")
        self.assertFalse(where.startswith(str(CHECKOUT / "dartio_tut")), where)

    def test_it_has_its_plugins_its_pages_and_its_tests(self) -> None:
        files = self.python(
            "from importlib.metadata import files;"
            "print(*[f for f in files('dartio-tut') if 'pycache' not in str(f)])"
        ).split()
        for wanted in (
            "twisted/plugins/dartio_tut_plugin.py",
            "twisted/plugins/dartio_tut_endpoint.py",
            "dartio_tut/resources/files/listing/listing.css",
            "dartio_tut/resources/files/listing/listing.js",
            "dartio_tut/resources/rest/openapi/notes.json",
            "dartio_tut/resources/rest/openapi/writer.json",
            "dartio_tut/servers/web/index.html",
            "dartio_tut/servers/web/note_taker.js",
            "dartio_tut/test/test_lessons.py",
            "dartio_tut/py.typed",
        ):
            self.assertIn(wanted, files)
        self.assertFalse([f for f in files if f.startswith(("tests/", "docs/"))])
        self.assertNotIn("twisted/plugins/__init__.py", files)

    def test_only_what_the_chosen_server_needs_is_imported(self) -> None:
        loaded = self.python(
            "import sys\n"
            "from twisted.plugin import getPlugins\n"
            "from twisted.application.service import IServiceMaker\n"
            "list(getPlugins(IServiceMaker))\n"
            "ours = {m for m in sys.modules if m.startswith('dartio_tut')}\n"
            "assert ours <= {'dartio_tut', 'dartio_tut.servers',"
            " 'dartio_tut.servers.lessons'}, ours\n"
            "import dartio_tut.servers.hello\n"
            "print(*[m for m in ('treq', 'sqlite3', 'passlib', 'psycopg',"
            " 'dartio_tut.servers.notes', 'dartio_tut.store.postgresql.open_database',"
            " 'dartio_tut.clients') if m in sys.modules])"
        )
        self.assertEqual(loaded, "")
