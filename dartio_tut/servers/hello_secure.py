"""
Hello, world over TLS: the same resource, another endpoint.

    $ twistd -n hello-secure --cert chain.pem --key key.pem
    $ curl --cacert ca.pem https://localhost:4047/
    Hello, world!
"""

from __future__ import annotations

from twisted.application.service import IService
from twisted.logger import Logger

from dartio_tut.daemon import (
    CertificateFiles,
    ServerOptions,
    data_folder,
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
    always_tls = True
    options = (
        option("store", "Folder of a certificate made here.", letter="s", is_path=True),
    )

    def certificate(self) -> CertificateFiles:
        """The certificate that was given, or else one for localhost."""
        given = super().certificate()
        if given is not None:
            return given
        with startup_errors("cannot make a certificate"):
            made = localhost_certificate(
                self["store"] or data_folder("hello-secure"), self["check"]
            )
        self["cert"], self["key"] = made
        log.info("Using a certificate made for localhost: {cert}", cert=self["cert"])
        return CertificateFiles(*made)


def makeService(options: Options) -> IService:
    """Serve `Hello` as a daemon that speaks TLS."""
    return serve(Hello(), options)
