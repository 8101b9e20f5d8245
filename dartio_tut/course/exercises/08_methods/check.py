from dartio_tut.course.exercises.case import ExerciseCase


class Test(ExerciseCase):
    def test_get_and_head(self):
        get = self.ask(self.reader.Number())
        get.expect_code(200, "GET is allowed", "RFC 9110, 9.3.1")
        head = self.ask(self.reader.Number(), "HEAD")
        head.expect_code(
            200,
            "HEAD is GET without the body, and each server has both",
            "RFC 9110, 9.1",
        )
        head.expect(
            head.field("Content-Length") == get.field("Content-Length"),
            "the same Content-Length as GET has",
            "RFC 9110, 9.3.2",
            "Content-Length",
        )

    def test_others_are_refused(self):
        for method in ("DELETE", "POST", "BREW"):
            answer = self.ask(self.reader.Number(), method)
            answer.expect(
                answer.code != 200,
                f"405 Method Not Allowed: you respond as to GET, whatever is asked for;"
                f" who sends {method} believes that it is done",
                "RFC 9110, 15.5.6",
            )
            answer.expect(
                answer.code != 400,
                "405 Method Not Allowed: the request is well-formed, 400 says that it"
                " is not",
                "RFC 9110, 15.5.6",
            )
            answer.expect(
                answer.code != 501,
                "405 Method Not Allowed: 501 says that no resource of this server"
                " knows the method",
                "RFC 9110, 15.6.2",
            )
            answer.expect_code(
                405, "this resource does not do that", "RFC 9110, 15.5.6"
            )
            allowed = [name.strip() for name in answer.field("Allow").split(",")]
            answer.expect(
                "GET" in allowed and "HEAD" in allowed,
                "Allow: GET, HEAD: a server that answers 405 must say which methods"
                " would be right",
                "RFC 9110, 10.2.1",
                "Allow",
            )
            answer.expect(
                sorted(allowed) == ["GET", "HEAD"],
                "Allow: GET, HEAD: it must not list methods that you refuse",
                "RFC 9110, 10.2.1",
                "Allow",
            )
