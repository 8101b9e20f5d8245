"""
The content type of a file.
"""

from __future__ import annotations

from functools import partial

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources.files.type_table import TYPES_BY_EXTENSION
from dartio_tut.resources.files.types import ContentTypes, parse_charset, parse_type


def kind_of(name: bytes, start: bytes = b"", types: ContentTypes | None = None) -> str:
    return (types or ContentTypes()).content_type(name, partial(bytes, start))


class TypeByNameTests(SynchronousTestCase):
    """A name that the table knows."""

    def test_name_is_believed_whatever_the_first_bytes_are(self) -> None:
        for name, start, kind in [
            (b"a.js", b"var ftyp=1\n", "text/javascript; charset=utf-8"),
            (b"a.tex", b"%PDF settings", "text/x-tex; charset=utf-8"),
            (b"a.txt", b"\x89PNG\r\n\x1a\n", "text/plain; charset=utf-8"),
            (b"a.txt", b"GIF89a is a format", "text/plain; charset=utf-8"),
            (b"a.png", b"GIF87a", "image/png"),
            (b"a.wav", b"RIFF\0\0\0\0what", "audio/x-wav"),
            (b"a.mov", b"\0\0\0\x20ftypisom", "video/quicktime"),
            (b"a.docx", b"PK\x03\x04", TYPES_BY_EXTENSION[".docx"]),
            (b"A.HTML", b"<p>", "text/html; charset=utf-8"),
            (b".html", b"<p>", "text/html; charset=utf-8"),
            (b"a.json", b"{}", "application/json"),
            (b"a.tar.gz", b"\x1f\x8b", "application/gzip"),
        ]:
            self.assertEqual((name, kind_of(name, start)), (name, kind))

    def test_types_that_machines_differ_about(self) -> None:
        for name, kind in [
            (b"a.ttf", "font/ttf"),
            (b"a.ts", "video/mp2t"),
            (b"main.rs", "text/plain; charset=utf-8"),
            (b"a.mjs", "text/javascript; charset=utf-8"),
            (b"a.docx", TYPES_BY_EXTENSION[".docx"]),
            (b"a.wasm", "application/wasm"),
            (b"a.webp", "image/webp"),
            (b"a.bz2", "application/x-bzip2"),
            (b"a.ass", "application/octet-stream"),
        ]:  # fmt: skip
            self.assertEqual((name, kind_of(name)), (name, kind))

    def test_table_is_well_formed(self) -> None:
        for extension, kind in TYPES_BY_EXTENSION.items():
            self.assertRegex(extension, r"^\.[a-z0-9]+$")
            self.assertRegex(kind, r"^[a-z]+/[a-z0-9.+-]+$")

    def test_xml_has_no_charset_because_it_says_its_own(self) -> None:
        for name, kind in [
            (b"a.xml", "application/xml"),
            (b"a.svg", "image/svg+xml"),
            (b"a.svgz", "image/svg+xml"),
            (b"a.xhtml", "application/xhtml+xml"),
            (b"a.rss", "application/rss+xml"),
            (b"a.xsl", "application/xslt+xml"),
        ]:
            self.assertEqual((name, kind_of(name)), (name, kind))
        own = ContentTypes("utf-8", {".x": "text/xml", ".y": "text/my+xml"})
        self.assertEqual(kind_of(b"a.x", types=own), "text/xml")
        self.assertEqual(kind_of(b"a.y", types=own), "text/my+xml")


