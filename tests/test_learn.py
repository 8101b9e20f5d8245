"""
``dartio learn``: what a reader sees, and files that end, stop or outlast everything.

That each solution passes and each mistake gets its own message is tested in
``dartio_tut/test/test_exercises.py``.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from time import monotonic

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.course import Exercise, read_exercises

from .support.harness import BIN, CHECKOUT, PATIENCE, Case, Daemon, ask, environment

EXERCISES = read_exercises()

PAGE = CHECKOUT / "docs" / "tutorial" / "exercises.md"

NO_SIGNALS = (
    "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])\n"
)

CLIENTS = {
    3: ["8"],
    4: ["8"],
    13: ["8"],
    14: ["8"],
    18: ["15"],
    19: ["17", "a line"],
    25: ["24", "copy"],
}
"""Exercises whose file is a client, the one whose server it can ask, other words."""


def is_server(exercise: Exercise) -> bool:
    """Whether the file of *exercise* serves a resource when it is run."""
    return "run(" in exercise.start.partition("__main__")[2]


class LearnCase(Case):
    """Somebody with a folder of exercises."""

    def learn(self, *words: str, code: int = 0) -> str:
        """Run ``dartio learn`` with *words*; return what it prints."""
        said, why = self.run_program("dartio", "learn", *words, code=code)
        return said + why

    def said(self, *words: str) -> str:
        """What is printed, where lines may be broken anywhere, of a failure."""
        return " ".join(self.learn(*words, code=1).split())

    def check(self, source: str, *options: str, number: int = 1) -> str:
        """What is said of a file with this *source*, which is wrong."""
        (self.here / "mine.py").write_text(source)
        return self.said("check", str(number), "mine.py", *options)


class LearnTests(LearnCase):
    """The way from the list to a solved exercise."""

    def test_solves_one(self) -> None:
        self.assertIn("0 of 30 solved", self.learn())
        said = self.learn("start", "1")
        self.assertIn("dartio learn check 1", said)
        self.assertIn(str(self.here / "01_greet.py"), said)
        self.assertIn("&lt;b&gt;", self.learn("check", "1", code=1))
        self.assertIn("0 of 30 solved", self.learn("list"))
        self.assertIn("html.escape", self.learn("hint", "1"))
        (self.here / "01_greet.py").write_text(self.learn("solution", "1"))
        self.assertIn("Exercise 1 is solved", self.learn("check", "1"))
        said = self.learn()
        self.assertRegex(said, r"(?m)^ 1 solved +hello +Greet by name, escaped$")
        self.assertIn("1 of 30 solved", said)

    def test_output_is_not_mistaken_for_the_verdict(self) -> None:
        said = self.check("print('[true, []]')\n1 / 0\n")
        self.assertIn("ZeroDivisionError", said)

    def test_finds_the_file_where_it_was_begun(self) -> None:
        self.learn("start", "15", "--into", "deep/down")
        self.assertIn("it is there twice", self.learn("check", "15", code=1))
        (self.here / "15_put.py").write_text(EXERCISES[15].solution)
        self.assertIn("is solved", self.learn("check", "15"))

    def test_never_writes_over_a_file(self) -> None:
        (self.here / "01_greet.py").write_text("mine")
        self.assertIn("left as it is", self.learn("start", "1", code=1))
        self.assertEqual((self.here / "01_greet.py").read_text(), "mine")

    def test_what_is_printed_by_the_file_is_shown(self) -> None:
        source = f"{EXERCISES[1].solution}\nprint('Is anybody here?')\n"
        (self.here / "mine.py").write_text(source)
        said = self.learn("check", "1", "mine.py")
        self.assertTrue(said.startswith("Is anybody here?\n"), said)

    def test_file_may_import_its_neighbours_but_they_hide_nothing(self) -> None:
        (self.here / "mine_too.py").write_text("NAME = 'neighbour'\n")
        (self.here / "html.py").write_text("raise RuntimeError('not this one')\n")
        source = f"import mine_too\n{EXERCISES[1].solution}"
        (self.here / "mine.py").write_text(source)
        self.assertIn("is solved", self.learn("check", "1", "mine.py"))


class BadFileTests(LearnCase):
    """Files and words that are wrong."""

    def test_number_that_is_not_there(self) -> None:
        for action, number in (("start", "31"), ("check", "0"), ("hint", "one")):
            said = self.learn(action, number, code=2)
            self.assertIn(f"no exercise {number!r}: they are 1 to 30", said)

    def test_file_that_is_not_there(self) -> None:
        self.assertIn("dartio learn start 1 makes", self.learn("check", "1", code=1))
        self.assertIn(
            "there is no file other.py: name the one that you have written",
            " ".join(self.learn("check", "1", "other.py", code=1).split()),
        )
        self.learn("start", "1")
        (self.here / "01_greet.py").unlink()
        said = self.learn("check", "1", code=1)
        self.assertIn(f"there is no file {self.here / '01_greet.py'}", said)

    def test_what_is_no_file_is_told(self) -> None:
        (self.here / "01_greet.py").mkdir()
        for words in ((), (".",)):
            said = self.learn("check", "1", *words, code=1)
            self.assertIn(" is a folder: name the file in it", said)
        said = self.learn("check", "1", "/dev/null", code=1)
        self.assertIn("/dev/null is not a file with a program", said)
        said = self.learn("check", "1", "01_greet.py/" + "a" * 300, code=1)
        self.assertIn("cannot read 01_greet.py/aaa", said)
        self.assertIn("File name too long", said)

    def test_no_python(self) -> None:
        said = self.check("def greet(:\n")
        self.assertIn("mine.py, line 1: def greet(:", said)
        self.assertIn("is not solved yet", said)

    def test_never_answers(self) -> None:
        for source, where in (
            ("while True: pass\n", "line 1: while True: pass"),
            ("import time\ntime.sleep(1000)\n", "line 2: time.sleep(1000)"),
            (
                "from twisted.internet import reactor\nreactor.run()\n",
                "line 2: reactor.run()",
            ),
            ("while True: print(flush=True)\n", "line 1: while True: print"),
        ):
            said = self.check(source, "--limit", "0.5")
            self.assertIn("not answered after 0.5 s", said)
            self.assertIn(where, said)

    def test_never_answers_when_it_is_asked(self) -> None:
        line = 'name = request.args.get(b"name", [b"world"])[0]'
        source = EXERCISES[1].solution.replace(line, "while True: pass")
        said = self.check(source, "--limit", "1")
        self.assertIn("while True: pass", said)

    def test_cannot_be_interrupted(self) -> None:
        began = monotonic()
        # On a busy machine, a tenth of a second is over before signals are blocked.
        said = self.check(f"{NO_SIGNALS}while True: pass\n", "--limit", "2")
        self.assertIn("could not be interrupted", said)
        self.assertLess(monotonic() - began, PATIENCE / 2)

    def test_ctrl_c_ends_both_programs(self) -> None:
        source = "print('begun', flush=True)\nwhile True: pass\n"
        (self.here / "mine.py").write_text(source)
        learning = subprocess.Popen(
            [str(BIN / "dartio"), "learn", "check", "1", "mine.py", "--limit", "99"],
            cwd=self.here,
            env=environment(self.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a group of its own, as a shell makes one
        )
        assert learning.stdout is not None
        self.assertEqual(learning.stdout.readline(), "begun\n")
        os.killpg(learning.pid, signal.SIGINT)
        # The output ends when both programs have ended.
        said = "".join(learning.communicate(timeout=PATIENCE))
        self.assertEqual(learning.returncode, 130, said)
        self.assertNotIn("Traceback", said)

    def test_leaves_others_behind(self) -> None:
        leave = "import os, time\nif os.fork() == 0: time.sleep(3), os._exit(0)\n"
        (self.here / "mine.py").write_text(f"{leave}{EXERCISES[1].solution}")
        self.learn("check", "1", "mine.py", "--limit", "30")
        said = self.check(f"{leave}os._exit(2)\n", "--limit", "30")
        self.assertIn("exit code 2", said)

    def test_ends_the_program(self) -> None:
        for source, said in (
            ("import os\nos._exit(7)\n", "exit code 7"),
            ("import sys\nsys.exit(7)\n", "SystemExit: 7"),
            ("import os\nos.kill(os.getpid(), 9)\n", "by the signal SIGKILL"),
            ("import os\nos.close(3)\nos._exit(1)\n", "exit code 1"),
            ("import os\nos.write(3, b'[true, []')\nos._exit(1)\n", "exit code 1"),
        ):
            self.assertIn(said, self.check(source))

    def test_has_ended_before_the_verdict_is_given(self) -> None:
        """Else its end may come while the reactor stops: a traceback (SIGCHLD)."""
        path = self.here / "mine.py"
        for source in (EXERCISES[1].solution, "while True: pass\n"):
            path.write_text(source)
            program = (
                "import os\nfrom pathlib import Path\n"
                "from twisted.internet import task\n"
                "from dartio_tut.clients.learning.checking import check\n"
                "from dartio_tut.course import read_exercises\n"
                "async def main(reactor):\n"
                f"    path = Path({os.fspath(path)!r})\n"
                "    verdict = await check(reactor, read_exercises()[1], path, 5)\n"
                "    try: os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)\n"
                "    except ChildProcessError: print(verdict.solved)\n"
                "task.react(lambda reactor: main(reactor))\n"
            )
            said, _ = self.run_program("python", "-c", program)
            self.assertEqual(said, f"{source == EXERCISES[1].solution}\n")

    def test_kills_the_reactor(self) -> None:
        stop = "from twisted.internet import reactor\nreactor.{}()\n"
        self.assertIn("must not stop it", self.check(stop.format("stop")))
        line = 'name = request.args.get(b"name", [b"world"])[0]'
        kill = "__import__('twisted.internet.reactor').internet.reactor.stop()"
        source = EXERCISES[1].solution.replace(line, f"name = {kill}")
        self.assertIn("must not stop it", self.check(source))

    def test_limit_that_is_none(self) -> None:
        (self.here / "mine.py").write_text("")
        for limit in ("0", "inf"):
            self.learn("check", "1", "mine.py", "--limit", limit, code=2)


class ProgressTests(LearnCase):
    """What is kept between two commands."""

    def path(self) -> Path:
        return self.home / ".local" / "share" / "dartio_tut" / "learn.json"

    def test_what_others_have_written_is_not_touched(self) -> None:
        self.path().parent.mkdir(parents=True)
        self.path().write_text("{")
        for words in ((), ("start", "1"), ("check", "1")):
            self.assertIn("remove it", self.learn(*words, code=1))
        self.assertEqual(self.path().read_text(), "{")
        self.assertEqual(os.listdir(self.here), [])
        for written in (
            '{"files": {"1": "a\\u0000b"}, "solved": []}',
            '{"files": {"1": "\\ud800"}, "solved": []}',
            '{"files": {"1": ""}, "solved": []}',
            '{"files": {"1": null}, "solved": []}',
            '{"files": {"1": 1}, "solved": []}',
            '{"files": {}, "solved": "123"}',
            '{"files": {}, "solved": [1e400]}',
            '{"files": {}, "solved": [true]}',
            "[" * 100_000,
        ):
            self.path().write_text(written)
            self.assertIn("remove it", self.learn("check", "1", code=1))

    def test_what_has_no_end_is_not_read(self) -> None:
        self.path().parent.mkdir(parents=True)
        os.mkfifo(self.path())
        self.assertIn("Not a regular file", self.learn(code=1))
        self.path().unlink()
        self.path().symlink_to("/dev/zero")
        self.assertIn("Not a regular file", self.learn(code=1))

    def test_file_for_which_there_is_no_room_is_not_left_behind(self) -> None:
        why = self.without_room("dartio learn start 1 --into a")
        self.assertIn("cannot write a/01_greet.py: File too large", why)
        self.assertEqual(os.listdir(self.here / "a"), [])
        (self.here / "01_greet.py").write_text(self.learn("solution", "1"))
        why = self.without_room("dartio learn check 1")
        self.assertIn("learn.json: File too large", why)
        self.assertEqual(os.listdir(self.path().parent), [])

    def without_room(self, line: str) -> str:
        """What bash shows of *line*, where no file may have any content."""
        return subprocess.run(
            ["bash", "-c", f"ulimit -f 0; {line} 2>&1 | cat"],
            cwd=self.here,
            env=environment(self.home),
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        ).stdout

    def test_exercises_go_on_where_nothing_can_be_kept(self) -> None:
        (self.home / ".local").write_text("a file")
        self.assertIn("cannot", self.learn("start", "1", code=1))

    def test_task_is_shown_where_nothing_can_be_kept(self) -> None:
        self.path().parent.parent.mkdir(parents=True)
        self.path().parent.symlink_to("nowhere")
        said = self.learn("start", "1", code=1)
        self.assertIn(f"Your file: {self.here / '01_greet.py'}\n", said)
        self.assertIn("cannot write", said)


class RunTests(LearnCase):
    """Each start and each solution runs as it is."""

    def source(self, exercise: Exercise, name: str) -> str:
        path = self.here / f"{name}_{exercise.file_name}"
        path.write_text(getattr(exercise, name))
        return str(path)

    def run_all(self, name: str, serving: Iterable[int]) -> None:
        """
        Run the file *name* of each exercise that is no server.

        :param serving: the servers that run meanwhile.
        """
        servers: dict[int, Daemon] = {}
        for number in serving:
            exercise = EXERCISES[number]
            if is_server(exercise):
                path = self.source(exercise, name)
                servers[number] = self.started(str(BIN / "python"), path, "0")
        for number, server in servers.items():
            server.ready()
            if number not in (12, 16, 22):  # two of them go on for long
                self.assertLess(ask(server).code, 500, f"{name} {number}")
            if number == 16:
                answer = ask(server, "POST", body='{"name": "Ada"}')
                self.assertLess(answer.code, 500, f"{name} {number}")
        for number, exercise in EXERCISES.items():
            if is_server(exercise):
                continue
            words = CLIENTS.get(number, [])
            if words:
                port = servers[int(words[0])].port
                words = [f"http://127.0.0.1:{port}/", *words[1:]]
            self.run_program("python", self.source(exercise, name), *words)
        for number, server in servers.items():
            self.assertNotIn("Traceback", server.errors(), f"{name} {number}")
            server.stop()

    def test_starts_run(self) -> None:
        self.run_all("start", EXERCISES)

    def test_solutions_run(self) -> None:
        # Those of servers are run as their starts are, which a unit test sees to.
        self.run_all("solution", {int(words[0]) for words in CLIENTS.values()})

    def test_port_that_is_taken_is_one_line(self) -> None:
        path = self.source(EXERCISES[1], "start")
        server = self.started(str(BIN / "python"), path, "0").ready()
        for port, said in (
            (str(server.port), f"cannot listen on port {server.port}: Address already"),
            ("http", "'http' is no port: use a number from 0 to 65535, as in python "),
            ("65536", "'65536' is no port"),
            ("-1", "'-1' is no port"),
        ):
            ended = subprocess.run(
                [str(BIN / "python"), path, port],
                cwd=self.here,
                env=environment(self.home),
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
            self.assertEqual(ended.returncode, 1)
            self.assertTrue(ended.stderr.startswith(said), ended.stderr)
            self.assertEqual(ended.stderr.count("\n"), 1, ended.stderr)
        server.stop()


class PageTests(SynchronousTestCase):
    """The page of the tutorial."""

    def test_table_has_all_of_them(self) -> None:
        row = r"^\| (\d+) \| (.*) \| \[(\w+)\]\((\w+)\.md\) \| `(.*)` \|$"
        rows = re.findall(row, PAGE.read_text("utf-8"), re.MULTILINE)
        self.assertEqual(
            rows,
            [
                (str(one.number), one.title, one.lesson, one.lesson, one.file_name)
                for one in EXERCISES.values()
            ],
        )

    def test_each_page_names_the_exercises_that_belong_to_it(self) -> None:
        belonging: dict[str, list[str]] = {}
        for exercise in EXERCISES.values():
            belonging.setdefault(exercise.lesson, []).append(str(exercise.number))
        for lesson, numbers in belonging.items():
            text = PAGE.with_name(f"{lesson}.md").read_text("utf-8")
            said = re.search(
                r"^See exercises? (.*) of \[`dartio learn`\]"
                r"\(exercises\.md\)\.$",
                text,
                re.MULTILINE,
            )
            self.assertTrue(said, lesson)
            self.assertEqual(re.findall(r"\d+", said[1] if said else ""), numbers)
