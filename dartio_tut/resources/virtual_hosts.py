"""
Several trees behind one port, chosen by the host name that the client asks for.

Rule: of two names that fit, the longer one is taken.
"""

from __future__ import annotations

from ipaddress import AddressValueError

from twisted.web.resource import IResource
from twisted.web.server import Request

from dartio_tut.wire import HostPattern, requested_host

from .fields import Fields
from .responses import MISDIRECTED_REQUEST, TEXT_ONLY, ErrorResource, HTTPError
from .wrapper import Wrapper

_NO_SUCH_HOST = ErrorResource(
    HTTPError(MISDIRECTED_REQUEST, "No site of that name is here."), TEXT_ONLY
)


class VirtualHosts(Wrapper):
    """
    Choose the tree by the Host field.

    An exact name is looked for first, then the longest wildcard. As with nginx,
    ``*.example.org`` stands for one label or more, so for ``www.example.org`` and
    ``a.b.example.org``, but not for ``example.org`` itself. A request without a Host
    (HTTP/1.0) asks for the address it came to.

    :param fallback: the tree for all other names. Without it they are answered with
        421 (Misdirected Request): unlike 404 it says that the server, not the path, is
        the wrong one. A client that uses one connection for several names then opens
        another one.
    """

    def __init__(self, fallback: IResource | None = None) -> None:
        super().__init__(_NO_SUCH_HOST if fallback is None else fallback)
        self._exact: dict[str, IResource] = {}
        self._below: dict[str, IResource] = {}

    def add(self, name: str, resource: IResource) -> None:
        """
        Serve *resource* to clients that ask for *name*.

        :param name: a host name, an IP address, or ``*.`` and a host name; never with
            a port. Letters of any script may be given as such or in their
            ``xn--`` form.
        :raise ValueError: when it is not one of these, or was added before.
        """
        pattern = HostPattern(name)
        names = self._below if pattern.is_wildcard else self._exact
        if pattern.name in names:
            raise ValueError(f"added twice: {name!r}")
        names[pattern.name] = resource

    @property
    def refusal_fields(self) -> Fields:
        """The header fields for refusals that all of the trees have in common."""
        first, *others = self._trees()
        fields: Fields = getattr(first, "refusal_fields", ())
        offered = [getattr(tree, "refusal_fields", ()) for tree in others]
        return tuple(field for field in fields if all(field in o for o in offered))

    @property
    def streams_up_to(self) -> int:
        """How many bytes of content the root of each tree takes as a stream."""
        return min(getattr(tree, "streams_up_to", 0) for tree in self._trees())

    def _trees(self) -> list[IResource]:
        own = [*self._exact.values(), *self._below.values()]
        has_fallback = self._resource is not _NO_SUCH_HOST
        return [self._resource, *own] if has_fallback or not own else own

    def resource_for(self, request: Request) -> IResource:
        """Choose the tree by the name that *request* asks for."""
        try:
            name = requested_host(request) or ""
        except ValueError:
            return self._resource
        found = self._exact.get(name)
        rest = name
        while found is None and rest:
            rest = rest.partition(".")[2]
            found = self._below.get(rest)
        return self._resource if found is None else found


def parse_host_name(text: str) -> str:
    """
    Return *text* if it can be the name of a virtual host.

    :raise ValueError: when it cannot.
    """
    try:
        HostPattern(text)
    except AddressValueError:  # its text is for those who wrote an address
        raise ValueError(
            f"not the name of a host: {text!r}; write the name alone, without a port "
            "or http://"
        ) from None
    return text
