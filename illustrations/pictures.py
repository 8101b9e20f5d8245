"""
The pictures of the documentation, each from a run of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dartio_tut.anatomy import SentBy, take_apart
from dartio_tut.course.before import resource_tree
from dartio_tut.course.from_nothing import step_4

from .recording import connect, lesson, receive, running, settled
from .sequence import Bar, Note, Sent, Sequence, Step, message_lines
from .tls_picture import tls_handshake
from .tree import Tree

WIDE, NARROW = 62, 31
"""Characters that fit between two lanes, of two and of three: only a first line."""

CURL = (
    b"GET / HTTP/1.1\r\nHost: localhost:4040\r\n"
    b"User-Agent: curl/8.14.1\r\nAccept: */*\r\n\r\n"
)
"""What curl sends for ``curl http://localhost:4040/``."""

RETRIES = 3
"""How often clients may be late: a machine can be very busy."""

PREFLIGHT = (
    b"OPTIONS / HTTP/1.1\r\nHost: localhost:4042\r\nOrigin: http://localhost:8080\r\n"
    b"Access-Control-Request-Method: POST\r\n"
    b"Access-Control-Request-Headers: idempotency-key\r\n\r\n"
)
NOTE = b'{"myNote": "Buy milk"}'
POST = (
    b"POST / HTTP/1.1\r\nHost: localhost:4042\r\nOrigin: http://localhost:8080\r\n"
    b"Idempotency-Key: 3fd1\r\nContent-Length: %d\r\n\r\n%b" % (len(NOTE), NOTE)
)
"""What a browser sends for the note taker, without the fields that say who it is."""


def sent(source: str, target: str, raw: bytes, by: SentBy, longest: int = WIDE) -> Sent:
    """A message as a step."""
    message = take_apart(settled(raw), by)
    first = message.raw.partition(b"\r\n")[0].decode("latin-1")
    kind = "request" if by == "client" else "response"
    words = f"the {kind} {first}"
    lines = message_lines(message, longest)
    return Sent(source, target, words, lines[:1] if longest == NARROW else lines)


def one_exchange() -> Sequence:
    """A request and its response."""
    curl, server = "curl", "twistd -n hello"
    lanes = {curl: "the client", server: "the server, at port 4040"}
    steps: list[Step] = [Note(curl, "curl http://localhost:4040/")]
    with running(*lesson("hello")) as daemon, connect(daemon.port) as wire:
        steps.append(Sent(curl, server, "opens a connection to port 4040 (TCP)"))
        wire.sendall(CURL)
        steps.append(sent(curl, server, CURL, "client"))
        steps += [Bar(server, "works", "first"), Note(server, "Hello.render(request)")]
        response = receive(wire)
        steps.append(sent(server, curl, response, "server"))
        steps.append(Bar(server, "works", "first"))
    steps.append(Sent(curl, server, "closes the connection"))
    title = "One exchange: a request, and the response to it"
    return Sequence("one-exchange", title, lanes, steps)


def preflight() -> Sequence:
    """A browser that asks whether a page may ask."""
    browser, server = "browser", "twistd -n notes"
    lanes = {
        browser: "has a page of localhost:8080",
        server: "another origin: port 4042",
    }
    steps: list[Step] = [
        Note(browser, 'fetch("http://localhost:4042/",\n  {method: "POST", ...})')
    ]
    with running(*lesson("notes")) as daemon, connect(daemon.port) as wire:
        wire.sendall(PREFLIGHT)
        steps.append(sent(browser, server, PREFLIGHT, "client"))
        steps.append(sent(server, browser, receive(wire), "server"))
        steps.append(Note(browser, "The page may do it.", "good"))
        wire.sendall(POST)
        steps.append(sent(browser, server, POST, "client"))
        steps.append(Note(server, "Notes.post(request)"))
        steps.append(sent(server, browser, receive(wire), "server"))
        steps.append(Note(browser, "The page may read the response.", "good"))
    title = "A preflight: the browser asks first whether a page may send a request"
    return Sequence("preflight", title, lanes, steps)


def two_clients(way: str) -> Sequence:
    """Two clients of a server that takes its time for one of them."""
    is_asleep = way == "sleep"
    lanes = {"A": "a client", SERVER: "one process", "B": "another client"}
    steps: list[Step] = []
    events, responses = _run_two(way)
    for _ in range(RETRIES):
        if events.index(("sends", "/quick")) < events.index(("ends", "/slow")):
            break
        events, responses = _run_two(way)  # the second client came too late
    for event, path in events:
        client, side, color = CLIENTS[path]
        waits = is_asleep and client == "B"
        if event == "sends":
            steps.append(sent(client, SERVER, _get(path), "client", NARROW))
            if waits:
                steps.append(Bar(SERVER, "waits", "waits", side))
                steps.append(Note(client, "waits until A is done", "bad"))
        elif event == "begins":
            if waits:
                steps.append(Bar(SERVER, "waits", "waits", side))
            steps.append(Bar(SERVER, client, color, side))
            if client == "A":
                words = "time.sleep(...)" if is_asleep else "await deferLater(...)"
                steps.append(Note(SERVER, words, "bad" if is_asleep else "good"))
        else:
            steps.append(sent(SERVER, client, responses[path], "server", NARROW))
            steps.append(Bar(SERVER, client, color, side))
    if is_asleep:
        title = "Two clients, and a server that sleeps: the second has to wait"
        return Sequence("two-clients-sleep", title, lanes, steps)
    title = "Two clients, and a server that waits: the second is answered at once"
    return Sequence("two-clients", title, lanes, steps)


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: localhost:8000\r\n\r\n".encode("ascii")


def _run_two(way: str) -> tuple[list[tuple[str, str]], dict[str, bytes]]:
    """
    Have two clients ask, the second while the first one waits.

    :return: what clients and server do, and about which request, in the order of time;
        the responses.
    """
    events: list[tuple[float, str, str]] = []
    responses: dict[str, bytes] = {}
    with running("illustrations.slow_server", way) as daemon:

        def ask(path: str) -> None:
            with connect(daemon.port) as wire:
                events.append((time.monotonic(), "sends", path))
                wire.sendall(_get(path))
                responses[path] = receive(wire)

        def listen() -> None:
            event, path, moment = daemon.output.readline().split()
            events.append((float(moment), event, path))

        clients = [threading.Thread(target=ask, args=[path]) for path in CLIENTS]
        clients[0].start()
        listen()  # the server has begun with the first request
        clients[1].start()
        for _ in range(3):
            listen()
        for client in clients:
            client.join()
    return [(event, path) for _, event, path in sorted(events)], responses


SERVER = "server"

CLIENTS = {"/slow": ("A", -1, "first"), "/quick": ("B", 1, "second")}
"""Who asks for what, at which side of the server, and in which color."""


def resources_and_children() -> Tree:
    """The tree of the page on resources."""
    targets = ("/", "/branch", "/branch/a", "/leaf/a/b", "/numbers/7", "/numbers/x")
    title = "A tree of resources, and which of them answers"
    return Tree("resource-tree", title, resource_tree.make_tree(), targets)


def greetings_by_path() -> Tree:
    """The tree of step 4."""
    targets = ("/", "/greet", "/greet/Leia", "/other")
    title = "The tree of step 4, and which resource answers"
    return Tree("resource-tree-step-4", title, step_4.make_tree(), targets)


PICTURES: tuple[Callable[[], Sequence | Tree], ...] = (
    one_exchange,
    lambda: two_clients("wait"),
    lambda: two_clients("sleep"),
    tls_handshake,
    preflight,
    resources_and_children,
    greetings_by_path,
)
"""What makes each picture."""
