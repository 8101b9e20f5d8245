"""
The laboratory: bytes are sent to the lessons in memory, and what comes of them is told.
"""

from __future__ import annotations

import json
import threading
from base64 import b64decode, b64encode
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from dartio_tut.daemon import WatchedSite
from dartio_tut.resources import Bench, Tree
from dartio_tut.resources.laboratory import laboratory as laboratory_module
from dartio_tut.resources.laboratory import sending
from dartio_tut.resources.laboratory.broken_requests import broken_requests
from dartio_tut.resources.laboratory.exchange_json import outcome_json
from dartio_tut.resources.laboratory.laboratory import MAX_REQUEST_BYTES
from dartio_tut.resources.laboratory.sending import (
    MAX_EXCHANGES,
    MAX_RESPONSE_BYTES,
    send,
)
from dartio_tut.servers.memory_lessons import TREES, laboratory

from .support.any_input import examples
from .support.function_resource import FunctionResource
from .support.memory_client import ask

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

NOTE = b"""POST / HTTP/1.1\r
Host: a\r
Content-Type: application/json\r
Content-Length: 22\r
\r
{"myNote": "Buy milk"}"""


class EndlessProducer:
    """Writes whenever it is asked to."""

    def __init__(self, request: Any) -> None:
        self._request = request

    def resumeProducing(self) -> None:
        """Write some more."""
        self._request.write(b"x" * 1000)

    def stopProducing(self) -> None:
        """Somebody has had enough."""


