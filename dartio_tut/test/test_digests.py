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

    def test_whatever_a_dictionary_may_have_passes(self) -> None:
        for name in ("Repr-Digest", "Content-Digest"):
            for value in (
                "",
                " ",
                f'{SHORT};a=1; b;c="x,y;z"',
                f"{SHORT[:-2]}:",  # without padding
                f"{SHORT} \t,\t {LONG}",
                f'md5="a, b\\"";q=?0, {SHORT}',
                f'unixsum=30637, md5=(:AA==: "x";a);b, x, {SHORT}',
                f"adler=@1659578233, n=-1.5, t=a/b:c, {SHORT}",
                "crc32c=?1",
            ):
                self.check(f"{name}: {value}")

    def test_dictionary_is_read_in_time(self) -> None:
        for value in (
            "a=(" + "1 " * 10_000,
            "a;" * 10_000,
            "a=:" + "A" * 20_000,
            "a," * 10_000 + "!",
        ):
            self.assertRaises(HTTPError, self.check, f"Content-Digest: {value}")

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
                "sha-256=?1",
                f"sha-256=({SHORT[8:]})",
                f'sha-256="{SHORT[8:]}"',
                f"{WRONG};a=1",
                f"{SHORT},",
                f",{SHORT}",
                f"{SHORT};",
                f"{SHORT};A=1",
                f"{SHORT} {LONG}",
                "md5=(1",
                'md5="a',
                "=:AAAA:",
                "SHA-256=" + SHORT[8:],
            ):
                refused = self.assertRaises(HTTPError, self.check, f"{name}: {value}")
                self.assertEqual(refused.code, 400)
                self.assertIn(name, refused.text)

    def test_every_line_of_the_field_is_checked(self) -> None:
        lines = (f"Repr-Digest: {WRONG}", f"Repr-Digest: {SHORT}")
        self.assertRaises(HTTPError, self.check, *lines)
        self.assertRaises(HTTPError, self.check, *reversed(lines))
