"""
Changes of documents as they are made.
"""

from __future__ import annotations

import json
import re
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import RestDocuments
from dartio_tut.resources.rest import follow_documents
from dartio_tut.servers.writer import Writer
from dartio_tut.store import DocumentInfo, MemoryDocuments, StoreUnavailable
from dartio_tut.testing import connect

from .support.memory_client import ask

EVENT = re.compile(r"event: (\w+)\nid: (\S+)\ndata: (.*)\n\n")


class Store(MemoryDocuments):
    """
    Documents that can be away.

    :ivar error: what is wrong with the store.
    :ivar listed: how often it was asked for a list.
    """

    error: Exception | None = None
    listed = 0

    def list(
        self, prefix: str = "", after: str = "", limit: int = 1000
    ) -> Deferred[list[DocumentInfo]]:
        self.listed += 1
        return fail(self.error) if self.error else super().list(prefix, after, limit)


class Follower:
    """A client that follows."""

    def __init__(self, resource: RestDocuments, query: str, **fields: str) -> None:
        lines = [f"GET /?{query} HTTP/1.1", "Host: a"]
        lines += [f"{name.replace('_', '-')}: {v}" for name, v in fields.items()]
        self.connection = connect(resource)
        said = self.connection.send("\r\n".join([*lines, "", ""]).encode())
        self.head, _, self._first = said.decode().partition("\r\n\r\n")
        self.last = ""

    def came(self) -> str:
        """What has come since."""
        transport = self.connection.transport
        said = self._first + transport.value().decode()
        transport.clear()
        self._first = ""
        plain = re.sub(r"[0-9a-f]+\r\n((?s:.*?))\r\n(?=[0-9a-f]+\r\n|$)", r"\1", said)
        ids = re.findall(r"^id: (\S+)$", plain, re.MULTILINE)
        self.last = ids[-1] if ids else self.last
        return plain

    def changes(self) -> list[tuple[str, str]]:
        """The kind of each change that has come since, and the document's name."""
        found = EVENT.findall(self.came())
        return [(kind, json.loads(data).get("name", "")) for kind, _, data in found]

    def leave(self) -> None:
        """Close the connection."""
        self.connection.protocol.connectionLost(Failure(ConnectionDone()))


