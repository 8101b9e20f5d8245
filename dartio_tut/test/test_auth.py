"""
Who is let in.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, execute
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import Resource

from dartio_tut.daemon import Site
from dartio_tut.resources import BasicAuth, HtpasswdFile, address_turns
from dartio_tut.resources.auth import credentials
from dartio_tut.testing import Connection, Response, connect, read_response

from .test_htpasswd import SHA1_OF_SECRET, hashed


def basic(user: str, password: str, charset: str = "utf-8") -> str:
    """The credentials as a field has them."""
    pair = f"{user}:{password}".encode(charset)
    return "Basic " + b64encode(pair).decode()


HAN = basic("han", "secret")
WRONG = basic("han", "Secret")


class Elsewhere:
    """A place to run functions in, in its own time."""

    def __init__(self) -> None:
        self.begun: list[tuple[Deferred[Any], Any, tuple[Any, ...]]] = []
        self.at_once = True

    def run(self, do: Any, *args: Any) -> Deferred[Any]:
        """Run *do* when it is time."""
        if self.at_once:
            self.begun.append((Deferred(), do, args))
            return execute(do, *args)
        self.begun.append((Deferred(), do, args))
        return self.begun[-1][0]

    def end(self, number: int) -> None:
        """It is time for that one."""
        waiting, do, args = self.begun[number]
        waiting.callback(do(*args))

    def end_all(self) -> None:
        """Let nothing wait."""
        for waiting, _, _ in self.begun:  # grows on the way
            if not waiting.called:
                waiting.callback(False)


class Tree(Resource):
    """Says where and by whom it was asked."""

    isLeaf = False

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[bytes] = []

    def getChild(self, path: bytes, request: Any) -> Resource:
        self.asked.append(path)
        if path == b"bad":
            raise RuntimeError("no good tree")
        return self if path in (b"", b"a") else super().getChild(path, request)

    def render_GET(self, request: Any) -> bytes:
        """Say it."""
        where = request.prepath + [b"|"] + request.postpath
        return b" ".join([request.user, request.getPassword(), *where])

    def render_POST(self, request: Any) -> bytes:
        """Say what was sent."""
        sent: bytes = request.content.read()
        return sent


class AuthCase(SynchronousTestCase):
    """Asks a tree that a password protects."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.clock = Clock()
        self.elsewhere = Elsewhere()
        self.addCleanup(self.elsewhere.end_all)
        self.tree: Any = Tree()
        self.protect(f"han:{SHA1_OF_SECRET}")

    def protect(self, *lines: str, realm: str = "Falcon") -> None:
        """Let in those who are in *lines*."""
        self.path.write_text("\n".join([*lines, ""]))
        self.auth = BasicAuth(
            self.tree,
            HtpasswdFile(self.path),
            realm,
            run=self.elsewhere.run,
            now=self.clock.seconds,
        )

    def send(
        self,
        *authorization: str | bytes,
        start: str = "GET /a",
        body: bytes = b"",
        host: str = "127.0.0.1",
    ) -> Connection:
        """Ask on a connection of its own."""
        lines = [f"{start} HTTP/1.1".encode(), b"Host: x"]
        for field in authorization:
            value = field if isinstance(field, bytes) else field.encode()
            lines.append(b"Authorization: " + value)
        if body:
            lines.append(b"Content-Length: %d" % len(body))
        connection = connect(self.auth)
        peer = (IPv6Address if ":" in host else IPv4Address)("TCP", host, 50000)
        connection.transport.peerAddr = peer
        connection.protocol.dataReceived(b"\r\n".join([*lines, b"", b""]) + body)
        return connection

    def ask(self, *authorization: str | bytes, **more: Any) -> Response:
        """The response to that."""
        return read_response(
            self.send(*authorization, **more).transport.value(),
            more.get("start", "GET").partition(" ")[0],
        )

    def checks(self) -> int:
        """How many passwords were checked."""
        return len(self.elsewhere.begun)


