"""
What a path stands for, with the options that let it stand for more.
"""

from __future__ import annotations

import os
from urllib.parse import urljoin

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import parse_redirect
from dartio_tut.resources.files.redirects import location
from dartio_tut.testing import connect

from .support.file_case import BROWSER, FETCH, PICTURE, FileCase
from .support.memory_client import ask

NOT_FOUND = b"Not found.\n"


class TryHtmlTests(FileCase):
    """``try_html``: pages without their extension."""

    settings = {"try_html": True}  # noqa: RUF012

    def setUp(self) -> None:
        super().setUp()
        self.file("about.html", b"about")
        self.file("blog.html", b"blog")
        self.file("blog/post1.html", b"post")
        self.file("docs/index.html", b"docs")
        self.file("both.html", b"both page")
        self.file("both/index.html", b"both index")
        self.file("file", b"file")
        self.file("file.html", b"not this")
        (self.root / "bare").mkdir()

    def test_file_then_page_then_folder(self) -> None:
        self.assert_answers("/about", 200, b"about")
        self.assert_answers("/blog", 200, b"blog")
        self.assert_answers("/blog?a=b", 200, b"blog")
        self.assert_answers("/blog/post1", 200, b"post")
        self.assert_answers("/both", 200, b"both page")
        self.assert_answers("/file", 200, b"file")
        self.assert_redirects("/docs", "./docs/")
        self.assert_redirects("/bare", "./bare/")

    def test_folder_without_index_redirects_to_the_page_of_its_name(self) -> None:
        self.assert_redirects("/blog/", "../blog")
        self.assert_redirects("/blog/?a=b", "../blog?a=b")
        self.assertEqual(urljoin("http://a/blog/", "../blog"), "http://a/blog")
        self.file("a b/c:d.html", b"page")
        (self.root / "a b" / "c:d").mkdir()
        self.assert_redirects("/a%20b/c:d/", "../c:d")

    def test_index_of_a_folder_is_above_the_page_of_its_name(self) -> None:
        self.assert_answers("/both/", 200, b"both index")
        self.assert_answers("/docs/", 200, b"docs")

    def test_not_found(self) -> None:
        for target in ("/about/", "/abou", "/bare/", "/blog/post2", "/.html", "/"):
            self.assert_answers(target, 404, NOT_FOUND)

    def test_not_without_the_setting(self) -> None:
        self.assertEqual(ask(self.files(try_html=False), "GET", "/about").code, 404)


class SinglePageTests(FileCase):
    """``spa``: the index for pages that are not there."""

    settings = {"spa": True}  # noqa: RUF012

    PLACES = (
        "/app", "/app/route/7", "/app/", "/v1.2", "/images", "/images/",
        "/point/a%2Fb", "/point//b", "/sites/example.com", "/app.js", "/x.html",
        "/.env", "/a/.b/c", "/%00", "/photo.png", "/logo.png/",
    )  # fmt: skip

    def setUp(self) -> None:
        super().setUp()
        self.file("index.html", b"index")
        self.file("logo.png", b"logo")
        self.file("docs/index.html", b"docs")
        (self.root / "images").mkdir()

    def test_browser_that_goes_to_a_page_gets_the_index(self) -> None:
        for accept in (BROWSER, "text/html", "application/xhtml+xml, */*;q=0.1",
                       "text/html;q=0.1, application/json"):  # fmt: skip
            for target in self.PLACES:
                self.assert_answers(target, 200, b"index", accept=accept)
        response = self.get("/app", accept=BROWSER)
        self.assertEqual(response.fields["content-type"], "text/html; charset=utf-8")
        self.assertEqual(response.fields["vary"], "Accept")

    def test_scripts_and_pictures_are_not_found(self) -> None:
        for accept in (FETCH, PICTURE, "application/json", "image/*", "text/html;q=0",
                       "text/css,*/*;q=0.1", "text/plain"):  # fmt: skip
            for target in ("/app", "/app/route/7", "/api/missing", "/photo.png"):
                response = self.get(target, accept=accept)
                self.assertEqual((accept, response.code), (accept, 404))

    def test_client_that_takes_anything_gets_the_index_for_what_may_be_a_page(
        self,
    ) -> None:
        for fields in ({}, {"accept": "*/*"}, {"accept": "*/*;q=0.8"}):
            for target in ("/app", "/app/route/7", "/app/", "/v1.2", "/images"):
                self.assert_answers(target, 200, b"index", **fields)
            for target in ("/app.js", "/photo.png", "/.env", "/a%2Fb", "/a//b"):
                self.assertEqual((target, self.get(target, **fields).code),
                                 (target, 404))  # fmt: skip

    def test_what_is_there_is_sent(self) -> None:
        self.assert_answers("/logo.png", 200, b"logo", accept=BROWSER)
        self.assert_answers("/docs/", 200, b"docs", accept=BROWSER)
        self.assert_redirects("/docs", "./docs/", accept=BROWSER)

    def test_other_methods_are_not_for_pages(self) -> None:
        self.assertEqual(ask(self.files(), "POST", "/app", accept=BROWSER).code, 405)

    def test_without_an_index_nothing_is_found(self) -> None:
        (self.root / "index.html").unlink()
        self.assertEqual(self.get("/app", accept=BROWSER).code, 404)

    def test_a_listing_is_above_the_index(self) -> None:
        files = self.files(listing=True)
        self.assertEqual(ask(files, "GET", "/images", accept=BROWSER).code, 301)
        listed = ask(files, "GET", "/images/", accept=BROWSER)
        self.assertIn(b"This folder is empty.", listed.body)


