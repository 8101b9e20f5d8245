"""
``dartio new``: the names that it takes, and the files that it writes.
"""

from __future__ import annotations

import io
import os
import sys
from argparse import ArgumentParser
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.clients import new, package_names
from dartio_tut.clients.command import ClientError
from dartio_tut.clients.package_names import check_is_free, parse_package_name


class NameTests(SynchronousTestCase):
    """Which names a package may have."""

    def refused(self, name: str) -> str:
        """What is said of a *name* that cannot be one."""
        return str(self.assertRaises(ValueError, parse_package_name, name))

    def taken(self, name: str) -> str:
        """What is said of a *name* that something has."""
        self.assertEqual(parse_package_name(name), name)
        return str(self.assertRaises(ValueError, check_is_free, name))

    def test_a_name_that_python_pip_and_systemd_allow_is_taken(self) -> None:
        for name in ("a", "falcon", "my_server", "x2", "a" * 31):
            self.assertEqual(parse_package_name(name), name)
            check_is_free(name)

    def test_a_user_of_this_machine_is_not_who_the_server_runs_as(self) -> None:
        for name in ("root", "daemon", "nobody"):
            said = self.taken(name)
            self.assertIn(f"'{name}' is a user of this machine", said)
            self.assertIn(f"as '{name}_server'", said)

    def test_a_group_of_this_machine_would_keep_the_unit_from_starting(self) -> None:
        for name in ("users", "audio"):
            said = self.taken(name)
            self.assertIn(f"'{name}' is a group of this machine", said)

    def test_what_is_no_name_is_refused_with_one_that_is(self) -> None:
        for name, similar in (
            ("my-server", "my_server"),
            ("My.Server", "my_server"),
            ("2nd server", "nd_server"),
            ("_private_", "private"),
            ("../../etc", "etc"),
            ("Caf\u00e9", "cafe"),
            ("Class", "class_server"),
            ("JSON", "json_server"),
            ("Hello", "hello_server"),
            ("Twisted", "twisted_server"),
            ("Root", "root_server"),
            ("Test", "test_server"),
            ("\N{SNOWMAN}", "my_server"),
            ("", "my_server"),
            ("a\n", "a"),
            ("a\0b", "a_b"),
            ("a__b", "a_b"),
            ("-" + "a-" * 50, "a_a_a_a_a_a_a_a_a_a_a_a_a_a_a_a"),
        ):
            said = self.refused(name)
            self.assertIn("is no name for a package", said)
            self.assertTrue(said.endswith(f"as in '{similar}'"), said)
            self.assertEqual(parse_package_name(similar), similar)

    def test_names_of_the_language_and_its_library_are_refused(self) -> None:
        self.assertIn("keyword", self.refused("class"))
        self.assertIn("standard library", self.refused("json"))
        self.assertIn("32 characters", self.refused("a" * 32))

    def test_names_of_the_other_folders_of_a_project_are_refused(self) -> None:
        for name in ("build", "deploy", "dist"):
            said = self.refused(name)
            self.assertTrue(said.endswith(f"use another name, as in '{name}_server'"))

    def test_a_unit_of_this_machine_is_not_replaced(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        (folder / "falcon.service").touch()
        self.patch(package_names, "UNIT_FOLDERS", (str(folder),))
        self.assertIn(f"unit {folder}/falcon.service", self.taken("falcon"))
        check_is_free("my_falcon")

    def test_names_of_what_is_installed_are_refused(self) -> None:
        self.assertRegex(self.taken("twisted"), r"^twisted [\d.]+ is installed here")
        self.assertIn("Python has a package 'attr'", self.taken("attr"))
        folder = Path(self.mktemp())
        (folder / "some_folder").mkdir(parents=True)
        self.patch(sys, "path", [str(folder), *sys.path])
        self.assertIn(str(folder / "some_folder"), self.taken("some_folder"))

    def test_names_of_the_servers_of_twistd_are_refused(self) -> None:
        self.assertIn("twistd has a server 'hello'", self.taken("hello"))
        self.patch(package_names, "_servers_of_twistd", lambda: {"falcon"})
        self.assertIn("twistd has a server 'falcon'", self.taken("falcon"))


class NewTests(SynchronousTestCase):
    """The folder that is made."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.out = io.StringIO()
        self.patch(sys, "stdout", self.out)

    def begin(self, name: str, folder: Path | None = None) -> Deferred[None]:
        """Run ``dartio new``."""
        parser = ArgumentParser()
        new.add_arguments(parser)
        arguments = parser.parse_args([name, "--in", str(folder or self.folder)])
        return Deferred.fromCoroutine(new.main(None, arguments))

    def make(self, name: str, folder: Path | None = None) -> Path:
        """Run ``dartio new``; return where the package is."""
        self.successResultOf(self.begin(name, folder))
        return self.folder / name

    def failed(self, name: str, folder: Path | None = None) -> str:
        """What is said of a package that cannot be made."""
        failure = self.failureResultOf(self.begin(name, folder), ClientError)
        return str(failure.getErrorMessage())

    def test_every_file_has_the_name_and_none_has_the_templates(self) -> None:
        made = self.make("greeter")
        paths = {str(p.relative_to(made)) for p in made.rglob("*") if p.is_file()}
        self.assertEqual(
            paths,
            {
                ".gitignore",
                "README.md",
                "deploy/greeter.service",
                "greeter/__init__.py",
                "greeter/server.py",
                "greeter/test_server.py",
                "pyproject.toml",
                "twisted/plugins/greeter_plugin.py",
            },
        )
        for path in paths:
            self.assertNotIn("falcon", (made / path).read_text().lower(), path)
        self.assertIn("GREETER_OPTIONS", (made / "deploy/greeter.service").read_text())

    def test_all_files_of_the_template_are_used(self) -> None:
        template = Path(new.__file__).parents[1] / "course" / "your_own"
        there = {path.name for path in template.iterdir() if path.is_file()}
        self.assertEqual(there - {"__init__.py"}, set(new.FILES))

    def test_what_to_do_next_is_said(self) -> None:
        self.make("greeter")
        said = self.out.getvalue()
        self.assertTrue(said.startswith(f"Made {self.folder}/greeter. Next:\n"), said)
        self.assertIn("\n    trial greeter\n    twistd -n greeter\n", said)

    def test_a_folder_with_a_space_can_be_pasted(self) -> None:
        folder = self.folder / "my servers"
        folder.mkdir()
        self.make("greeter", folder)
        self.assertIn(f"cd '{folder}/greeter'\n", self.out.getvalue())

    def test_what_is_there_is_left_alone(self) -> None:
        (self.folder / "greeter").write_text("mine")
        self.assertIn("it is there already", self.failed("greeter"))
        self.assertEqual((self.folder / "greeter").read_text(), "mine")
        (self.folder / "dangling").symlink_to("nowhere")
        self.assertIn("it is there already", self.failed("dangling"))

    def test_a_folder_that_is_missing_or_not_writable_is_named(self) -> None:
        missing = self.folder / "missing"
        said = self.failed("greeter", missing)
        self.assertEqual(
            said,
            f"cannot make {missing}/greeter: there is no folder {missing}. Make that "
            "first",
        )

        def mkdir(path: Path) -> None:
            raise PermissionError(13, "Permission denied", str(path))

        self.patch(Path, "mkdir", mkdir)
        said = self.failed("greeter")
        self.assertEqual(said, f"cannot make {self.folder}/greeter: Permission denied")

    def test_of_a_package_that_cannot_be_written_nothing_is_left(self) -> None:
        write_text = Path.write_text

        def write(path: Path, *arguments: str) -> int:
            if path.name == "pyproject.toml":
                raise OSError(28, "No space left on device")
            return write_text(path, *arguments)

        self.patch(Path, "write_text", write)
        self.assertIn("No space left on device", self.failed("greeter"))
        self.assertEqual(os.listdir(self.folder), [])

    def test_a_name_that_is_taken_makes_no_folder(self) -> None:
        self.assertIn("is installed here", self.failed("twisted"))
        self.assertEqual(os.listdir(self.folder), [])