class BasicAuthTests(AuthCase):
    """`BasicAuth`."""

    def test_right_credentials_reach_the_tree(self) -> None:
        answered = self.ask(HAN)
        self.assertEqual(answered.code, 200)
        self.assertEqual(answered.body, b"han secret a |")
        self.assertNotIn("www-authenticate", answered.fields)
        self.assertNotIn("cache-control", answered.fields)

    def test_503_when_no_thread_can_be_started(self) -> None:
        def refuse(*arguments: object) -> Deferred[bool]:
            raise RuntimeError("can't start new thread")

        self.patch(self.elsewhere, "run", refuse)
        self.protect(f"han:{SHA1_OF_SECRET}")
        for _ in range(2):
            answered = self.ask(HAN)
            self.assertEqual(answered.code, 503)
            self.assertIn("retry-after", answered.fields)

    def test_missing_or_wrong_credentials_are_401(self) -> None:
        for field in [WRONG, basic("leia", "secret"), basic("", ""), None]:
            answered = self.ask(*[field] if field else [])
            self.assertEqual(answered.code, 401)
            self.assertEqual(
                answered.fields["www-authenticate"],
                'Basic realm="Falcon", charset="UTF-8"',
            )
            self.assertEqual(answered.fields["cache-control"], "no-store")
        self.assertEqual(self.tree.asked, [])

    def test_every_method_needs_credentials(self) -> None:
        for start in ("HEAD /a", "POST /a", "OPTIONS /a", "DELETE /", "GET /bad"):
            for fields in ([], [WRONG]):
                answered = self.ask(*fields, start=start, body=b"content")
                self.assertEqual(answered.code, 401, start)
                length = int(answered.fields["content-length"])
                self.assertGreater(length, 0)
                sent = 0 if start.startswith("HEAD") else length
                self.assertEqual(len(answered.body), sent)
        self.assertEqual(self.tree.asked, [])
        for _ in range(2):  # by a check, and remembered
            answered = self.ask(HAN, start="HEAD /a")
            self.assertEqual((answered.code, answered.body), (200, b""))
            answered = self.ask(HAN, start="POST /a", body=b"content")
            self.assertEqual((answered.code, answered.body), (200, b"content"))
            self.assertEqual(self.ask(HAN, start="PUT /a").code, 501)
            self.protect(f"han:{SHA1_OF_SECRET}")

    def test_tree_sees_the_path_as_if_it_were_the_root(self) -> None:
        for target, said in [
            ("/", b"han secret  |"),
            ("/a/a", b"han secret a a |"),
            ("/?x=1", b"han secret  |"),
        ]:
            for _ in range(2):
                self.assertEqual(self.ask(HAN, start=f"GET {target}").body, said)
            self.protect(f"han:{SHA1_OF_SECRET}")
        self.assertEqual(self.ask(HAN, start="GET /none").code, 404)
        self.tree.isLeaf = True
        for _ in range(2):
            answered = self.ask(HAN, start="GET /x/y")
            self.assertEqual(answered.body, b"han secret | x y")

    def test_works_below_another_resource(self) -> None:
        below, self.auth = self.auth, Resource()  # type: ignore[assignment]
        self.auth.putChild(b"in", below)
        for _ in range(2):
            self.assertEqual(self.ask(HAN, start="GET /in").body, b"han secret in |")
            answered = self.ask(HAN, start="GET /in/a")
            self.assertEqual(answered.body, b"han secret in a |")
        self.assertEqual(self.ask(start="GET /in").code, 401)
        self.assertRaises(NotImplementedError, below.putChild, b"a", below)

    def test_malformed_fields_are_401_without_a_check(self) -> None:
        token = HAN.removeprefix("Basic ")
        cases: list[list[str | bytes]] = [
            [b""],
            [b"Basic"],
            [b"Basic "],
            [b"Basic !!!"],
            [b"Basic " + token[:-1].encode()],
            [b"Basic " + token.encode() + b"="],
            [b"Basic " + token.encode() + b" x"],
            [b"Basic \xff\xff"],
            [f"Bearer {token}"],
            [f"Basic{token}"],
            ["Basic " + b64encode(b"hansecret").decode()],
            [basic("han\0", "secret")],
            [basic("han", "secret\0")],
            [basic("han", "secret\n")],
            [basic("han", "\x85secret", "latin-1")],
            [basic("han", "x" * 800)],
            [basic("han", "x" * 20_000)],
            [HAN, HAN],
            [HAN, WRONG],
        ]
        for fields in cases:
            self.assertEqual(self.ask(*fields).code, 401, fields)
        self.assertEqual(self.checks(), 0)
        for good in [f"bAsIc {token}", f"Basic  {token}"]:
            self.assertEqual(self.ask(good).code, 200)

    def test_credentials_are_utf8_or_latin1(self) -> None:
        self.protect(f"lé:{hashed('ïa')}")
        for charset in ("utf-8", "latin-1"):
            answered = self.ask(basic("lé", "ïa", charset))
            self.assertEqual(answered.body, "lé ïa a |".encode())
        self.assertEqual(self.ask(basic("le", "ia")).code, 401)

    def test_password_may_have_colons(self) -> None:
        self.protect(f"han:{hashed('a:b:')}")
        self.assertEqual(self.ask(basic("han", "a:b:")).code, 200)
        self.assertEqual(self.ask(basic("han", "a:b")).code, 401)

    def test_realm_is_quoted_and_must_be_ascii(self) -> None:
        self.protect(realm='a "b" \\c')
        challenge = self.ask().fields["www-authenticate"]
        self.assertIn('realm="a \\"b\\" \\\\c",', challenge)
        for realm in ("a\r\nX: y", "ü", "a\0"):
            self.assertRaises(ValueError, self.protect, realm=realm)

    def test_fields_for_refusals_are_those_of_the_tree(self) -> None:
        self.tree.refusal_fields = ((b"X", b"y"),)
        self.protect()
        self.assertEqual(self.auth.refusal_fields, ((b"X", b"y"),))

    def test_tree_that_raises_is_500(self) -> None:
        for _ in range(2):
            self.assertEqual(self.ask(HAN, start="GET /bad").code, 500)
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 2)

    def test_streaming_tree_streams_once_the_password_is_right(self) -> None:
        self.tree.isLeaf = True
        self.tree.streams_up_to = 10
        self.protect(f"han:{SHA1_OF_SECRET}")
        pieces: list[Any] = []

        def render(request: Any) -> bytes:
            pieces.append(request.body)
            return b"streamed"

        self.tree.render_POST = render
        for field, code in [(WRONG, b"401"), (HAN, b"200"), (HAN, b"200")]:
            connection = self.send()
            connection.transport.clear()
            connection.protocol.site = Site(
                self.auth, reactor=connection.clock, streaming=True
            )
            head = f"POST / HTTP/1.1\r\nHost: a\r\nAuthorization: {field}\r\n"
            head += "Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"
            answered = connection.send(head.encode())
            self.assertEqual(answered[9:12], code)
        self.assertEqual(len(pieces), 2)
        self.assertNotIn(None, pieces)


