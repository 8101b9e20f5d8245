import re

from dartio_tut.course.exercises.case import ExerciseCase


class Test(ExerciseCase):
    def count(self, counter):
        answer = self.ask(counter)
        answer.expect_code(200, "the page", "RFC 9110, 9.3.1")
        found = re.search(r"Count: (\d+)", answer.text)
        answer.expect(found, "the text Count: and a number", "the task of the exercise")
        return int(found[1])

    def test_get_is_safe(self):
        counter = self.reader.Counter()
        first, second = self.count(counter), self.count(counter)
        if first != second:
            self.fail_teaching(
                "GET / and GET /",
                f"first {first}, then {second}",
                "the same number: somebody has asked for it twice, and GET asks for"
                " nothing else",
                "RFC 9110, 9.2.1 (safe methods)",
            )

    def test_post_counts(self):
        counter = self.reader.Counter()
        before = self.count(counter)
        answer = self.ask(counter, "POST")
        after = self.count(counter)
        if after != before + 1:
            self.fail_teaching(
                "GET /, POST / and GET /",
                f"first {before}, then {after}",
                "one more than before",
                "RFC 9110, 9.3.3",
            )
        answer.expect(
            answer.code != 200,
            "303 See Other: when POST answers with a page, a reload of the page sends"
            " it again",
            "RFC 9110, 15.4.4",
        )
        answer.expect(
            answer.code != 302,
            "303 See Other, which is followed with GET; who follows 302 may repeat the"
            " POST",
            "RFC 9110, 15.4.3 and 15.4.4",
        )
        answer.expect_code(303, "the result is at another address", "RFC 9110, 15.4.4")
        answer.expect(
            answer.field("Location"),
            "a Location, which says where to look",
            "RFC 9110, 15.4.4",
            "Location",
        )

    def test_button_posts(self):
        answer = self.ask(self.reader.Counter())
        answer.expect(
            re.search(
                r"<form[^>]*\bmethod\s*=\s*[\"']?post", answer.text, re.IGNORECASE
            ),
            '<form method="POST">: a form without a method sends GET',
            "the HTML standard (form submission attributes)",
        )
