"""
Errors, and what answers say to caches, scripts of other sites and strangers.
"""

from __future__ import annotations

import base64
import json
import re

from .answer import Answer
from .asking import Server
from .judging import Verdict, brief, graded, permitted, wrong
from .listing import Listing
from .rows import Group, Row, answer_to
from .tree import OWN_404

MISSING = "/missing"
ORIGIN = "https://app.example"
USER, PASSWORD = "me", "secret"

PAGE = 400
"""Bytes that a person in a terminal may be told an error with, at most."""


def _browser(answer: Answer) -> Verdict:
    kind = answer.field("content-type")
    good = answer.status == 404 and "html" in kind
    return graded(f"{brief(answer)} {kind}", good=good, fair=answer.status == 404)


def _terminal(answer: Answer) -> Verdict:
    kind = answer.field("content-type").partition(";")[0]
    said = f"{brief(answer)} {kind or 'no type'}, {len(answer.body)} bytes"
    good = kind == "text/plain" and 0 < len(answer.body) <= PAGE
    return graded(said, good=answer.status == 404 and good, fair=answer.status == 404)


def _program(answer: Answer) -> Verdict:
    kind = answer.field("content-type").partition(";")[0]
    said = f"{brief(answer)} {kind}"
    if "json" not in kind:
        return graded(said, good=False, fair=answer.status == 404)
    try:
        json.loads(answer.body)
    except ValueError:
        return wrong(f"{said}, not JSON")
    return graded(said, good=answer.status == 404)


def _reflected(server: Server) -> Verdict:
    """A path that is markup: decoded by the server, or sent by a rude client."""
    for path in ("/%3Cxss%3E", "/<xss>", '/"><xss>'):
        answer = server.ask(path, [("Accept", "text/html")])
        if "html" not in answer.field("content-type"):
            continue
        if "xss" in Listing(answer.body.decode("latin-1")).tags:
            return wrong(f"{brief(answer)}, becomes markup")
    return graded("no markup", good=True)


def _own(answer: Answer) -> Verdict:
    if answer.body != OWN_404:
        return permitted(f"{brief(answer)}, its own")
    return graded(brief(answer), good=answer.status == 404)


def _default_caching(answer: Answer) -> Verdict:
    """Nothing that keeps a changed file from being seen, unless asked for."""
    said = answer.field("cache-control")
    age = re.search(r"max-age=(\d+)", said)
    fresh = not age or age[1] == "0"
    return graded(said or "none", good=fresh, fair=True)


def _cache_option(server: Server) -> Verdict:
    style = server.ask("/style.css").field("cache-control")
    plain = server.ask("/plain.txt").field("cache-control")
    good = "max-age=60" in style and "max-age=60" not in plain
    return graded(style or "none", good=good)


def _no_version(answer: Answer) -> Verdict:
    said = answer.field("server")
    return graded(said or "none", good=not re.search(r"\d", said), fair=True)


def _policy(answer: Answer) -> Verdict:
    """A page that the server itself makes needs no scripts from elsewhere."""
    said = answer.field("content-security-policy")
    return graded("yes" if said else "none", good=bool(said), fair=True)


def _same_origin(answer: Answer) -> Verdict:
    said = answer.field("access-control-allow-origin")
    return graded(said or "none", good=not said, fair=True)


def _shared(answer: Answer) -> Verdict:
    said = answer.field("access-control-allow-origin")
    good = answer.status == 200 and said in ("*", ORIGIN)
    return graded(f"{brief(answer)}, {said or 'not allowed'}", good=good)


def _preflight(answer: Answer) -> Verdict:
    """As the Fetch standard (4.8) has it: a 2xx that allows origin and field."""
    origin = answer.field("access-control-allow-origin")
    fields = answer.field("access-control-allow-headers").lower()
    said = f"{brief(answer)}, {origin or 'no origin'}, {fields or 'no fields'}"
    success = 200 <= answer.status < 300 and origin in ("*", ORIGIN)
    allowed = "if-none-match" in fields or fields == "*"
    return graded(said, good=success and allowed, fair=success)


def _auth(server: Server) -> Verdict:
    def asked(user: str, password: str) -> Answer:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return server.ask("/plain.txt", [("Authorization", f"Basic {pair}")])

    without = server.ask("/plain.txt")
    answers = [without, asked(USER, "wrong"), asked(USER, PASSWORD)]
    said = ", ".join(brief(answer) for answer in answers)
    good = [answer.status for answer in answers] == [401, 401, 200]
    challenge = without.field("www-authenticate").lower().startswith("basic")
    return graded(
        said if challenge else f"{said}, no challenge", good=good and challenge
    )


_PREFLIGHT = (
    ("Origin", ORIGIN),
    ("Access-Control-Request-Method", "GET"),
    ("Access-Control-Request-Headers", "if-none-match"),
)

ERRORS = Group(
    "Errors",
    Row(
        "404 for a browser",
        "HTML",
        "RFC 9110 12.5.1",
        answer_to(MISSING, _browser, [("Accept", "text/html,*/*;q=0.8")]),
    ),
    Row(
        "404 for curl",
        f"text, to {PAGE} bytes",
        "RFC 9110 12.5.1",
        answer_to(MISSING, _terminal, [("Accept", "*/*"), ("User-Agent", "curl/8.0")]),
    ),
    Row(
        "404 for `Accept: application/json`",
        "JSON",
        "RFC 9457",
        answer_to(MISSING, _program, [("Accept", "application/json")]),
    ),
    Row("404 for a path of markup", "no markup", "no script", _reflected),
    Row(
        "404 with the folder's `404.html`, by default or option",
        "404",
        "not 200",
        answer_to(MISSING, _own, [("Accept", "text/html")]),
        "not-found",
    ),
)

SAID = Group(
    "Caches, scripts and strangers",
    Row(
        "Cache-Control, by default",
        "none, or no age",
        "changes are seen",
        answer_to("/plain.txt", _default_caching),
    ),
    Row(
        "Option: age of `*.css` alone",
        "max-age=60",
        "RFC 9111 5.2",
        _cache_option,
        "cache",
    ),
    Row(
        "Server", "no version", "RFC 9110 10.2.4", answer_to("/plain.txt", _no_version)
    ),
    Row(
        "Content-Security-Policy of the listing",
        "yes",
        "second line",
        answer_to("/sub/", _policy, [("Accept", "text/html")]),
    ),
    Row(
        "For scripts of other sites, by default",
        "not allowed",
        "Fetch 3.3",
        answer_to("/plain.txt", _same_origin, [("Origin", ORIGIN)]),
    ),
    Row(
        "Option: for scripts of another site",
        "200, allowed",
        "Fetch 3.3",
        answer_to("/plain.txt", _shared, [("Origin", ORIGIN)]),
        "cors",
    ),
    Row(
        "Option: preflight of If-None-Match",
        "2xx, both allowed",
        "Fetch 4.8",
        answer_to("/plain.txt", _preflight, _PREFLIGHT, "OPTIONS"),
        "cors",
    ),
    Row(
        "Option: a password (none, wrong, right)",
        "401, 401, 200",
        "RFC 7617 2",
        _auth,
        "auth",
    ),
)
