from dartio_tut.course.exercises.case import ExerciseCase

ADA = b'{"name": "Ada"}'


class Test(ExerciseCase):
    def post(self, body, content_type):
        fields = {"content_type": content_type} if content_type else {}
        return self.ask(self.reader.Greeting(), "POST", "/", body, **fields)

    def test_greets(self):
        for content_type in (
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON;charset=utf-8",
        ):
            answer = self.post(ADA, content_type)
            answer.expect(
                answer.code == 200 and "Hello, Ada!" in answer.text,
                "Hello, Ada!: this is JSON; a type may have a parameter, and the case"
                " of its letters does not matter",
                "RFC 9110, 8.3.1",
            )

    def test_says_that_it_is_json_and_is_not(self):
        for body in (b"name=Ada", b"{", b"\xff", b"[" * 100_000, b"", b"{}", b"[1]"):
            answer = self.post(body, "application/json")
            answer.expect_code(
                400, "the body is not what its type says", "RFC 9110, 15.5.1"
            )

    def test_name_is_half_a_character(self):
        answer = self.post(b'{"name": "\\ud83d"}', "application/json")
        answer.expect(
            answer.code in (200, 400),
            "400: JSON may have one surrogate without the other. It is not a character:"
            " encode() raises UnicodeEncodeError, a ValueError",
            "RFC 8259, 8.2",
        )

    def test_other_types(self):
        for content_type in (
            "application/x-www-form-urlencoded",
            "text/plain",
            "application/jsonp",
            "",
        ):
            answer = self.post(ADA, content_type)
            answer.expect(
                answer.code != 200,
                "415 Unsupported Media Type: the client says that this is no JSON; a"
                " form on any page of the web can send that, but not application/json",
                "RFC 9110, 15.5.16",
            )
            answer.expect_code(
                415, "the type is what is wrong, not the body", "RFC 9110, 15.5.16"
            )
            answer.expect(
                "application/json" in answer.field("Accept"),
                "Accept: application/json: also in a response it says what is wanted",
                "RFC 9110, 12.5.1 and 15.5.16",
                "Accept",
            )