class DoubledSlashTests(FileCase):
    """Paths with an empty segment."""

    def setUp(self) -> None:
        super().setUp()
        self.file("sub/a.txt", b"a")
        self.file("index.html", b"index")
        self.file("\\evil.example", b"odd")

    def test_redirects_to_the_single_slash(self) -> None:
        for target, there in [
            ("/sub//a.txt", "/sub/a.txt"),
            ("//sub/a.txt", "/sub/a.txt"),
            ("///sub////a.txt?b=//c", "/sub/a.txt?b=//c"),
            ("/sub//", "/sub/"),
            ("/sub///", "/sub/"),
            ("//", "/"),
            ("//sub", "/sub"),
            ("//%73ub//a.txt", "/%73ub/a.txt"),
        ]:
            self.assert_redirects(target, there)

    def test_never_leads_to_another_host(self) -> None:
        for target in ("//evil.example/", "//evil.example/..", "///evil.example",
                       "//evil.example/%2e%2e", "//\\evil.example/..",
                       "/\\evil.example//"):  # fmt: skip
            response = self.get(target)
            self.assertEqual((target, response.code), (target, 404))
        self.assert_redirects("//\\evil.example", "/%5Cevil.example")

    def test_not_found_when_nothing_is_there(self) -> None:
        for target in ("/sub//b.txt", "/sub//.secret", "/sub//..", "//%00"):
            self.assert_answers(target, 404, NOT_FOUND)


