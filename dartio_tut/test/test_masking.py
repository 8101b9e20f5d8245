"""
`dartio_tut.resources.wire_view.masking`: secrets are masked wherever they stand, and as
much else as possible is left.
"""

from __future__ import annotations

from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources.wire_view.masking import (
    mask_body,
    mask_form,
    mask_head,
    mask_part,
)

from .support.any_input import usual
from .support.leaks import SECRET, leaked

GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
END = b"\r\n\r\n"

HEADS = {
    "Authorization": GET + b"Authorization: Basic " + SECRET + END,
    "a name in lower case": GET + b"authorization:" + SECRET + END,
    "a name in upper case": GET + b"PROXY-AUTHORIZATION:\t" + SECRET + END,
    "Cookie": GET + b"Cookie: a=b; c=" + SECRET + END,
    "Set-Cookie": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=" + SECRET + b"; HttpOnly" + END,
    "Idempotency-Key": GET + b"Idempotency-Key: " + SECRET + END,
    "another token": GET + b"X-Auth-Token: " + SECRET + END,
    "X-Auth": GET + b"X-Auth: " + SECRET + END,
    "a session": GET + b"x-session-id: " + SECRET + END,
    "X-Api-Key": GET + b"X-API-Key: " + SECRET + END,
    "a subscription key": GET + b"Ocp-Apim-Subscription-Key: " + SECRET + END,
    "a key for functions": GET + b"x-functions-key:" + SECRET + END,
    "a private key": GET + b"Private-Key: " + SECRET + END,
    "a one-time password": GET + b"X-GitHub-OTP: " + SECRET + END,
    "a PIN": GET + b"X-Pin: " + SECRET + END,
    "Auth": GET + b"Auth: " + SECRET + END,
    "a passphrase": GET + b"X_Passphrase: " + SECRET + END,
    "X-CSRF": GET + b"X-CSRF: " + SECRET + END,
    "DPoP": GET + b"DPoP: " + SECRET + END,
    "a JWT": GET + b"X-Goog-IAP-JWT-Assertion: " + SECRET + END,
    "a field that comes twice": GET + b"Cookie: a\r\nX: b\r\nCookie: " + SECRET + END,
    "a folded line": GET + b"Authorization: Basic\r\n " + SECRET + END,
    "two folded lines": GET + b"Cookie:\r\n a\r\n\t" + SECRET + b"\r\nX: y" + END,
    "a query": b"GET /?token=" + SECRET + b" HTTP/1.1" + END,
    "a query in upper case": b"GET /?TOKEN=" + SECRET + b" HTTP/1.1" + END,
    "a word of a name": b"GET /?a=1&x-my_key=" + SECRET + b"&b=2 HTTP/1.1" + END,
    "a part of a name": b"GET /?accessTokens=" + SECRET + b" HTTP/1.1" + END,
    "a code to log in": b"GET /?state=1&code=" + SECRET + b" HTTP/1.1" + END,
    "a SAML response": b"GET /?SAMLResponse=" + SECRET + b" HTTP/1.1" + END,
    "an assertion": b"GET /?client_assertion=" + SECRET + b" HTTP/1.1" + END,
    "a word against forgery": b"GET /?_csrf=" + SECRET + b" HTTP/1.1" + END,
    "a bearer": b"GET /?bearer=" + SECRET + b" HTTP/1.1" + END,
    "an encoded name": b"GET /?%74o%6Ben=" + SECRET + b" HTTP/1.1" + END,
    "an array": b"GET /?password[]=" + SECRET + b" HTTP/1.1" + END,
    "a semicolon before": b"GET /?a=1;sig=" + SECRET + b" HTTP/1.1" + END,
    "a semicolon within": b"GET /?sig=1;" + SECRET + b" HTTP/1.1" + END,
    "a number sign within": b"GET /?sig=1#" + SECRET + b" HTTP/1.1" + END,
    "an equals sign within": b"GET /?key=a=" + SECRET + b" HTTP/1.1" + END,
    "a URL in a URL": b"GET /?to=%2Fx%3Ftoken%3D" + SECRET + b" HTTP/1.1" + END,
    "a URL in that": b"GET /?to=%252Fx%253Fpwd%253D" + SECRET + b" HTTP/1.1" + END,
    "the second in that": b"GET /?u=a%3D1%26key%3D" + SECRET + b" HTTP/1.1" + END,
    "Referer": GET + b"Referer: http://a/?secret=" + SECRET + END,
    "Location": b"HTTP/1.1 302 Found\r\nLocation: /?token=" + SECRET + END,
    "a quoted value": GET + b'X: token="a b ' + SECRET + b'"' + END,
    "userinfo": b"GET http://me:" + SECRET + b"@a/ HTTP/1.1" + END,
    "a name alone": b"GET http://" + SECRET + b"@a/ HTTP/1.1" + END,
    "a password with a slash": b"GET http://me:x/" + SECRET + b"@a/ HTTP/1.1" + END,
    "a password with an at": b"GET http://me:x@" + SECRET + b"@a/ HTTP/1.1" + END,
    "a password with a space": b"GET http://me:" + SECRET + b" x@a/ HTTP/1.1" + END,
    "userinfo for CONNECT": b"CONNECT me:" + SECRET + b"@a:443 HTTP/1.1" + END,
    "userinfo in Host": b"GET / HTTP/1.1\r\nHost: me:" + SECRET + b"@a" + END,
    "userinfo in Referer": GET + b"Referer: http://me:" + SECRET + b"@a/b" + END,
    "userinfo in a URL": b"GET /?u=http%3A%2F%2Fme%3A"
    + SECRET
    + b"%40a HTTP/1.1"
    + END,
    "behind 300 parameters": b"GET /?" + b"a=1&" * 300 + b"key=" + SECRET + END,
}

