"""
Make a resource tree a daemon: options, listening, TLS, the site.

Rule of the room: it never knows which lesson it serves. A lesson says
``serve(resource, options)`` and gets a service back; all else here is for
those who build on it.
"""

from dartio_tut.wire import Limits

from .certificate import localhost_certificate
from .folder_options import RootOptions, StoreOptions
from .options import DaemonOptions, ServerOptions
from .service import serve
from .site import Site
from .startup import (
    CannotStart,
    checked,
    data_folder,
    existing_folder,
    told_in_one_line,
)
from .tls import https_endpoint, https_endpoint_string

__all__ = [
    "CannotStart",
    "DaemonOptions",
    "Limits",
    "RootOptions",
    "ServerOptions",
    "Site",
    "StoreOptions",
    "checked",
    "data_folder",
    "existing_folder",
    "https_endpoint",
    "https_endpoint_string",
    "localhost_certificate",
    "serve",
    "told_in_one_line",
]