class LoneTests(FileCase):
    """Files of which only the compressed form is there."""

    def setUp(self) -> None:
        super().setUp()
        self.file("app.js.gz", b"gzip")
        self.file("app.js.br", b"br")
        self.file("docs/index.html.gz", b"index")

    def test_folder_and_link_that_leads_out_are_not_compressed_forms(self) -> None:
        (self.root / "folder.gz").mkdir()
        os.symlink("/etc/passwd", self.root / "link.gz")
        for target in ("/folder", "/link"):
            response = self.get(target, accept_encoding="gzip")
            self.assertEqual((target, response.code), (target, 404))

    def test_empty_one_is_not_a_compressed_form(self) -> None:
        self.file("app.js.br", b"")
        self.file("notes.txt.gz", b"")
        response = self.get("/app.js", accept_encoding="gzip, br")
        self.assertEqual((response.code, response.body), (200, b"gzip"))
        for accepted in ("gzip, br", "br", "identity", ""):
            self.assert_answers("/notes.txt", 404, NOT_FOUND, accept_encoding=accepted)

    def test_sent_to_clients_that_accept_its_coding(self) -> None:
        for accepted, body in [("gzip", b"gzip"), ("gzip, br", b"br"), ("*", b"br")]:
            response = self.get("/app.js", accept_encoding=accepted)
            self.assertEqual((response.code, response.body), (200, body))
            fields = response.fields
            self.assertEqual(fields["content-encoding"], body.decode())
            self.assertEqual(fields["content-type"], "text/javascript; charset=utf-8")
            self.assertEqual(fields["vary"], "Accept-Encoding")
            again = {"accept_encoding": accepted, "if_none_match": fields["etag"]}
            self.assertEqual(self.get("/app.js", **again).code, 304)

    def test_refused_to_others_with_the_coding_to_ask_for(self) -> None:
        for fields in ({}, {"accept_encoding": "zstd"}, {"accept_encoding": "*;q=0"}):
            response = self.get("/app.js", **fields)
            self.assertEqual(response.code, 406)
            self.assertIn(b"br, gzip", response.body)
        asked = b"GET /app.js HTTP/1.1\r\nHost: a\r\n\r\n"
        said = connect(self.files()).send(asked)
        self.assertIn(b"Vary: Accept-Encoding\r\n", said)

    def test_as_an_index_and_as_a_page(self) -> None:
        self.assert_answers("/docs/", 200, b"index", accept_encoding="gzip")
        self.settings = {"try_html": True}
        self.assert_answers("/docs/index", 200, b"index", accept_encoding="gzip")

    def test_not_without_the_setting(self) -> None:
        self.settings = {"precompressed": False}
        self.assert_answers("/app.js", 404, NOT_FOUND, accept_encoding="gzip")

    def test_hidden_and_linked_forms_are_not_sent(self) -> None:
        os.symlink("/etc/passwd", self.root / "out.gz")
        self.file(".env.gz")
        for target in ("/out", "/.env", "/none"):
            code = self.get(target, accept_encoding="gzip").code
            self.assertIn((target, code), [(target, 404), ("/out", 406)])


