"""
`dartio_tut.daemon.kept_config`: which options a worker begins with.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from unittest.mock import Mock

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import parent_role
from dartio_tut.daemon.kept_config import MAX_BYTES, KeptConfig


class KeptConfigTests(SynchronousTestCase):
    """`KeptConfig`."""

    def setUp(self) -> None:
        self.file = "a = 1"
        self.config = KeptConfig(self.file, lambda: self.file)

    def test_who_follows_a_dead_one_has_what_that_had(self) -> None:
        self.file = "a = 2"
        self.assertEqual(self.config.for_worker(1, replaces=False), "a = 1")
        text = self.config.for_worker(1, replaces=True)
        self.assertEqual(text, "a = 2")
        # Until it answers, nobody knows whether that is of any use.
        self.assertEqual(self.config.for_worker(1, replaces=False), "a = 1")
        self.config.answered(1, text)
        self.file = "a = 3"
        self.assertEqual(self.config.for_worker(1, replaces=False), "a = 2")
        self.assertEqual(self.config.for_worker(2, replaces=False), "a = 1")

    def test_what_cannot_be_read_is_left_to_the_worker(self) -> None:
        def fail(error: Exception) -> str:
            raise error

        for error in (FileNotFoundError(2, "No such file"), ValueError("no UTF-8")):
            config = KeptConfig("a = 1", partial(fail, error))
            self.assertIsNone(config.for_worker(1, replaces=True))
            self.assertEqual(config.for_worker(1, replaces=False), "a = 1")

    def test_what_is_too_long_for_an_environment_is_left_to_the_worker(self) -> None:
        for text, fits in (
            ("#" * (MAX_BYTES - 2), True),
            ("#" * MAX_BYTES, False),
            ("\N{GRINNING FACE}" * (MAX_BYTES // 10), False),
        ):
            kept = KeptConfig(text, str).for_worker(1, replaces=False)
            self.assertEqual(kept, text if fits else None)

    def test_without_a_file_nothing_is_read(self) -> None:
        config = KeptConfig(None, lambda: self.fail("was read"))
        for replaces in (False, True):
            self.assertIsNone(config.for_worker(1, replaces))


class ParentTests(SynchronousTestCase):
    """What a parent hands to its workers."""

    def test_worker_that_answers_behind_its_successor_changes_nothing(self) -> None:
        parents, texts = [], []

        def spawn(_: object, __: object, process: Any, place: Any, *___: object) -> Any:
            parents.append(process(3)._parent)
            texts.append(place[-1])
            return Mock()

        self.patch(parent_role, "spawn_worker", spawn)
        clock: Any = Clock()
        clock.addSystemEventTrigger = Mock()
        file = ["a"]
        config = KeptConfig("a", lambda: file[0])
        role = parent_role.ParentRole(1, Mock(), 1.0, config=config)
        role.begin(Mock(), clock)
        role._workers.start()
        parents[0].ready()
        file[0] = "b"
        parents[0].ended("SIGKILL", 1)
        clock.advance(2)
        role._workers.replace()
        parents[2].ready()
        parents[1].ready()  # it was to be replaced before it answered
        parents[2].ended("SIGKILL", 1)
        clock.advance(2)
        self.assertEqual(texts, ["a", "a", "b", "b"])
