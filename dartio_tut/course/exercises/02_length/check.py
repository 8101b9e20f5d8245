from dartio_tut.course.exercises.case import ExerciseCase

TEXT = "Γειά σου, Κόσμε!\n"


class Test(ExerciseCase):
    def test_length_counts_bytes(self):
        answer = self.connect_to_twisted(self.reader.Greek()).send()
        answer.expect_code(200, "the request has succeeded", "RFC 9110, 15.3.1")
        answer.expect(
            answer.field("Content-Length"),
            "a Content-Length: without it the response goes out in chunks, and nobody"
            " knows beforehand how much will come",
            "RFC 9110, 8.6",
            "Content-Length",
            "Transfer-Encoding",
        )
        size = len(TEXT.encode())
        answer.expect(
            answer.is_whole,
            f"no more than the {size} bytes that you write: the client waits for bytes"
            " that never come",
            "RFC 9110, 8.6",
            "Content-Length",
        )

        answer.expect(
            not answer.rest,
            f"as many bytes as Content-Length says; {len(answer.rest)} more have come,"
            " which the client takes for the next response",
            "RFC 9110, 8.6",
            "Content-Length",
        )

    def test_text_is_greek(self):
        answer = self.ask(self.reader.Greek())
        answer.expect(
            answer.text == TEXT,
            f"{TEXT!r} in UTF-8, as your Content-Type says",
            "RFC 9110, 8.3.2",
            "Content-Type",
        )
