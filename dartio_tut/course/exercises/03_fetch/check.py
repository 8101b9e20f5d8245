from dartio_tut.course.exercises.case import ExerciseCase

URL = "http://example.org/"


class Test(ExerciseCase):
    def fetch(self, code, body, charset="utf-8"):
        fields = {"Content-Type": f"text/plain; charset={charset}"}
        client, _ = self.client(lambda seen: (code, fields, body))
        return self.result_of(client, self.reader.fetch(client, URL))

    def test_reads_every_letter(self):
        for charset in ("utf-8", "iso-8859-1"):
            came = self.fetch(200, "Grüße".encode(charset), charset)
            if came != "Grüße":
                self.fail_teaching(
                    f"a server answered with Grüße, charset={charset}",
                    repr(came),
                    "'Grüße': decode with the charset that Content-Type names",
                    "RFC 9110, 8.3.2",
                )

    def test_errors_are_no_answers(self):
        wants = {404: "the page of the error is not what was asked for"}
        for code in (404, 503):
            try:
                came = repr(self.fetch(code, b"Oh no!"))
            except self.reader.Refused as error:
                if error.args == (code,):
                    continue
                came = f"Refused{error.args}"
            why = wants.get(code, "503, as every code from 500, is an error, too")
            self.fail_teaching(
                f"a server answered {code}",
                came,
                f"Refused({code}) is raised: {why}",
                "RFC 9110, 15.5 and 15.6",
            )

    def test_not_only_200_is_good(self):
        try:
            self.fetch(203, b"changed by a proxy")
        except self.reader.Refused as error:
            self.fail_teaching(
                "a server answered 203",
                f"Refused{error.args}",
                "the text: each 2xx code says that the request has succeeded",
                "RFC 9110, 15.3",
            )
