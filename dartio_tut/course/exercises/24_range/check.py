from dartio_tut.course.exercises.case import ExerciseCase

TEXT = b"abcdefghijklmnopqrstuvwxyz"
RANGES = "Content-Range"


class Test(ExerciseCase):
    def part(self, given, first, last, why):
        answer = self.ask(self.reader.Text(), range=given)
        answer.expect_code(206, why, "RFC 9110, 15.3.7")
        answer.expect(
            answer.field(RANGES),
            f"{RANGES}: bytes {first}-{last}/26: it says where the part belongs",
            "RFC 9110, 14.4",
            RANGES,
        )
        answer.expect(
            answer.field(RANGES) == f"bytes {first}-{last}/26",
            f"{RANGES}: bytes {first}-{last}/26: {why}",
            "RFC 9110, 14.4",
            RANGES,
        )
        body = TEXT[first : last + 1].decode()
        answer.expect(
            answer.text == body,
            f"{body!r}: both ends count",
            "RFC 9110, 14.1.2",
            RANGES,
        )

    def test_no_range(self):
        answer = self.ask(self.reader.Text())
        answer.expect_code(200, "nobody asks for a part", "RFC 9110, 15.3.1")
        answer.expect(answer.body == TEXT, "everything", "RFC 9110, 15.3.1")

    def test_parts(self):
        self.part("bytes=6-10", 6, 10, "the client asked for a part")
        self.part("bytes=0-0", 0, 0, "the first byte is number 0")
        self.part("bytes=20-", 20, 25, "all from there on")
        self.part("bytes=20-99", 20, 25, "what there is of it")
        self.part("bytes=-5", 21, 25, "these are the last 5")

    def test_behind_the_end(self):
        for given in ("bytes=26-", "bytes=30-40", "bytes=-0"):
            answer = self.ask(self.reader.Text(), range=given)
            answer.expect_code(416, "there is nothing there", "RFC 9110, 15.5.17")
            answer.expect(
                answer.field(RANGES) == "bytes */26",
                f"{RANGES}: bytes */26: the client wants to know how long it is",
                "RFC 9110, 15.5.17",
                RANGES,
            )

    def test_any_number_of_digits(self):
        many = "9" * 5000
        for given in (f"bytes=0-{many}", f"bytes={many}-", f"bytes=-{many}"):
            answer = self.ask(self.reader.Text(), range=given)
            answer.expect(
                answer.code in (200, 206, 416),
                "what there is of it, 416, or 200 with everything: any number may come",
                "RFC 9110, 14.1.2",
            )

    def test_what_is_ignored(self):
        for given in ("lines=1-2", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1,4-5"):
            answer = self.ask(self.reader.Text(), range=given)
            answer.expect(
                answer.code == 200 and answer.body == TEXT,
                "200 with everything: a server must ignore what it does not understand,"
                " and may ignore several ranges",
                "RFC 9110, 14.2",
            )
        answer = self.ask(self.reader.Text(), range="bytes=8-4")
        answer.expect(
            answer.code == 200 and answer.body == TEXT,
            "200 with everything: the end is before the beginning, which is no range at"
            " all",
            "RFC 9110, 14.1.1",
        )
