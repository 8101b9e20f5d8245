"""
The pages of a running ``tutorial``, for a person at the machine and for a classroom.
"""

from __future__ import annotations

import json
import re
import shutil
import socket
import ssl
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from cryptography import x509
from ifaddr import get_adapters
from twisted.trial.unittest import SkipTest

import dartio_tut.servers.hello
from dartio_tut.servers.lessons import LESSONS

from .support.certificates import Signer
from .support.harness import Case, Daemon, ask


class Links(HTMLParser):
    """Where the links and forms of a *page* lead."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value and name in ("href", "action", "data-server"):
                self.found.append(value)


def unchecked() -> ssl.SSLContext:
    """A client that takes any certificate."""
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    tls.set_alpn_protocols(["h2", "http/1.1"])
    return tls


def own_address() -> str:
    """
    The address by which others reach this machine.

    :raise SkipTest: when it has none.
    """
    for adapter in get_adapters():
        for found in adapter.ips:
            if isinstance(found.ip, str) and not found.ip.startswith("127."):
                return found.ip
    raise SkipTest("NOT TESTED: links for other machines; no network here")


class SiteCase(Case):
    """A running tutorial."""

    options: tuple[str, ...] = ()

    def setUp(self) -> None:
        super().setUp()
        self.tutorial = self.begun()
        self.ports = {one.name: self.tutorial.ready().port for one in LESSONS}
        self.pages = self.ports["pages"]

    def begun(self) -> Daemon:
        return self.daemon("tutorial", "--port", "0", "--store", "data", *self.options)

    def page(self, target: str = "/", host: str = "localhost") -> str:
        """The page at *target*, for somebody who calls the machine *host*."""
        fields = {"Host": f"{host}:{self.pages}"}
        response = ask(self.pages, target=target, fields=fields)
        self.assertEqual(response.code, 200, target)
        return response.body.decode()

    def links(self, target: str = "/", host: str = "localhost") -> set[str]:
        """Where the links of a page lead, as URLs."""
        page = f"http://{host}:{self.pages}{target}"
        found = Links(self.page(target, host)).found
        return {urljoin(page, link) for link in found if not link.startswith("data:")}


class IndexTests(SiteCase):
    """The index, and what it links to."""

    def test_every_link_of_every_page_leads_somewhere(self) -> None:
        followed = set()
        for target in ("/", "/make_a_guess.html", "/note_taker.html", "/learn/"):
            for url in self.links(target):
                parts = urlsplit(url)
                self.assertEqual(parts.hostname, "localhost", url)
                assert parts.port
                tls = unchecked() if parts.scheme == "https" else None
                host = {"Host": parts.netloc}
                where = parts.path + ("?" + parts.query if parts.query else "")
                response = ask(parts.port, target=where, fields=host, tls=tls)
                # The course is not built here, and notes takes POST only.
                to_lesson = re.match(r"/learn/.", parts.path)
                missing = to_lesson or parts.port == self.ports["notes"]
                wanted = 404 if missing else 200
                self.assertEqual(response.code, wanted, url)
                followed.add(parts.port)
        self.assertEqual(followed, set(self.ports.values()) - {self.ports["writer"]})

    def test_it_tells_what_the_list_of_the_servers_tells(self) -> None:
        listed = ask(
            self.pages,
            target="/servers.json",
            fields={"Host": f"localhost:{self.pages}"},
        )
        page = self.page()
        for server in json.loads(listed.body):
            _, _, card = page.partition(f'<li id="{server["name"]}">')
            card = card.partition("<li ")[0].replace("<wbr>", "")
            address = urlsplit(server["url"]).netloc
            for told in (">runs<", address, server["source"], server["store"] or ""):
                self.assertIn(told, card)
            self.assertIn("/learn/" + server["lesson"][5:-3] + ".html", card)
        self.assertEqual(page.count(">runs<"), len(LESSONS))

    def test_pages_say_what_one_who_meets_them_first_would_ask(self) -> None:
        index = re.sub(r"</?em>", "", self.page())
        self.assertIn("choose Advanced, then Proceed", index)
        self.assertIn("hello-secure/cert.pem https://localhost:", index)
        self.assertIn("<p>Saves notes", self.page("/note_taker.html"))

    def test_sources_are_those_that_run(self) -> None:
        source = Path(dartio_tut.servers.hello.__file__).read_bytes()
        response = ask(self.pages, target="/source/hello.py")
        self.assertEqual(response.body, source)
        self.assertEqual(response.fields["Content-Type"], "text/plain; charset=utf-8")
        for target in (
            "/source/", "/source/presets.toml", "/source/web", "/source/x",
            "/source/../tutorial.py", "/source/%2e%2e/__init__.py",
        ):  # fmt: skip
            self.assertEqual(ask(self.pages, target=target).code, 404, target)

    def test_a_store_that_is_missing_is_told(self) -> None:
        self.assertNotIn("is missing", self.page())
        shutil.rmtree(self.here / "data" / "writer")
        page = self.page()
        self.assertEqual(page.count("is missing"), 1)
        self.assertIn("is missing", page.partition('<li id="writer">')[2])

    def test_odd_hosts_bring_nothing_into_the_page(self) -> None:
        for host in (
            "<b>", 'localhost"><script>', "[fe80::1%<script>]", "localhost:8080:1",
            "localhost\t<b>", "a b", "", "%3cscript%3e", "[::1", "localhost@evil",
            "evil.example", "localhost.evil.example", "xn--\xfc",
        ):  # fmt: skip
            response = ask(self.pages, fields={"Host": host})
            self.assertIn(response.code, (400, 421), host)
            self.assertNotIn(b"<script>", response.body)
            self.assertNotIn(b"<b>", response.body)
        response = ask(self.pages, fields={"Host": "[::1]:8080"})
        self.assertIn(f'"http://[::1]:{self.ports["hello"]}/"', response.body.decode())

    def test_static_has_examples_wherever_the_servers_were_started(self) -> None:
        static = self.ports["static"]
        self.assertEqual(ask(static, target="/file.txt").body, b"la la la\n")
        names = ask(static, fields={"Accept": "text/plain"}).body.decode().split()
        self.assertEqual(names, ["site/", "songs/", "digits.txt", "file.txt"])
        ranged = ask(static, target="/digits.txt", fields={"Range": "bytes=2-4"})
        self.assertEqual((ranged.code, ranged.body), (206, b"234"))
        self.assertIn(b"An index", ask(static, target="/site/").body)

    def test_reading_the_course_is_not_shown_at_the_wire(self) -> None:
        ask(self.pages, target="/learn/")
        ask(self.pages, target="/seen")
        kept = json.loads(ask(self.pages, target="/wire/exchanges.json").body)
        self.assertEqual(
            [one["program"]["uri"] for one in kept["exchanges"]], ["/seen"]
        )


class CourseTests(SiteCase):
    """A course that was built."""

    options = ("--course", "built")

    def begun(self) -> Daemon:
        (self.here / "built" / "tutorial").mkdir(parents=True)
        (self.here / "built" / "index.html").write_text("the course")
        (self.here / "built" / "tutorial" / "hello.html").write_text("hello")
        return super().begun()

    def test_it_is_served(self) -> None:
        self.assertEqual(self.page("/learn/"), "the course")
        self.assertEqual(self.page("/learn/tutorial/hello.html"), "hello")


class BuiltHereTests(SiteCase):
    """A course that was built where the servers were started, as ``make docs`` does."""

    def test_it_is_found(self) -> None:
        self.assertIn("make docs", self.page("/learn/"))
        built = self.here / "docs/_build/html"
        built.mkdir(parents=True)
        (built / "index.html").write_text("the course")
        self.assertEqual(self.page("/learn/"), "the course")


class NoWireTests(SiteCase):
    """``--no-wire``."""

    options = ("--no-wire",)

    def test_nothing_links_to_what_is_not_there(self) -> None:
        for target in ("/", "/make_a_guess.html", "/note_taker.html", "/learn/"):
            page = self.page(target)
            self.assertNotIn("/wire/", page)
            self.assertNotIn("/try/", page)
        self.assertIn('href="/learn/"', self.page())


class RootTests(SiteCase):
    """A tutorial that serves the folder in which its own files are."""

    def begun(self) -> Daemon:
        signer = Signer(self.here, x509.DNSName("localhost"), days=(-1, 90))
        self.key = signer.path.with_suffix(".key")
        Path(self.here, "options.toml").write_text("max-body = 1000\n")
        self.options = ("--root", ".", "--config", "options.toml", "--cert",
                        str(signer.path), "--key", str(self.key))  # fmt: skip
        return super().begun()

    def test_its_key_and_its_options_are_not_served(self) -> None:
        for name in (self.key.name, "options.toml"):
            answer = ask(self.ports["static"], target=f"/{name}")
            self.assertEqual((name, answer.code), (name, 404))


class ClassroomTests(SiteCase):
    """A tutorial that others can reach."""

    options = ("--interface", "any-v4", "--allow-host", "room.example")

    def test_links_follow_the_host_that_was_asked_for(self) -> None:
        for host in ("192.0.2.7", "room.example", "localhost"):
            for target in ("/", "/make_a_guess.html", "/note_taker.html"):
                hosts = {urlsplit(url).hostname for url in self.links(target, host)}
                self.assertEqual(hosts, {host})
            form = self.page("/make_a_guess.html", host)
            thinker = self.ports["thinker"]
            action = f'<form action="http://{host}:{thinker}/" method="GET">'
            self.assertIn(action, form)
            notes = f'data-server="http://{host}:{self.ports["notes"]}/"'
            self.assertIn(notes, self.page("/note_taker.html", host))

    def test_another_machine_can_follow_them(self) -> None:
        address = own_address()
        for url in self.links("/", address):
            parts = urlsplit(url)
            assert parts.port
            if parts.scheme == "http" and parts.port != self.ports["notes"]:
                response = ask(parts.port, target=parts.path or "/", host=address)
                wanted = 404 if re.match(r"/learn/.", parts.path) else 200
                self.assertEqual(response.code, wanted, url)

    def test_what_is_for_the_person_at_the_machine_is_not_offered(self) -> None:
        for host in ("localhost", "room.example"):
            page = self.page("/", host)
            self.assertNotIn('href="/wire/"', page)
            self.assertNotIn("<dt>Store", page)
            self.assertIn("for a person at the", page)
        self.assertEqual(ask(self.pages, target="/wire/").code, 403)

    def test_nothing_is_watched_because_nobody_may_see_it(self) -> None:
        """A server that is watched does not offer HTTP/2."""
        port = self.ports["hello-secure"]
        with (
            socket.create_connection(("127.0.0.1", port), 30) as plain,
            unchecked().wrap_socket(plain) as secure,
        ):
            self.assertEqual(secure.selected_alpn_protocol(), "h2")
        said = [line for line in self.tutorial.lines if "which nobody may see" in line]
        self.assertEqual(len(said), 1)


class AlonePagesTests(Case):
    """``pages`` by itself."""

    def test_links_follow_the_host_that_was_asked_for(self) -> None:
        pages = self.serve("pages", "--interface", "any-v4")
        fields = {"Host": f"desk.local:{pages.port}"}
        for target in ("/", "/make_a_guess.html", "/note_taker.html"):
            said = ask(pages, target=target, fields=fields).body.decode()
            self.assertNotIn("localhost", said)
            for link in Links(said).found:
                self.assertRegex(
                    link, r"^(https?://desk\.local:40\d\d/|/|[a-z_]+\.|data:)"
                )

    def test_a_folder_of_ones_own_is_served_as_it_is(self) -> None:
        (self.here / "own").mkdir()
        (self.here / "own" / "index.html").write_text("http://localhost:4041/")
        pages = self.serve("pages", "--root", "own")
        response = ask(pages, fields={"Host": "desk.local"})
        self.assertEqual(response.body, b"http://localhost:4041/")
