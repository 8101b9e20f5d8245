from dartio_tut.course.exercises.case import ExerciseCase

URL = "http://example.org/"
CLAUSE = "RFC 9110, 13.1.1"
PATIENCE = 12


class Test(ExerciseCase):
    def add(self, others):
        """
        Append the line c to the text a.

        :param others: how many clients are faster than the reader's.
        """
        self.text, self.version, self.others = "a\n", 1, others

        def reply(seen):
            if len(server.seen) > PATIENCE:
                self.fail_teaching(
                    "each PUT was answered with 412",
                    f"more than {PATIENCE} requests",
                    "Conflict: three times in all are enough",
                    CLAUSE,
                )
            return self.got() if seen.method == "GET" else self.put(seen)

        client, server = self.client(reply)
        try:
            self.result_of(client, self.reader.add_line(client, URL, "c"))
        finally:
            self.raise_logged()

    def got(self):
        return 200, {"ETag": f'"v{self.version}"'}, self.text.encode()

    def put(self, seen):
        if self.others:
            self.others, self.version = self.others - 1, self.version + 1
            self.text += "b\n"
            return 412, {}, b"Somebody was faster.\n"
        given, etag = seen.field("If-Match"), f'"v{self.version}"'
        if not given:
            self.fail_teaching(
                "your client has sent PUT",
                "a PUT without a condition: it wipes out what others write",
                f"If-Match: {etag}",
                CLAUSE,
            )
        if given != etag:
            self.fail_teaching(
                f"the response to GET had the ETag {etag}",
                f"If-Match: {given}",
                f"If-Match: {etag}, as it came, with its quotes",
                "RFC 9110, 8.8.3",
            )
        self.text, self.version = seen.body.decode(), self.version + 1
        return 204, {}, b""

    def test_appends(self):
        self.add(others=0)
        if self.text != "a\nc\n":
            self.fail_teaching(
                "the text was a, the line is c",
                repr(self.text),
                "'a\\nc\\n'",
                "the task of the exercise",
            )

    def test_somebody_was_faster(self):
        for others in (1, 2):
            try:
                self.add(others)
            except self.reader.Conflict:
                self.fail_teaching(
                    f"{others} of your PUTs were answered with 412",
                    "Conflict",
                    "a success: read again, and try once more",
                    "RFC 9110, 15.5.13",
                )
            asked = "the text was a; while your client wrote c, another one wrote b"
            if "c" not in self.text:
                self.fail_teaching(
                    asked,
                    "no exception, and your line is not there",
                    "your line: 412 says that nothing was written",
                    "RFC 9110, 15.5.13",
                )
            if "b" not in self.text:
                self.fail_teaching(
                    asked,
                    repr(self.text),
                    "'a\\nb\\nc\\n': append to what the other one has written",
                    CLAUSE,
                )

    def test_gives_up(self):
        try:
            self.add(others=9)
        except self.reader.Conflict:
            return
        self.fail_teaching(
            "each PUT was answered with 412", "no exception", "Conflict", CLAUSE
        )
