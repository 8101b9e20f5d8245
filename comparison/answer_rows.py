"""
Errors, and what answers say to caches, scripts of other sites and strangers.
"""

from __future__ import annotations

import base64
import re

from .answer import Answer
from .asking import Server
from .judging import Verdict, brief, graded, permitted, wrong
from .listing import Listing
from .rows import Group
from .tree import OWN_404

MISSING = "/missing"
ORIGIN = "https://app.example"
USER, PASSWORD = "me", "secret"

PAGE = 400
"""Bytes that a person in a terminal may be told an error with, at most."""

ERRORS = Group("Errors")
SAID = Group("Caches, scripts and strangers")


@ERRORS.row("404 for a browser", "HTML", "RFC 9110 12.5.1")
def _browser(server: Server) -> Verdict:
    answer = server.ask(MISSING, [("Accept", "text/html,*/*;q=0.8")])
    said = f"{brief(answer)} {answer.field('content-type')}"
    missing = answer.status == 404
    return graded(said, good=missing and "html" in answer.kind, fair=missing)


@ERRORS.row("404 for curl", f"text, to {PAGE} bytes", "RFC 9110 12.5.1")
def _terminal(server: Server) -> Verdict:
    answer = server.ask(MISSING, [("Accept", "*/*"), ("User-Agent", "curl/8.0")])
    kind, missing = answer.kind, answer.status == 404
    said = f"{brief(answer)} {kind or 'no type'}, {len(answer.body)} bytes"
    short = kind == "text/plain" and 0 < len(answer.body) <= PAGE
    return graded(said, good=missing and short, fair=missing)


@ERRORS.row("404 for `Accept: application/json`", "JSON", "RFC 9457")
def _program(server: Server) -> Verdict:
    answer = server.ask(MISSING, [("Accept", "application/json")])
    said = f"{brief(answer)} {answer.kind}"
    missing, claims = answer.status == 404, "json" in answer.kind
    if claims and not answer.is_json:
        return wrong(f"{said}, not JSON")
    return graded(said, good=missing and claims, fair=missing and not claims)


@ERRORS.row("404 for a path of markup", "no markup", "no script")
def _reflected(server: Server) -> Verdict:
    """A path that is markup: decoded by the server, or sent by a rude client."""
    for path in ("/%3Cxss%3E", "/<xss>", '/"><xss>'):
        answer = server.ask(path, [("Accept", "text/html")])
        if "html" not in answer.kind:
            continue
        if "xss" in Listing(answer.body.decode("latin-1")).tags:
            return wrong(f"{brief(answer)}, becomes markup")
    return graded("no markup", good=True)


@ERRORS.row(
    "404 with the folder's `404.html`, by default or option",
    "404",
    "not 200",
    "not-found",
)
def _own(server: Server) -> Verdict:
    answer = server.ask(MISSING, [("Accept", "text/html")])
    if answer.body != OWN_404:
        return permitted(f"{brief(answer)}, its own")
    return graded(brief(answer), good=answer.status == 404)


@SAID.row("Cache-Control, by default", "none, or no age", "changes are seen")
def _default_caching(server: Server) -> Verdict:
    """Nothing that keeps a changed file from being seen, unless asked for."""
    said = server.ask("/plain.txt").field("cache-control")
    age = re.search(r"max-age=(\d+)", said)
    fresh = not age or age[1] == "0"
    return graded(said or "none", good=fresh, fair=True)


@SAID.row("Option: age of `*.css` alone", "max-age=60", "RFC 9111 5.2", "cache")
def _cache_option(server: Server) -> Verdict:
    style = server.ask("/style.css").field("cache-control")
    plain = server.ask("/plain.txt").field("cache-control")
    good = "max-age=60" in style and "max-age=60" not in plain
    return graded(style or "none", good=good)


@SAID.row("Server", "no version", "RFC 9110 10.2.4")
def _no_version(server: Server) -> Verdict:
    said = server.ask("/plain.txt").field("server")
    return graded(said or "none", good=not re.search(r"\d", said), fair=True)


@SAID.row("Content-Security-Policy of the listing", "yes", "second line")
def _policy(server: Server) -> Verdict:
    """A page that the server itself makes needs no scripts from elsewhere."""
    answer = server.ask("/sub/", [("Accept", "text/html")])
    said = answer.field("content-security-policy")
    return graded("yes" if said else "none", good=bool(said), fair=True)


def _from_elsewhere(server: Server) -> tuple[Answer, str]:
    """What is answered to a script of another site, and who may read that."""
    answer = server.ask("/plain.txt", [("Origin", ORIGIN)])
    return answer, answer.field("access-control-allow-origin")


@SAID.row("For scripts of other sites, by default", "not allowed", "Fetch 3.3")
def _same_origin(server: Server) -> Verdict:
    _, said = _from_elsewhere(server)
    return graded(said or "none", good=not said, fair=True)


@SAID.row("Option: for scripts of another site", "200, allowed", "Fetch 3.3", "cors")
def _shared(server: Server) -> Verdict:
    answer, said = _from_elsewhere(server)
    good = answer.status == 200 and said in ("*", ORIGIN)
    return graded(f"{brief(answer)}, {said or 'not allowed'}", good=good)


@SAID.row(
    "Option: preflight of If-None-Match", "2xx, both allowed", "Fetch 4.8", "cors"
)
def _preflight(server: Server) -> Verdict:
    """As the Fetch standard (4.8) has it: a 2xx that allows origin and field."""
    asked = [("Origin", ORIGIN), ("Access-Control-Request-Method", "GET")]
    asked += [("Access-Control-Request-Headers", "if-none-match")]
    answer = server.ask("/plain.txt", asked, "OPTIONS")
    origin = answer.field("access-control-allow-origin")
    fields = answer.field("access-control-allow-headers").lower()
    said = f"{brief(answer)}, {origin or 'no origin'}, {fields or 'no fields'}"
    success = 200 <= answer.status < 300 and origin in ("*", ORIGIN)
    allowed = "if-none-match" in fields or fields == "*"
    return graded(said, good=success and allowed, fair=success)


@SAID.row(
    "Option: a password (none, wrong, right)", "401, 401, 200", "RFC 7617 2", "auth"
)
def _auth(server: Server) -> Verdict:
    def asked(user: str, password: str) -> Answer:
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return server.ask("/plain.txt", [("Authorization", f"Basic {pair}")])

    without = server.ask("/plain.txt")
    answers = [without, asked(USER, "wrong"), asked(USER, PASSWORD)]
    said = ", ".join(brief(answer) for answer in answers)
    good = [answer.status for answer in answers] == [401, 401, 200]
    challenge = without.field("www-authenticate").lower().startswith("basic")
    said += "" if challenge else ", no challenge"
    return graded(said, good=good and challenge)
