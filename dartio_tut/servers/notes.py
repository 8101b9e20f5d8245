"""
Notes: stores one, and gives it back by its number.

    $ twistd -n notes
    $ curl -d '{"myNote": "Buy milk"}' http://localhost:4042/
    You have 1 notes.
    $ curl -d '{"getNote": "0"}' http://localhost:4042/
    Buy milk
"""

from __future__ import annotations

import re
from typing import Any

from twisted.application.service import IService
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.daemon import StoreOptions, flag, serve
from dartio_tut.resources import (
    HTTPError,
    RestNotes,
    cors_fields,
    from_store,
    idempotency_key,
    parse_json_object,
    read_body,
    respond_later,
    set_fields,
    text_response,
)
from dartio_tut.store import Notes as Log
from dartio_tut.store import open_notes


class Notes(Resource):
    """
    Take notes by POST, from the pages of any origin.

    :param notes: where they are kept.
    """

    isLeaf = True
    # Refusals that the wire sends itself, such as 413, have these fields too.
    refusal_fields = cors_fields("POST, OPTIONS")

    def __init__(self, notes: Log) -> None:
        super().__init__()
        self.notes = notes

    def render(self, request: Request) -> bytes | int:
        """Take a note or give one back; a browser asks first whether it may."""
        set_fields(request, self.refusal_fields)
        if request.method == b"OPTIONS":
            request.setResponseCode(204)
            return b""
        if request.method == b"POST" and request.path == b"/":
            return respond_later(request, self.post(request, read_body(request)))
        asked = b"%b, %b" % (request.method, request.path)
        return text_response(
            request, "Not found: " + asked.decode("utf-8", "replace"), 404
        )

    async def post(self, request: Request, body: bytes) -> str:
        """Do what the JSON object *body* asks for."""
        asked, token = parse_json_object(body), idempotency_key(request)
        if "myNote" in asked:
            return await self.save(asked["myNote"], token)
        if "getNote" in asked:
            return await self.get(asked["getNote"])
        raise HTTPError(422, "Expected myNote or getNote.")

    async def save(self, note: Any, token: str | None) -> str:
        """Store *note*, once for each *token*; it is on disk when this returns."""
        if not isinstance(note, str):
            raise HTTPError(422, "Expected myNote to be a string.")
        number = await from_store(self.notes.append(note, token))
        return f"You have {number + 1} notes.\n"

    async def get(self, number: Any) -> str:
        """Give back the note of that *number*."""
        if isinstance(number, bool) or not isinstance(number, (str, int, float)):
            raise HTTPError(422, "Expected getNote to be a number.")
        if not re.fullmatch("-?[0-9]{1,4300}", str(number)):
            raise HTTPError(400, "getNote is not a whole number.")
        return await from_store(self.notes.entry(int(number))) + "\n"


class Options(StoreOptions):
    """Listen where the tutorial listens, keep notes in a store."""

    longdesc = 'Keeps notes: POST {"myNote": "text"}, get one by {"getNote": 0}.'
    default_port = 4042
    store_name = "notes"
    options = (flag("rest", "Answer GET too: /, /3 and /?follow."),)


def makeService(options: Options) -> IService:
    """Serve `Notes` as a daemon, alone or as the POST of more."""
    kept = options.open_store(open_notes)
    notes = Notes(kept)
    if options["rest"]:
        return serve(RestNotes(kept, notes), options)
    return serve(notes, options)
