"""
The REST interface of ``writer`` and ``notes``, of real daemons on real folders.
"""

from __future__ import annotations

import http.client
import json
import os
import threading
from typing import Any

from dartio_tut.testing import Response

from .support.exchange import connect, exchange
from .support.harness import PATIENCE, Case, Daemon, ask

JSON = {"Content-Type": "application/json"}


class Following:
    """A client that follows notes."""

    def __init__(self, daemon: Daemon, query: str = "follow", **fields: str) -> None:
        port = daemon.port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, PATIENCE)
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        self.connection.request("GET", f"/?{query}", headers=named)
        self.response = self.connection.getresponse()
        assert self.response.readline() == b": notes as they come\n"

    def next(self) -> tuple[int, str]:
        """The number and text of the next note."""
        while not (line := self.response.readline()).startswith(b"data: "):
            assert line, "the stream has ended"
        said = json.loads(line[6:])
        return said["number"], said["text"]

    def close(self) -> None:
        """Leave."""
        self.response.close()
        self.connection.close()


class Events:
    """A client that takes the events of a stream as they are."""

    def __init__(self, daemon: Daemon, **fields: str) -> None:
        port = daemon.port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, PATIENCE)
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        self.connection.request("GET", "/?follow", headers=named)
        self.response = self.connection.getresponse()
        assert self.response.readline().startswith(b": ")

    def next(self) -> dict[str, Any]:
        """The type, id and data of the next event."""
        event: dict[str, Any] = {"event": "message"}
        while "data" not in event:
            line = self.response.readline().decode().rstrip("\n")
            name, colon, value = line.partition(": ")
            if colon and name:
                event[name] = json.loads(value) if name == "data" else value
        return event

    def close(self) -> None:
        """Leave."""
        self.response.close()
        self.connection.close()


class RestCase(Case):
    """Talks to daemons with ``--rest``."""

    def rest(self, name: str, *options: str) -> Daemon:
        return self.serve(name, "--rest", "--store", str(self.folder / "s"), *options)

    def put(self, daemon: Daemon, name: str, body: str = "{}", **more: str) -> Response:
        fields = {field.replace("_", "-"): value for field, value in more.items()}
        return ask(daemon, "PUT", f"/{name}", body, JSON | fields)

    def note(self, daemon: Daemon, text: str, **more: str) -> Response:
        fields = {field.replace("_", "-"): value for field, value in more.items()}
        return ask(daemon, "POST", "/", json.dumps({"myNote": text}), JSON | fields)

    def follows(self, daemon: Daemon, query: str = "follow", **more: str) -> Following:
        following = Following(daemon, query, **more)
        self.addCleanup(following.close)
        return following

    def said(self, daemon: Daemon, target: str = "/") -> Any:
        return json.loads(ask(daemon, "GET", target).body)


