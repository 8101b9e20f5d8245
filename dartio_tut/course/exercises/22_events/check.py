import re

from dartio_tut.course.exercises.case import ExerciseCase

CLAUSE = "the HTML standard, 9.2.5 and 9.2.6 (event streams)"


def events(body):
    """The texts of the whole events in *body*, as a browser reads them."""
    text = body.decode().replace("\r\n", "\n").replace("\r", "\n")
    found = []
    for event in text.split("\n\n")[:-1]:
        data = re.findall(r"^data: ?(.*)$", event, re.MULTILINE)
        if data:
            found.append("\n".join(data))
    return found


class Test(ExerciseCase):
    def setUp(self):
        super().setUp()
        self.news = self.reader.News()

    def listen(self):
        connection = self.connect(self.news)
        connection.send()
        return connection

    def test_stream_is_open_at_once(self):
        answer = self.listen().answer()
        answer.expect(
            answer.code == 200,
            "200 OK: the head of the response is sent with the first bytes that are"
            " written; until then the browser does not know that it is connected",
            CLAUSE,
        )
        answer.expect(
            answer.field("Content-Type").startswith("text/event-stream"),
            "Content-Type: text/event-stream; as plain text no browser takes it for"
            " events",
            CLAUSE,
            "Content-Type",
        )

    def told(self, text, wants, count=1):
        connections = [self.listen() for _ in range(count)]
        self.news.tell(text)
        for connection in connections:
            answer = connection.answer()
            if events(answer.body) != ["\n".join(text.splitlines())]:
                self.fail_teaching(
                    f"clients who listened: {count}; then tell({text!r}) was called",
                    answer.described(),
                    wants,
                    CLAUSE,
                )

    def test_event_is_told(self):
        self.told("Buy milk", "'data: Buy milk\\n\\n': an empty line ends an event")

    def test_all_are_told(self):
        self.told("Buy bread", "the event, for both clients who listen", count=2)

    def test_lines(self):
        self.told("one\ntwo", "data: for each line, then one event of two lines")
        self.told(
            "one\n\ndata: two",
            "one event, with a data: for each line, as empty as it is",
        )
        self.told(
            "one\r\rdata: two",
            "one event: CR alone is a line break as well, in a stream",
        )

    def test_who_has_gone_is_forgotten(self):
        connection = self.listen()
        connection.leave()
        self.news.tell("Is anybody there?")
        self.raise_logged()
        if self.news.listening:
            self.fail_teaching(
                "a client listened and left, then tell was called",
                f"{len(self.news.listening)} in the list listening",
                "an empty list: who has gone is kept in memory for ever",
                "the page before/producers",
            )
