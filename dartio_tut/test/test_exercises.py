"""
The exercises: each solution passes, each wrong attempt fails with a message of its own.

What needs a process of its own, such as a file that never answers, is tested in
``tests/test_learn.py``.
"""

from __future__ import annotations

import threading
from argparse import ArgumentTypeError
from itertools import count
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.clients.errors import ClientError
from dartio_tut.clients.learn import parse_number
from dartio_tut.clients.learning import Progress, start
from dartio_tut.course.exercises import Exercise, Verdict, read_exercises
from dartio_tut.course.exercises.checking import check

EXERCISES = read_exercises()

TAUGHT = ("The test did this", "This came", "This should come", "It is written in")
"""What a failure says, unless the reader's code has raised an exception."""


class AttemptCase(SynchronousTestCase):
    """Checks files that a reader could have written."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.numbers = count()

    def verdict(self, exercise: Exercise, source: str | bytes) -> Verdict:
        """What is said of a file with this *source*."""
        path = self.folder / f"{next(self.numbers)}.py"
        path.write_bytes(source if isinstance(source, bytes) else source.encode())
        return check(exercise, path)

    def said(self, exercise: Exercise, source: str | bytes) -> str:
        """The message that a wrong attempt gets."""
        return self.message(self.verdict(exercise, source))

    def message(self, verdict: Verdict) -> str:
        """The message of a *verdict* on a wrong attempt."""
        self.assertFalse(verdict.solved)
        return "\n".join(f"{label}: {text}" for label, text in verdict.facts)


class ExerciseTests(AttemptCase):
    """A test for each exercise is added below."""

    def try_all(self, exercise: Exercise) -> None:
        """Check the solution, the start and each mistake."""
        self.assertEqual(self.verdict(exercise, exercise.solution), Verdict(True))
        says = [exercise.start_says] + [wrong.says for wrong in exercise.mistakes]
        begun = self.verdict(exercise, exercise.start)
        self.assert_taught(begun)
        messages = [self.message(begun)]
        for mistake in exercise.mistakes:
            source = exercise.mistaken(mistake)
            self.assertNotEqual(source, exercise.solution, mistake.what)
            messages.append(self.said(exercise, source))
        for number, (said, message) in enumerate(zip(says, messages, strict=True)):
            self.assertIn(said, message)
            others = messages[:number] + messages[number + 1 :]
            for other in others:
                self.assertNotIn(said, other, "two attempts get the same message")
            self.assertNotIn("Traceback", message)
            self.assertNotIn("TeachingFailure", message)

    def assert_taught(self, verdict: Verdict) -> None:
        """It tells what came and what should, or that the file raised an exception."""
        labels = [label for label, _ in verdict.facts]
        if labels != list(TAUGHT):
            self.assertEqual(labels[0], "Your file raised an exception")

    def test_numbers_have_no_gap(self) -> None:
        self.assertEqual(list(EXERCISES), list(range(1, 31)))

    def test_solution_is_run_as_the_start_is(self) -> None:
        served = 0
        for exercise in EXERCISES.values():
            end = exercise.start.partition("__main__")[2]
            if "run(" in end:
                served += 1
                self.assertEqual(exercise.solution.partition("__main__")[2], end)
        self.assertGreater(served, 15)

    def test_each_has_mistakes(self) -> None:
        for exercise in EXERCISES.values():
            self.assertGreaterEqual(len(exercise.mistakes), 3, exercise.title)

    def test_try_it_names_the_file_of_the_exercise(self) -> None:
        for exercise in EXERCISES.values():
            self.assertIn(f"python {exercise.file_name}", exercise.try_it)
            for line in exercise.try_it.splitlines():
                self.assertRegex(line, r"^(python|curl|twistd|truncate|  -H|[A-Z]\w*) ")
            self.assertIn(f"Exercise {exercise.number}: ", exercise.start)
            self.assertIn(f"Exercise {exercise.number}: ", exercise.solution)


def _add_tests() -> None:
    for exercise in EXERCISES.values():

        def test(self: ExerciseTests, exercise: Exercise = exercise) -> None:
            self.try_all(exercise)

        setattr(ExerciseTests, f"test_{exercise.folder.name}", test)


_add_tests()


class OtherWaysTests(AttemptCase):
    """Solutions that are right, and not the one that we have thought of."""

    def solves(self, number: int, ours: str, other: str) -> None:
        """The solution with *other* in the place of *ours* is right, too."""
        solution = EXERCISES[number].solution
        self.assertIn(ours, solution)
        verdict = self.verdict(EXERCISES[number], solution.replace(ours, other))
        self.assertEqual(verdict, Verdict(True))

    def test_characters_of_html_are_written_by_name_or_by_number(self) -> None:
        name = 'name.decode("utf-8", "replace")'
        for others in ('{38: "&#38;", 60: "&#x3C;"}', '{38: "&amp;", 60: "&lt;"}'):
            self.solves(1, f"escape({name})", f"{name}.translate({others})")

    def test_page_may_have_a_body(self) -> None:
        self.solves(1, "<h1>Hello, {text}!</h1>", "<body><h1>Hello, {text}!</h1>")

    def test_attributes_have_spaces(self) -> None:
        self.solves(9, 'method="POST"', "method = 'post'")


class FileTests(AttemptCase):
    """Files that are wrong in a way that no exercise is about."""

    def greeting(self, body: str) -> str:
        """What is said of a greeting that does *body* when it is asked."""
        solution = EXERCISES[1].solution
        line = 'return f"<h1>Hello, {text}!</h1>\\n".encode()'
        self.assertIn(line, solution)
        return self.said(EXERCISES[1], solution.replace(line, body))

    def test_no_python(self) -> None:
        said = self.said(EXERCISES[1], "\n\ndef greet(:\n")
        self.assertIn("line 3:\ndef greet(:", said)
        self.assertIn("Python says: ", said)

    def test_no_text(self) -> None:
        for source in (
            b"\xff\xfe",
            b"a = 1\0",
            b"# coding: klingon\n",
            b"# coding: hex\n",
        ):
            self.assertIn("This is no Python", self.said(EXERCISES[1], source))

    def test_bytes_that_are_no_text_in_a_comment(self) -> None:
        solution, mark = EXERCISES[1].solution, b"# caf\xe9\n"
        said = self.said(EXERCISES[1], mark + solution.encode())
        self.assertIn("This is no Python", said)
        named = b"# coding: latin-1\n" + mark + solution.encode()
        self.assertTrue(self.verdict(EXERCISES[1], named).solved)

    def test_server_that_is_run_when_it_is_imported(self) -> None:
        for package in ("course", "course.running"):
            said = self.said(
                EXERCISES[1], f"from dartio_tut.{package} import run\n\nrun(None)\n"
            )
            self.assertIn("line 3:\nrun(None)", said)
            self.assertIn('below `if __name__ == "__main__":`', said)

    def test_exception_that_cannot_say_what_it_is(self) -> None:
        for body, kind in (("print(1)", "TypeError"), ("1 / 0", "ZeroDivisionError")):
            source = f"class E(Exception):\n    def __str__(self): {body}\n\nraise E"
            said = self.said(EXERCISES[1], source)
            self.assertIn("line 4:\nraise E", said)
            self.assertIn(f"its __str__ raises {kind}", said)

    def test_no_file(self) -> None:
        verdict = check(EXERCISES[1], Path("nowhere"))
        self.assertEqual(verdict.facts[0][0], "Your file cannot be read")

    def test_nothing_in_it(self) -> None:
        self.assertIn("not in your file: Greeting", self.said(EXERCISES[1], ""))

    def test_exception_when_it_is_imported(self) -> None:
        said = self.said(EXERCISES[1], "a = 1\nb = a / 0\n")
        self.assertIn("line 2:\nb = a / 0", said)
        self.assertIn("ZeroDivisionError: division by zero", said)

    def test_module_that_is_not_there(self) -> None:
        said = self.said(EXERCISES[1], "import no_such_module\n")
        self.assertIn("ModuleNotFoundError", said)
        self.assertIn("Is it installed", said)

    def test_end_of_the_program_when_it_is_imported(self) -> None:
        self.assertIn("SystemExit: 4", self.said(EXERCISES[1], "raise SystemExit(4)"))

    def test_exception_when_it_is_asked(self) -> None:
        said = self.greeting("return text.soup()")
        self.assertIn("line 23:\nreturn text.soup()", said)
        self.assertIn("AttributeError: 'str' object has no attribute 'soup'", said)

    def test_end_of_the_program_when_it_is_asked(self) -> None:
        said = self.greeting("raise SystemExit(4)")
        self.assertIn("SystemExit: 4", said)
        self.assertIn("A server must go on", said)

    def test_reactor_is_stopped_when_it_is_asked(self) -> None:
        said = self.greeting(
            "__import__('twisted.internet.reactor').internet.reactor.stop()"
        )
        self.assertIn("ReactorNotRunning", said)
        self.assertIn("must not stop it", said)

    def test_what_twisted_makes_of_text(self) -> None:
        self.assertIn("500 Internal Server Error", self.greeting("return text"))

    def test_response_that_never_ends(self) -> None:
        said = self.greeting("return 1  # NOT_DONE_YET")
        self.assertIn("This came: no response", said)
        self.assertIn("request.finish()", said)

    def test_class_that_takes_what_nobody_hands_in(self) -> None:
        solution = EXERCISES[1].solution.replace(
            "isLeaf = True", "isLeaf = True\n\n    def __init__(self, x): pass\n"
        )
        self.assertIn(
            "missing 1 required positional", self.said(EXERCISES[1], solution)
        )


class StartTests(SynchronousTestCase):
    """How a reader's file is made."""

    def setUp(self) -> None:
        self.folder = Path(self.mktemp())

    def test_folder_is_made(self) -> None:
        path = start(EXERCISES[2], self.folder / "deep")
        self.assertEqual(path, (self.folder / "deep" / "02_length.py").absolute())
        self.assertEqual(path.read_text("utf-8"), EXERCISES[2].start)

    def test_file_is_never_written_over(self) -> None:
        start(EXERCISES[2], self.folder).write_text("mine")
        with self.assertRaises(ClientError) as raised:
            start(EXERCISES[2], self.folder)
        self.assertIn("was left as it is", str(raised.exception))
        self.assertEqual((self.folder / "02_length.py").read_text(), "mine")

    def test_file_where_the_folder_should_be(self) -> None:
        self.folder.write_text("mine")
        for folder in (self.folder, self.folder / "deep"):
            with self.assertRaises(ClientError):
                start(EXERCISES[2], folder)

    def test_number_that_is_not_there(self) -> None:
        self.assertEqual(parse_number("30").number, 30)
        for text in ("0", "31", "-1", "one", "1.5", "", "1e1", "²"):
            with self.assertRaises(ArgumentTypeError) as raised:
                parse_number(text)
            self.assertIn("they are 1 to 30", str(raised.exception))