class WriterTests(RestCase):
    """Documents."""

    def test_document_is_put_listed_and_deleted(self) -> None:
        daemon = self.rest("writer")
        self.assertEqual(self.put(daemon, "han%20solo.json", '{"a": 1.0}').code, 201)
        got = ask(daemon, "GET", "/han%20solo.json")
        self.assertEqual(got.body, b'{"a": 1.0}')
        self.assertEqual(self.put(daemon, "han%20solo.json", "[]").code, 204)
        listed = self.said(daemon)["documents"]
        tag = ask(daemon, "GET", "/han%20solo.json").fields["ETag"]
        (one,) = listed
        self.assertRegex(one.pop("modified"), r"^20\d\d-\d\d-\d\dT[0-9:]{8}Z$")
        self.assertEqual(f'"{one.pop("version")}"', tag)
        known = {"name": "han solo.json", "size": 2, "url": "han%20solo.json"}
        self.assertEqual(one, known)
        self.assertEqual((self.folder / "s" / "han solo.json").read_bytes(), b"[]")
        self.assertEqual(ask(daemon, "DELETE", "/han%20solo.json").code, 204)
        self.assertEqual(ask(daemon, "GET", "/han%20solo.json").code, 404)

    def test_one_of_two_changes_of_a_version_wins(self) -> None:
        daemons = [self.rest("writer"), self.rest("writer")]
        self.put(daemons[0], "a", "0")
        for turn in range(1, 11):
            tag = ask(daemons[0], "GET", "/a").fields["ETag"]
            codes: list[int] = []

            def change(daemon: Daemon, body: str, tag: str, codes: list[int]) -> None:
                codes.append(self.put(daemon, "a", body, If_Match=tag).code)

            threads = [
                threading.Thread(
                    target=change, args=(daemons[k % 2], f"{turn}{k}", tag, codes)
                )
                for k in range(6)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(codes), [204, 412, 412, 412, 412, 412])
            self.assertIn(ask(daemons[1], "GET", "/a").body[:-1], b"%d" % turn)

    def test_one_of_many_puts_creates(self) -> None:
        daemon = self.rest("writer")
        codes: list[int] = []

        def create() -> None:
            codes.append(self.put(daemon, "a").code)

        threads = [threading.Thread(target=create) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(codes), [201] + [204] * 9)

    def test_pages_lead_to_every_document_once(self) -> None:
        daemon = self.rest("writer")
        names = [f"d{k:02}" for k in range(15)]
        for name in names:
            self.put(daemon, name)
        found, target = [], "?limit=4"
        while target:
            said = self.said(daemon, f"/{target}")
            found += [one["name"] for one in said["documents"]]
            target = said["next"] or ""
        self.assertEqual(found, names)

    def test_restart_keeps_documents_and_keys(self) -> None:
        daemon = self.rest("writer")
        self.put(daemon, "a", "1")
        key = {"Idempotency-Key": "k"}
        ask(daemon, "POST", "/b", '{"name": "x"}', JSON | key)
        tag = ask(daemon, "GET", "/a").fields["ETag"]
        daemon.stop()
        daemon = self.rest("writer")
        self.assertEqual(len(self.said(daemon)["documents"]), 2)
        unchanged = ask(daemon, "GET", "/a", None, {"If-None-Match": tag})
        self.assertEqual(unchanged.code, 304)
        ask(daemon, "DELETE", "/b")
        again = ask(daemon, "POST", "/b", '{"name": "x"}', JSON | key)
        self.assertEqual(again.body, b"Wrote data for x.")
        self.assertEqual(ask(daemon, "GET", "/b").code, 404)  # nothing stored twice

    def test_change_without_a_condition_is_428(self) -> None:
        daemon = self.rest("writer", "--require-match")
        self.assertEqual(self.put(daemon, "a").code, 428)
        self.assertEqual(self.put(daemon, "a", If_None_Match="*").code, 201)
        self.assertEqual(ask(daemon, "DELETE", "/a").code, 428)

    def test_changes_by_other_daemons_are_followed(self) -> None:
        one, other = self.rest("writer"), self.rest("writer")
        self.put(one, "before")
        following = Events(other)
        self.addCleanup(following.close)
        self.put(one, "a%20b", "[]")
        put = following.next()
        self.assertEqual((put["event"], put["data"]["name"]), ("put", "a b"))
        ask(one, "DELETE", "/a%20b")
        deleted = following.next()
        self.assertEqual(deleted["event"], "delete")
        self.assertEqual(deleted["data"], {"name": "a b", "url": "a%20b"})
        back = Events(other, Last_Event_ID=put["id"])
        self.addCleanup(back.close)
        self.assertEqual(back.next()["event"], "delete")
        unknown = Events(other, Last_Event_ID="1")
        self.addCleanup(unknown.close)
        self.assertEqual(unknown.next()["event"], "reset")

    def test_name_of_a_folder_is_409(self) -> None:
        daemon = self.rest("writer")
        (self.folder / "s" / "folder").mkdir()
        (self.folder / "s" / "link").symlink_to("elsewhere")
        for name in ("folder", "link"):
            self.assertEqual(self.put(daemon, name).code, 409)
            body = '{"name": "x"}'
            self.assertEqual(ask(daemon, "POST", f"/{name}", body, JSON).code, 409)
        self.assertTrue((self.folder / "s" / "folder").is_dir())
        self.assertTrue((self.folder / "s" / "link").is_symlink())