class RedirectTests(SynchronousTestCase):
    """Paths that have moved."""

    def there(self, target: str, *texts: str, query: bytes = b"") -> str | None:
        segments = [part.encode() for part in target.split("/")[1:]]
        found = location(list(map(parse_redirect, texts)), segments, query)
        return None if found is None else found.decode()

    def test_one_path(self) -> None:
        for target, text, reference, there in [
            ("/old.html", "/old.html=/new.html", "./new.html", "/new.html"),
            ("/a/old", "/a/old=/b/new", "../b/new", "/b/new"),
            ("/a/b/old", "/a/b/old=/", "../../", "/"),
            ("/old/", "/old/=/new", "../new", "/new"),
            ("/old", "/old=/old/", "./old/", "/old/"),
            ("/old", "/old=/a:b", "./a:b", "/a:b"),
            ("/old", "/old=/new?x=y#z", "./new?x=y#z", "/new?x=y#z"),
        ]:
            found = self.there(target, text)
            self.assertEqual((text, found), (text, reference))
            reached = urljoin("http://host" + target, reference)
            self.assertEqual(reached, "http://host" + there)

    def test_other_site(self) -> None:
        text = "/shop=https://shop.example:8443/a?b=c"
        self.assertEqual(self.there("/shop", text), "https://shop.example:8443/a?b=c")

    def test_all_below_a_path(self) -> None:
        for target, text, reference in [
            ("/old/a", "/old/*=/new/*", "../new/a"),
            ("/old/", "/old/*=/new/*", "../new/"),
            ("/old/a/b/", "/old/*=/new/*", "../../../new/a/b/"),
            ("/a/b", "/*=/v2/*", None),
            ("/a/b", "/*=https://new.example/*", "https://new.example/a/b"),
            ("/old/a b?/ü", "/old/*=/*", "../../a%20b%3F/%C3%BC"),
        ]:
            if reference is None:
                self.assertRaises(ValueError, parse_redirect, text)
            else:
                self.assertEqual((text, self.there(target, text)), (text, reference))

    def test_what_is_not_meant_stays(self) -> None:
        for target in ("/old", "/old/", "/olds", "/x/old.html", "/Old.html", "/"):
            self.assertIsNone(self.there(target, "/old.html=/new.html"), target)
        for target in ("/old", "/olds/a", "/"):
            self.assertIsNone(self.there(target, "/old/*=/new/*"), target)

    def test_no_path_leads_to_another_host(self) -> None:
        for target in ("/old//evil.example", "/old//", "/old/../evil", "/old/.",
                       "/old/a//b", "/old///evil.example/"):  # fmt: skip
            for to in ("/*", "/new/*", "https://new.example/*"):
                self.assertIsNone(self.there(target, f"/old/*={to}"), target)
        for rest in ("\\evil.example", "%2Fevil.example", "evil.example:80", "@evil"):
            there = self.there(f"/old/{rest}", "/old/*=/*") or ""
            self.assertTrue(there.startswith("../"), there)
            self.assertNotIn("\\", there)
            reached = self.there(f"/old/{rest}", "/old/*=https://new.example/*") or ""
            self.assertTrue(reached.startswith("https://new.example/"), reached)

    def test_decoded_slash_and_line_break_stay_encoded(self) -> None:
        redirect = parse_redirect("/old/*=/*")
        for rest, encoded in [(b"/evil", b"%2Fevil"), (b"a\r\nb", b"a%0D%0Ab")]:
            found = location([redirect], [b"old", rest], b"")
            self.assertEqual(found, b"../" + encoded)

    def test_query_goes_along_unless_the_target_has_one(self) -> None:
        self.assertEqual(self.there("/a", "/a=/b", query=b"c=d"), "./b?c=d")
        self.assertEqual(self.there("/a", "/a=/b#e", query=b"c=d"), "./b?c=d#e")
        self.assertEqual(self.there("/a", "/a=/b?e", query=b"c=d"), "./b?e")

    def test_first_that_fits_decides(self) -> None:
        texts = ("/a/b=/first", "/a/*=/second/*")
        self.assertEqual(self.there("/a/b", *texts), "../first")
        self.assertEqual(self.there("/a/c", *texts), "../second/c")

    def test_malformed_redirects_are_refused(self) -> None:
        for text in (
            "", "/a", "a=/b", "/a=", "/a=b", "/a=//evil.example", "/a=/\\evil",
            "/a=javascript:alert(1)", "/a=https://", "/a=https:/b", "/a=/b c",
            "/a=/b\r\nX: y", "/a=/ü", "/a?b=/c", "/a//b=/c", "/../a=/b", "/./a=/b",
            "/%2e%2e/a=/b", "/a/*=/b", "/a=/b/*", "/a*=/b*", "/*/a/*=/b/*",
            "/a=https://user@evil.example/", "https://a/=/b",
        ):  # fmt: skip
            self.assertRaises(ValueError, parse_redirect, text)

    def test_redirects_that_lead_to_themselves_are_refused(self) -> None:
        for text in ("/a=/a", "/a=/a?b", "/a=/%61", "/a/*=/a/*", "/a/*=/a/b/*",
                     "/*=/b/*"):  # fmt: skip
            self.assertRaises(ValueError, parse_redirect, text)


class RedirectingFilesTests(FileCase):
    """Redirects before files."""

    def setUp(self) -> None:
        super().setUp()
        self.settings = {"redirects": [parse_redirect("/old/*=/new/*")]}
        self.file("old/a", b"old")
        self.file("new/a", b"new")

    def test_redirect_is_above_the_file(self) -> None:
        self.assert_redirects("/old/a", "../new/a")
        self.assert_redirects("/old/%61?b", "../new/a?b")
        self.assert_answers("/new/a", 200, b"new")

    def test_only_for_reading(self) -> None:
        self.assertEqual(ask(self.files(), "POST", "/old/a").code, 405)
        self.assertEqual(ask(self.files(), "HEAD", "/old/a").code, 301)
