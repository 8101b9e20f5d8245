"""
Where the database is: a PostgreSQL URL, with a few parameters of our own in its query.

Rule: what libpq understands is passed to libpq as it is; timeouts that the user did not
set get values that end. The password is in no text for people.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_plus

import psycopg
from psycopg.conninfo import conninfo_to_dict

DEADLINE_SECONDS = 5.0
"""Until an operation has failed: less than most clients wait for a response."""

PREPARE_AFTER = 5
"""Executions of a statement; this is the default of psycopg."""

DEFAULT_CONNECTIONS = 8
"""Of one store: a server has 100 by default, for all daemons together."""

CONNECT_SECONDS = 3
"""For a connection to one host: this leaves time for a second host."""

MAX_NAME_BYTES = 255
"""The longest name of a log or a collection."""

LIBPQ_DEFAULTS = {
    "client_encoding": "utf8",
    "fallback_application_name": "dartio-tut",
    "keepalives_idle": "10",  # a peer that vanished is noticed before the next use
    "keepalives_interval": "5",
    "keepalives_count": "3",
}
"""What libpq is told unless the URL says something else."""

OUR_PARAMETERS = ("log", "collection", "deadline", "connections", "prepare")

_QUERY = re.compile(r"([a-z]+://(?:[^@/]*@)?[^?]*)(?:\?(.*))?", re.DOTALL)
"""A URL before and behind its question mark; the password may contain one too."""


@dataclass(frozen=True)
class Database:
    """
    Where a store is, and how it is used.

    :ivar host: the hosts, in words for people.
    :ivar conninfo: the parameters for libpq.
    :ivar prepares: whether statements are prepared; a pooler in transaction mode may
        not be able to deal with that.
    """

    host: str
    conninfo: dict[str, str] = field(repr=False)
    log: str | None = None
    collection: str | None = None
    deadline: float = DEADLINE_SECONDS
    connections: int = DEFAULT_CONNECTIONS
    prepares: bool = True

    @property
    def prepare_threshold(self) -> int | None:
        """How often psycopg sends a statement before it prepares it."""
        return PREPARE_AFTER if self.prepares else None

    def clean(self, text: str) -> str:
        """*text* on one line, without the password in any spelling."""
        password = self.conninfo.get("password")
        if password:
            spellings = {password, quote(password), quote(password, safe="")}
            for spelling in sorted(spellings, key=len, reverse=True):
                text = text.replace(spelling, "***")
        return " ".join(text.split())


def read_url(url: str) -> Database:
    """
    The database at *url*.

    :raise ValueError: the text says what is wrong, without the URL.
    """
    ours, theirs = _parted(url)
    try:
        conninfo = {k: str(v) for k, v in conninfo_to_dict(theirs).items()}
    except psycopg.Error as error:
        raise ValueError(_what_is_wrong(str(error))) from None
    _check_password_is_encoded(conninfo)
    deadline = _number(ours, "deadline", DEADLINE_SECONDS)
    connections = _number(ours, "connections", DEFAULT_CONNECTIONS)
    return Database(
        host=_for_people(conninfo),
        conninfo=_with_defaults(conninfo, deadline),
        log=ours.get("log"),
        collection=ours.get("collection"),
        deadline=deadline,
        connections=math.ceil(connections),
        prepares=_yes_or_no(ours, "prepare"),
    )


def location_of(url: str) -> str:
    """
    The hosts and the database of *url*, for people: no user, no password.

    What a password may have done to a URL that cannot be read is taken off, too.
    """
    try:
        database = read_url(url)
    except ValueError:
        before, _, behind = url.partition("://")[2].rpartition("?")
        address = before if "@" in before else before + behind
        return "postgresql://" + address.rpartition("@")[2].partition("?")[0]
    hosts = database.host.replace(", ", ",")
    return f"postgresql://{hosts}/{database.conninfo.get('dbname', '')}"


def encoded_name(name: str) -> bytes:
    """
    The *name* of a log or a collection as it is stored.

    :raise ValueError: if it cannot be the name of one.
    """
    try:
        encoded = name.encode()
    except UnicodeEncodeError:
        encoded = b""
    if not 0 < len(encoded) <= MAX_NAME_BYTES:
        raise ValueError(
            f"a log or a collection has a name of 1 to {MAX_NAME_BYTES} bytes"
        )
    return encoded


def _parted(url: str) -> tuple[dict[str, str], str]:
    """Our parameters in the query, and the URL without them."""
    matched = _QUERY.fullmatch(url)
    if matched is None:
        raise ValueError("the URL of a database begins with postgresql://")
    address, query = matched[1], matched[2] or ""
    ours, theirs = {}, []
    for word in filter(None, query.split("&")):
        key, _, value = word.partition("=")
        if key in OUR_PARAMETERS:
            ours[key] = unquote_plus(value)
        else:
            theirs.append(word)
    return ours, address + "?" * bool(theirs) + "&".join(theirs)


def _number(words: dict[str, str], key: str, default: float) -> float:
    try:
        number = float(words.get(key, default))
    except ValueError:
        number = 0
    if not 0 < number <= 1000:
        raise ValueError(f"{key} in the database's URL is not a number above 0")
    return number


def _yes_or_no(words: dict[str, str], key: str) -> bool:
    word = words.get(key, "yes")
    if word not in ("yes", "no"):
        raise ValueError(f"{key} in the database's URL is neither yes nor no")
    return word == "yes"


def _with_defaults(conninfo: dict[str, str], deadline: float) -> dict[str, str]:
    """What libpq is told: timeouts, and to find the host that takes writes."""
    milliseconds = str(math.ceil(deadline * 1000))
    defaults = LIBPQ_DEFAULTS | {
        "connect_timeout": str(min(CONNECT_SECONDS, math.ceil(deadline))),
        "tcp_user_timeout": milliseconds,
    }
    if "," in conninfo.get("host", "") + conninfo.get("hostaddr", ""):
        defaults["target_session_attrs"] = "read-write"
    # Poolers may refuse "options": what the URL says, even if empty, is not changed.
    options = conninfo.get("options")
    if options is None or ("statement_timeout" not in options and options):
        timeout = f"-c statement_timeout={milliseconds}"
        conninfo = conninfo | {"options": f"{options or ''} {timeout}".strip()}
    return defaults | conninfo


def _for_people(conninfo: dict[str, str]) -> str:
    hosts = conninfo.get("host") or conninfo.get("hostaddr") or "this machine"
    ports = conninfo.get("port", "").split(",")
    return ", ".join(_with_port(hosts.split(","), ports))


def _with_port(hosts: list[str], ports: list[str]) -> Iterable[str]:
    ports = ports * len(hosts) if len(ports) == 1 else ports
    for number, host in enumerate(hosts):
        port = ports[number] if number < len(ports) else ""
        yield f"{host}:{port}" if port else host


def _what_is_wrong(error: str) -> str:
    """What libpq's *error* says about a URL, unless it may quote the password."""
    named = re.search(r'invalid URI query parameter: "(\w+)"', error)
    if named:
        return f"the database's URL has an unknown parameter: {named[1]}"
    return "the database's URL cannot be read"


def _check_password_is_encoded(conninfo: dict[str, str]) -> None:
    """
    Check that libpq did not read a part of the password as something else.

    :raise ValueError: if that seems to be so.
    """
    ports = conninfo.get("port", "").replace(",", "")
    has_at = "@" in conninfo.get("host", "") + conninfo.get("dbname", "")
    if has_at or not (ports or "0").isdecimal():
        raise ValueError(
            "in the password of the database's URL, write %40 for @ and %2F for /"
        )
