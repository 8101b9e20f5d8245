import re

from dartio_tut.course.exercises.case import ExerciseCase

MATCH = "RFC 9110, 13.1.1"


class Test(ExerciseCase):
    def setUp(self):
        super().setUp()
        self.text = self.reader.Text()

    def put(self, body, **fields):
        return self.ask(self.text, "PUT", "/", body, **fields)

    def etag(self):
        answer = self.ask(self.text)
        etag = answer.field("ETag")
        answer.expect(
            etag,
            "an ETag, which names this version: that is how the PUT of somebody who has"
            " read it is told from others",
            "RFC 9110, 8.8.3",
            "ETag",
        )
        answer.expect(
            re.fullmatch(r'"[\x21\x23-\x7e]+"', etag),
            "an ETag in double quotes (and not weak: W/ does not do for If-Match)",
            "RFC 9110, 8.8.3",
            "ETag",
        )
        return etag

    def test_reads_and_replaces(self):
        first = self.etag()
        self.put(b"New\n", if_match=first).expect_code(
            204, "this is the version that is there", MATCH
        )
        answer = self.ask(self.text)
        answer.expect(answer.body == b"New\n", "the new text", "RFC 9110, 9.3.4")
        answer.expect(
            self.etag() != first,
            "an ETag of its own for each version",
            "RFC 9110, 8.8.1",
            "ETag",
        )
        self.put(b"Any\n", if_match="*").expect_code(204, "* matches any", MATCH)

    def test_second_of_two_is_refused(self):
        first = self.etag()
        self.put(b"Mine\n", if_match=first)
        answer = self.put(b"Yours\n", if_match=first)
        answer.expect_code(
            412, "somebody was faster, so the condition has failed", "RFC 9110, 15.5.13"
        )
        there = self.ask(self.text)
        there.expect(
            there.body == b"Mine\n",
            "'Mine\\n': you answered 412, so do that and change nothing",
            MATCH,
        )

    def test_condition_is_required(self):
        self.put(b"Blind\n").expect_code(
            428, "whoever has not read the text must not replace it", "RFC 6585, 3"
        )

    def test_list(self):
        self.put(b"New\n", if_match=f'"other", {self.etag()}').expect_code(
            204, "the second of the list is there", MATCH
        )
