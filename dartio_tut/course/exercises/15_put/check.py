from dartio_tut.course.exercises.case import ExerciseCase

CLAUSE = "RFC 9110, 9.3.4"


class Test(ExerciseCase):
    def test_put_twice_is_once(self):
        documents = self.reader.Documents()
        missing = self.ask(documents, target="/a")
        missing.expect_code(404, "nobody has put anything there", "RFC 9110, 15.5.5")
        self.ask(documents, "PUT", "/a", b"milk\n")
        again = self.ask(documents, "PUT", "/a", b"milk\n")
        again.expect(
            again.code < 300,
            "a success: the client cannot know whether the first PUT has arrived",
            "RFC 9110, 9.2.2 (idempotent methods)",
        )
        there = self.ask(documents, target="/a")
        there.expect(
            there.body == b"milk\n",
            "'milk\\n': it was sent once more, and it is there twice",
            "RFC 9110, 9.2.2 (idempotent methods)",
        )

    def test_codes_tell_new_from_replaced(self):
        documents = self.reader.Documents()
        first = self.ask(documents, "PUT", "/a", b"milk\n")
        first.expect_code(201, "something new is there", CLAUSE)
        second = self.ask(documents, "PUT", "/a", b"bread\n")
        second.expect_code(204, "nothing new: what was there is replaced", CLAUSE)

    def test_each_path_has_its_own(self):
        documents = self.reader.Documents()
        self.ask(documents, "PUT", "/a", b"milk\n")
        self.ask(documents, "PUT", "/b", b"bread\n")
        for path, text in (("/a", b"milk\n"), ("/b", b"bread\n")):
            answer = self.ask(documents, target=path)
            answer.expect(
                answer.body == text,
                f"{text.decode()!r}: each path is a resource of its own",
                CLAUSE,
            )
