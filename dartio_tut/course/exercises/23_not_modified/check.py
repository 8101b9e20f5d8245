from dartio_tut.course.exercises.case import ExerciseCase

CLAUSE = "RFC 9110, 13.1.2"


class Test(ExerciseCase):
    def answer(self, given=""):
        fields = {"if_none_match": given} if given else {}
        return self.ask(self.reader.Text(), **fields)

    def test_first_time_it_is_sent(self):
        answer = self.answer()
        answer.expect_code(200, "the client has no copy", "RFC 9110, 15.3.1")
        answer.expect(
            answer.field("ETag") == self.reader.ETAG,
            f"ETag: {self.reader.ETAG}: a response must name it, or nobody can ask for"
            " it",
            "RFC 9110, 8.8.3",
            "ETag",
        )
        answer.expect(
            answer.body == self.reader.TEXT, "the whole text", "RFC 9110, 15.3.1"
        )

    def test_copy_is_good(self):
        for given, why in (
            (
                self.reader.ETAG,
                "the client has it, and your server sends all of it again",
            ),
            (f'"0", {self.reader.ETAG}', "the second of the list is there"),
            (f"W/{self.reader.ETAG}", "If-None-Match uses the weak comparison"),
            ("*", "* stands for any version"),
        ):
            answer = self.answer(given)
            answer.expect(
                answer.code != 412,
                "304 Not Modified: 412 is for PUT and the like; for GET it is 304",
                CLAUSE,
            )
            answer.expect_code(304, why, CLAUSE)
            answer.expect(
                not answer.rest,
                "no body: the client uses its copy",
                "RFC 9110, 15.4.5",
            )
            answer.expect(
                answer.field("ETag") == self.reader.ETAG,
                f"ETag: {self.reader.ETAG}: a 304 must name it, too, for the client to"
                " know which copy",
                "RFC 9110, 15.4.5",
                "ETag",
            )

    def test_copy_is_old(self):
        for given in ('"0"', '"10"', '"0", "2"'):
            answer = self.answer(given)
            answer.expect_code(200, "the copy is another version", CLAUSE)
