"""
Reading a short answer of a server, and saying why it is not the answer that was wanted.
"""

from __future__ import annotations

from typing import Any

import treq

from dartio_tut.anatomy import status_text

from .errors import ClientError
from .web import WebURL, charset_of, url_for_messages

ANSWER_BYTES = 1 << 20
"""The longest answer that is read as a whole; a note or an error is far shorter."""

QUOTED_CHARACTERS = 300
"""How much of an answer an error quotes: some lines of a terminal."""


async def read_text(response: Any) -> str:
    """
    The content of *response* as text, when all of it has come.

    Bytes that its charset cannot decode become replacement characters.

    :raises ClientError: it is longer than `ANSWER_BYTES`, or did not come whole.
    """
    content = bytearray()

    def add(data: bytes) -> None:
        content.extend(data)
        if len(content) > ANSWER_BYTES:
            raise ClientError(
                f"{response_url(response)} answers more than {ANSWER_BYTES} bytes"
            )

    await treq.collect(response, add)
    return content.decode(charset_of(response.headers), "replace")


def response_url(response: Any) -> str:
    """The URL that *response* is from: after a redirect, the second one."""
    uri: bytes = response.request.absoluteURI
    return uri.decode("ascii")


def status_error(
    response: Any, answer: str = "", url: WebURL | None = None
) -> ClientError:
    """
    The error for the status code of *response*, which says *answer*.

    :param url: the server's URL as it was given.
    """
    where = url_for_messages(url, response_url(response))
    said = status_text(response.code)
    if answer.strip():
        said = f"{response.code}: {_quoted(answer.strip())}"
    return ClientError(f"{where} answers {said}")


def refusal_error(response: Any, answer: str, url: WebURL) -> ClientError:
    """The error for a *response* of the right server, in the server's own words."""
    said = answer.strip()
    return ClientError(said) if said else status_error(response, url=url)


def wrong_server_error(
    response: Any, answer: str, server: str, url: WebURL
) -> ClientError:
    """The error for an *answer* that a *server* does not give, at the *url* given."""
    code = "" if response.code == 200 else f"{status_text(response.code)}, "
    said = repr(_quoted(answer)) if answer else "with an empty body"
    where = url_for_messages(url, response_url(response))
    return ClientError(f"{where} is no {server} server: it answers {code}{said}")


def _quoted(answer: str) -> str:
    if len(answer) <= QUOTED_CHARACTERS:
        return answer
    return answer[:QUOTED_CHARACTERS] + "..."
