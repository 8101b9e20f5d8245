from dartio_tut.course.exercises.case import ExerciseCase


class Test(ExerciseCase):
    def test_page_is_at_the_root(self):
        answer = self.ask(self.reader.make_tree())
        answer.expect_code(
            200,
            "the page is at /; the root of a tree is not /, but its child b'' is",
            "RFC 9110, 15.3.1",
        )
        answer.expect(b"<h1>" in answer.body, "the page", "the task of the exercise")

    def test_nothing_else_is_there(self):
        tree = self.reader.make_tree()
        answer = self.ask(tree, target="/other")
        answer.expect(
            answer.code == 404 or not tree.isLeaf,
            "404 Not Found: with isLeaf a resource answers for all paths below it, and"
            " is never asked for its children",
            "RFC 9110, 15.5.5",
        )
        answer.expect_code(
            404,
            "search engines and browsers keep pages that never were there",
            "RFC 9110, 15.5.5",
        )

    def test_style_sheet_says_what_it_is(self):
        answer = self.ask(self.reader.make_tree(), target="/style.css")
        answer.expect_code(
            200, "the page links it, so /style.css is asked for next", "RFC 9110, 9.3.1"
        )
        answer.expect(
            answer.field("Content-Type").startswith("text/css"),
            "Content-Type: text/css: a browser does not use a style sheet that says it"
            " is something else",
            "RFC 9110, 8.3, and the HTML standard (link type stylesheet)",
            "Content-Type",
        )
        answer.expect(
            b"green" in answer.body, "the style sheet", "the task of the exercise"
        )
