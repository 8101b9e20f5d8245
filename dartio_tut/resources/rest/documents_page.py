"""
The list of documents as an HTML page.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from twisted.web.server import Request

from dartio_tut.store import DocumentInfo

from ..files.listing.model import date_and_time

_POLICY = b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Documents</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1em/1.5 system-ui, sans-serif; max-width: 40em; margin: 2em auto;
       padding: 0 1em }}
table {{ width: 100%; border-collapse: collapse }}
td, th {{ padding: .3em; text-align: left; border-bottom: 1px solid #8884 }}
td:last-child, th:last-child {{ text-align: right }}
</style>
<h1>Documents</h1>
<form><label>Names that begin with <input name="prefix" value="{prefix}"></label>
<button>Show</button></form>
<table>
<tr><th>Name<th>Changed (UTC)<th>Bytes
{rows}
</table>
{more}
</html>
"""


def as_page(
    request: Request, shown: Sequence[DocumentInfo], prefix: str, following: str | None
) -> bytes:
    """
    Return the page.

    :param shown: the documents on it.
    :param prefix: with which their names begin.
    :param following: the URL of the next page, if there is one.
    """
    request.setHeader(b"Content-Security-Policy", _POLICY)
    rows = "\n".join(
        f'<tr><td><a href="{quote(listed.name, safe="")}">{escape(listed.name)}</a>'
        f"<td>{_time(listed.modified)}<td>{listed.size:,}"
        for listed in shown
    )
    more = f'<p><a href="{escape(following)}">More</a></p>' if following else ""
    return _PAGE.format(prefix=escape(prefix), rows=rows, more=more).encode()


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    day, clock, _ = date_and_time(seconds)
    return f"{day} {clock}"