class ProgressTests(SynchronousTestCase):
    """What is kept of a reader's work."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()) / "deep" / "learn.json"

    def test_nothing_is_kept_at_first(self) -> None:
        progress = Progress.read(self.path)
        self.assertEqual(progress.solved, set())
        self.assertEqual(progress.path_of(EXERCISES[3]), Path("03_fetch.py"))

    def test_is_read_as_it_was_kept(self) -> None:
        progress = Progress.read(self.path)
        progress.note_start(3, Path("/somewhere/03_fetch.py"))
        progress.note_solved(3)
        progress.note_solved(12)
        again = Progress.read(self.path)
        self.assertEqual(again.solved, {3, 12})
        self.assertEqual(again.path_of(EXERCISES[3]), Path("/somewhere/03_fetch.py"))
        self.assertEqual(list(self.path.parent.iterdir()), [self.path])

    def test_what_was_solved_in_another_terminal_meanwhile_is_kept(self) -> None:
        here, there = Progress.read(self.path), Progress.read(self.path)
        there.note_start(3, Path("/somewhere/03_fetch.py"))
        there.note_solved(3)
        here.note_solved(12)
        again = Progress.read(self.path)
        self.assertEqual(again.solved, {3, 12})
        self.assertEqual(again.path_of(EXERCISES[3]), Path("/somewhere/03_fetch.py"))

    def test_nothing_is_lost_of_what_many_keep_at_the_same_time(self) -> None:
        begun = threading.Barrier(8)

        def keep(number: int) -> None:
            progress = Progress.read(self.path)
            begun.wait()
            progress.note_solved(number)

        keeping = [threading.Thread(target=keep, args=[n]) for n in range(1, 9)]
        for thread in keeping:
            thread.start()
        for thread in keeping:
            thread.join()
        self.assertEqual(Progress.read(self.path).solved, set(range(1, 9)))

    def test_what_others_have_written_is_left_alone(self) -> None:
        self.path.parent.mkdir(parents=True)
        for text in ("", "{", "[]", "{}", '{"files": [], "solved": []}', "[" * 10**5):
            self.path.write_text(text)
            with self.assertRaises(ClientError) as raised:
                Progress.read(self.path)
            self.assertIn("remove it", str(raised.exception))
            self.assertEqual(self.path.read_text(), text)

    def test_folder_that_cannot_be_made(self) -> None:
        progress = Progress.read(self.path)
        self.path.parent.parent.write_text("a file")
        with self.assertRaises(ClientError) as raised:
            progress.note_solved(1)
        self.assertIn("cannot write", str(raised.exception))
