from pathlib import Path

from dartio_tut.course.exercises.case import ExerciseCase
from dartio_tut.course.exercises.reader_file import ReaderFile

HIDDEN = b"0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n"
BROKEN = ReaderFile(Path(__file__).with_name("start.py"))
BROKEN.load()


def post(*lines, body=HIDDEN):
    head = [b"POST / HTTP/1.1", b"Host: a", *lines]
    return b"\r\n".join([*head, b"", body])


SHOWN_CHARACTERS = 400
"""More than any honest request here has."""

LENGTH = b"Content-Length: %d" % len(HIDDEN)
CHUNKED = b"Transfer-Encoding: chunked"

DOUBTFUL = (
    (
        post(b"Content-Length: 0", LENGTH),
        "Content-Length twice: some servers take the first of them, some the last",
        "RFC 9112, 6.3, 5",
    ),
    (
        post(LENGTH, b"Transfer-Encoding : chunked"),
        "no space stands before a colon: only some servers take this for a field",
        "RFC 9112, 5.1",
    ),
    (
        post(b"Content-Length: +%d" % len(HIDDEN)),
        "a length has only digits: some servers read +1 as 1, some refuse it",
        "RFC 9110, 8.6",
    ),
    (
        post(b"Content-Length: " + b"9" * 5000),
        "no body is so long, and int() does not take a number of so many digits",
        "RFC 9110, 8.6",
    ),
    (
        post(b"Transfer-Encoding: xchunked"),
        "this is another coding than chunked, and nobody knows where the body ends",
        "RFC 9112, 6.3, 4",
    ),
    (
        post(b"Transfer-Encoding: chunked, identity"),
        "chunked has to be the last coding; with others behind it no end is known",
        "RFC 9112, 6.3, 4",
    ),
)

HONEST = (
    (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "an honest request without a body"),
    (post(b"Content-Length: 3", body=b"a=b"), "an honest request with a length"),
    (
        post(CHUNKED, body=b"3\r\na=b\r\n0\r\n\r\n"),
        "an honest request in chunks",
    ),
    (
        post(b"Content-Length: 3", body=b"a=b") + b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        "two honest requests, one right behind the other",
    ),
)


def shown(data):
    text = data.decode("latin-1").replace("\r\n", " CRLF ").strip()
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]} ..."


class Test(ExerciseCase):
    def handed_on(self, data):
        """What the reader's proxy hands on of *data*; None when it refuses."""
        try:
            return self.reader.proxy(data)
        except self.reader.Refused:
            return None

    def test_attack_works(self):
        attack = self.reader.attack()
        handed_on = BROKEN.proxy(attack)
        targets = BROKEN.server(handed_on)
        asked = f"the proxy as it was got {shown(attack)}"
        if len(targets) < 2:
            self.fail_teaching(
                asked,
                f"the server was asked for {targets}",
                "two requests for the server: this is only what the proxy has seen",
                "RFC 9112, 11.2 (request smuggling)",
            )
        if b"/admin" not in targets:
            self.fail_teaching(
                asked,
                f"the server was asked for {targets}",
                "a second request, as there is, but not /admin",
                "RFC 9112, 11.2 (request smuggling)",
            )

    def test_attack_is_refused(self):
        attack = self.reader.attack()
        handed_on = self.handed_on(attack)
        if handed_on is not None and b"/admin" in BROKEN.server(handed_on):
            self.fail_teaching(
                f"your proxy got {shown(attack)}",
                "it handed on your own attack",
                "Refused: Content-Length and Transfer-Encoding do not go together",
                "RFC 9112, 6.1 and 6.3, 3",
            )

    def test_honest_requests_pass(self):
        for data, what in HONEST:
            handed_on = self.handed_on(data)
            if handed_on != data:
                came = f"it handed on {shown(handed_on or b'nothing')}"
                self.fail_teaching(
                    f"your proxy got {shown(data)}",
                    "it raised Refused" if handed_on is None else came,
                    f"the same bytes: this is {what}",
                    "RFC 9112, 6.3",
                )
        admin = b"GET /admin HTTP/1.1\r\nHost: a\r\n\r\n"
        if self.handed_on(admin):
            self.fail_teaching(
                f"your proxy got {shown(admin)}",
                "it handed it on",
                "nothing: that is what it is there for",
                "the task of the exercise",
            )

    def test_doubtful_requests_do_not(self):
        for data, why, clause in DOUBTFUL:
            if self.handed_on(data) is not None:
                self.fail_teaching(
                    f"your proxy got {shown(data)}",
                    "it handed it on, or a part of it",
                    f"Refused: {why}",
                    clause,
                )
