from dartio_tut.course.exercises.case import ExerciseCase

FORM = "application/x-www-form-urlencoded"
CLAUSE = "RFC 6454, 7 (the field Origin), and RFC 9110, 15.5.4"


class Test(ExerciseCase):
    def post(self, notes, origin=""):
        fields = {"origin": origin} if origin else {}
        return self.ask(notes, "POST", "/", b"note=milk", content_type=FORM, **fields)

    def test_own_page_saves(self):
        notes = self.reader.Notes()
        self.post(notes, "http://localhost:4050").expect_code(
            200, "this is our own page", CLAUSE
        )
        if notes.notes != [b"milk"]:
            self.fail_teaching(
                "our own form has sent note=milk",
                f"the notes {notes.notes}",
                "[b'milk']",
                "the task of the exercise",
            )

    def test_programs_save(self):
        self.post(self.reader.Notes()).expect_code(
            200,
            "without Origin it is no browser, so there is nobody to deceive",
            CLAUSE,
        )

    def test_others_do_not(self):
        for origin, why in (
            ("https://evil.example", "a stranger's page has sent this"),
            ("http://localhost:4050.evil.example", "this is a host of its own"),
            ("http://localhost:8000", "another port is another origin"),
            ("null", "this is a frame without a site, as a stranger can make one"),
        ):
            notes = self.reader.Notes()
            answer = self.post(notes, origin)
            answer.expect(
                answer.code != 401,
                "403 Forbidden: 401 asks for a password, and a password would not help",
                "RFC 9110, 15.5.2",
            )
            saved = " (and the note was saved)" if notes.notes else ""
            answer.expect_code(403, f"{why}{saved}", CLAUSE)
            if notes.notes:
                self.fail_teaching(
                    f"{origin} has sent note=milk",
                    f"{answer.code}, and the notes {notes.notes}",
                    "403, and nothing is saved",
                    "RFC 9110, 15.5.4",
                )
