"""
Hello, world over TLS: the same resource, another endpoint.

    $ twistd -n hello-secure --cert chain.pem --key key.pem
    $ curl --cacert ca.pem https://localhost:4047/
    Hello, world!
"""

from __future__ import annotations

import os

from twisted.application.service import IService
from twisted.logger import Logger
from twisted.python.usage import UsageError

from dartio_tut.daemon import (
    ServerOptions,
    data_folder,
    https_endpoint_string,
    localhost_certificate,
    option,
    serve,
    startup_errors,
)

from .hello import Hello

log = Logger()


class Options(ServerOptions):
    """Listen over TLS, with the certificate that was given or one made here."""

    longdesc = (
        "Answers every request with Hello, world! over TLS. Without --cert and "
        "--key it makes itself a certificate for localhost."
    )
    default_port = 4047
    options = (
        option(
            "cert", "PEM file: the certificate, then its intermediates.", letter="c"
        ),
        option("key", "PEM file: the certificate's private key.", letter="k"),
        option("key-password-file", "File with the password of the key."),
        option("store", "Folder that keeps the certificate made here.", letter="s"),
    )

    def postOptions(self) -> None:
        """See that certificate and key come together."""
        super().postOptions()
        if (self["cert"] is None) != (self["key"] is None):
            raise UsageError("--cert and --key go together")
        if self["key-password-file"] and not self["key"]:
            raise UsageError("--key-password-file goes with --key")
        for file in ("cert", "key", "key-password-file"):
            self[file] = self[file] and os.path.abspath(self[file])

    def endpoint(self, port: int, address: str) -> str:
        """The endpoint string: all there is to TLS, as the server sees it."""
        return https_endpoint_string(
            *self.certificate(), port=port, interface=address, backlog=self["backlog"]
        )

    def adopted(self, endpoint: str) -> str:
        """The same over a socket that systemd passed."""
        return https_endpoint_string(*self.certificate(), over=endpoint)

    def certificate(self) -> tuple[str, str, str | None]:
        """The files of certificate, key and password."""
        if self["cert"] is None:
            with startup_errors("cannot make a certificate"):
                folder = self["store"] or data_folder("hello-secure")
                self["cert"], self["key"] = localhost_certificate(folder)
            log.info(
                "Using a certificate made for localhost: {cert}", cert=self["cert"]
            )
        return self["cert"], self["key"], self["key-password-file"]


def makeService(options: Options) -> IService:
    """Serve `Hello` as a daemon that speaks TLS."""
    return serve(Hello(), options)
