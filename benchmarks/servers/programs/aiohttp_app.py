"""
aiohttp on uvloop, without its access log: ``aiohttp_app.py PORT [CERT KEY]``.
"""

from __future__ import annotations

import os
import ssl
import sys

import uvloop
from aiohttp import web


async def hello(request: web.Request) -> web.Response:
    """Greet."""
    return web.Response(text="Hello, world!")


def main(port: str, *certificate: str) -> None:
    """Serve until told to end."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
    app = web.Application()
    app.router.add_get("/", hello)
    app.router.add_static("/", os.environ["BENCHMARK_FILES"])
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(port),
        ssl_context=context,
        access_log=None,
        backlog=1024,
        print=None,
        loop=uvloop.new_event_loop(),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
