"""
The site for a resource tree, as the options of a server want it.
"""

from __future__ import annotations

from typing import Any

from twisted.web.resource import IResource

from .allowed_hosts import AllowedHosts
from .health import HealthPages
from .hsts import StrictTransportSecurity
from .options.server import ServerOptions
from .site import Site
from .watched_site import WatchedSite


def site_of(resource: IResource, options: ServerOptions, streaming: bool) -> Site:
    """
    A site for *resource*, which is watched if *options* have somebody who does.

    :param streaming: see `Site`.
    """
    resource = _wrapped(resource, options)
    told: dict[str, Any] = {
        "limits": options.limits(),
        "streaming": streaming,
        "proxy_trust": options.proxy_trust(),
    }
    if options.watcher is None:
        return Site(resource, h2c=options["h2c"], **told)
    return WatchedSite(resource, watcher=options.watcher, **told)


def _wrapped(resource: IResource, options: ServerOptions) -> IResource:
    """*resource* with what *options* want around every tree."""
    if options["allow-host"]:
        resource = AllowedHosts(resource, options["allow-host"])
    if options["health"]:
        resource = HealthPages(resource)
    if options["hsts"] is not None:  # also for what these answer
        resource = StrictTransportSecurity(resource, options["hsts"])
    return resource
