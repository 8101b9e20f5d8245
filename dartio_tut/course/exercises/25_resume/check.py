from dartio_tut.course.exercises.case import ExerciseCase

URL = "http://example.org/film"
NEW = b"abcdefghij"


class Test(ExerciseCase):
    def setUp(self):
        super().setUp()
        self.path = self.folder() / "film"
        self.etag = self.path.with_name("film.etag")

    def download(self, code=None):
        """Download from a server that has ranges; or answers *code*."""

        def reply(seen):
            if code:
                return code, {}, b"Oh no!"
            given = seen.field("Range")
            if given and seen.field("If-Range") in ("", '"new"'):
                first = int(given.removeprefix("bytes=").removesuffix("-"))
                if first >= len(NEW):
                    return 416, {"Content-Range": f"bytes */{len(NEW)}"}, b""
                rest = f"bytes {first}-{len(NEW) - 1}/{len(NEW)}"
                return 206, {"Content-Range": rest, "ETag": '"new"'}, NEW[first:]
            return 200, {"ETag": '"new"'}, NEW

        client, server = self.client(reply)
        try:
            self.result_of(client, self.reader.download(client, URL, self.path))
        finally:
            self.raise_logged()
        return server.seen[-1]

    def has(self, wanted, asked, wants, clause):
        content = self.path.read_bytes()
        if content != wanted:
            self.fail_teaching(asked, f"the file has {content!r}", wants, clause)

    def test_everything_when_nothing_is_there(self):
        self.download()
        self.has(NEW, "nothing was there", f"{NEW!r}, all of it", "RFC 9110, 15.3.1")

    def test_rest_of_the_same_version(self):
        self.path.write_bytes(NEW[:4])
        self.etag.write_text('"new"')
        seen = self.download()
        asked = "the first 4 bytes were in the file, and the ETag beside it"
        given = seen.field("Range") or "(not there)"
        if given == "(not there)":
            self.fail_teaching(
                asked,
                "no Range: the server sends all of it once more",
                "Range: bytes=4-",
                "RFC 9110, 14.2",
            )
        if given != "bytes=4-":
            self.fail_teaching(
                asked,
                f"Range: {given}",
                "Range: bytes=4-: bytes are counted from 0, so this is the first byte"
                " that is missing",
                "RFC 9110, 14.1.2",
            )
        self.has(NEW, asked, f"{NEW!r}: the rest is appended", "RFC 9110, 15.3.7")

    def test_other_version(self):
        self.path.write_bytes(b"ABCD")
        self.etag.write_text('"old"')
        seen = self.download()
        asked = "4 bytes of an old version were in the file"
        if not seen.field("If-Range"):
            self.fail_teaching(
                asked,
                f"Range: {seen.field('Range')}, no If-Range",
                'If-Range: "old", or the beginning of one version is followed by the'
                " end of another",
                "RFC 9110, 13.1.5",
            )
        self.has(
            NEW,
            f"{asked}; the server answered 200 with everything",
            f"{NEW!r}: 200 replaces what is in the file",
            "RFC 9110, 13.1.5 and 15.3.1",
        )
        if not self.etag.exists() or self.etag.read_text() != '"new"':
            self.fail_teaching(
                'the response had the ETag "new"',
                "another one, or none, is in film.etag",
                'film.etag has "new", for the next time',
                "RFC 9110, 8.8.3",
            )

    def test_version_is_not_known(self):
        self.path.write_bytes(b"ABCD")
        seen = self.download()
        if seen.field("Range"):
            self.fail_teaching(
                "4 bytes were in the file, and there was no film.etag",
                f"Range: {seen.field('Range')}",
                "no Range: nobody knows which version these bytes are of",
                "RFC 9110, 13.1.5",
            )
        self.has(NEW, "there was no film.etag", f"{NEW!r}", "RFC 9110, 15.3.1")

    def test_file_is_whole(self):
        self.path.write_bytes(NEW)
        self.etag.write_text('"new"')
        asked = "the whole file was there, and the server answered 416"
        try:
            self.download()
        except self.reader.Refused as error:
            self.fail_teaching(
                asked,
                f"Refused{error.args}",
                "no exception: nothing is missing",
                "RFC 9110, 15.5.17",
            )
        self.has(NEW, asked, "the file as it was", "RFC 9110, 15.5.17")

    def test_errors_are_not_saved(self):
        self.path.write_bytes(NEW[:4])
        self.etag.write_text('"new"')
        asked = "4 bytes were in the file, and the server answered 503"
        try:
            self.download(503)
            came = "no exception"
        except self.reader.Refused:
            came = "Refused"
        if came != "Refused" or self.path.read_bytes() != NEW[:4]:
            self.fail_teaching(
                asked,
                f"{came}, and the file has {self.path.read_bytes()!r}",
                "Refused, and the file as it was: an error page is no part of it",
                "RFC 9110, 15.6.4",
            )
