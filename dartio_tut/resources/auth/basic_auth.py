"""
HTTP Basic authentication (RFC 7617).

Rule: no code of the tree runs before the password was right. Checking one takes a
thread and a fraction of a second, so it is rationed: guessing, however fast, costs two
threads and no more, and does not keep the users of other addresses out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from twisted.web.http import SERVICE_UNAVAILABLE, UNAUTHORIZED
from twisted.web.resource import IResource, Resource, getChildForRequest
from twisted.web.server import NOT_DONE_YET, Request

from ..address_turns import AddressTurns, address_of
from ..responses import ErrorResource, HTTPError
from ..used_up import is_used_up
from ..wrapper import Wrapper, stream_limit_below
from .credentials import Credentials, RememberedCredentials, credentials_of
from .htpasswd import HtpasswdFile

CONCURRENT_CHECKS = 2
"""Passwords checked at a time: each takes a core, and one of the reactor's threads."""

RETRY_AFTER_SECONDS = b"5"
"""After that time, the checks that wait now have had their turn."""

RunInThread = Callable[..., Deferred[bool]]
"""Calls a function in a thread, as `deferToThread` does."""


_NOT_STORED = (b"Cache-Control", b"no-store")
"""A cache that does not know Authorization would show a refusal to those whose password
is right."""


class BasicAuth(Wrapper):
    """
    Serve a tree only to the users in *passwords*.

    The tree's resources find the user in ``request.user`` (and ``request.getUser()``),
    as UTF-8. Right credentials are remembered for five minutes, or until the users
    change. Over plain HTTP anybody on the way can read them: serve this over TLS.

    :param realm: what the browser shows beside its question for the password; ASCII.
    :param run: runs the check of a password in a thread.
    :param now: tells the time in seconds.
    """

    def __init__(
        self,
        resource: IResource,
        passwords: HtpasswdFile,
        realm: str,
        run: RunInThread = deferToThread,
        now: Callable[[], float] = monotonic,
    ) -> None:
        super().__init__(resource)
        self._passwords = passwords
        self._run = run
        self._checks = AddressTurns(CONCURRENT_CHECKS)
        self._remembered = RememberedCredentials(now)
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
                ((b"Retry-After", RETRY_AFTER_SECONDS), _NOT_STORED),
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
        streams_up_to = stream_limit_below(self._resource, request, path)
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
        Return the resource that answers *request* once the password was checked.

        A check that was begun keeps its turn even when the client goes away: otherwise
        a client could start one after the other by coming and going.

        :param gone: has a member as soon as the client has gone away.
        """
        turn = self._checks.enter(address_of(request))
        if turn is None:
            return self._busy
        await turn
        try:
            if gone or not await self._is_right(credentials):
                return self._unknown
        except Exception as error:
            if is_used_up(error):
                return self._busy
            raise
        finally:
            self._checks.leave()
        return self._entered(request, credentials)

    async def _is_right(self, credentials: Credentials) -> bool:
        if credentials in self._remembered:  # since another request asked
            return True
        version = self._version
        check = self._passwords.check
        right = await self._run(check, credentials.user, credentials.password)
        if right and version == self._version:
            self._remembered.add(credentials)
        return right


class _Checking(Resource):
    """Holds a request until its credentials were checked."""

    isLeaf = True

    def __init__(
        self, auth: BasicAuth, credentials: Credentials, streams_up_to: int
    ) -> None:
        super().__init__()
        self._auth = auth
        self._credentials = credentials
        self.streams_up_to = streams_up_to

    def render(self, request: Request) -> int:
        Deferred.fromCoroutine(self._answer(request))
        return NOT_DONE_YET

    async def _answer(self, request: Request) -> None:
        gone: list[object] = []
        request.notifyFinish().addErrback(gone.append)
        try:
            found = await self._auth.checked(request, self._credentials, gone)
            if not gone:
                request.render(getChildForRequest(found, request))
        except Exception:  # noqa: BLE001  (whatever it is, the client gets an answer)
            if not gone:
                request.processingFailed(Failure())


def _challenge(realm: str) -> bytes:
    """
    Return the challenge for *realm* (RFC 7617 section 2).

    :raise ValueError: when it cannot be part of a header field.
    """
    if not realm.isascii() or not realm.isprintable():
        raise ValueError(f"the realm must be printable ASCII: {realm!r}")
    quoted = realm.replace("\\", "\\\\").replace('"', '\\"')
    return f'Basic realm="{quoted}", charset="UTF-8"'.encode("ascii")
