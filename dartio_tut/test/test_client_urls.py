"""
URLs as people type them and as redirects give them.
"""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.clients.web import WebURL, without_credentials


def sent(url: WebURL) -> str:
    """*url* as it is sent."""
    text: str = url.encoded.to_uri().to_text()
    return text


class ParsingTests(SynchronousTestCase):
    """What is taken from a command line."""

    def test_url_is_shown_as_it_was_typed_and_sent_in_ascii(self) -> None:
        for typed, shown, asked in (
            ("http://x", "http://x", "http://x"),
            ("HTTP://X:80/", "http://X/", "http://x/"),
            ("https://[::1]:8/a?b#c", "https://[::1]:8/a?b", "https://[::1]:8/a?b"),
            ("http://[::1]/é?ü", "http://[::1]/é?ü", "http://[::1]/%C3%A9?%C3%BC"),
            ("http://bücher.x/é", "http://bücher.x/é", "http://xn--bcher-kva.x/%C3%A9"),
            ("http://x/a b", "http://x/a b", "http://x/a%20b"),
            ("http://x/%ff%zz%2f", "http://x/%ff%zz%2f", "http://x/%ff%zz%2f"),
            (
                "http://x/?u=http://y@z",
                "http://x/?u=http://y@z",
                "http://x/?u=http://y@z",
            ),
            (
                "My_service_1:8/é",
                "http://my_service_1:8/é",
                "http://my_service_1:8/%C3%A9",
            ),
            ("http://r3---sn-a.x/", "http://r3---sn-a.x/", "http://r3---sn-a.x/"),
            ("http://_a.b_c.x./?é", "http://_a.b_c.x./?é", "http://_a.b_c.x./?%C3%A9"),
        ):
            url = WebURL.parse(typed)
            self.assertEqual((str(url), sent(url)), (shown, asked))

    def test_shorthand_is_http(self) -> None:
        for typed, meant in (
            ("localhost:4040", "http://localhost:4040"),
            ("localhost", "http://localhost"),
            ("example.org/a", "http://example.org/a"),
            (":4040", "http://localhost:4040"),
            (":4040/x?y", "http://localhost:4040/x?y"),
            ("[::1]:4040", "http://[::1]:4040"),
            ("x:1/?u=http://y", "http://x:1/?u=http://y"),
        ):
            self.assertEqual(str(WebURL.parse(typed)), meant)

    def test_port_may_be_empty(self) -> None:
        for typed, meant in (
            ("http://x:/a", "http://x/a"),
            ("https://x:", "https://x"),
            ("http://x:?a:", "http://x/?a:"),
            ("http://u:p@x:#a", "http://x"),
            ("http://[::1]:/", "http://[::1]/"),
            ("http://x/?u=http://y:/", "http://x/?u=http://y:/"),
            ("http://x:/?u=http://y:/", "http://x/?u=http://y:/"),
            ("http://x/p/http://y:/z", "http://x/p/http://y:/z"),
            ("x:1/http://y:/z", "http://x:1/http://y:/z"),
        ):
            self.assertEqual(str(WebURL.parse(typed)), meant)
        url = WebURL.parse("http://x/").redirected(b"/a?next=http://y:/b")
        self.assertEqual(str(url), "http://x/a?next=http://y:/b")
        url = WebURL.parse("http://x/").redirected(b"http://x:/:/")
        self.assertEqual(str(url), "http://x/:/")

    def test_zone_of_an_address_stays_here(self) -> None:
        for typed in ("http://[fe80::1%25eth0]:4040/", "[fe80::1%eth0]:4040/"):
            url = WebURL.parse(typed)
            self.assertEqual(url.zone, "eth0")
            self.assertEqual(str(url), "http://[fe80::1%25eth0]:4040/")
            self.assertEqual(sent(url), "http://[fe80::1]:4040/")

    def test_user_and_password_are_not_part_of_the_url(self) -> None:
        for typed, user in (
            ("http://u:p@x/", ("u", "p")),
            ("http://us%40er:p%3Aw%C3%A9@x/", ("us@er", "p:wé")),
            ("http://u@x/", ("u", "")),
            ("http://:p@x/", ("", "p")),
            ("http://u:@x/", ("u", "")),
            ("u:p@x", ("u", "p")),
            ("http://u:p@[::1]:8/", ("u", "p")),
            ("http://x/", None),
            ("http://x/@", None),
        ):
            url = WebURL.parse(typed)
            self.assertEqual(url.user, user)
            self.assertNotIn("p", str(url).removeprefix("http"))
            self.assertNotIn("p", sent(url).removeprefix("http"))

    def test_what_is_no_url_is_refused(self) -> None:
        for typed in (
            "", "http://", "//x", "/x", "?x", "ftp://x/", "mailto:x", "http:x", "::1",
            "mailto:25", "mailto:a@b.c", "tel:80", "JavaScript:1", "data:80", "file:1",
            "http:///x", "http://[::1/", "http://[::1]x/", "http://[v1.x]/",
            "http://x:y/", "x:", "http:", "http://:/", "http://x:0/", "http://x:65536/",
            "http://x:99999/", "http://x:-1/", "http://x:+1/", "http://x:1_0/",
            "http://x:\u0664/", "http://:80/", "http://a b/", "http://x\\@evil/",
            "http://x/\n", "http://x/\x00", "http://a@b@c/", "http://a%41b/",
            "http://" + "a" * 64 + "/", "http://x..y/", "http://\u202ex/",
            "http://[1::2::3]/", "http://[1.2.3.4]/", "http://xn--a/", "http://a_.xn--b/",
            "http://-a/", "http://a-/", "http://a_b..c/", "http://.a_b/", "http://*/",
            "http://a!b/", "http://" + "a_" * 32 + "/", "http://ü_b/",
            "http://" + "a_b." * 64 + "/",
        ):  # fmt: skip
            self.assertRaises(ValueError, WebURL.parse, typed)

    def test_child_is_any_text(self) -> None:
        for name, path in (
            ("a b", "a%20b"), ("50%", "50%25"), ("é/?#", "%C3%A9%2F%3F%23"),
        ):  # fmt: skip
            url = WebURL.parse("http://x:1/").child(name)
            self.assertEqual(sent(url), f"http://x:1/{path}")
        self.assertEqual(sent(WebURL.parse("http://x").child("y")), "http://x/y")

    def test_password_is_cut_from_any_text(self) -> None:
        for text, shown in (
            ("http://u:p@x/", "http://x/"),
            ("u:p@x:y", "x:y"),
            ("mailto:x@y.z", "mailto:x@y.z"),
            ("ftp://u:p@x/", "ftp://x/"),
            ("ftp://u:p@q@x", "ftp://x"),
            ("//u:p@x", "//x"),
            ("http://x/?a=b@c", "http://x/?a=b@c"),
            ("x/y@z", "x/y@z"),
        ):
            self.assertEqual(without_credentials(text), shown)


