"""
The exchanges as pages that need no script: a list, and a page for each.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from .exchange_json import exchange_json, first_words, status_of
from .plain_text import shown
from .recorded import RecordedExchange
from .recorder import Recorder

_HEAD = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="stylesheet" href="{up}assets/list.css">
<link rel="icon" href="{up}assets/icon.svg">
"""

_INTRODUCTION = """\
<main>
<h1>Exchanges</h1>
<p>The newest first. <a href="list">Reload</a> to see newer ones;
<a href="./">the page with a script</a> shows them as they happen.
"""

_TABLE = "<div role=region aria-label={name} tabindex=0>\n<table>\n"
"""A table that may be wider than the page, and is then scrolled."""

_COLUMNS = f"""\
{_TABLE.format(name="Exchanges")}\
<thead><tr><th scope=col>Exchange<th scope=col>Server<th scope=col>Request
<th scope=col>Response<th scope=col>Time (UTC)<th scope=col>Took</thead>
<tbody>
"""

MAX_TARGET = 100
"""Characters of a request target in the list."""


def list_page(recorder: Recorder) -> bytes:
    """The list of what *recorder* keeps, the newest first."""
    exchanges = recorder.exchanges()[::-1]
    lines = [
        _HEAD.format(title="Exchanges with the servers", up=""),
        _INTRODUCTION,
    ]
    if recorder.dropped:
        lines.append(f"<p>{recorder.dropped:,} older ones are not kept any more.\n")
    if not exchanges:
        lines.append("<p>There are none yet: ask one of the servers for something.\n")
    lines += [
        _COLUMNS,
        *map(_row, exchanges),
        "</tbody>\n</table>\n</div>\n</main>\n</html>\n",
    ]
    return "".join(lines).encode()


def _row(exchange: RecordedExchange) -> str:
    method, target = first_words(exchange)
    request = shown(text[:MAX_TARGET]) if (text := _text(method, target)) else "?"
    done = exchange.done
    outcome = "under way" if done is None else done.ending
    status = status_of(exchange) or "none"
    clock = datetime.fromtimestamp(exchange.started, UTC).strftime("%H:%M:%S.%f")[:-3]
    took = "" if done is None else f"{(done.ended - exchange.began) * 1000:.1f} ms"
    number = exchange.number
    return (
        f'<tr><th scope=row><a href="exchanges/{number}">{number}</a>'
        f"<td>{shown(exchange.connection.server)}<td><code>{request}</code>"
        f"<td>{status}, {shown(outcome)}<td>{clock}<td>{took}\n"
    )


def _text(method: bytes, target: bytes) -> str:
    return (method + b" " + target).decode("utf-8", "backslashreplace").strip()


def exchange_page(exchange: RecordedExchange) -> bytes:
    """The page of one exchange: each message taken apart, line by line."""
    found = exchange_json(exchange)
    number = found["id"]
    lines = [
        _HEAD.format(title=f"Exchange {number}", up="../"),
        f"<main>\n<h1>Exchange {number} with {shown(found['server'])}</h1>\n",
        f'<p><a href="../list">All exchanges</a>, <a href="{number}.json">as JSON</a>',
        "\n<dl>\n",
        *_facts(found),
        "</dl>\n",
        *_message("Request", found["request"]),
        *(_message("Response", found["response"]) if found["response"] else ()),
        "<h2>The same request again</h2>\n",
        *(
            f"<h3>{shown(name)}</h3>\n<pre>{_lines(text)}</pre>\n"
            for name, text in found["copies"].items()
        ),
        "</main>\n</html>\n",
    ]
    return "".join(lines).encode()


def _bytes(data: bytes) -> str:
    """The bytes of a part; those of one that has only spaces are seen, too."""
    text = shown(data)
    return text.replace(" ", "\u2420") if not text.strip() else text


def _lines(text: str) -> str:
    return "\n".join(shown(line) for line in text.split("\n"))


def _facts(found: Mapping[str, Any]) -> Iterator[str]:
    """What is known of the exchange, beside its bytes."""
    started = datetime.fromtimestamp(found["started"], UTC).isoformat(
        " ", "milliseconds"
    )
    facts = {"Client": found["peer"], "Connection": found["connection"]}
    facts["Started"] = f"{started[:-6]} UTC"
    if found["first_byte"] is not None:
        facts["Response began after"] = f"{found['first_byte'] * 1000:.1f} ms"
    if found["ended"] is not None:
        facts["Ended after"] = f"{found['ended'] * 1000:.1f} ms"
    facts["How it ended"] = found["ending"]
    facts["Why"] = ", ".join(filter(None, (found["reason"], found["clause"])))
    if found["tls"]:
        facts["TLS"] = ", ".join(found["tls"].values())
    if found["program"]:
        program = found["program"]
        facts["The resource that answered"] = program["resource"]
        facts["What it saw in request.args"] = "; ".join(
            f"{name} = {value}"
            for name, values in program["args"].items()
            for value in values
        )
        facts["Its status code"] = program["status"]
    for name, fact in facts.items():
        if fact != "":
            yield f"<dt>{name}<dd>{shown(str(fact))}\n"


def _message(title: str, message: Mapping[str, Any]) -> Iterator[str]:
    """A message, a row for each of its parts."""
    raw = b64decode(message["base64"])
    yield f"<h2>{title}</h2>\n<p>{message['total']:,} bytes"
    if message["kept"] < message["total"]:
        yield f", of which the first {message['kept']:,} are kept"
    yield f". {'Complete' if message['complete'] else 'Not complete'}."
    if message["fault"]:
        yield f" {shown(message['fault'])}"
    yield (
        f"\n{_TABLE.format(name=title)}<thead><tr><th scope=col>Bytes"
        "<th scope=col>What they are<th scope=col>What that means</thead>\n<tbody>\n"
    )
    for part in message["parts"]:
        data = raw[part["start"] : part["end"]]
        clause = f" <small>({shown(part['clause'])})</small>" if part["clause"] else ""
        yield (
            f"<tr><td><code>{_bytes(data)}</code><td>{shown(part['kind'])}"
            f"<td>{shown(part['words'])}{clause}\n"
        )
    yield "</tbody>\n</table>\n</div>\n"
