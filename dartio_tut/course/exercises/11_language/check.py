from dartio_tut.course.exercises.case import ExerciseCase

CLAUSE = "RFC 9110, 12.5.4"


class Test(ExerciseCase):
    def greeted(self, accepted):
        fields = {"accept_language": accepted} if accepted else {}
        answer = self.ask(self.reader.Greeting(), **fields)
        language = "de" if "Grüß" in answer.text else "en"
        return answer, language

    def test_german_for_a_german(self):
        answer, language = self.greeted("de")
        answer.expect(
            language == "de", "Grüß Gott!, as the reader likes German", CLAUSE
        )

    def test_english_when_nothing_fits(self):
        for accepted in ("", "fr", "fr, es;q=0.5"):
            answer, language = self.greeted(accepted)
            answer.expect(language == "en", "Hello!, for want of better", CLAUSE)

    def test_weights_are_numbers(self):
        for accepted, best, why in (
            ("en;q=0.5, de", "de", "the weight of English is lower"),
            ("de;q=0.8, en;q=0.9", "en", "the weight of German is lower"),
            ("de-AT, en;q=0.7", "de", "de-AT is the German of Austria"),
            ("de;q=0, en;q=0.1", "en", "q=0 means not at all"),
        ):
            answer, language = self.greeted(accepted)
            answer.expect(language == best, f"the greeting in {best}: {why}", CLAUSE)

    def test_says_what_it_depends_on(self):
        for accepted in ("de", ""):
            answer, language = self.greeted(accepted)
            answer.expect(
                "accept-language" in answer.field("Vary").lower(),
                "Vary: Accept-Language: a cache on the way must not give the German"
                " greeting to everybody (and English depends on the field, too)",
                "RFC 9110, 12.5.5",
                "Vary",
            )
            answer.expect(
                answer.field("Content-Language") == language,
                f"Content-Language: {language}: a screen reader has to know",
                "RFC 9110, 8.5",
                "Content-Language",
            )
