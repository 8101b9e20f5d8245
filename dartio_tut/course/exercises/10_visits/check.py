from dartio_tut.course.exercises.case import ExerciseCase


class Test(ExerciseCase):
    def test_counts_in_the_cookie(self):
        visits = self.reader.Visits()
        answer = self.ask(visits)
        answer.expect("Visit 1" in answer.text, "Visit 1", "the task of the exercise")
        cookie = answer.field("Set-Cookie")
        answer.expect(
            cookie.startswith("visits=1"),
            "Set-Cookie: visits=1 ...; there is no Set-Cookie of this kind, so the"
            " browser sends nothing back",
            "RFC 6265, 4.1",
            "Set-Cookie",
        )
        other = self.ask(visits)
        other.expect(
            "Visit 1" in other.text,
            "Visit 1: this is another browser, without a cookie",
            "RFC 6265, 4.2",
        )
        again = self.ask(visits, cookie="visits=4")
        again.expect("Visit 5" in again.text, "Visit 5", "RFC 6265, 4.2", "Set-Cookie")

    def test_client_may_have_written_anything(self):
        for value in ("many", "-3", "1e9", ""):
            answer = self.ask(self.reader.Visits(), cookie=f"visits={value}")
            answer.expect(
                "Visit 1" in answer.text,
                "Visit 1: this is no number of visits",
                "RFC 6265, 8.3 (who can write a cookie)",
            )

    def test_client_may_have_written_any_number(self):
        answer = self.ask(self.reader.Visits(), cookie=f"visits={'9' * 5000}")
        answer.expect(
            "Visit " in answer.text,
            "Visit 1: the number is too long to be true",
            "RFC 6265, 8.3 (who can write a cookie)",
        )

    def test_cookie_is_for_this_site_only(self):
        answer = self.ask(self.reader.Visits())
        attributes = answer.field("Set-Cookie").lower()
        answer.expect(
            "httponly" in attributes,
            "the attribute HttpOnly: no script has to read it, so none can steal it",
            "RFC 6265, 4.1.2.6",
            "Set-Cookie",
        )
        answer.expect(
            "samesite=lax" in attributes or "samesite=strict" in attributes,
            "SameSite=Lax: then no form on another site sends it along",
            "draft-ietf-httpbis-rfc6265bis, 5.6.7",
            "Set-Cookie",
        )