class RememberingTests(AuthCase):
    """Credentials that were right a short time ago."""

    def test_right_credentials_are_checked_once(self) -> None:
        for _ in range(3):
            self.assertEqual(self.ask(HAN).code, 200)
        self.assertEqual(self.checks(), 1)
        self.assertEqual(self.ask(WRONG).code, 401)
        self.assertEqual(self.ask(basic("ha", "nsecret")).code, 401)
        self.assertEqual(self.checks(), 3)

    def test_wrong_credentials_are_checked_each_time(self) -> None:
        for _ in range(3):
            self.assertEqual(self.ask(WRONG).code, 401)
        self.assertEqual(self.checks(), 3)

    def test_remembered_for_five_minutes(self) -> None:
        self.ask(HAN)
        self.clock.advance(299)
        self.ask(HAN)
        self.assertEqual(self.checks(), 1)
        self.clock.advance(1)
        self.assertEqual(self.ask(HAN).code, 200)
        self.assertEqual(self.checks(), 2)

    def test_forgotten_when_the_users_change(self) -> None:
        self.ask(HAN)
        self.path.write_text(f"han:{SHA1_OF_SECRET}\nleia:{SHA1_OF_SECRET}\n")
        self.assertEqual(self.ask(HAN).code, 200)
        self.assertEqual(self.checks(), 2)
        self.path.write_text("# nobody\n")
        self.assertEqual(self.ask(HAN).code, 401)

    def test_not_remembered_when_the_users_change_during_the_check(self) -> None:
        self.elsewhere.at_once = False
        han = self.send(HAN)
        self.path.write_text("# nobody\n")
        self.send(WRONG)
        waiting, _, _ = self.elsewhere.begun[0]
        waiting.callback(True)
        self.assertIn(b"200 OK", han.transport.value())
        self.elsewhere.at_once = True
        self.assertEqual(self.ask(HAN).code, 401)

    def test_number_of_remembered_credentials_is_bounded(self) -> None:
        self.patch(credentials, "REMEMBERED_CREDENTIALS", 2)
        self.protect(*[f"u{n}:{SHA1_OF_SECRET}" for n in range(3)])
        for n in (0, 1, 1, 0, 2):
            self.ask(basic(f"u{n}", "secret"))
        self.assertEqual(self.checks(), 3)
        self.assertEqual(len(self.auth._remembered._until), 2)
        self.ask(basic("u2", "secret"))
        self.ask(basic("u1", "secret"))
        self.assertEqual(self.checks(), 3)
        self.ask(basic("u0", "secret"))
        self.assertEqual(self.checks(), 4)

    def test_same_credentials_twice_push_out_no_others(self) -> None:
        self.patch(credentials, "REMEMBERED_CREDENTIALS", 2)
        self.protect(f"han:{SHA1_OF_SECRET}", f"leia:{SHA1_OF_SECRET}")
        self.ask(HAN)
        self.elsewhere.at_once = False
        for _ in range(2):
            self.send(basic("leia", "secret"))
        self.elsewhere.end(1)
        self.elsewhere.end(2)
        self.assertEqual(self.ask(HAN).code, 200)
        self.assertEqual(self.checks(), 3)

    def test_no_password_is_kept(self) -> None:
        self.ask(HAN)
        kept = repr(vars(self.auth._remembered)) + repr(vars(self.auth))
        for secret in ("secret", "han", HAN[6:]):
            self.assertNotIn(secret, kept)