class LimitsTests(RestCase):
    """How much may be sent, and stored."""

    def test_documents_beyond_the_limits_are_507(self) -> None:
        daemon = self.rest("writer", "--max-entries", "2", "--max-store-size", "20")
        self.assertEqual(self.put(daemon, "a", '"12345678"').code, 201)
        self.assertEqual(self.put(daemon, "b", '"123456789"').code, 507)
        self.assertEqual(self.put(daemon, "b", "1").code, 201)
        self.assertEqual(self.put(daemon, "c", "1").code, 507)
        self.assertEqual(self.put(daemon, "b", "2").code, 204)
        ask(daemon, "DELETE", "/a")
        self.assertEqual(self.put(daemon, "c", "1").code, 201)

    def test_notes_beyond_the_limit_are_507(self) -> None:
        daemon = self.rest("notes", "--max-entries", "2")
        codes = [self.note(daemon, "x").code for _ in range(3)]
        self.assertEqual(codes, [200, 200, 507])
        self.assertEqual(self.said(daemon)["count"], 2)
        refused = self.note(daemon, "x", Accept="application/json")
        self.assertEqual(json.loads(refused.body)["status"], 507)

    def test_notes_beyond_the_size_are_507(self) -> None:
        daemon = self.rest("notes", "--max-store-size", "100")
        self.assertEqual(self.note(daemon, "x" * 90).code, 200)
        self.assertEqual(self.note(daemon, "x" * 90).code, 507)

    def test_write_that_leaves_too_little_free_is_507(self) -> None:
        disk = os.statvfs(self.here)
        nearly_all = str(disk.f_blocks * disk.f_frsize - 1)
        for name, target in (("writer", "/a"), ("notes", "/")):
            daemon = self.rest(name, "--keep-free", nearly_all)
            refused = ask(daemon, "POST", target, '{"myNote": "x"}', JSON)
            self.assertEqual(refused.code, 507)

    def test_too_long_is_told_before_it_is_sent(self) -> None:
        for name in ("writer", "notes"):
            daemon = self.rest(name, "--max-body", "100")
            for method in ("PUT", "POST"):
                head = f"{method} /a HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n"
                said = exchange(daemon.port, head.encode())
                self.assertTrue(said.startswith(b"HTTP/1.1 413 "), said)
                if name == "notes":
                    self.assertIn(b"Access-Control-Allow-Origin: *\r\n", said)


