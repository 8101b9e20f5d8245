"""
Notes: stores one, and gives it back by its number.

    $ twistd -n notes
    $ curl -d '{"myNote": "Buy milk"}' http://localhost:4042/
    You have 1 notes.
    $ curl -d '{"getNote": "0"}' http://localhost:4042/
    Buy milk
"""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService
from twisted.web.resource import IResource, Resource
from twisted.web.server import Request

from dartio_tut.daemon import StoreOptions, flag, repeated_option, serve
from dartio_tut.resources import (
    NOSNIFF,
    HTTPError,
    RestNotes,
    allow_field,
    check_digests,
    cors_fields,
    from_store,
    idempotency_key,
    parse_json_object,
    parse_origin,
    parse_whole_number,
    read_body,
    respond_later,
    restrict_origins,
    set_fields,
    text_response,
)
from dartio_tut.store import Notes as Log
from dartio_tut.store import open_notes


class Notes(Resource):
    """
    Store notes and give them back, for the pages of any origin.

    :param notes: the store that keeps them.
    """

    isLeaf = True
    # The wire, which sends refusals such as 413 itself, looks for this name.
    refusal_fields = (*cors_fields("POST, OPTIONS"), *NOSNIFF)

    def __init__(self, notes: Log) -> None:
        super().__init__()
        self.notes = notes

    def render(self, request: Request) -> bytes | int:
        """Answer a POST, and the preflight by which a browser asks whether it may."""
        set_fields(request, self.refusal_fields)
        if request.method == b"OPTIONS":
            allow_field(request, b"Idempotency-Key")
            request.setResponseCode(204)
            return b""
        if request.method == b"POST" and request.path == b"/":
            return respond_later(request, self.post(request))
        asked = b"%b, %b" % (request.method, request.path)
        return text_response(
            request, "Not found: " + asked.decode("utf-8", "replace"), 404
        )

    async def post(self, request: Request) -> str:
        """Store a note or give one back, as the JSON object in the body says."""
        body = read_body(request)
        check_digests(request, body)
        asked = await parse_json_object(body)
        if "myNote" in asked:
            return await self.save(asked["myNote"], idempotency_key(request))
        if "getNote" in asked:
            number = parse_whole_number("getNote", asked["getNote"])
            return await from_store(self.notes.entry(number)) + "\n"
        raise HTTPError(422, "Expected myNote or getNote.")

    async def save(self, note: Any, key: str | None) -> str:
        """Store *note*, once for each *key*. It is on disk when this returns."""
        if not isinstance(note, str):
            raise HTTPError(422, "Expected myNote to be a string.")
        number = await from_store(self.notes.append(note, key))
        return f"You have {number + 1} notes.\n"


class Options(StoreOptions):
    """Listen on the tutorial's port, and keep notes in a store."""

    longdesc = 'Keeps notes: POST {"myNote": "text"}, get one by {"getNote": 0}.'
    default_port = 4042
    store_name = "notes"
    options = (
        flag("rest", "Answer GET too: /, /3 and /?follow."),
        repeated_option("cors", "Only pages of this origin may come.", parse_origin),
    )


def makeService(options: Options) -> IService:
    """Serve `Notes` as a daemon; with ``--rest``, GET is answered too."""
    log = options.open_store(open_notes)
    notes = Notes(log)
    root: IResource = RestNotes(log, notes) if options["rest"] else notes
    methods = b"GET, HEAD, POST, DELETE"
    return serve(restrict_origins(root, options["cors"], methods), options)
