"""
Make a resource tree a daemon: options, listening, TLS, the site.

Rule of the room: it never knows which lesson it serves. A lesson says
``serve(resource, options)`` and gets a service back; all else here is for
those who build on it.
"""

from .socket_activation import passed_endpoints  # before Twisted's endpoints

# isort: split
from dartio_tut.wire import Limits

from .allowed_hosts import LOCAL_HOSTS, AllowedHosts, own_host_names
from .at_terminal import serve_at_terminal
from .certificate import localhost_certificate
from .https_endpoint import https_endpoint, https_endpoint_string
from .listening import may_be_own
from .options.certificate import TLS_ONLY, CertificateFiles, names_certificate
from .options.folders import (
    RootOptions,
    SharedStoreOptions,
    StoreOptions,
    data_folder,
)
from .options.option import Option, flag, option, repeated_option
from .options.parsing import existing_folder
from .options.server import ServerOptions
from .options.terminal import TerminalOptions
from .private_paths import private_file_paths
from .service import Daemon, serve
from .site import Site
from .startup import StartupError, startup_errors
from .this_worker import run_worker
from .together import serve_together
from .watched_site import WatchedSite

__all__ = [
    "LOCAL_HOSTS",
    "TLS_ONLY",
    "AllowedHosts",
    "CertificateFiles",
    "Daemon",
    "Limits",
    "Option",
    "RootOptions",
    "ServerOptions",
    "SharedStoreOptions",
    "Site",
    "StartupError",
    "StoreOptions",
    "TerminalOptions",
    "WatchedSite",
    "data_folder",
    "existing_folder",
    "flag",
    "https_endpoint",
    "https_endpoint_string",
    "localhost_certificate",
    "may_be_own",
    "names_certificate",
    "option",
    "own_host_names",
    "passed_endpoints",
    "private_file_paths",
    "repeated_option",
    "run_worker",
    "serve",
    "serve_at_terminal",
    "serve_together",
    "startup_errors",
]
