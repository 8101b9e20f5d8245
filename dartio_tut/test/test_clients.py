"""
The clients, against the lessons' own resources.
"""

from __future__ import annotations

import io
import sys
from argparse import ArgumentParser, Namespace
from types import ModuleType
from typing import Any

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource

from dartio_tut.clients import get, guess, note, write
from dartio_tut.clients.command import ClientError
from dartio_tut.servers.hello import Hello
from dartio_tut.servers.notes import Notes
from dartio_tut.servers.thinker import Thinker
from dartio_tut.servers.writer import Writer
from dartio_tut.store import MemoryDocuments, MemoryNotes


class ClientCase(SynchronousTestCase):
    """A client, its arguments, and what it prints."""

    def setUp(self) -> None:
        self.out = io.StringIO()
        self.patch(sys, "stdout", self.out)
        self.clock = Clock()

    def arguments(self, client: ModuleType, *words: str) -> Namespace:
        parser = ArgumentParser()
        client.add_arguments(parser)
        return parser.parse_args(words)

    def started(
        self, client: Any, resource: IResource, *words: str, **more: Any
    ) -> Deferred[None]:
        treq = StubTreq(resource)
        arguments = self.arguments(client, *words)
        working: Deferred[None] = Deferred.fromCoroutine(
            client.main(self.clock, arguments, treq, **more)
        )
        treq.flush()
        return working

    def printed(self, client: Any, resource: IResource, *words: str) -> str:
        self.successResultOf(self.started(client, resource, *words))
        return self.out.getvalue()

    def refused(self, client: Any, resource: IResource, *words: str) -> str:
        failure = self.failureResultOf(self.started(client, resource, *words))
        failure.trap(ClientError)
        return str(failure.value)


class ArgumentTests(ClientCase):
    """What is wrong on a command line is told before anything is sent."""

    def test_refused(self) -> None:
        self.patch(sys, "stderr", io.StringIO())
        for client, *words in [
            (get, "localhost:4040"),
            (get, "ftp://x/"),
            (get, "http://"),
            (get, "http://[::1/"),
            (get, "http://a b/"),
            (get, "http://x:y/"),
            (get, "http://x:99999/"),
            (guess, "--every", "-1"),
            (guess, "--every", "nan"),
            (guess, "--every", "inf"),
            (guess, "--url", "foo"),
            (note, "--url", "foo", "x"),
            (note, "\udcff"),
            (write, "\udcff"),
            (write, "--data", '"\udcff"'),
            (write, "--url", "//x"),
        ]:
            self.assertRaises(SystemExit, self.arguments, client, *words)
        for url in ("http://x", "HTTP://127.0.0.1:1/", "https://[::1]:8/a?b"):
            self.arguments(get, url)


class GuessTests(ClientCase):
    """``dartio guess``."""

    def test_until_right_one_guess_a_second(self) -> None:
        thinker, guesses = Thinker(lambda below: 6), iter([4, 6])
        working = self.started(guess, thinker, think=lambda below: next(guesses))
        said = "Guess is 4.\nBad guess, trying again.\n"
        self.assertEqual(self.out.getvalue(), said)
        self.clock.advance(0.9)
        self.assertEqual(self.out.getvalue(), said)
        self.clock.advance(0.1)
        self.successResultOf(working)
        self.assertEqual(self.out.getvalue(), said + "Guess is 6.\nGood guess, yay!\n")

    def test_no_thinker_at_all(self) -> None:
        said = self.refused(guess, Notes(MemoryNotes()))
        self.assertIn("404", said)
        said = self.refused(guess, Hello())
        self.assertIn("no thinker", said)


class WriteTests(ClientCase):
    """``dartio write``."""

    def test_han_solo(self) -> None:
        documents = MemoryDocuments()
        said = self.printed(write, Writer(documents))
        self.assertEqual(said, "Wrote data for Han Solo.\n")
        self.assertEqual(
            self.successResultOf(documents.get("file.txt")).content,
            b'{"name":"Han Solo","job":"reluctant hero","BFF":"Chewbacca",'
            b'"ship":"Millennium Falcon","weakness":"smuggling debts"}',
        )

    def test_another_document(self) -> None:
        documents = MemoryDocuments()
        self.printed(write, Writer(documents), "a b é.json", "--data", '{"x": 1}')
        found = self.successResultOf(documents.get("a b é.json"))
        self.assertEqual(found.content, b'{"x": 1}')

    def test_refused(self) -> None:
        said = self.refused(write, Writer(MemoryDocuments()), ".hidden")
        self.assertIn("400", said)
        self.patch(sys, "stderr", io.StringIO())
        self.assertRaises(SystemExit, self.arguments, write, "--data", "{")


class NoteTests(ClientCase):
    """``dartio note``."""

    def test_save_and_get(self) -> None:
        notes = Notes(MemoryNotes())
        self.printed(note, notes, "Buy milk")
        self.printed(note, notes, "--get", "0")
        self.assertEqual(self.out.getvalue(), "You have 1 notes.\nBuy milk\n")

    def test_refused(self) -> None:
        said = self.refused(note, Notes(MemoryNotes()), "--get", "5")
        self.assertEqual(said, "There is no note 5.")
        self.patch(sys, "stderr", io.StringIO())
        self.assertRaises(SystemExit, self.arguments, note)
        self.assertRaises(SystemExit, self.arguments, note, "text", "--get", "1")


class GetTests(ClientCase):
    """``dartio get``."""

    def test_prints_the_bytes(self) -> None:
        out = io.BytesIO()
        working = self.started(get, Hello(), "http://localhost/", out=out)
        self.successResultOf(working)
        self.assertEqual(out.getvalue(), b"Hello, world!")

    def test_an_error_is_told_after_its_content(self) -> None:
        out = io.BytesIO()
        url = "http://localhost/x"
        working = self.started(get, Notes(MemoryNotes()), url, out=out)
        failure = self.failureResultOf(working, ClientError)
        self.assertEqual(str(failure.value), f"{url} answers 404 Not Found")
        self.assertEqual(out.getvalue(), b"Not found: GET, /x")

    def test_refused(self) -> None:
        said = self.refused(get, Hello(), "https://x/", "--cacert", "/nothing")
        self.assertEqual(said, "/nothing: No such file or directory")
        said = self.refused(get, Hello(), "https://x/", "--cacert", __file__)
        self.assertIn("no certificate", said)
