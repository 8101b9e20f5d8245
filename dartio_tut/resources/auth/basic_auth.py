"""
Letting in who knows a password (HTTP Basic authentication, RFC 7617).

Rule: nothing of the tree is asked before the password was right. Finding that out
takes a thread and a fraction of a second, so it is rationed: guessing, however fast,
costs two threads and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.web.http import SERVICE_UNAVAILABLE, UNAUTHORIZED
from twisted.web.resource import IResource, Resource, getChildForRequest
from twisted.web.server import NOT_DONE_YET, Request

from ..responses import ErrorResource, HTTPError
from ..wrapper import Wrapper, stream_limit
from .credentials import Credentials, Remembered, credentials_of
from .htpasswd import HtpasswdFile

AT_ONCE = 2
"""Passwords checked at a time: each takes a core, and one of the reactor's threads."""

WAITING = 32
"""Checks waiting for their turn: some seconds' worth."""

RETRY_AFTER = b"5"
"""Seconds after which those who wait have had their turn."""

Run = Callable[..., Deferred[bool]]
"""Calls a function elsewhere, as `deferToThread` does."""


_NOT_STORED = (b"Cache-Control", b"no-store")
"""A cache that does not know Authorization would show a refusal to those whose password
is right."""


class BasicAuth(Wrapper):
    """
    Any tree, for those only who are in *passwords*.

    A tree's resources find the user in ``request.user`` (and ``request.getUser()``),
    as UTF-8. Right credentials are remembered for five minutes, or until the users
    change. Over plain HTTP anybody on the way can read them: serve this over TLS.

    :param realm: tells the user, and the browser, what is guarded; ASCII.
    :param run: runs the check of a password elsewhere.
    :param now: the time, in seconds.
    """

    def __init__(
        self,
        resource: IResource,
        passwords: HtpasswdFile,
        realm: str,
        run: Run = deferToThread,
        now: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(resource)
        self._passwords = passwords
        self._run = run
        self._turns = DeferredSemaphore(AT_ONCE)
        self._remembered = Remembered(now)
        self._version = passwords.version()
        self._unknown = ErrorResource(
            HTTPError(
                UNAUTHORIZED,
                "A name and a password are asked for here.",
                ((b"WWW-Authenticate", _challenge(realm)), _NOT_STORED),
            )
        )
        self._busy = ErrorResource(
            HTTPError(
                SERVICE_UNAVAILABLE,
                "Too many are coming in at once. Try again soon.",
                ((b"Retry-After", RETRY_AFTER), _NOT_STORED),
            )
        )

    def find(
        self, request: Request, path: Sequence[bytes]
    ) -> tuple[IResource, Sequence[bytes]]:
        """Choose the tree, a refusal, or a resource that checks the password first."""
        credentials = credentials_of(request)
        if credentials is None:
            return self._unknown, ()
        self._forget_if_changed()
        if credentials in self._remembered:
            return self._entered(request, credentials), ()
        # The tree may not be asked yet.
        streams_up_to = stream_limit(self._resource, request, path)
        return _Checking(self, credentials, streams_up_to), ()

    def _forget_if_changed(self) -> None:
        version = self._passwords.version()
        if version != self._version:
            self._version = version
            self._remembered.forget()

    def _entered(self, request: Request, credentials: Credentials) -> IResource:
        request.user = credentials.user.encode("utf-8")
        request.password = credentials.password.encode("utf-8")
        return self._resource

    async def checked(
        self, request: Request, credentials: Credentials, gone: list[object]
    ) -> IResource:
        """
        What is to answer *request*, once it is known.

        A check that was begun is awaited, and keeps its turn, even when the client
        goes away: else going away and coming again would start one after the other.
        """
        if len(self._turns.waiting) >= WAITING:
            return self._busy
        await self._turns.acquire()
        try:
            if gone or not await self._right(credentials):
                return self._unknown
        finally:
            self._turns.release()
        return self._entered(request, credentials)

    async def _right(self, credentials: Credentials) -> bool:
        if credentials in self._remembered:  # by a request that came before
            return True
        version = self._version
        check = self._passwords.check
        right = await self._run(check, credentials.user, credentials.password)
        if right and version == self._version:
            self._remembered.add(credentials)
        return right


class _Checking(Resource):
    """Keeps a request until its credentials are known to be right or wrong."""

    isLeaf = True

    def __init__(
        self, guarded: BasicAuth, credentials: Credentials, streams_up_to: int
    ) -> None:
        super().__init__()
        self._guarded = guarded
        self._credentials = credentials
        self.streams_up_to = streams_up_to

    def render(self, request: Request) -> int:
        Deferred.fromCoroutine(self._answer(request))
        return NOT_DONE_YET

    async def _answer(self, request: Request) -> None:
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        try:
            found = await self._guarded.checked(request, self._credentials, gone)
            if not gone:
                request.render(getChildForRequest(found, request))
        except Exception:  # noqa: BLE001  (whatever it is, the client gets an answer)
            if not gone:
                request.processingFailed(Failure())


def _challenge(realm: str) -> bytes:
    """
    The challenge for *realm* (RFC 7617 section 2).

    :raise ValueError: when it cannot stand in a field.
    """
    if not realm.isascii() or not realm.isprintable():
        raise ValueError(f"Expected a realm in ASCII: {realm!r}")
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    return f'Basic realm="{quoted}", charset="UTF-8"'.encode("ascii")
