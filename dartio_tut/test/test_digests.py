"""
Digests of content.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256, sha512

from dartio_tut.resources import HTTPError, check_digests

from .support.memory_client import RequestCase

CONTENT = b'{"hello": "world"}'
SHORT = f"sha-256=:{b64encode(sha256(CONTENT).digest()).decode()}:"
LONG = f"sha-512=:{b64encode(sha512(CONTENT).digest()).decode()}:"
WRONG = f"sha-256=:{b64encode(sha256(b'').digest()).decode()}:"


class DigestTests(RequestCase):
    """`check_digests`."""

    def check(self, *lines: str) -> None:
        check_digests(self.held_request(*lines), CONTENT)

    def test_right_digests_pass(self) -> None:
        self.check()
        for name in ("Repr-Digest", "Content-Digest"):
            for value in (SHORT, LONG, f"{SHORT}, {LONG}", f"md5=:AAAA:,{SHORT}"):
                self.check(f"{name}: {value}")

    def test_wrong_or_malformed_digests_are_400(self) -> None:
        for name in ("Repr-Digest", "Content-Digest"):
            for value in (
                WRONG,
                f"{SHORT}, {WRONG}",
                "sha-256=:AAAA:",
                "sha-256=:A:",
                "sha-512=::",
                "sha-256=abc",
                "sha-256",
                "",
                f"{SHORT},",
                "SHA-256=" + SHORT[8:],
            ):
                refused = self.assertRaises(HTTPError, self.check, f"{name}: {value}")
                self.assertEqual(refused.code, 400)
                self.assertIn(name, refused.text)

    def test_every_line_of_the_field_is_checked(self) -> None:
        lines = (f"Repr-Digest: {WRONG}", f"Repr-Digest: {SHORT}")
        self.assertRaises(HTTPError, self.check, *lines)
        self.assertRaises(HTTPError, self.check, *reversed(lines))