class FollowDocumentsCase(SynchronousTestCase):
    """Follows documents that are kept in memory."""

    def setUp(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.clock = Clock()
        self.store = Store(now=self.clock.seconds)
        self.resource = RestDocuments(self.store, Writer(self.store), clock=self.clock)
        self.patch(self.resource._followers, "_now", self.clock.seconds)

    def put(self, *names: str, content: bytes = b"{}") -> None:
        """Somebody else, with another daemon, stores documents."""
        for name in names:
            self.successResultOf(self.store.put(name, content))

    def delete(self, name: str) -> None:
        self.successResultOf(self.store.delete(name))

    def follow(self, query: str = "follow", **fields: str) -> Follower:
        return Follower(self.resource, query, **fields)

    def wait(self, seconds: int = 1) -> None:
        self.clock.pump([1] * seconds)


class FollowDocumentsTests(FollowDocumentsCase):
    """What a client that follows is sent."""

    def test_changes_from_now_on(self) -> None:
        self.put("before", "old")
        follower = self.follow()
        for field in (
            "Content-Type: text/event-stream",
            "Cache-Control: no-store",
            "X-Accel-Buffering: no",
            "X-Content-Type-Options: nosniff",
        ):
            self.assertIn(field, follower.head)
        self.assertRegex(
            follower.came(), r"^: changes as they are made\nid: \S+-0\n\n$"
        )
        self.wait()
        self.assertEqual(follower.changes(), [])
        self.put("b", "a c")
        self.delete("old")
        self.put("before", content=b"[]")
        self.wait()
        changes = [("put", "a c"), ("put", "b"), ("put", "before"), ("delete", "old")]
        self.assertEqual(follower.changes(), changes)

    def test_put_tells_what_the_list_tells(self) -> None:
        follower = self.follow()
        self.clock.advance(5)
        self.put("a b")
        self.wait()
        ((_, _, data),) = EVENT.findall(follower.came())
        (listed,) = json.loads(ask(self.resource).body)["documents"]
        self.assertEqual(json.loads(data), listed)
        self.delete("a b")
        self.wait()
        ((_, _, data),) = EVENT.findall(follower.came())
        self.assertEqual(json.loads(data), {"name": "a b", "url": "a%20b"})

    def test_same_content_stored_again_is_a_change(self) -> None:
        self.put("a")
        follower = self.follow()
        self.wait()
        self.put("a")
        self.wait()
        self.assertEqual(follower.changes(), [("put", "a")])

    def test_a_document_that_cannot_be_reached_is_left_out(self) -> None:
        follower = self.follow()
        self.put("openapi.json", "a")
        self.wait()
        self.delete("openapi.json")
        self.wait()
        self.assertEqual(follower.changes(), [("put", "a")])

    def test_only_names_with_the_prefix(self) -> None:
        follower = self.follow("follow&prefix=a")
        self.put("a1", "b1", "a2")
        self.wait()
        self.delete("b1")
        self.delete("a1")
        self.wait()
        changes = [("put", "a1"), ("put", "a2"), ("delete", "a1")]
        self.assertEqual(follower.changes(), changes)

    def test_client_that_comes_back_gets_what_it_has_missed(self) -> None:
        stays, goes = self.follow(), self.follow()
        goes.came()
        goes.leave()
        self.put("a")
        self.wait()
        back = self.follow(last_event_id=goes.last)
        self.assertEqual(back.changes(), [("put", "a")])
        again = self.follow(last_event_id=back.last)
        self.assertEqual(again.changes(), [])
        self.assertEqual(stays.changes(), [("put", "a")])

    def test_first_block_has_the_id_behind_which_the_client_was(self) -> None:
        self.follow().came()
        goes = self.follow()
        goes.came()
        goes.leave()
        self.put("a", "b")
        self.wait()
        for last, first in ((goes.last, [goes.last]), ("x-1", [])):
            begin = self.follow(last_event_id=last).came().partition("\n\n")[0]
            self.assertEqual(re.findall(r"^id: (\S+)$", begin, re.MULTILINE), first)

    def test_client_that_comes_back_is_told_where_it_is(self) -> None:
        self.follow().came()
        goes = self.follow("follow&prefix=x")
        goes.came()
        goes.leave()
        self.put("a", "b")
        self.wait()
        back = self.follow("follow&prefix=x", last_event_id=goes.last)
        self.assertEqual(back.changes(), [])
        self.assertNotEqual(back.last, goes.last)
        again = self.follow("follow", last_event_id=back.last)
        self.assertEqual(again.changes(), [])

    def test_client_whose_changes_are_not_known_is_told(self) -> None:
        first = self.follow()
        first.came()
        first.leave()
        self.put("a")
        for last in (first.last, "x", "x-1", f"{first.last}9", "-", "9" * 5000):
            follower = self.follow(last_event_id=last)
            self.assertEqual(follower.changes(), [("reset", "")], last[:20])
            self.put("b")
            self.wait()
            self.assertEqual(follower.changes(), [("put", "b")])
            follower.leave()

    def test_empty_last_event_id_counts_as_none(self) -> None:
        self.assertEqual(self.follow(last_event_id="").changes(), [])

    def test_head(self) -> None:
        said = ask(self.resource, "HEAD", "/?follow")
        self.assertEqual((said.code, said.body), (200, b""))
        self.assertEqual(said.fields["content-type"], "text/event-stream")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_malformed_prefix_is_refused(self) -> None:
        for query in ("follow&prefix=%ff", "follow&prefix=a&prefix=b"):
            self.assertEqual(ask(self.resource, "GET", f"/?{query}").code, 400)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_comment_is_sent_when_nothing_changes(self) -> None:
        follower = self.follow()
        follower.came()
        self.wait(15)
        self.assertEqual(follower.came(), ":\n\n")


class LoadTests(FollowDocumentsCase):
    """What following costs."""

    def test_nothing_is_asked_when_nobody_follows(self) -> None:
        one, other = self.follow(), self.follow()
        one.leave()
        self.wait(2)
        other.leave()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_list_is_read_once_for_all_followers(self) -> None:
        self.put("a")
        for _ in range(20):
            self.follow()
        listed = self.store.listed
        self.wait()
        self.assertLessEqual(self.store.listed - listed, 2)

    def test_long_list_is_read_in_pieces(self) -> None:
        self.patch(follow_documents, "DOCUMENTS_PER_READ", 10)
        self.put(*[f"{n:03}" for n in range(30)])
        follower = self.follow()
        self.put("005x", "zz")
        self.wait()
        self.assertEqual(follower.changes(), [("put", "005x"), ("put", "zz")])

    def test_store_that_takes_long_is_left_alone_for_longer(self) -> None:
        follower = self.follow()
        plain = self.store.list

        def slow(*args: Any) -> Any:
            self.clock.rightNow += 2.0
            return plain(*args)

        self.store.list = slow  # type: ignore[assignment, method-assign]
        self.wait(1)
        listed = self.store.listed
        self.wait(19)
        self.assertEqual(self.store.listed, listed)
        self.put("a")
        self.wait(2)
        self.assertEqual(follower.changes(), [("put", "a")])

    def test_slow_client_gets_all_changes_later(self) -> None:
        follower = self.follow()
        follower.came()
        producer: Any = follower.connection.transport.producer
        producer.pauseProducing()
        self.put("a")
        self.wait()
        self.put("b")
        self.wait(20)
        self.assertEqual(follower.came(), "")
        producer.resumeProducing()
        self.assertEqual(follower.changes(), [("put", "a"), ("put", "b")])

    def test_too_slow_client_has_to_begin_again(self) -> None:
        self.patch(follow_documents, "KEPT_CHANGES", 3)
        self.begin()
        follower = self.follow()
        follower.came()
        producer: Any = follower.connection.transport.producer
        producer.pauseProducing()
        self.put("a", "b", "c", "d")
        self.wait()
        producer.resumeProducing()
        self.assertEqual(follower.changes(), [("reset", "")])
        self.put("e")
        self.wait()
        self.assertEqual(follower.changes(), [("put", "e")])


class AwayTests(FollowDocumentsCase):
    """The store is away for a while."""

    def test_follower_goes_on_when_the_store_is_back(self) -> None:
        follower = self.follow()
        for error in (StoreUnavailable("away"), OSError(5, "x"), ZeroDivisionError()):
            self.store.error = error
            self.wait(2)
            self.store.error = None
            self.put(type(error).__name__)
            self.wait()
            changes = [("put", type(error).__name__)]
            self.assertEqual(follower.changes(), changes)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_new_follower_is_refused(self) -> None:
        for error, code in [
            (StoreUnavailable("away", 5), 503),
            (OSError(5, "x", "/secret"), 500),
            (ZeroDivisionError("/secret"), 500),
        ]:
            self.store.error = error
            refused = ask(self.resource, "GET", "/?follow")
            self.assertEqual(refused.code, code)
            self.assertNotIn(b"secret", refused.body)
            self.assertEqual(refused.fields["x-content-type-options"], "nosniff")
        self.flushLoggedErrors(OSError, ZeroDivisionError)
        self.store.error = None
        self.assertIn(" 200 ", self.follow().head)