class LaboratoryCase(SynchronousTestCase):
    """A laboratory, and what its page does."""

    def setUp(self) -> None:
        self.laboratory = laboratory()

    def post(self, target: str, body: Any, **fields: str) -> tuple[int, Any]:
        """Post *body* as JSON; return the status code and the answer."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {"content_type": "application/json"} | fields
        answer = ask(self.laboratory, "POST", target, content, **fields)
        if answer.code != 200:
            return answer.code, answer.body.decode()
        return answer.code, json.loads(answer.body)

    def send(self, raw: bytes, server: str = "hello") -> Any:
        """What comes of *raw*, sent to *server*."""
        asked = {"server": server, "base64": b64encode(raw).decode()}
        code, answer = self.post("/send", asked)
        self.assertEqual(code, 200, answer)
        return answer

    def codes(self, answer: Any) -> list[str]:
        """The status code of each answer."""
        return [
            b64decode(exchange["response"]["base64"])[9:12].decode()
            for exchange in answer["exchanges"]
            if exchange["response"]
        ]

    def got(self, target: str) -> Any:
        """The JSON of *target*."""
        return json.loads(ask(self.laboratory, "GET", target).body)


class SendTests(LaboratoryCase):
    """A try."""

    def test_tells_the_whole_exchange(self) -> None:
        raw = b"GET /x?q=6&q=7&%ff=%0d HTTP/1.1\r\nHost: a\r\n\r\n"
        answer = self.send(raw, "thinker")
        self.assertEqual(
            (answer["closed"], answer["waited"], answer["left_out"]), (False, 0, 0)
        )
        (exchange,) = answer["exchanges"]
        self.assertEqual(
            exchange["program"],
            {
                "method": "GET",
                "uri": "/x?q=6&q=7&%ff=%0d",
                "args": {"q": ["6", "7"], "\\xff": ["\r"]},
                "status": 200,
                "resource": "Thinker",
            },
        )
        self.assertEqual(b64decode(exchange["request"]["base64"]), raw)
        response = b64decode(exchange["response"]["base64"])
        self.assertTrue(response.startswith(b"HTTP/1.1 200 OK\r\n"))
        self.assertEqual(exchange["response"]["arrivals"], [[0.0, len(response)]])
        self.assertTrue(exchange["response"]["complete"])
        self.assertEqual(exchange["ending"], "complete")
        self.assertEqual((exchange["server"], exchange["tls"]), ("thinker", None))
        self.assertIn("/x?q=6", exchange["copies"]["curl"])
        kinds = [part["kind"] for part in exchange["request"]["parts"]]
        self.assertEqual(kinds[:5], ["method", "space", "target", "space", "version"])

    def test_pipelined_requests_are_an_exchange_each(self) -> None:
        answer = self.send(GET * 3 + b"GET / HTTP/1.1\r\n\r\n")
        self.assertEqual(self.codes(answer), ["200", "200", "200", "400"])
        self.assertTrue(answer["closed"])
        last = answer["exchanges"][-1]
        self.assertEqual(last["ending"], "refused")
        self.assertEqual(last["reason"], "Host missing")
        self.assertEqual(last["clause"], "RFC 9112 section 3.2")
        self.assertIsNone(last["program"])
        requests = [b64decode(e["request"]["base64"]) for e in answer["exchanges"]]
        self.assertEqual(requests, [GET, GET, GET, b"GET / HTTP/1.1\r\n\r\n"])

    def test_interim_answer_belongs_to_its_exchange(self) -> None:
        raw = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1"
        (exchange,) = self.send(raw + b"\r\n\r\nx")["exchanges"]
        response = b64decode(exchange["response"]["base64"])
        self.assertTrue(
            response.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
        )

    def test_waiting_takes_the_servers_time_and_none_of_ours(self) -> None:
        for raw, seconds, why in (
            (b"GET / HTTP/1.1\r\nHost:", 20, "the head took too long"),
            (GET[:-2] + b"Content-Length: 9\r\n\r\nx", 30, "the body took too long"),
        ):
            answer = self.send(raw)
            (exchange,) = answer["exchanges"]
            self.assertEqual(self.codes(answer), ["408"])
            self.assertEqual(
                (exchange["ending"], exchange["reason"]), ("timed out", why)
            )
            self.assertTrue(answer["closed"])
            self.assertEqual(exchange["first_byte"], seconds)
            self.assertEqual(b64decode(exchange["request"]["base64"]), raw)

    def test_answer_without_an_end_is_shown_as_far_as_it_came(self) -> None:
        raw = b"GET /?follow HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n"
        answer = self.send(raw, "notes")
        (exchange,) = answer["exchanges"]
        self.assertEqual((exchange["ending"], answer["closed"]), ("open", False))
        self.assertIn("had not ended after 45 seconds", exchange["reason"])
        self.assertIsNone(exchange["ended"])
        self.assertFalse(exchange["response"]["complete"])

    def test_nothing_is_no_exchange(self) -> None:
        answer = self.send(b"")
        self.assertEqual((answer["exchanges"], answer["closed"]), ([], False))

    def test_files_come_whole_however_they_are_sent(self) -> None:
        for server in ("mini-file", "basic-file", "static", "pages"):
            answer = self.send(b"GET /index.html HTTP/1.0\r\n\r\n", server)
            (exchange,) = answer["exchanges"]
            response = b64decode(exchange["response"]["base64"])
            self.assertTrue(response.endswith(b"</main>\n"), response)

    def test_answer_that_ends_with_the_connection_is_complete(self) -> None:
        answer = self.send(b"GET / HTTP/1.0\r\n\r\n", "mini-file")
        (exchange,) = answer["exchanges"]
        self.assertTrue(exchange["response"]["complete"])
        self.assertEqual(exchange["response"]["fault"], "")

    def test_stored_things_are_told_and_reset(self) -> None:
        self.assertIsNone(self.send(GET)["stored"])
        empty = {"kind": "notes", "total": 0, "entries": []}
        self.assertEqual(self.send(b"", "notes")["stored"], empty)
        one = {"name": "0", "text": "Buy milk"}
        stored = self.send(NOTE, "notes")["stored"]
        self.assertEqual(stored, {"kind": "notes", "total": 1, "entries": [one]})
        self.assertEqual(self.send(NOTE, "notes")["stored"]["total"], 2)
        document = NOTE.replace(b" / ", b" /milk ")
        (found,) = self.send(document, "writer")["stored"]["entries"]
        self.assertEqual(found, {"name": "milk", "text": '{"myNote": "Buy milk"}'})
        number = self.send(b"GET /?q=x HTTP/1.0\r\n\r\n", "thinker")["stored"]
        self.assertEqual(number["kind"], "documents")
        self.assertEqual(self.post("/reset", {}), (200, {"reset": True}))
        self.assertEqual(self.send(b"", "notes")["stored"], empty)


class BoundTests(LaboratoryCase):
    """A try ends, and takes no more than its share."""

    def test_too_many_bytes_are_refused(self) -> None:
        full = b64encode(b"x" * MAX_REQUEST_BYTES).decode()
        asked = {"server": "hello", "base64": full}
        self.assertEqual(self.post("/send", asked)[0], 200)
        asked["base64"] = b64encode(b"x" * (MAX_REQUEST_BYTES + 1)).decode()
        code, said = self.post("/send", asked)
        self.assertEqual((code, said), (413, "A try has at most 40960 bytes."))
        asked["base64"] = "x" * 100_000
        self.assertEqual(self.post("/send", asked)[0], 413)

    def test_many_exchanges_are_counted(self) -> None:
        answer = self.send(GET * (MAX_EXCHANGES + 50))
        self.assertEqual(len(answer["exchanges"]), MAX_EXCHANGES)
        self.assertEqual(answer["left_out"], 50)

    def test_endless_answers_are_cut(self) -> None:
        limit = MAX_RESPONSE_BYTES // 4
        self.patch(sending, "MAX_RESPONSE_BYTES", limit)
        answer = self.send(
            b"GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n" * 1000, "static"
        )
        sent = sum(e["response"]["total"] for e in answer["exchanges"])
        self.assertLess(sent, 2 * limit)
        self.assertLess(len(answer["exchanges"]) + answer["left_out"], 1000)

    def test_resources_that_never_end_are_left(self) -> None:
        def pulled(request: Any) -> int:
            request.registerProducer(EndlessProducer(request), False)
            return NOT_DONE_YET

        def silent(request: Any) -> int:
            def again() -> None:
                clock.callLater(0, again)

            clock = request.channel.site.reactor
            again()
            return NOT_DONE_YET

        for render, is_cut in ((pulled, True), (silent, False)):
            tree = Tree(FunctionResource(render))
            outcome = send(GET + GET, tree, WatchedSite)
            (seen,) = outcome.exchanges
            self.assertTrue(seen.is_open)
            self.assertEqual((outcome.is_cut, outcome.closed), (is_cut, False))
            bench = Bench("x", "", lambda: "http://localhost:1", (), lambda: tree)  # noqa: B023
            told = outcome_json(outcome, bench, None)["exchanges"][0]
            self.assertEqual(told["ending"], "open")
            why = "takes no more" if is_cut else "had not ended after 45 seconds"
            self.assertIn(why, told["reason"])

    def test_laboratory_that_is_full_asks_to_be_reset(self) -> None:
        big = GET + b"x" * (MAX_REQUEST_BYTES - len(GET))
        asked = {"server": "hello", "base64": b64encode(big).decode()}
        self.patch(laboratory_module, "MAX_STORED_BYTES", 5 * MAX_REQUEST_BYTES)
        codes = [self.post("/send", asked)[0] for _ in range(6)]
        self.assertEqual(codes, [200] * 5 + [507])
        self.post("/reset", {})
        self.assertEqual(self.post("/send", asked)[0], 200)

    def test_starts_no_thread(self) -> None:
        before = threading.active_count()
        for server in TREES:
            self.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", server)
            body = b'{"myNote": "' + b"x" * (MAX_REQUEST_BYTES - 200) + b'"}'
            head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            self.send(head + b"Content-Length: %d\r\n\r\n" % len(body) + body, server)
        self.assertEqual(threading.active_count(), before)

    @examples(5)
    @given(st.binary(max_size=300), st.sampled_from(sorted(TREES)))
    def test_any_bytes_are_answered(self, raw: bytes, server: str) -> None:
        self.setUp()
        for bytes_ in (raw, GET[:-2] + raw, GET + raw, NOTE[:-3] + raw):
            answer = self.send(bytes_, server)
            requests = b"".join(
                b64decode(e["request"]["base64"]) for e in answer["exchanges"]
            )
            self.assertTrue(bytes_.startswith(requests), (bytes_, requests))


class AskedTests(LaboratoryCase):
    """What the page may ask for, and what it may not."""

    def test_bad_requests_are_told_what_is_wrong(self) -> None:
        for body, code, why in (
            (b"{", 400, "Not JSON"),
            (b"[]", 422, "Expected a JSON object."),
            ({}, 422, "Expected server to be a string."),
            ({"server": 1}, 422, "Expected server to be a string."),
            ({"server": "x"}, 422, "Expected server to be one of: hello, thinker"),
            ({"server": "hello"}, 422, "Expected base64 to be a string."),
            ({"server": "hello", "base64": "é"}, 400, "to be in base64"),
            ({"server": "hello", "base64": "a"}, 400, "to be in base64"),
            ({"server": "hello", "base64": "YQ==\n"}, 400, "to be in base64"),
        ):
            found, said = self.post("/send", body)
            self.assertEqual(found, code, said)
            self.assertIn(why, said)

    def test_only_json_is_taken_and_only_by_post(self) -> None:
        for target in ("/send", "/reset"):
            for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
                self.assertEqual(self.post(target, {}, content_type=kind)[0], 415)
            self.assertEqual(ask(self.laboratory, "GET", target).code, 405)
        for target in ("/servers.json", "/broken.json"):
            self.assertEqual(self.post(target, {})[0], 405)
        for target in ("/x", "/send/x", "/servers.json/x", "/assets/x", "/assets/../x"):
            self.assertEqual(ask(self.laboratory, "GET", target).code, 404)

    def test_every_lesson_but_tls_has_presets_that_keep_their_word(self) -> None:
        servers = self.got("/servers.json")
        self.assertEqual([server["name"] for server in servers], list(TREES))
        for server in servers:
            self.assertTrue(server["summary"])
            self.assertTrue(server["presets"])
            for preset in server["presets"]:
                self.post("/reset", {})
                raw = preset["raw"]
                self.assertNotIn("\n", raw.replace("\r\n", ""))
                answer = self.send(raw.encode(), server["name"])
                expected = preset["expect"].partition(":")[0]
                self.assertEqual(self.codes(answer)[0], expected, preset["title"])
                self.assertEqual(answer["exchanges"][0]["request"]["fault"], "")

    def test_copies_lead_to_where_the_lesson_is(self) -> None:
        self.laboratory = laboratory(lambda lesson: f"http://localhost:1{lesson.port}")
        (exchange,) = self.send(GET, "notes")["exchanges"]
        self.assertIn("'http://localhost:14042/'", exchange["copies"]["curl"])

    def test_path_without_its_slash_leads_on(self) -> None:
        root = Resource()
        root.putChild(b"try", self.laboratory)
        answer = ask(root, "GET", "/try")
        self.assertEqual((answer.code, answer.fields["location"]), (308, "/try/"))

    def test_answers_are_not_kept_by_caches(self) -> None:
        answer = ask(self.laboratory, "GET", "/broken.json")
        self.assertEqual(answer.fields["cache-control"], "no-store")
        self.assertEqual(answer.fields["content-type"], "application/json")
        self.assertEqual(answer.fields["x-content-type-options"], "nosniff")


class BrokenTests(LaboratoryCase):
    """Broken requests to try."""

    def test_there_are_more_than_forty_each_with_its_own_title(self) -> None:
        broken = self.got("/broken.json")
        self.assertGreater(len(broken), 40)
        self.assertEqual(len({entry["title"] for entry in broken}), len(broken))
        for entry in broken:
            self.assertRegex(entry["clause"], r"^RFC \d+ section [\d.]+$")
            for name in ("title", "what_happens", "attack"):
                self.assertTrue(entry[name].strip(), entry)
            self.assertLess(len(b64decode(entry["base64"])), MAX_REQUEST_BYTES)
            self.assertIn(entry["server"], TREES)

    def test_each_is_answered_as_it_says(self) -> None:
        for broken in broken_requests():
            answer = self.send(broken.raw, broken.server)
            code = broken.what_happens.partition(":")[0]
            self.assertEqual(self.codes(answer)[0], code, broken.title)
            refused = [e for e in answer["exchanges"] if e["ending"] == "refused"]
            if refused:
                self.assertTrue(answer["closed"], broken.title)
                self.assertIsNone(refused[-1]["program"])
