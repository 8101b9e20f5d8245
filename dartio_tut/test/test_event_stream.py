"""
Notes as they come.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import RestNotes
from dartio_tut.servers.notes import Notes
from dartio_tut.store import MemoryNotes, NotesState, StoreUnavailable
from dartio_tut.testing import connect

from .support.memory_client import ask

EVENT = re.compile(r"id: (\d+)\ndata: (.*)\n\n")

FRAMES = 100
"""Calls within each other that Python allows where each client must not need one."""


class Store(MemoryNotes):
    """
    Notes that can be away.

    :ivar error: what is wrong with it.
    :ivar counted: how often it was asked for its state.
    """

    error: Exception | None = None
    counted = 0

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[int, int]] = []
        self.held: Deferred[None] | None = None

    def state(self) -> Deferred[NotesState]:
        self.counted += 1
        return fail(self.error) if self.error else super().state()

    def entries(self, start: int, limit: int) -> Deferred[list[str | None]]:
        self.asked.append((start, limit))
        if self.error:
            return fail(self.error)
        found = super().entries(start, limit)
        if self.held is None:
            return found
        held, self.held = self.held, None
        return held.addCallback(lambda _: found)


class Follower:
    """A client that follows."""

    def __init__(
        self, resource: RestNotes, query: str = "follow", **fields: str
    ) -> None:
        lines = [f"GET /?{query} HTTP/1.1", "Host: a"]
        lines += [
            f"{name.replace('_', '-')}: {value}" for name, value in fields.items()
        ]
        self.connection = connect(resource)
        said = self.connection.send("\r\n".join([*lines, "", ""]).encode())
        self.head, _, rest = said.decode().partition("\r\n\r\n")
        self.first = rest

    def came(self) -> str:
        """What has come since."""
        transport = self.connection.transport
        said = self.first + transport.value().decode()
        transport.clear()
        self.first = ""
        return re.sub(r"[0-9a-f]+\r\n((?s:.*?))\r\n(?=[0-9a-f]+\r\n|$)", r"\1", said)

    def notes(self) -> list[tuple[int, str]]:
        """The notes that have come since."""
        found = []
        for number, data in EVENT.findall(self.came()):
            said = json.loads(data)
            assert said["number"] == int(number)
            found.append((said["number"], said["text"]))
        return found

    @property
    def producer(self) -> Any:
        return self.connection.transport.producer

    def leave(self) -> None:
        """Close the connection."""
        self.connection.protocol.connectionLost(Failure(ConnectionDone()))


class FollowCase(SynchronousTestCase):
    """Follows notes that are kept in memory."""

    def setUp(self) -> None:
        self.use(Store())

    def use(self, notes: Any) -> None:
        self.store, self.clock = notes, Clock()
        self.resource = RestNotes(notes, Notes(notes), clock=self.clock)

    def add(self, *texts: str) -> None:
        """Somebody else, on another daemon, notes *texts*."""
        for text in texts:
            self.successResultOf(self.store.append(text))

    def follow(self, query: str = "follow", **fields: str) -> Follower:
        return Follower(self.resource, query, **fields)

    def wait(self, seconds: int = 1) -> None:
        self.clock.pump([1] * seconds)


class FollowTests(FollowCase):
    """What a client that follows is sent."""

    def test_new_notes_are_sent(self) -> None:
        self.add("before")
        follower = self.follow()
        self.assertIn("Content-Type: text/event-stream", follower.head)
        self.assertIn("Cache-Control: no-store", follower.head)
        self.assertIn("Access-Control-Allow-Origin: *", follower.head)
        self.assertIn("X-Accel-Buffering: no", follower.head)
        self.assertEqual(follower.came(), ": notes as they come\nid: 0\n\n")
        self.add("one")
        self.wait()
        self.assertEqual(follower.notes(), [(1, "one")])

    def test_note_stored_right_after_following_is_sent(self) -> None:
        first, second = self.follow(), self.follow()
        self.add("one")
        third = self.follow()
        self.wait()
        for follower, notes in (
            (first, [(0, "one")]),
            (second, [(0, "one")]),
            (third, []),
        ):
            self.assertEqual(follower.notes(), notes)

    def test_note_posted_to_this_server_is_sent_at_once(self) -> None:
        follower = self.follow()
        ask(self.resource, "POST", "/", b'{"myNote": "x"}')
        self.assertEqual(follower.notes(), [(0, "x")])

    def test_from_begins_at_that_note(self) -> None:
        self.add(*map(str, range(500)))
        for query in ("follow&from=0", "from=0&follow=yes", "follow=&from=0"):
            notes = self.follow(query).notes()
            self.assertEqual(notes, [(k, str(k)) for k in range(500)])
        self.assertEqual(self.follow("follow&from=499").notes(), [(499, "499")])
        late = self.follow("follow&from=500")
        self.add("500", "501")
        self.wait()
        self.assertEqual(late.notes(), [(500, "500"), (501, "501")])

    def test_from_beyond_the_next_note_is_409(self) -> None:
        self.add("a", "b")
        for method in ("GET", "HEAD"):
            for number in (3, 10, 10**18, 10**30):
                refused = ask(self.resource, method, f"/?follow&from={number}")
                self.assertEqual(refused.code, 409)
                if method == "GET":
                    self.assertIn(b"There are only 2 notes, and from is", refused.body)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_empty_last_event_id_counts_as_none(self) -> None:
        self.add("0")
        for value in ("", " ", "\t"):
            follower = self.follow(last_event_id=value)
            self.assertEqual(follower.notes(), [])
            self.add("next")
            self.wait()
            ((_, text),) = follower.notes()
            self.assertEqual(text, "next")

    def test_client_that_comes_back_before_any_event_misses_nothing(self) -> None:
        self.assertIn("id: \n", self.follow().came())
        self.add("0", "1")
        (number,) = re.findall(r"id: (\d+)\n\n", self.follow().came())
        self.add("2")
        self.assertEqual(self.follow(last_event_id=number).notes(), [(2, "2")])

    def test_deleted_notes_are_left_out(self) -> None:
        self.add("0", "1", "2")
        self.successResultOf(self.store.delete(1))
        got = self.follow("follow&from=0").notes()
        self.assertEqual(got, [(0, "0"), (2, "2")])

    def test_last_event_id_begins_behind_that_note(self) -> None:
        self.add("0", "1", "2")
        got = self.follow(last_event_id="0").notes()
        self.assertEqual(got, [(1, "1"), (2, "2")])
        got = self.follow("follow&from=0", last_event_id="1").notes()
        self.assertEqual(got, [(2, "2")])

    def test_line_breaks_in_a_note_do_not_end_its_event(self) -> None:
        odd = "a\n\nid: 7\rb\r\ndata: x\u2028"
        follower = self.follow()
        self.add(odd)
        self.wait()
        self.assertEqual(follower.notes(), [(0, odd)])

    def test_malformed_positions_are_400(self) -> None:
        wrong: list[tuple[str, dict[str, str]]] = [
            ("follow&from=x", {}),
            ("follow&from=-1", {}),
            ("follow&from=", {}),
            ("follow", {"last_event_id": "x"}),
            ("follow", {"last_event_id": "-1"}),
            ("follow", {"last_event_id": "9" * 20}),
        ]
        for query, fields in wrong:
            refused = ask(self.resource, "GET", f"/?{query}", b"", **fields)
            self.assertEqual(refused.code, 400)
            refused = ask(self.resource, "HEAD", f"/?{query}", b"", **fields)
            self.assertEqual((refused.code, refused.body), (400, b""))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_head_is_answered_and_ends(self) -> None:
        said = ask(self.resource, "HEAD", "/?follow")
        self.assertEqual((said.code, said.body), (200, b""))
        self.assertEqual(said.fields["content-type"], "text/event-stream")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_comment_is_sent_after_fifteen_silent_polls(self) -> None:
        follower = self.follow()
        follower.came()
        self.wait(14)
        self.assertEqual(follower.came(), "")
        self.wait()
        self.assertEqual(follower.came(), ":\n\n")
        self.wait(10)
        self.add("x")
        self.wait(6)
        self.assertRegex(follower.came(), rf"^{EVENT.pattern}$")
        self.wait(9)
        self.assertEqual(follower.came(), "")
        self.wait(10)
        self.assertEqual(follower.came(), ":\n\n")

    def test_posts_do_not_count_as_polls(self) -> None:
        follower = self.follow()
        follower.came()
        for _ in range(50):
            ask(self.resource, "POST", "/", b'{"getNote": 0}')
        self.assertEqual(follower.came(), "")


class SlowTests(FollowCase):
    """Clients that do not keep up, or leave."""

    def test_notes_are_not_read_for_a_paused_client(self) -> None:
        self.add(*map(str, range(1000)))
        follower = self.follow("follow&from=990")
        self.assertEqual(len(follower.notes()), 10)
        follower.producer.pauseProducing()
        self.add("a", "b")
        asked = len(self.store.asked)
        self.wait(20)
        self.assertEqual((follower.came(), len(self.store.asked)), ("", asked))
        follower.producer.resumeProducing()
        self.assertEqual(follower.notes(), [(1000, "a"), (1001, "b")])

    def test_client_that_takes_one_note_at_a_time_gets_all(self) -> None:
        self.add(*map(str, range(300)))
        write = StringTransport.write

        def full(transport: StringTransport, data: bytes) -> None:
            write(transport, data)
            if b"data: " in data:
                assert transport.producer is not None
                transport.producer.pauseProducing()

        self.patch(StringTransport, "write", full)
        follower = self.follow()
        self.add(*"abcdef")
        self.wait()
        found = follower.notes()
        for _ in range(5):
            self.assertEqual(len(found), 1)
            follower.producer.resumeProducing()
            found = follower.notes()
        self.assertEqual(found, [(305, "f")])
        sizes = [limit for _, limit in self.store.asked]
        self.assertLessEqual(max(sizes[-4:]), 2)  # hardly more is read than is taken

    def test_polling_ends_when_the_last_client_has_gone(self) -> None:
        one, other = self.follow(), self.follow()
        one.leave()
        self.wait(3)
        counted = self.store.counted
        self.wait()
        self.assertEqual(self.store.counted, counted + 1)
        other.leave()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        ask(self.resource, "POST", "/", b'{"myNote": "x"}')
        self.assertEqual(self.store.counted, counted + 1)
        self.assertEqual(self.follow("follow&from=0").notes(), [(0, "x")])

    def test_client_that_goes_away_during_a_read_is_no_error(self) -> None:
        self.add("x")
        held: Deferred[None] = Deferred()
        self.store.held = held
        follower = self.follow("follow&from=0")
        follower.leave()
        held.callback(None)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_eight_followers_are_read_for_at_a_time(self) -> None:
        self.add("x")
        waiting: list[Deferred[None]] = []
        entries = self.store.entries

        def held(start: int, limit: int) -> Deferred[list[str | None]]:
            waiting.append(Deferred())
            return waiting[-1].addCallback(lambda _: entries(start, limit))

        self.store.entries = held
        followers = [self.follow("follow&from=0") for _ in range(20)]
        self.assertEqual(len(waiting), 8)
        for number in range(20):
            waiting[number].callback(None)
        for follower in followers:
            self.assertEqual(follower.notes(), [(0, "x")])

    def test_many_clients_may_go_away_while_they_wait(self) -> None:
        self.add("x")
        held: Deferred[None] = Deferred()
        entries = self.store.entries

        def hold(start: int, limit: int) -> Deferred[list[str | None]]:
            waits: Deferred[None] = Deferred()
            held.chainDeferred(waits)
            return waits.addCallback(lambda _: entries(start, limit))

        self.store.entries = hold
        limit = sys.getrecursionlimit()
        self.addCleanup(sys.setrecursionlimit, limit)
        sys.setrecursionlimit(len(inspect.stack()) + FRAMES)
        followers = [self.follow("follow&from=0") for _ in range(FRAMES)]
        for follower in followers:
            follower.leave()
        held.callback(None)
        self.store.entries = entries
        self.assertEqual(self.follow("follow&from=0").notes(), [(0, "x")])
        self.assertEqual(self.flushLoggedErrors(), [])


class AwayTests(FollowCase):
    """The store is away for a while."""

    def test_follower_goes_on_when_the_store_is_back(self) -> None:
        follower = self.follow()
        follower.came()
        for error in (StoreUnavailable("away"), OSError(5, "x"), ZeroDivisionError()):
            self.store.error = error
            self.wait(15)
            self.assertEqual(follower.came(), ":\n\n")
            self.store.error = None
            self.add(str(error))
            self.wait()
            ((_, text),) = follower.notes()
            self.assertEqual(text, str(error))
            self.wait(14)
            follower.came()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 15)

    def test_read_that_fails_is_tried_again(self) -> None:
        self.add("x")

        def away(start: int, limit: int) -> Deferred[list[str | None]]:
            del self.store.entries
            return fail(StoreUnavailable("away"))

        self.store.entries = away
        follower = self.follow("follow&from=0")
        self.assertEqual(follower.notes(), [])
        self.wait()
        self.assertEqual(follower.notes(), [(0, "x")])

    def test_new_follower_is_refused_while_the_store_is_away(
        self,
    ) -> None:
        self.store.error = StoreUnavailable("away", 5)
        refused = ask(self.resource, "GET", "/?follow")
        self.assertEqual((refused.code, refused.fields["retry-after"]), (503, "5"))
        follower = self.follow("follow&from=0")  # where to begin is known
        self.assertIn(" 200 ", follower.head)
        self.store.error = None
        self.add("x")
        self.wait()
        self.assertEqual(follower.notes(), [(0, "x")])

    def test_from_beyond_the_end_of_a_store_that_was_away_is_told(self) -> None:
        self.store.error = StoreUnavailable("away", 5)
        follower = self.follow("follow&from=7")
        self.store.error = None
        self.wait()
        self.assertIn("event: reset\n", follower.came())


class ShorterTests(FollowCase):
    """Notes that somebody has removed by hand, from the end or in between."""

    def resets(self, follower: Follower) -> list[tuple[str, int]]:
        """The ``id`` and count of each reset that has come."""
        found = re.findall(r"event: reset\nid: (\d*)\ndata: (.*)\n\n", follower.came())
        return [(number, json.loads(data)["count"]) for number, data in found]

    def test_follower_is_told_and_goes_on_at_the_new_end(self) -> None:
        self.add(*"abcde")
        for count, last in ((3, "2"), (0, "")):
            follower = self.follow()
            follower.came()
            self.store.truncate(count)
            self.wait()
            self.assertEqual(self.resets(follower), [(last, count)])
            self.add("new")
            self.wait()
            self.assertEqual(follower.notes(), [(count, "new")])
            self.wait()
            self.assertEqual(follower.came(), "")
            follower.leave()

    def test_log_that_has_grown_again_is_noticed(self) -> None:
        self.add("a", "b")
        follower = self.follow()
        follower.came()
        self.store.truncate()
        self.add("c", "d", "e")
        self.wait()
        self.assertEqual(self.resets(follower), [("2", 3)])

    def test_notes_read_before_are_not_sent_under_new_numbers(self) -> None:
        self.add("a", "b", "c")
        held: Deferred[None] = Deferred()
        self.store.held = held
        follower = self.follow("follow&from=0")
        self.store.truncate()
        self.add("x")
        self.wait()
        self.assertEqual(self.resets(follower), [("0", 1)])
        held.callback(None)
        self.add("y")
        self.wait()
        self.assertEqual(follower.notes(), [(1, "y")])

    def test_coming_back_to_a_shorter_log_is_refused(self) -> None:
        self.add("a", "b")
        for last in ("2", "3", "9" * 19):
            refused = ask(self.resource, "GET", "/?follow", b"", last_event_id=last)
            self.assertEqual(refused.code, 409)
            self.assertIn(b"only 2 notes", refused.body)
        self.assertEqual(self.follow(last_event_id="1").notes(), [])
        self.assertEqual(self.clock.getDelayedCalls() != [], True)

    def test_coming_back_while_the_store_is_away(self) -> None:
        self.add("a")
        self.store.error = StoreUnavailable("away")
        for last, resets in (("5", [("0", 1)]), ("0", [])):
            self.store.error = StoreUnavailable("away")
            follower = self.follow(last_event_id=last)
            self.store.error = None
            self.wait()
            self.assertEqual(self.resets(follower), resets)

    def test_state_asked_for_before_a_follower_came_is_not_taken_for_its_own(
        self,
    ) -> None:
        self.add("a")
        self.follow()
        late: Deferred[NotesState] = Deferred()
        state = self.store.state
        self.store.state = lambda: late
        self.wait()
        self.store.state = state
        self.add("b")
        follower = self.follow()
        late.callback(NotesState(1, 1))
        self.wait()
        self.assertEqual(self.resets(follower), [])
