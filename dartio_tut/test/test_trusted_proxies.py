"""
`dartio_tut.daemon.trusted_proxies`: whose request it is, and who may say so.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.daemon import trusted_proxies
from dartio_tut.daemon.options.server import ServerOptions
from dartio_tut.daemon.trusted_proxies import TrustedProxies, trusted_proxy

from .support.startup_case import StartupCase

PROXY = IPv4Address("TCP", "10.0.0.1", 40000)
STRANGER = IPv4Address("TCP", "192.0.2.66", 40000)
TRUST = TrustedProxies(map(trusted_proxy, ["10.0.0.0/8", "2001:db8:1::/48", "unix"]))


def client(peer: IAddress = PROXY, **fields: str) -> Any:
    """The host of the client, by *fields* (with underscores) that came from *peer*."""
    values = {
        name.replace("_", "-").encode(): text.encode("latin-1")
        for name, text in fields.items()
    }
    return getattr(TRUST.client_by(peer, values.get), "host", None)


class TrustTests(SynchronousTestCase):
    """`TrustedProxies`."""

    def test_peers_of_its_networks_are_trusted_and_no_others(self) -> None:
        for peer, is_trusted in [
            (PROXY, True),
            (STRANGER, False),
            (IPv6Address("TCP", "::ffff:10.1.2.3", 1), True),
            (IPv6Address("TCP", "2001:db8:1::7", 1), True),
            (IPv6Address("TCP", "2001:db8:2::7", 1), False),
            (IPv6Address("TCP", "fe80::1%eth0", 1), False),
            (UNIXAddress(None), True),
            (UNIXAddress(b"/x"), True),
            (None, False),
        ]:
            self.assertEqual(TRUST.trusts(peer), is_trusted, peer)
        self.assertFalse(TrustedProxies([]).trusts(UNIXAddress(None)))

    def test_fields_of_untrusted_peers_are_not_believed(self) -> None:
        self.assertEqual(client(STRANGER, x_forwarded_for="1.2.3.4"), "192.0.2.66")
        self.assertEqual(client(STRANGER, forwarded="for=1.2.3.4"), "192.0.2.66")

    def test_a_client_without_such_fields_is_the_peer(self) -> None:
        self.assertEqual(client(), "10.0.0.1")

    def test_the_rightmost_untrusted_address_is_the_client(self) -> None:
        for text, expected in [
            ("1.2.3.4", "1.2.3.4"),
            ("9.9.9.9, 1.2.3.4", "1.2.3.4"),
            ("9.9.9.9,1.2.3.4 , 10.0.0.2,10.9.9.9", "1.2.3.4"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("2001:db8::5", "2001:db8::5"),
            ("[2001:db8::5]:443", "2001:db8::5"),
            ("1.2.3.4:5678", "1.2.3.4"),
            ("::ffff:1.2.3.4", "1.2.3.4"),
            ("1.2.3.4, 2001:db8:1::9", "1.2.3.4"),
        ]:
            self.assertEqual(client(x_forwarded_for=text), expected, text)
            self.assertEqual(client(UNIXAddress(None), x_forwarded_for=text), expected)

    def test_what_is_no_address_ends_the_search(self) -> None:
        for text, expected in [
            ("unknown", "10.0.0.1"),
            ("", "10.0.0.1"),
            ("1.2.3.4,", "10.0.0.1"),
            ("1.2.3.4, unknown", "10.0.0.1"),
            ("1.2.3.4, unknown, 10.0.0.2", "10.0.0.2"),
            ("1.2.3.4, 5.6.7.8.9", "10.0.0.1"),
            ("1.2.3.4, 010.1.1.1", "10.0.0.1"),
            ("1.2.3.4, fe80::1%<b>", "10.0.0.1"),
            ("1.2.3.4, \xff", "10.0.0.1"),
        ]:
            self.assertEqual(client(x_forwarded_for=text), expected, text)

    def test_forwarded_is_read_as_its_rfc_has_it(self) -> None:
        for text, expected in [
            ("for=1.2.3.4", "1.2.3.4"),
            ("For=1.2.3.4;proto=https;by=10.0.0.1", "1.2.3.4"),
            ('by=x ; for="1.2.3.4:99"', "1.2.3.4"),
            ('for="[2001:db8::5]"', "2001:db8::5"),
            ('for="[2001:db8::5]:_port"', "2001:db8::5"),
            ('for="\\1.2.3.4"', "1.2.3.4"),
            ('for=9.9.9.9, for="1.2.3.4", for=10.0.0.2', "1.2.3.4"),
            ('host="a,for=8.8.8.8;b";for=1.2.3.4', "1.2.3.4"),
        ]:
            self.assertEqual(client(forwarded=text), expected, text)

    def test_forwarded_that_names_nobody_or_is_malformed_tells_nothing(self) -> None:
        for text in [
            "for=unknown",
            "for=_hidden",
            'for="_hidden:1"',
            "for=1.2.3.4, for=_SEVKISEK",
            "for=1.2.3.4, proto=https",
            "for=1.2.3.4;for=5.6.7.8",
            "for=2001:db8::5",
            'for="1.2.3.4',
            'for="1.2.3.4" x',
            "for =1.2.3.4",
            "for=1.2.3.4,",
            "1.2.3.4",
            "for=[::1]",
            'for="[::1"',
            "",
        ]:
            self.assertEqual(client(forwarded=text), "10.0.0.1", text)

    def test_of_two_fields_that_differ_none_is_believed(self) -> None:
        for other, expected in [
            ("5.6.7.8", "10.0.0.1"),
            ("9.9.9.9, 1.2.3.4", "1.2.3.4"),
        ]:
            found = client(forwarded="for=1.2.3.4", x_forwarded_for=other)
            self.assertEqual(found, expected)

    def test_what_is_left_of_the_client_is_not_looked_at(self) -> None:
        asked: list[str] = []
        address = ip_address

        def count(text: str) -> Any:
            asked.append(text)
            return address(text)

        self.patch(trusted_proxies, "ip_address", count)
        text = "1," * 5000 + "1.2.3.4, 10.0.0.2"
        self.assertEqual(client(x_forwarded_for=text), "1.2.3.4")
        self.assertLess(len(asked), 10)
        # Forwarded can be read from the left only: so many proxies do not exist.
        few, many = ("for=9.9.9.9," * count + "for=1.2.3.4" for count in (50, 5000))
        self.assertEqual(client(forwarded=few), "1.2.3.4")
        self.assertEqual(client(forwarded=many), "10.0.0.1")

    def test_a_field_that_is_long_is_read_in_time(self) -> None:
        for text in ['for="' + "\\" * 16000, "for=" * 4000, "a=b;" * 4000, "," * 16000]:
            self.assertEqual(client(forwarded=text), "10.0.0.1")


class OptionTests(StartupCase):
    """``--trusted-proxy``."""

    def trust(self, *words: str) -> TrustedProxies | None:
        """Whom a server trusts that was given *words*."""
        options = ServerOptions()
        options.parseOptions([f"--trusted-proxy={word}" for word in words])
        return options.proxy_trust()

    def test_networks_addresses_and_unix_may_be_given(self) -> None:
        self.assertIsNone(self.trust())
        trust = self.trust("10.0.0.0/8", "::1", "unix")
        assert trust is not None
        self.assertTrue(trust.trusts(IPv6Address("TCP", "::1", 1)))
        self.assertTrue(trust.trusts(PROXY))
        self.assertFalse(trust.trusts(STRANGER))

    def test_networks_of_mapped_addresses_are_of_ipv4(self) -> None:
        for word, is_trusted in [
            ("::ffff:10.0.0.0/104", True),
            ("::ffff:10.0.0.1", True),
            ("::ffff:0:0/96", True),
            ("::ffff:192.0.2.0/120", False),
        ]:
            trust = self.trust(word)
            assert trust is not None
            self.assertEqual(trust.trusts(PROXY), is_trusted, word)
            mapped = IPv6Address("TCP", "::ffff:10.0.0.1", 1)
            self.assertEqual(trust.trusts(mapped), is_trusted, word)

    def test_anything_else_is_refused_and_says_what_is_right(self) -> None:
        for word, said in [
            ("10.0.0.1/8", "did you mean 10.0.0.0/8?"),
            ("10.0.0.0/33", "use a network"),
            ("proxy.example", "use a network"),
            ("UNIX", "use a network"),
        ]:
            refusal = self.refusal(f"--trusted-proxy={word}", options=ServerOptions)
            self.assertIn(said, refusal)
