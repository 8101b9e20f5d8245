import json

from dartio_tut.course.exercises.case import ExerciseCase

URL = "http://example.org/hero"
DOCUMENT = {"name": "Léa", "job": "princess"}


class Test(ExerciseCase):
    def store(self, code, text=b""):
        client, server = self.client(lambda seen: (code, {}, text))
        came = self.result_of(client, self.reader.store(client, URL, DOCUMENT))
        return came, server.seen[0]

    def test_sends_json(self):
        _, seen = self.store(201)
        asked = "store was called with a dict"
        if seen.method != "PUT":
            self.fail_teaching(
                asked,
                seen.method,
                "the method PUT: it may be sent twice",
                "RFC 9110, 9.3.4",
            )
        content_type = seen.field("Content-Type")
        came = f"Content-Type: {content_type or '(not there)'}, body: {seen.body!r}"
        if "form" in content_type:
            self.fail_teaching(
                asked, came, "JSON: this is a form", "RFC 8259, 11 (application/json)"
            )
        if content_type.partition(";")[0] != "application/json":
            self.fail_teaching(
                asked,
                came,
                "Content-Type: application/json, or the server has to guess",
                "RFC 9110, 8.3, and RFC 8259, 11",
            )
        try:
            sent = json.loads(seen.body)
        except ValueError:
            sent = None
        if sent != DOCUMENT:
            self.fail_teaching(
                asked,
                came,
                "the dict as JSON, in UTF-8: strings stand in double quotes there, and"
                " Python's single quotes are no JSON",
                "RFC 8259, 7 and 8.1",
            )

    def test_tells_new_from_replaced(self):
        for code, wanted in ((201, True), (204, False), (200, False)):
            came, _ = self.store(code)
            if came is not wanted:
                self.fail_teaching(
                    f"a server answered {code}",
                    repr(came),
                    f"{wanted}: {code} says that something was "
                    + ("made" if wanted else "replaced"),
                    "RFC 9110, 9.3.4",
                )

    def test_refusal_is_told(self):
        text = "The disk is full."
        for code in (507, 400, 412):
            try:
                came, _ = self.store(code, text.encode())
            except self.reader.Refused as error:
                if text in str(error):
                    continue
                came = error
            self.fail_teaching(
                f"a server answered {code}, {text}",
                repr(came),
                f"Refused({text!r}): it is not stored, and the text says why",
                "RFC 9110, 15.5 and 15.6",
            )
