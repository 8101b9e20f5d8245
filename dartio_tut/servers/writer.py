"""
Basic writer: stores the JSON documents it is sent, just as they were sent.

    $ twistd -n writer
    $ curl -H "Content-Type: application/json" -d '{"name": "Han Solo"}' \\
        http://localhost:4049/file.txt
    Wrote data for Han Solo.
"""

from __future__ import annotations

import json
from urllib.parse import unquote_to_bytes

from twisted.application.service import IService
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.daemon import StoreOptions, flag, serve
from dartio_tut.resources import (
    HTTPError,
    RestDocuments,
    check_digests,
    from_store,
    idempotency_key,
    media_type,
    method_not_allowed,
    parse_json_object,
    precondition,
    read_body,
    respond_later,
)
from dartio_tut.store import Documents, InvalidName, open_documents


class Writer(Resource):
    """
    Store what is posted under the last segment of the path.

    :param documents: where it is kept.
    :param require_match: whether a change must say what it expects to change.
    """

    isLeaf = True

    def __init__(self, documents: Documents, require_match: bool = False) -> None:
        super().__init__()
        self.documents = documents
        self.require_match = require_match

    def render(self, request: Request) -> bytes | int:
        """Store a document, or refuse what is none."""
        if request.method != b"POST" or media_type(request) != "application/json":
            return method_not_allowed(request, "POST")
        return respond_later(request, self.store(request, read_body(request)))

    async def store(self, request: Request, body: bytes) -> str:
        """Store *body*, which is on disk when this returns."""
        check_digests(request, body)
        data = parse_json_object(body)
        name = unquote_to_bytes(request.path.rpartition(b"/")[2])
        expected = precondition(request, self.require_match)
        try:
            await from_store(
                self.documents.put(
                    name.decode(), body, expected, idempotency_key(request)
                )
            )
        except UnicodeDecodeError:
            raise HTTPError(400, "Cannot store: the name is not UTF-8.") from None
        except InvalidName as error:
            raise HTTPError(400, f"Cannot store: {error}.") from None
        who = data.get("name")
        return f"Wrote data for {who if isinstance(who, str) else json.dumps(who)}."


class Options(StoreOptions):
    """Listen where the tutorial listens, keep documents in a store."""

    longdesc = "Stores JSON objects that are posted, each as the file of its name."
    default_port = 4049
    store_name = "writer"
    options = (
        flag("rest", "Answer GET, PUT and DELETE too, and / with a list."),
        flag("require-match", "Refuse changes without If-Match or If-None-Match."),
    )


def makeService(options: Options) -> IService:
    """Serve a `Writer` as a daemon, alone or as the POST of more."""
    documents = options.open_store(open_documents)
    require_match = bool(options["require-match"])
    writer = Writer(documents, require_match)
    if options["rest"]:
        return serve(RestDocuments(documents, writer, require_match), options)
    return serve(writer, options)
