from dartio_tut.course.exercises.case import ExerciseCase


class Test(ExerciseCase):
    def answer(self, query):
        return self.ask(self.reader.Double(), target=f"/{query}")

    def test_doubles(self):
        for query, text in (("?n=21", "42"), ("?n=-4", "-8")):
            answer = self.answer(query)
            answer.expect_code(200, "this is a number", "RFC 9110, 15.3.1")
            answer.expect(answer.text.strip() == text, text, "the task of the exercise")

    def test_client_is_wrong(self):
        for query in ("?n=ten", "?n=1.5", "?n=", "", "?m=1"):
            answer = self.answer(query)
            answer.expect(
                answer.code != 200,
                "400 Bad Request: programs read the code, not the text",
                "RFC 9110, 15.5.1",
            )
            answer.expect(
                answer.code != 404,
                "400 Bad Request: the resource is there, the query is wrong",
                "RFC 9110, 15.5.1",
            )
            answer.expect_code(400, "the client is wrong, not you", "RFC 9110, 15.5.1")
            answer.expect(
                answer.body.strip(),
                "a line of text as well, for people: what would be right?",
                "RFC 9110, 15.5",
            )

    def test_two_numbers_are_one_too_many(self):
        self.answer("?n=1&n=2").expect_code(
            400,
            "a request must mean one thing: two readers of it (a proxy, you) could each"
            " take another number",
            "RFC 9110, 15.5.1",
        )
