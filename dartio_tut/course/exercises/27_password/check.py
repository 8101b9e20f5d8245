import hmac
import re
import secrets
from base64 import b64encode

from dartio_tut.course.exercises.case import ExerciseCase

CHALLENGE = "WWW-Authenticate"


def basic(credentials, scheme="Basic"):
    return f"{scheme} {b64encode(credentials).decode()}"


class Test(ExerciseCase):
    def answer(self, given=""):
        fields = {"authorization": given} if given else {}
        return self.ask(self.reader.Secret(), **fields)

    def refused(self, given, why):
        answer = self.answer(given)
        answer.expect(
            answer.code != 403,
            "401 Unauthorized: 403 says that nothing helps, and here a password would"
            " help",
            "RFC 9110, 15.5.2 and 15.5.4",
        )
        answer.expect_code(401, why, "RFC 9110, 15.5.2")
        answer.expect(
            re.match('basic .*realm="', answer.field(CHALLENGE), re.IGNORECASE),
            f'{CHALLENGE}: Basic realm="..."; or a browser does not ask its user',
            "RFC 9110, 11.6.1, and RFC 7617, 2",
            CHALLENGE,
        )
        answer.expect(b"stone" not in answer.body, "no secret", "RFC 9110, 15.5.2")

    def test_asks_who_it_is(self):
        self.refused("", "the client did not say who it is")

    def test_lets_in(self):
        compared = []
        for module, name in ((hmac, "compare_digest"), (secrets, "compare_digest")):
            compare = getattr(module, name)

            def watched(a, b, compare=compare):
                compared.append(a)
                return compare(a, b)

            self.patch(module, name, watched)
            if vars(self.reader.module).get(name) is compare:
                self.patch(self.reader.module, name, watched)
        answer = self.answer(basic(b"ada:open:sesame"))
        answer.expect_code(
            200, "this is right; a password may have a colon", "RFC 7617, 2"
        )
        again = self.answer(basic(b"ada:open:sesame", "bASIC"))
        again.expect_code(200, "a scheme is written in any case", "RFC 9110, 11.1")
        if not compared:
            self.fail_teaching(
                "the right password was sent",
                "it was compared with == or the like",
                "hmac.compare_digest: == ends at the first difference, and the time it"
                " takes tells a patient stranger how much was right",
                "RFC 7617, 4, and the documentation of hmac",
            )

    def test_keeps_out(self):
        for credentials in (
            b"ada:open",
            b"ada:open:sesame!",
            b"ada",
            b"",
            b"\xff:\xff",
        ):
            self.refused(basic(credentials), "this is wrong")
        for given in ("Basic", "Basic !!!", "Basic a", "Basic YWRh"):
            self.refused(given, "this is no name with a password")
        self.refused(basic(b"ada:open:sesame", "Bearer"), "the scheme is not Basic")