PARTS = {
    "a name that is cut from its value": b"Authorization: " + SECRET[:9],
    "bare LF": b"GET / HTTP/1.1\nAuthorization: " + SECRET + b"\n\n",
    "base64 in lines": GET + b"Authorization: Basic\n" + SECRET + b"\nHost: a\n\n",
    "bare CR before": GET + b"X: y\rAuthorization: " + SECRET + END,
    "bare CR within": GET + b"Authorization: Basic\r" + SECRET + END,
    "CR only": b"GET / HTTP/1.1\rCookie: " + SECRET + b"\r\r",
    "a space before the colon": GET + b"Authorization : " + SECRET + END,
    "a space before the name": b"GET / HTTP/1.1\r\n Authorization: " + SECRET + END,
    "no colon": GET + b"Authorization " + SECRET + END,
    "an equals sign": GET + b"Authorization=" + SECRET + END,
    "a NUL": GET + b"Authorization\0: " + SECRET + END,
    "a byte order mark": GET + b"\xef\xbb\xbfCookie: " + SECRET + END,
    "a quoted name": GET + b'"Cookie": ' + SECRET + END,
    "a space in a query": b"GET /?token=a " + SECRET + b" HTTP/1.1" + END,
    "tabs in the first line": b"GET\t/?token=" + SECRET + b"\tHTTP/1.1" + END,
    "a cut query": b"GET /?token=" + SECRET[:7],
    "cut userinfo": b"GET http://me:" + SECRET[:8],
    "a cut name": b"GET http://" + SECRET[:8],
    "cut userinfo for CONNECT": b"CONNECT me:" + SECRET[:8],
    "cut userinfo in a URL": b"GET /?u=http%3A%2F%2Fme%3A" + SECRET[:8],
    "a request in a body": b"abc\r\nGET / HTTP/1.1\r\nCookie: " + SECRET + END,
}


