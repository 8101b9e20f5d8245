from dartio_tut.course.exercises.case import ExerciseCase

ORIGIN = "https://app.example"
ALLOW = "Access-Control-Allow-Origin"
CLAUSE = "the Fetch standard (CORS protocol)"


class Test(ExerciseCase):
    def preflight(self, origin=ORIGIN):
        return self.ask(
            self.reader.Notes(),
            "OPTIONS",
            origin=origin,
            access_control_request_method="DELETE",
            access_control_request_headers="x-reason",
        )

    def test_preflight_is_answered(self):
        answer = self.preflight()
        answer.expect(
            answer.code in (200, 204), "200 or 204: others fail the preflight", CLAUSE
        )
        answer.expect(
            answer.field(ALLOW) != "*",
            f"{ALLOW}: {ORIGIN}; * means every page of the web",
            CLAUSE,
            ALLOW,
        )
        answer.expect(
            answer.field(ALLOW) == ORIGIN,
            f"{ALLOW}: {ORIGIN}; without it no page may read what you answer, and no"
            " DELETE follows",
            CLAUSE,
            ALLOW,
        )
        for name, wanted in (
            ("Access-Control-Allow-Methods", "DELETE among the methods"),
            ("Access-Control-Allow-Headers", "X-Reason among the fields"),
        ):
            named = [part.strip().lower() for part in answer.field(name).split(",")]
            answer.expect(
                wanted.split()[0].lower() in named, f"{name}: {wanted}", CLAUSE, name
            )

    def test_response_itself_is_readable(self):
        for method in ("GET", "DELETE"):
            answer = self.ask(self.reader.Notes(), method, origin=ORIGIN)
            answer.expect(
                answer.field(ALLOW) == ORIGIN,
                f"{ALLOW}: {ORIGIN}, on the response itself as well: the preflight only"
                " says whether the request may be sent",
                CLAUSE,
                ALLOW,
            )

    def test_strangers_are_not_named(self):
        for origin in ("https://evil.example", "null", "http://app.example"):
            answer = self.preflight(origin)
            answer.expect(
                not answer.field(ALLOW),
                f"no {ALLOW}: this is a stranger",
                CLAUSE,
                ALLOW,
            )
        answer = self.preflight(f"{ORIGIN}.evil.example")
        answer.expect(
            not answer.field(ALLOW),
            f"no {ALLOW}: this only begins like the one that is allowed",
            CLAUSE,
            ALLOW,
        )

    def test_caches_keep_them_apart(self):
        for origin in (ORIGIN, "https://evil.example"):
            answer = self.ask(self.reader.Notes(), origin=origin)
            answer.expect(
                "origin" in answer.field("Vary").lower(),
                "Vary: Origin, whoever asks: a cache must not give a page what another"
                " may read",
                "RFC 9110, 12.5.5",
                "Vary",
            )