class RedirectTests(SynchronousTestCase):
    """What a Location field leads to."""

    here = WebURL.parse("http://u:p@h:1/a/b?c")

    def test_location_is_resolved(self) -> None:
        for location, target in (
            (b"/x", "http://h:1/x"),
            (b"../y", "http://h:1/y"),
            (b"?q", "http://h:1/a/b?q"),
            (b"//o/p", "http://o/p"),
            (b"https://o/#f", "https://o/"),
            (b"/a%zz", "http://h:1/a%zz"),
            ("é".encode(), "http://h:1/a/%C3%A9"),
            (b"http:x", "http://h:1/a/x"),
            (b"/\xe9", "http://h:1/%E9"),
            (b"/a b", "http://h:1/a%20b"),
            ("http://bücher.x/".encode(), "http://xn--bcher-kva.x/"),
            (b"http://[::1]:9/", "http://[::1]:9/"),
            (b"//a_b:9/c", "http://a_b:9/c"),
        ):
            self.assertEqual(sent(self.here.redirected(location)), target)

    def test_location_that_is_no_url_is_refused(self) -> None:
        for location in (
            b"", b"ftp://x/", b"mailto:x", b"javascript:alert(1)", b"data:,x",
            b"file:///etc/passwd", b"http:///x", b"http://", b"http://[::1/",
            b"mailto:25", b"tel:80", b"x:1/2", b"//", b"///x", b"http://x:99999/",
            b"http://\xff/", b"/\x1b[2J", b"/\x00", b"http://u:p@x/",
        ):  # fmt: skip
            self.assertRaises(ValueError, self.here.redirected, location)

    def test_password_stays_at_its_origin(self) -> None:
        for location, user in (
            (b"/x", ("u", "p")),
            (b"http://H:1/x", ("u", "p")),
            (b"http://h:2/x", None),
            (b"https://h:1/x", None),
            (b"http://h/x", None),
            (b"//o:1/x", None),
        ):
            self.assertEqual(self.here.redirected(location).user, user)

    def test_zone_stays_with_its_address(self) -> None:
        here = WebURL.parse("http://[fe80::1%25eth0]:1/")
        self.assertEqual(here.redirected(b"/x").zone, "eth0")
        self.assertEqual(here.redirected(b"http://[fe80::1]:2/").zone, "eth0")
        self.assertEqual(here.redirected(b"http://[fe80::2]/").zone, "")
