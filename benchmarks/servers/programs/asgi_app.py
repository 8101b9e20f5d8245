"""For uvicorn and granian: a starlette application with its own static files."""

from __future__ import annotations

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles


async def hello(request: Request) -> PlainTextResponse:
    """Greet."""
    return PlainTextResponse("Hello, world!")


app = Starlette(
    routes=[
        Route("/", hello),
        Mount("/", StaticFiles(directory=os.environ["BENCHMARK_FILES"])),
    ]
)
