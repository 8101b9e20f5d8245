"""
What a scanner of TLS thinks of us: sslyze, by Mozilla's "intermediate" configuration.

It is installed beside the package by `make test`, in an environment of its own, because
it wants another release of cryptography.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from twisted.trial.unittest import SkipTest

from .support.certificates import with_extensions_of_key
from .support.harness import Case

SSLYZE = Path(sys.prefix, "sslyze", "bin", "sslyze")

SCAN_SECONDS = 120
"""A scan takes some five seconds; on a machine that does other things, more."""

LIFETIME = timedelta(days=89)
"""Mozilla recommends 90 days at most."""


class Scanned:
    """A certificate for localhost as an authority of today signs it, in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        authority = ec.generate_private_key(ec.SECP256R1())
        key = ec.generate_private_key(ec.SECP256R1())
        ca = self.builder("authority", authority, authority)
        leaf = self.builder("localhost", key, authority)
        server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        leaf = leaf.add_extension(server, critical=False)
        name = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        leaf = leaf.add_extension(name, critical=False)
        self.ca = self.write("ca.pem", ca.sign(authority, SHA256()))
        self.cert = self.write("cert.pem", leaf.sign(authority, SHA256()))
        self.key = str(folder / "key.pem")
        Path(self.key).write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )

    def builder(
        self,
        name: str,
        key: ec.EllipticCurvePrivateKey,
        signer: ec.EllipticCurvePrivateKey,
    ) -> x509.CertificateBuilder:
        subject, issuer = (
            x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
            for text in (name, "authority")
        )
        began = datetime.now(UTC) - timedelta(hours=1)
        builder = x509.CertificateBuilder(issuer, subject, key.public_key())
        builder = (
            builder.serial_number(x509.random_serial_number())
            .not_valid_before(began)
            .not_valid_after(began + LIFETIME)
        )
        return with_extensions_of_key(builder, key, signer, is_authority=key is signer)

    def write(self, name: str, made: x509.Certificate) -> str:
        path = self.folder / name
        path.write_bytes(made.public_bytes(Encoding.PEM))
        return str(path)


class ScanTests(Case):
    """sslyze, against the endpoint of our own and the one over others."""

    def scan(self, *line: str) -> dict[str, Any]:
        """What sslyze finds at a server with *line*; it must find no fault."""
        if not SSLYZE.exists():
            raise SkipTest("NOT TESTED: Mozilla's configuration; no sslyze here")
        made = Scanned(self.here)
        files = ("--cert", made.cert, "--key", made.key)
        server = self.daemon("hello", *files, *line).ready()
        report = self.here / "report.json"
        ended = subprocess.run(
            [str(SSLYZE), f"--certinfo_ca_file={made.ca}", f"--json_out={report}"]
            + ["--mozilla_config=intermediate", "--resum", f"localhost:{server.port}"],
            capture_output=True,
            check=False,
            text=True,
            timeout=SCAN_SECONDS,
        )
        self.assertEqual(ended.returncode, 0, ended.stdout[-2000:] + ended.stderr)
        (found,) = json.loads(report.read_text())["server_scan_results"]
        results: dict[str, Any] = found["scan_result"]
        return results

    def test_mozillas_intermediate_configuration_has_no_objection(self) -> None:
        for line in (("--port", "0"), ("--listen", "tcp:0:interface=127.0.0.1")):
            found = self.scan(*line)
            for version in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"):
                suites = found[f"{version}_cipher_suites"]["result"]
                self.assertEqual(suites["accepted_cipher_suites"], [], version)
            renegotiation = found["session_renegotiation"]["result"]
            self.assertFalse(renegotiation["is_vulnerable_to_client_renegotiation_dos"])
            resumption = found["session_resumption"]["result"]
            self.assertEqual(
                resumption["tls_ticket_resumption_result"], "FULLY_SUPPORTED"
            )
