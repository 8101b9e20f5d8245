"""
Options of real daemons that stand in the environment or in a file.
"""

from __future__ import annotations

import os

from dartio_tut.servers.lessons import LESSONS

from .support.harness import Case, ask


class ConfigurationCase(Case):
    """A test with an environment of its own."""

    def set_variables(self, **variables: str) -> None:
        """Start the next daemons with *variables*."""
        self.variables = variables

    def write(self, text: str, name: str = "dartio.toml") -> str:
        (self.here / name).write_text(text)
        return name


class EnvironmentTests(ConfigurationCase):
    """``DARTIO_...``."""

    def test_a_server_does_what_they_say(self) -> None:
        (self.here / "www").mkdir()
        (self.here / "www" / "a.log").write_text("x")
        self.set_variables(
            DARTIO_ROOT="www",
            DARTIO_LISTING="yes",
            DARTIO_TYPE=".log=text/x-a\n.txt=text/x-b",
        )
        static = self.serve("static")
        self.assertEqual(ask(static, target="/").code, 200)
        answer = ask(static, target="/a.log")
        self.assertEqual(answer.fields["content-type"], "text/x-a; charset=utf-8")

    def test_tutorial_hands_them_on_and_its_servers_do_not_read_them(self) -> None:
        self.set_variables(DARTIO_PORT="0", DARTIO_MAX_BODY="5")
        tutorial = self.daemon("tutorial")
        tutorial.wait_for("Open ")
        urls = [said.rpartition(" ")[2] for said in tutorial.lines if "http://" in said]
        ports = {int(url.rpartition(":")[2].strip("/")) for url in urls[:-1]}
        self.assertEqual(len(ports), len(LESSONS) - 1)  # hello-secure has https
        for port in ports:
            self.assertEqual(ask(port, "POST", "/", "x" * 6).code, 413)

    def test_a_mistyped_name_is_told_and_a_wrong_value_refused(self) -> None:
        self.set_variables(DARTIO_PROT="1")
        hello = self.serve("hello")
        self.assertIn("DARTIO_PROT is no option; is DARTIO_PORT meant", hello.output())
        self.set_variables(DARTIO_MAX_BODY="many")
        said = self.refuses("hello", codes=(78,))
        self.assertIn("hello: DARTIO_MAX_BODY: 'many' is not a whole number", said)


class FileTests(ConfigurationCase):
    """``--config``."""

    def test_every_server_takes_one(self) -> None:
        path = self.write("port = 0\nmax-body = 5\n")
        for lesson in LESSONS:
            if lesson.name != "hello-secure":
                daemon = self.daemon(lesson.name, "--config", path).ready()
                self.assertEqual(ask(daemon, "POST", "/", "x" * 6).code, 413)

    def test_command_line_before_environment_before_file(self) -> None:
        for name in ("file", "environment", "line"):
            (self.here / name).mkdir()
            (self.here / name / "name").write_text(name)
        path = self.write('root = "file"\nport = 0\n')
        for line, variable, wanted in [
            ((), "", "file"),
            ((), "environment", "environment"),
            (("--root", "line"), "environment", "line"),
            (("line",), "environment", "line"),
            (("line",), "", "line"),
        ]:
            self.set_variables(DARTIO_CONFIG=path, DARTIO_ROOT=variable)
            static = self.daemon("static", *line).ready()
            self.assertEqual(ask(static, target="/name").body.decode(), wanted)

    def test_what_is_wrong_is_told_in_one_line(self) -> None:
        os.mkfifo(self.here / "fifo")
        for text, said in [
            (
                "prot = 5\n",
                "there is no option 'prot'; the nearest is port (see --help)",
            ),
            ("port = '5'\n", "port: a number is expected, not a string"),
            ("port = 70000\n", "port: '70000' is no port"),
            ("port = \n", "(at line 1"),
            ("listing = true\n", "there is no option 'listing'"),
        ]:
            path = str(self.here / self.write(text))
            refusal = self.refuses("hello", "--config", path, codes=(78,))
            self.assertTrue(refusal.startswith(f"hello: {path}: "), refusal)
            self.assertIn(said, refusal)
        for path in ("missing", "fifo", "."):
            refusal = self.refuses("hello", "--config", path, codes=(78,))
            self.assertIn(str(self.here / path), refusal + "/.")

    def test_check_reads_it(self) -> None:
        path = self.write("prot = 5\n")
        line = ("twistd", "hello", "--config", path, "--check")
        _, errors = self.run_program(*line, code=78)
        self.assertIn("the nearest is port", errors)
