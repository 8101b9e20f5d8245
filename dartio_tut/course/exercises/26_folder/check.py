from dartio_tut.course.exercises.case import ExerciseCase

SECRET = b"the secret"
CLAUSE = "RFC 9110, 17.3 (attacks based on path names)"


class Test(ExerciseCase):
    def setUp(self):
        super().setUp()
        around = self.folder()
        inside = around / "public"
        (inside / "a").mkdir(parents=True)
        (inside / "a" / "b.txt").write_bytes(b"inside\n")
        (inside / "my file.txt").write_bytes(b"inside\n")
        (around / "secret.txt").write_bytes(SECRET)
        (around / "public-not").mkdir()
        (around / "public-not" / "secret.txt").write_bytes(SECRET)
        (inside / "link.txt").symlink_to(around / "secret.txt")
        self.files = self.reader.Files(inside)

    def test_files_are_sent(self):
        for target, why in (
            ("/a/b.txt", "it is in the folder"),
            ("/my%20file.txt", "it is in the folder: %20 is a space"),
        ):
            answer = self.ask(self.files, target=target)
            answer.expect_code(200, why, "RFC 3986, 2.1")
            answer.expect(answer.body == b"inside\n", "the file", "RFC 9110, 9.3.1")

    def test_what_is_not_there(self):
        for target in ("/c.txt", "/a", "/", "/a/b.txt/c", "/%00"):
            answer = self.ask(self.files, target=target)
            answer.expect_code(404, "there is no such file", "RFC 9110, 15.5.5")

    def test_nothing_outside_is_sent(self):
        for target, why in (
            ("/../secret.txt", ".. is a way out of the folder"),
            ("/%2e%2e/secret.txt", "%2e%2e is .., a way out of the folder"),
            ("/a/..%2f../secret.txt", "..%2f is ../, a way out of the folder"),
            ("/../public-not/secret.txt", "this is a neighbour with a similar name"),
            ("/link.txt", "a link leads out of the folder"),
        ):
            answer = self.ask(self.files, target=target)
            answer.expect(
                answer.code != 403,
                "404 Not Found, as for what is not there: 403 tells a stranger which"
                " files you have",
                "RFC 9110, 15.5.4",
            )
            answer.expect(answer.body != SECRET, f"404 Not Found: {why}", CLAUSE)
            answer.expect_code(404, why, CLAUSE)