class TypeByFirstBytesTests(SynchronousTestCase):
    """A name that tells no type."""

    def test_signature_tells(self) -> None:
        for name, start, kind in [
            (b"a", b"%PDF-1.7", "application/pdf"),
            (b"a.bin", b"GIF89a", "image/gif"),
            (b"a.unknown", b"\xff\xd8\xff\xe0", "image/jpeg"),
            (b"a", b"RIFF\0\0\0\0WEBP", "image/webp"),
            (b"a", b"\0\0\0\x20ftypisom", "video/mp4"),
            (b"a", b"\0\0\0\x20ftypavif", "image/avif"),
            (b"a", b"\0\0\0\x14ftypqt  ", "video/quicktime"),
            (b"a", b"\x1f\x8b\x08", "application/gzip"),
            (b"a", b"PK\x03\x04", "application/zip"),
        ]:
            self.assertEqual((start, kind_of(name, start)), (start, kind))

    def test_what_is_not_certain_is_not_guessed(self) -> None:
        for name, start in [
            (b"a", b"RIFF\0\0\0\0what"),
            (b"a", b"\0\0\0\x20ftypwhat"),
            (b"a", b"var ftyp=1\n"),
            (b"a", b"var ftypisom=1\n"),
            (b"a", b"\0\0\0\x21ftypisom"),
            (b"a", b"\0\0\0\0ftypisom"),
            (b"a", b"%PDF settings"),
            (b"a", b""),
            (b"html", b"<p>"),
            (b"a.\xff", b"<p>"),
        ]:
            kind = kind_of(name, start)
            self.assertEqual((start, kind), (start, "application/octet-stream"))


class GivenTypeTests(SynchronousTestCase):
    """Types that an operator has given."""

    def test_given_type_is_above_the_table_and_the_first_bytes(self) -> None:
        types = ContentTypes(
            None, dict([parse_type(".LOG=text/x-log"), parse_type(".p=a/b")])
        )
        self.assertEqual(kind_of(b"a.log", b"GIF89a", types), "text/x-log")
        self.assertEqual(kind_of(b"a.p", b"GIF89a", types), "a/b")
        self.assertEqual(kind_of(b"a.txt", types=types), "text/plain")

    def test_charset_of_a_given_type_is_kept(self) -> None:
        types = ContentTypes("utf-8", dict([parse_type(".x=text/x; charset=koi8-r")]))
        self.assertEqual(kind_of(b"a.x", types=types), "text/x; charset=koi8-r")

    def test_whole_name(self) -> None:
        texts = (
            "LICENSE=text/plain", "apple-app-site-association=application/json",
            "robots.txt=text/x-robots", "Größe=text/plain",
        )  # fmt: skip
        types = ContentTypes("utf-8", dict(map(parse_type, texts)))
        for name, kind in [
            ("LICENSE", "text/plain; charset=utf-8"),
            ("license", "application/octet-stream"),
            ("MY-LICENSE", "application/octet-stream"),
            ("apple-app-site-association", "application/json"),
            ("robots.txt", "text/x-robots; charset=utf-8"),
            ("other.txt", "text/plain; charset=utf-8"),
            ("Größe", "text/plain; charset=utf-8"),
        ]:
            found = kind_of(name.encode(), types=types)
            self.assertEqual((name, found), (name, kind))

    def test_default_is_for_what_nothing_tells_the_type_of(self) -> None:
        types = ContentTypes("utf-8", dict([parse_type("*=text/plain")]))
        for name, start, kind in [
            (b"Makefile", b"all:", "text/plain; charset=utf-8"),
            (b"a.unknown", b"", "text/plain; charset=utf-8"),
            (b"a", b"GIF89a", "image/gif"),
            (b"a.png", b"", "image/png"),
            (b"a.exe", b"", "application/octet-stream"),
        ]:
            found = kind_of(name, start, types)
            self.assertEqual((name, found), (name, kind))

    def test_malformed_types_are_refused(self) -> None:
        for text in ("", "log", ".log", ".log=", ".log=text", ".a.b=c/d", "=a/b",
                     ".log=text/plain\r\nX: y", ".a=b/c; d", "a/b=c/d", "*.x=a/b",
                     "a b=c/d", ".=a/b", "**=a/b"):  # fmt: skip
            self.assertRaises(ValueError, parse_type, text)

    def test_charsets(self) -> None:
        self.assertIsNone(parse_charset("none"))
        self.assertEqual(parse_charset("koi8-r"), "koi8-r")
        self.assertRaises(ValueError, parse_charset, "klingon")
