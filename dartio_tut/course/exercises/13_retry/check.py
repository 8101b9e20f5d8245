from dartio_tut.course.exercises.case import ExerciseCase

URL = "http://example.org/"
GAVE_UP = type("GaveUp", (), {"__repr__": lambda _: "GaveUp"})()
"""In the place of a text; a message shows it so."""

CLAUSE = "RFC 9110, 10.2.3 and 15.6.4"


class Test(ExerciseCase):
    def ask(self, *replies):
        """The text or GaveUp, and when each request came."""
        times = []

        def reply(seen):
            times.append(self.clock.seconds())
            code, fields = replies[min(len(times), len(replies)) - 1]
            if len(times) > 3:
                self.fail_teaching(
                    "each response was 503",
                    "a fourth request",
                    "GaveUp: three requests in all; a server that is overloaded is not"
                    " helped by more of them",
                    CLAUSE,
                )
            return code, fields, b"the text"

        client, _ = self.client(reply)
        try:
            came = self.result_of(client, self.reader.ask(client, self.clock, URL))
        except self.reader.GaveUp:
            came = GAVE_UP
        finally:
            self.raise_logged()
        return came, times

    def test_asks_once_when_all_is_well(self):
        came, times = self.ask((200, {}))
        if (came, len(times)) != ("the text", 1):
            self.fail_teaching(
                "a server answered 200",
                f"{came!r}, requests: {len(times)}",
                "the text after one request",
                "RFC 9110, 15.3.1",
            )

    def test_other_errors_are_final(self):
        came, times = self.ask((404, {}))
        for wrong, why in (
            (came is not GAVE_UP, "what came is an error page"),
            (len(times) > 1, "404 will be 404 the next time, too"),
        ):
            if wrong:
                self.fail_teaching(
                    "a server answered 404",
                    f"{came!r}, requests: {len(times)}",
                    f"GaveUp after the first: {why}",
                    "RFC 9110, 15.5.5",
                )

    def test_waits_as_long_as_the_server_says(self):
        came, times = self.ask((503, {"Retry-After": "20"}), (200, {}))
        if len(times) < 2 or times[1] < 20 or came != "the text":
            self.fail_teaching(
                "a server answered 503 with Retry-After: 20",
                f"requests at {times} seconds, then {came!r}",
                "the second request, not before 20 seconds are over",
                CLAUSE,
            )

    def test_date_is_no_number(self):
        date = {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}
        for fields in ({}, date):
            came, _ = self.ask((503, fields), (200, {}))
            if came != "the text":
                self.fail_teaching(
                    f"a server answered 503 with {fields}, then 200",
                    repr(came),
                    "the text, after 5 seconds",
                    CLAUSE,
                )

    def test_server_may_say_any_number(self):
        came, _ = self.ask((503, {"Retry-After": "9" * 5000}), (200, {}))
        if came != "the text" and came is not GAVE_UP:
            self.fail_teaching(
                "a server answered 503 with a Retry-After of 5,000 digits, then 200",
                repr(came),
                "the text after 5 seconds, or GaveUp: nobody waits for so long",
                CLAUSE,
            )

    def test_gives_up(self):
        came, times = self.ask((503, {"Retry-After": "2"}))
        if came is not GAVE_UP or len(times) != 3:
            self.fail_teaching(
                "each response was 503",
                f"{came!r}, requests: {len(times)}",
                "GaveUp after three",
                CLAUSE,
            )