class NotesTests(RestCase):
    """Notes."""

    def test_notes_are_posted_read_and_kept(self) -> None:
        daemon = self.rest("notes")
        self.assertEqual(self.note(daemon, "one").body, b"You have 1 notes.\n")
        self.note(daemon, "two\nlines")
        self.assertEqual(self.said(daemon, "/1"), {"number": 1, "text": "two\nlines"})
        got = ask(daemon, "GET", "/1", None, {"Accept": "text/plain"})
        self.assertEqual(got.body, b"two\nlines\n")
        page = self.said(daemon, "/?limit=1")
        self.assertEqual((page["count"], page["next"]), (2, "?from=1&limit=1"))
        again = [self.note(daemon, "three", Idempotency_Key="k").body for _ in range(2)]
        self.assertEqual(again, [b"You have 3 notes.\n"] * 2)
        daemon.stop()
        daemon = self.rest("notes")
        again = [self.note(daemon, "three", Idempotency_Key="k").body]
        self.assertEqual(again, [b"You have 3 notes.\n"])
        self.assertEqual(self.said(daemon)["count"], 3)
        self.assertEqual(self.note(daemon, "four", Idempotency_Key="k").code, 422)

    def test_notes_of_every_daemon_are_followed(self) -> None:
        one, other = self.rest("notes"), self.rest("notes")
        self.note(one, "before")
        here, there = self.follows(one), self.follows(other)
        for number in range(1, 4):
            self.note(one, f"note {number}")
            for following in (here, there):
                self.assertEqual(following.next(), (number, f"note {number}"))
        there.close()
        again = self.follows(other, Last_Event_ID="1")
        self.assertEqual([again.next()[0] for _ in range(2)], [2, 3])

    def test_follower_is_told_that_the_file_was_emptied(self) -> None:
        daemon = self.rest("notes")
        for text in "abc":
            self.note(daemon, text)
        following = Events(daemon)
        self.addCleanup(following.close)
        (self.folder / "s" / "notes.txt").write_bytes(b"")
        reset = following.next()
        self.assertEqual((reset["event"], reset["data"]), ("reset", {"count": 0}))
        self.note(daemon, "new")
        note = following.next()
        self.assertEqual(note["data"], {"number": 0, "text": "new"})
        refused = ask(daemon, "GET", "/?follow", None, {"Last-Event-ID": "2"})
        self.assertEqual(refused.code, 409)

    def test_deleted_note_is_gone_after_a_restart_too(self) -> None:
        daemon = self.rest("notes")
        for text in "abc":
            self.note(daemon, text)
        self.assertEqual(ask(daemon, "DELETE", "/1").code, 204)
        for _ in range(2):
            self.assertEqual(ask(daemon, "GET", "/1").code, 410)
            page = self.said(daemon)
            numbers = [note["number"] for note in page["notes"]]
            self.assertEqual((numbers, page["count"]), ([0, 2], 3))
            daemon.stop()
            daemon = self.rest("notes")
        self.assertEqual(self.note(daemon, "d").body, b"You have 4 notes.\n")

    def test_pages_of_other_origins_can_be_kept_out(self) -> None:
        for options in ((), ("--rest",)):
            daemon = self.serve(
                "notes",
                *options,
                *("--store", str(self.folder / "s")),
                *("--cors", "http://a.example:80"),
            )
            body = '{"myNote": "x"}'
            for origin, code in [
                ("http://a.example", 200),
                ("http://b.example", 403),
                ("null", 403),
            ]:
                answer = ask(daemon, "POST", "/", body, {"Origin": origin})
                self.assertEqual(answer.code, code)
                allowed = answer.fields.get("Access-Control-Allow-Origin")
                self.assertEqual(allowed, origin if code == 200 else None)
            self.assertEqual(ask(daemon, "POST", "/", body).code, 200)
            preflight = ask(
                daemon,
                "OPTIONS",
                "/",
                None,
                {"Origin": "http://a.example", "Access-Control-Request-Method": "POST"},
            )
            self.assertEqual(preflight.code, 204)
            daemon.stop()

    def test_follower_far_behind_gets_every_note(self) -> None:
        daemon = self.rest("notes")
        daemon.stop()
        lines = b"".join(b"%d %s\n" % (k, b"x" * 1000) for k in range(20_000))
        (self.folder / "s" / "notes.txt").write_bytes(lines)
        daemon = self.rest("notes")
        idle = connect(daemon.port, 4096)
        self.addCleanup(idle.close)
        idle.sendall(b"GET /?follow&from=0 HTTP/1.1\r\nHost: a\r\n\r\n")
        following = self.follows(daemon, "follow&from=0")
        for number in range(20_000):
            self.assertEqual(following.next()[0], number)
        self.note(daemon, "last")
        self.assertEqual(following.next(), (20_000, "last"))

    def test_daemon_ends_while_clients_follow(self) -> None:
        daemon = self.rest("notes")
        self.follows(daemon)
        slow = self.follows(daemon, "follow&from=0")
        self.note(daemon, "x")
        self.assertEqual(slow.next(), (0, "x"))
