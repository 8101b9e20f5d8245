"""
Basic writer: stores JSON documents exactly as they were sent.

    $ twistd -n writer
    $ curl -H "Content-Type: application/json" -d '{"name": "Han Solo"}' \\
        http://localhost:4049/file.txt
    Wrote data for Han Solo.
"""

from __future__ import annotations

import json

from twisted.application.service import IService
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.daemon import StoreOptions, flag, serve
from dartio_tut.resources import (
    NOSNIFF,
    HTTPError,
    RestDocuments,
    check_digests,
    document_name,
    etag_of,
    from_store,
    idempotency_key,
    media_type,
    method_not_allowed,
    parse_json_object,
    precondition,
    read_body,
    respond_later,
    set_fields,
)
from dartio_tut.store import Documents, InvalidName, open_documents


class Writer(Resource):
    """
    Store each body that is posted, under the last segment of the path.

    :param documents: the store that keeps them.
    :param require_match: whether a change must have If-Match or If-None-Match.
    """

    isLeaf = True

    def __init__(self, documents: Documents, require_match: bool = False) -> None:
        super().__init__()
        self.documents = documents
        self.require_match = require_match

    def render(self, request: Request) -> bytes | int:
        """Answer a POST of JSON; other requests are refused."""
        set_fields(request, NOSNIFF)
        if request.method != b"POST":
            return method_not_allowed(request, "POST")
        if media_type(request) != "application/json":
            advice = "Say Content-Type: application/json."
            return method_not_allowed(request, "POST", advice)
        return respond_later(request, self.store(request, read_body(request)))

    async def store(self, request: Request, body: bytes) -> str:
        """Store *body*. It is on disk when this returns."""
        check_digests(request, body)
        data = await parse_json_object(body)
        name, key = document_name(request), idempotency_key(request)
        expected = precondition(request, self.require_match)
        try:
            version = await from_store(self.documents.put(name, body, expected, key))
        except InvalidName as error:
            raise HTTPError(400, f"Cannot store: {error}.") from None
        request.setHeader(b"ETag", etag_of(version))
        who = data.get("name")
        return f"Wrote data for {who if isinstance(who, str) else json.dumps(who)}."


class Options(StoreOptions):
    """Listen on the tutorial's port, and keep documents in a store."""

    longdesc = "Stores the JSON objects that are posted, each in the file of its name."
    default_port = 4049
    store_name = "writer"
    store_file_names = ".*"
    options = (
        flag("rest", "Answer GET, PUT and DELETE too, and / with a list."),
        flag("require-match", "Refuse changes without If-Match or If-None-Match."),
    )


def makeService(options: Options) -> IService:
    """Serve a `Writer` as a daemon; with ``--rest``, GET and PUT are answered too."""
    documents = options.open_store(open_documents)
    require_match = bool(options["require-match"])
    writer = Writer(documents, require_match)
    if options["rest"]:
        return serve(RestDocuments(documents, writer, require_match), options)
    return serve(writer, options)