class MaskingTests(SynchronousTestCase):
    """What is masked, and what is left."""

    def assert_masked(self, name: str, text: bytes, masked: bytes) -> None:
        """The secret of *text* is masked, and nothing is longer or shorter by it."""
        self.assertEqual(leaked(masked), [], (name, masked))
        self.assertEqual(len(masked), len(text), name)
        ends = [(at, b) for at, b in enumerate(text) if b in b"\r\n"]
        self.assertEqual([(at, b) for at, b in enumerate(masked) if b in b"\r\n"], ends)

    def test_secrets_in_heads_are_masked(self) -> None:
        for name, head in HEADS.items():
            self.assertTrue(leaked(head), name)
            self.assert_masked(name, head, mask_head(head))
            self.assert_masked(name, head, mask_part(head))

    def test_secrets_in_what_cannot_be_read_are_masked(self) -> None:
        for name, text in PARTS.items():
            self.assertTrue(leaked(text), name)
            self.assert_masked(name, text, mask_part(text))

    def test_lines_of_a_head_that_are_no_fields_are_masked(self) -> None:
        for name in ("no colon", "an equals sign", "a NUL", "a quoted name"):
            self.assert_masked(name, PARTS[name], mask_head(PARTS[name]))

    def test_secrets_in_cut_heads_are_masked_wherever_they_are_cut(self) -> None:
        for name, text in (HEADS | PARTS).items():
            # What is long has the same in its middle, again and again.
            ends = {*range(len(text))[:80], *range(len(text))[-80:]}
            for end in ends:
                self.assert_masked(name, text[:end], mask_part(text[:end]))

    def test_secrets_in_forms_are_masked(self) -> None:
        form = b"q=5&password=" + SECRET + b"&name=me"
        self.assertEqual(mask_form(form), b"q=5&password=" + b"*" * 16 + b"&name=me")

    def test_a_message_in_a_body_has_its_secrets_masked(self) -> None:
        body = b"GET / HTTP/1.1\r\nCookie: a=" + SECRET + b"\r\nHost: a\r\n\r\n"
        self.assert_masked("message/http", body, mask_body(body))

    def test_what_is_no_secret_is_left(self) -> None:
        for lines in (
            b"GET /keyboard/monkeys?q=6&name=me&page=3 HTTP/1.1",
            b"Host: localhost:4040\r\nAccept: text/html;q=0.9, */*;q=0.8",
            b"GET /token HTTP/1.1\r\nAccess-Control-Request-Headers: authorization",
            b"From: me@example.org\r\nOrigin: http://localhost:8080",
            b'HTTP/1.1 200 OK\r\nVary: Cookie, Authorization\r\nETag: "a=b"',
            b'WWW-Authenticate: Basic realm="files"\r\nKeep-Alive: timeout=5',
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAge: 5\r\nETag: x",
            b"Keywords: a\r\nX-Shipping: b\r\nAuthor: c\r\nX-Monkey: d",
            b"GET http://localhost:4040/@me HTTP/1.1\r\nHost: localhost:4040",
        ):
            head = lines + END
            self.assertEqual(mask_head(head), head)
        self.assertEqual(
            mask_body(b"My token is a secret: 5."), b"My token is a secret: 5."
        )
        note = b'{"myNote": "buy a cookie = 5"}'
        self.assertEqual(mask_body(note), note)

    def test_the_name_and_the_place_of_a_secret_are_left(self) -> None:
        head = b"GET /?a=1&key=abc&b=2 HTTP/1.1\r\nCookie: a=b\r\nX: y\r\n\r\n"
        wanted = b"GET /?a=1&key=***&b=2 HTTP/1.1\r\nCookie: ***\r\nX: y\r\n\r\n"
        self.assertEqual(mask_head(head), wanted)

    def test_time_grows_with_the_length_only(self) -> None:
        for unit in (
            b"a", b"=", b"//", b"token", b":", b"%25", b"x:\n", b"//a:b", b" a:",
            b"%2f", b"\r", b"token=", b" token ", b"a:token\n", b"token: a\n ", b"@",
            b"//:x", b"a HTTP/", b"%2540", b"%2f%2f%40", b"token= HTTP/1", b"25",
        ):  # fmt: skip
            text = b"token=@%40" + unit * (32 * 1024 // len(unit))
            for mask in (mask_head, mask_part, mask_form):
                began = perf_counter()
                self.assertEqual(len(mask(text)), len(text))
                took = perf_counter() - began
                self.assertLess(took, 1, (unit, mask))  # a thousand times less is usual

    @usual
    @given(
        st.lists(
            st.sampled_from(
                [b"token", b"=", b"&", b"Cookie", b":", b"\r", b"\n", b" ", b"a", b"//"]
                + [b"@", b"%3D", b"%2F", b"HTTP/1.1", b"%40", b"?", b'"', b"\x00", b"5"]
            ),
            max_size=40,
        ).map(b"".join)
    )
    def test_masked_text_may_be_masked_again_with_more_behind_it(
        self, text: bytes
    ) -> None:
        for mask in (mask_head, mask_part, mask_body, mask_form):
            masked = mask(text)
            self.assertEqual(len(masked), len(text))
            for more in (b"", b"x", b"\r\n", b"=b&c"):
                again = mask(masked + more)
                for before, after in zip(masked, again, strict=False):
                    self.assertIn(after, (before, ord("*")))
