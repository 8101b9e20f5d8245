"""
Make a resource tree a daemon: options, listening, TLS, the site.

Rule of the room: it never knows which lesson it serves. A lesson says
``serve(resource, options)`` and gets a service back; all else here is for
those who build on it.
"""

from dartio_tut.wire import Limits

from .certificate import localhost_certificate
from .https_endpoint import https_endpoint, https_endpoint_string
from .options.folders import RootOptions, StoreOptions
from .options.server import DaemonOptions, ServerOptions
from .service import serve
from .site import Site
from .startup import (
    StartupError,
    coerce_option,
    data_folder,
    existing_folder,
    startup_errors,
)

__all__ = [
    "DaemonOptions",
    "Limits",
    "RootOptions",
    "ServerOptions",
    "Site",
    "StartupError",
    "StoreOptions",
    "coerce_option",
    "data_folder",
    "existing_folder",
    "https_endpoint",
    "https_endpoint_string",
    "localhost_certificate",
    "serve",
    "startup_errors",
]
