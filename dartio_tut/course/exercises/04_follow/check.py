from dartio_tut.course.exercises.case import ExerciseCase

START = "http://example.org/shop/a"
PATIENCE = 20


class Test(ExerciseCase):
    def follow(self, *replies):
        """What comes when the server answers with *replies*, the last one again."""

        def reply(seen):
            number = min(len(server.seen), len(replies)) - 1
            if len(server.seen) > PATIENCE:
                self.fail_teaching(
                    "two URLs led to each other",
                    f"{PATIENCE} requests, and no end",
                    "TooMany is raised after five redirects: servers can stand in each"
                    " other's way, and nobody else would stop you",
                    "RFC 9110, 15.4",
                )
            code, location, body = replies[number]
            return code, {"Location": location} if location else {}, body

        client, server = self.client(reply)
        try:
            return self.result_of(client, self.reader.follow(client, START)), server
        finally:
            self.raise_logged()

    def test_goes_where_location_says(self):
        moved = 302, "http://example.org/there", b"moved"
        text, _ = self.follow(moved, (200, "", b"here"))
        if text != "here":
            self.fail_teaching(
                f"{START} answered 302, Location: {moved[1]}",
                f"the text {text!r}",
                "the text 'here', which is at that URL",
                "RFC 9110, 15.4",
            )

    def test_location_may_be_relative(self):
        for location, target in (("/b", "/b"), ("c?d", "/shop/c?d")):
            _, server = self.follow((301, location, b""), (200, "", b""))
            if server.seen[-1].target != target:
                self.fail_teaching(
                    f"{START} answered 301, Location: {location}",
                    f"your client asked for {server.seen[-1].target}",
                    f"{target}: Location is relative to the URL that was asked for",
                    "RFC 9110, 10.2.2, and RFC 3986, 5.2",
                )

    def test_which_codes_are_redirects(self):
        for code in (303, 307, 308):
            text, _ = self.follow((code, "/b", b"moved"), (200, "", b"here"))
            if text != "here":
                self.fail_teaching(
                    f"a server answered {code} with a Location",
                    f"the text {text!r}",
                    f"the text at Location: {code} is a redirect",
                    f"RFC 9110, 15.4.{code - 299}",
                )
        text, _ = self.follow((201, "/new", b"made"), (200, "", b"here"))
        if text != "made":
            self.fail_teaching(
                "a server answered 201, Location: /new, body: made",
                f"the text {text!r}",
                "'made': 201 is no redirect, it says where the new resource is",
                "RFC 9110, 15.3.2",
            )

    def test_ends_some_time(self):
        try:
            text, _ = self.follow((302, "/again", b""))
        except self.reader.TooMany:
            return
        self.fail_teaching(
            "each response was a redirect",
            f"the text {text!r}",
            "TooMany is raised after five redirects",
            "RFC 9110, 15.4",
        )