class FloodTests(AuthCase):
    """Many at once."""

    def setUp(self) -> None:
        super().setUp()
        self.elsewhere.at_once = False

    def test_two_passwords_are_checked_at_a_time(self) -> None:
        asking = [self.send(basic(f"u{n}", "x")) for n in range(4)]
        self.assertEqual(self.checks(), 2)
        self.elsewhere.end(1)
        self.assertEqual(self.checks(), 3)
        self.elsewhere.end(0)
        self.elsewhere.end(2)
        self.elsewhere.end(3)
        for connection in asking:
            self.assertIn(b" 401 ", connection.transport.value())

    def test_check_beyond_the_queue_is_503(self) -> None:
        asking = [self.send(basic(f"u{n}", "x")) for n in range(34)]
        for start in ("GET /a", "HEAD /a"):
            answered = self.ask(WRONG, start=start)
            self.assertEqual(answered.code, 503)
            self.assertEqual(answered.fields["retry-after"], "5")
            self.assertEqual(answered.fields["cache-control"], "no-store")
        for number in range(34):
            self.elsewhere.end(number)
        for connection in asking:
            self.assertIn(b" 401 ", connection.transport.value())
        self.assertEqual(self.checks(), 34)
        self.assertEqual(self.send(WRONG).transport.value(), b"")

    def test_guessers_of_one_address_do_not_keep_others_out(self) -> None:
        guessing = [self.send(WRONG, host="10.0.0.1") for _ in range(40)]
        refused = [c for c in guessing if b" 503 " in c.transport.value()]
        self.assertEqual(len(refused), 6)
        han = self.send(HAN, host="10.0.0.2")
        self.elsewhere.end(0)
        self.elsewhere.end(1)
        self.elsewhere.end(2)
        self.elsewhere.end(3)
        self.assertIn(b" 200 ", han.transport.value())

    def test_addresses_take_turns(self) -> None:
        for user, host in [
            *[("a", "10.0.0.1")] * 5,
            *[("b", "10.0.0.2")] * 2,
            ("c", "10.0.0.3"),
        ]:
            self.send(basic(user, "x"), host=host)
        for number in range(8):
            self.elsewhere.end(number)
        users = [args[0] for _, _, args in self.elsewhere.begun]
        self.assertEqual("".join(users), "aaabcaba")

    def test_addresses_of_one_network_count_as_one(self) -> None:
        for hosts, refused in [
            ([f"2001:db8::{n:x}" for n in range(40)], 6),
            ([f"2001:db8:0:{n:x}::1" for n in range(40)], 0),
            (["::ffff:10.0.0.1", "10.0.0.1"] * 20, 6),
            ([f"fe80::{n:x}%eth0" for n in range(40)], 6),
        ]:
            self.elsewhere.end_all()
            self.protect(f"han:{SHA1_OF_SECRET}")
            guessing = [self.send(WRONG, host=host) for host in hosts]
            found = [c for c in guessing if b" 503 " in c.transport.value()]
            self.assertEqual(len(found), refused, hosts[1])

    def test_checks_of_all_addresses_are_bounded(self) -> None:
        self.patch(address_turns, "WAITING_IN_ALL", 5)
        hosts = [f"10.0.0.{n}" for n in range(10)]
        guessing = [self.send(WRONG, host=host) for host in hosts]
        refused = [c for c in guessing if b" 503 " in c.transport.value()]
        self.assertEqual(refused, guessing[7:])

    def test_remembered_user_does_not_wait(self) -> None:
        self.elsewhere.at_once = True
        self.ask(HAN)
        self.elsewhere.at_once = False
        for n in range(40):
            self.send(basic(f"u{n}", "x"))
        self.assertEqual(self.ask(HAN).code, 200)

    def test_same_credentials_at_once_are_checked_no_further(self) -> None:
        asking = [self.send(HAN) for n in range(6)]
        self.elsewhere.end(0)
        self.elsewhere.end(1)
        self.assertEqual(self.checks(), 2)
        for connection in asking:
            self.assertIn(b" 200 ", connection.transport.value())

    def test_client_that_goes_away_while_waiting_is_not_checked(self) -> None:
        asking = [self.send(basic(f"u{n}", "x")) for n in range(5)]
        for connection in asking[:4]:
            connection.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertEqual(self.checks(), 2)  # going away starts no other
        self.elsewhere.end(0)
        self.assertEqual(self.checks(), 3)  # but who has gone is not waited for
        self.assertEqual(self.elsewhere.begun[2][2][0], "u4")
        self.elsewhere.end(1)
        self.elsewhere.end(2)
        self.assertIn(b" 401 ", asking[4].transport.value())
        self.assertEqual(asking[0].transport.value(), b"")

    def test_client_that_goes_away_during_its_check_reaches_nothing(self) -> None:
        han = self.send(HAN)
        han.protocol.connectionLost(Failure(ConnectionDone()))
        self.elsewhere.end(0)
        self.assertEqual((self.tree.asked, han.transport.value()), ([], b""))

    def test_check_that_raises_is_500_without_the_reason(self) -> None:
        told: list[str] = []
        observer: Any = lambda event: told.append(repr(event))  # noqa: E731
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        asking = [self.send(HAN) for _ in range(3)]
        gone = asking[1]
        gone.protocol.connectionLost(Failure(ConnectionDone()))
        for number in (0, 1):
            self.elsewhere.begun[number][0].errback(Failure(RuntimeError("no thread")))
        (error,) = self.flushLoggedErrors(RuntimeError)
        self.assertIn(b" 500 ", asking[0].transport.value())
        self.assertNotIn(b"no thread", asking[0].transport.value())
        self.elsewhere.end(2)
        self.assertIn(b" 200 ", asking[2].transport.value())
        for secret in ("secret", HAN[6:]):
            self.assertNotIn(secret, error.getTraceback() + "".join(told))
