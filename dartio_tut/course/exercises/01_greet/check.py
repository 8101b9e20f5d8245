from html import unescape

from dartio_tut.course.exercises.case import ExerciseCase

CHARACTERS = "the HTML standard, 13.1.4 (character references)"


class Test(ExerciseCase):
    def test_greets_by_name(self):
        for target, name in (("/?name=Ada", "Ada"), ("/", "world")):
            answer = self.ask(self.reader.Greeting(), target=target)
            answer.expect_code(200, "the request has succeeded", "RFC 9110, 15.3.1")
            answer.expect(
                f"Hello, {name}!" in answer.text,
                f"a page that says Hello, {name}!: request.args has bytes, which you"
                " decode",
                "the task of the exercise",
            )

    def test_says_what_it_is(self):
        answer = self.ask(self.reader.Greeting(), target="/?name=%C3%89va")
        answer.expect(
            answer.field("Content-Type").replace(" ", "").lower()
            == "text/html;charset=utf-8",
            "Content-Type: text/html; charset=utf-8, or the browser guesses which"
            " letters the bytes are",
            "RFC 9110, 8.3",
            "Content-Type",
        )
        answer.expect("Éva" in answer.text, "Éva, as UTF-8", "RFC 9110, 8.3.2")

    def test_name_is_no_tag(self):
        answer = self.ask(self.reader.Greeting(), target="/?name=%3Cb%3EA%26B")
        shown = unescape(answer.text)  # there are several ways to write a character
        answer.expect(
            "<b>" not in answer.text and "<b>A&B" in shown,
            "&lt;b&gt;A&amp;B, which a browser shows as <b>A&B. As it came, the browser"
            " takes this for tags: a stranger's script would run in your page",
            CHARACTERS,
        )
        answer = self.ask(self.reader.Greeting(), target="/?name=%26lt%3B")
        answer.expect(
            "&lt;!" in unescape(answer.text),
            "&amp;lt;, which a browser shows as &lt;: the sign & is one of those that"
            " are written otherwise",
            CHARACTERS,
        )

    def test_bytes_that_are_no_utf_8(self):
        answer = self.ask(self.reader.Greeting(), target="/?name=%FF")
        answer.expect_code(200, "any bytes may come", "RFC 3986, 2.1")
