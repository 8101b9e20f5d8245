import time

from dartio_tut.course.exercises.case import ExerciseCase

CLAUSE = "RFC 9112, 7.1 (chunks)"


class Test(ExerciseCase):
    def test_line_each_second(self):
        connection = self.connect(self.reader.Countdown(self.clock))
        slept = []
        self.patch(time, "sleep", slept.append)
        answer = connection.send()
        answer.expect(
            not slept,
            "`await deferLater`: time.sleep stops the whole program, and nobody else is"
            " served meanwhile",
            "the page before/reactor",
        )
        answer.expect(
            not answer.is_whole,
            "the line 3, and the others later: yours have come all at once",
            CLAUSE,
        )
        answer.expect(
            answer.body, "the line 3 at once, but nothing has come of the body", CLAUSE
        )
        answer.expect(
            answer.body == b"3\n", "the line 3, and the next one in a second", CLAUSE
        )
        for wanted in (b"3\n2\n", b"3\n2\n1\n"):
            self.clock.advance(1)
            answer = connection.answer()
            answer.expect(
                answer.body == wanted, f"{wanted.decode()!r} a second later", CLAUSE
            )
        for _ in range(2):
            self.clock.advance(1)
        answer = connection.answer()
        answer.expect(
            answer.is_whole,
            "the end of the response after the last line; without it the client waits"
            " for ever: nobody calls request.finish()",
            "RFC 9112, 7.1 (the last chunk)",
        )

    def test_stops_when_the_client_leaves(self):
        connection = self.connect(self.reader.Countdown(self.clock))
        connection.send()
        connection.leave()
        for _ in range(5):
            if self.clock.getDelayedCalls():
                self.fail_teaching(
                    "the client left after the first line",
                    "your resource waits for the next second",
                    "nothing more is done: the client has gone, and request.finish()"
                    " would raise an exception",
                    "RFC 9112, 9.6",
                )
            self.clock.advance(1)
        self.raise_logged()
