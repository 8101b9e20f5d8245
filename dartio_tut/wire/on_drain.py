"""
Responses that have no end of their own, such as streams of events, when the server is
about to stop: whoever sends one says how to end it, by ``request.on_drain``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.logger import Logger

_log = Logger()


class OnDrain:
    """
    The attribute ``on_drain`` of a request: is called, once, when the server is about
    to stop, or in the next turn of the reactor when that is already so.
    """

    def __get__(self, request: Any, owner: object) -> Callable[[], None] | None:
        found: Callable[[], None] | None = vars(request).get("on_drain")
        return found

    def __set__(self, request: Any, function: Callable[[], None] | None) -> None:
        vars(request)["on_drain"] = function
        channel = request.channel
        if function is None or channel is None:
            return
        site = channel.site
        if getattr(site, "is_draining", False) or getattr(site, "is_retiring", False):
            site.deadlines.call_soon(channel, partial(_end_unless_over, request))


def end_endless(request: Any) -> None:
    """
    Have *request*, or nothing, ended if it has no end of its own. What fails there is
    logged: it is no fault of the other requests, which are drained, too.
    """
    on_drain = getattr(request, "on_drain", None)
    if on_drain is None:
        return
    request.on_drain = None
    try:
        on_drain()
    except Exception:  # noqa: BLE001  (see above)
        _log.failure("request.on_drain has failed, and the response goes on")


def _end_unless_over(request: Any) -> None:
    if not (request.finished or request._disconnected):
        end_endless(request)
