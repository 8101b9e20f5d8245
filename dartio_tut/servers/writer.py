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
from twisted.logger import Logger
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.daemon import StoreOptions, serve
from dartio_tut.resources import (
    Refusal,
    answer_later,
    content,
    json_object,
    media_type,
    unsupported,
)
from dartio_tut.store import Documents, NotAName, open_documents


class Writer(Resource):
    """
    Store what is posted under the last segment of the path.

    :param documents: where it is kept.
    """

    isLeaf = True
    log = Logger()

    def __init__(self, documents: Documents) -> None:
        super().__init__()
        self.documents = documents

    def render(self, request: Request) -> bytes | int:
        """Store a document, or refuse what is none."""
        if request.method != b"POST" or media_type(request) != "application/json":
            return unsupported(request, "POST")
        name = unquote_to_bytes(request.path.rpartition(b"/")[2])
        return answer_later(request, self.store(name, content(request)))

    async def store(self, name: bytes, body: bytes) -> str:
        """Store *body*, which is on disk when this returns."""
        data = json_object(body)
        try:
            await self.documents.put(name.decode("utf-8"), body)
        except UnicodeDecodeError:
            raise Refusal(400, "Cannot store: the name is not UTF-8.") from None
        except NotAName as error:
            raise Refusal(400, f"Cannot store: {error}.") from None
        except OSError as error:
            self.log.failure("Cannot store {name}", name=name)
            raise Refusal(
                500, f"Exception during file I/O: {error.strerror}."
            ) from None
        who = data.get("name")
        return f"Wrote data for {who if isinstance(who, str) else json.dumps(who)}."


class Options(StoreOptions):
    """Listen where the tutorial listens, keep documents in a folder."""

    synopsis = "[options]"
    longdesc = "Stores JSON objects that are posted, each as the file of its name."
    defaultPort = "4049"
    storeName = "writer"


def makeService(options: Options) -> IService:
    """Serve a `Writer` as a daemon."""
    return serve(Writer(options.open_store(open_documents)), options)
