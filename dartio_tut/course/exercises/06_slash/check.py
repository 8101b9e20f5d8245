from dartio_tut.course.exercises.case import ExerciseCase


class Test(ExerciseCase):
    def answer(self, target):
        return self.ask(self.reader.Slash(), target=target)

    def test_leads_to_the_slash(self):
        answer = self.answer("/notes")
        answer.expect(
            answer.code != 302,
            "301 or 308: 302 says that it is so for this time only, and everybody asks"
            " again",
            "RFC 9110, 15.4.3",
        )
        answer.expect(
            answer.code in (301, 308),
            "301 Moved Permanently, which leads to /notes/",
            "RFC 9110, 15.4.2",
        )
        answer.expect(
            answer.field("Location").endswith("/notes/"),
            "Location: /notes/",
            "RFC 9110, 10.2.2",
            "Location",
        )

    def test_page_itself_is_no_redirect(self):
        for target in ("/", "/notes/", "/notes/?all=yes"):
            self.answer(target).expect_code(
                200,
                "it ends with a slash already; browsers give up after some 20 redirects"
                " that lead nowhere",
                "RFC 9110, 15.4",
            )

    def test_query_is_kept(self):
        answer = self.answer("/notes?all=yes")
        location = answer.field("Location")
        answer.expect(
            not location.endswith("all=yes/"),
            "/notes/?all=yes: the slash ends the path, before the question mark",
            "RFC 3986, 3.3",
            "Location",
        )
        answer.expect(
            location.endswith("/notes/?all=yes"),
            "/notes/?all=yes: the query is a part of the address",
            "RFC 3986, 3.4",
            "Location",
        )

    def test_leads_to_no_other_site(self):
        answer = self.answer("//evil.example/notes")
        location = answer.field("Location")
        safe = not location.startswith("//")
        answer.expect(
            safe,
            "/evil.example/notes/: what begins with two slashes names another host, and"
            " a link to your site leads to a stranger's",
            "RFC 3986, 4.2",
            "Location",
        )
