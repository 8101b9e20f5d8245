"""
Content by its type and charset.
"""

from __future__ import annotations

from collections.abc import Coroutine
from time import process_time
from typing import Any

import multipart
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.python.failure import Failure

from dartio_tut.resources import (
    Body,
    BodyLimits,
    Form,
    HTTPError,
    UploadedFile,
    parse_body,
)
from dartio_tut.resources.bodies import form_body

from .support.full_file import LateFullFile
from .support.function_resource import FunctionResource
from .support.in_full import IN_FULL
from .support.memory_client import RequestCase, ask

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"

MIB = 1024 * 1024


def now(parsing: Coroutine[Deferred[Any], Any, Body]) -> Body:
    """The result of *parsing*, which has to be there at once."""
    results: list[Any] = []
    Deferred.fromCoroutine(parsing).addBoth(results.append)
    (result,) = results
    if isinstance(result, Failure):
        result.raiseException()
    body: Body = result
    return body


def part(disposition: str, content: bytes = b"x", *more: str) -> bytes:
    """One part of a form; *more* are header lines."""
    lines = ["--b", f"Content-Disposition: form-data; {disposition}", *more, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


class BodyCase(RequestCase):
    """Asks what the content of a request is."""

    def sent(self, kind: str | None, data: bytes) -> Any:
        """A request with *data*."""
        fields = [] if kind is None else [f"Content-Type: {kind}"]
        request = self.held_request(*fields, start="POST / HTTP/1.1", body=data)
        gone = Failure(ConnectionDone())
        self.addCleanup(self.connection.protocol.connectionLost, gone)
        return request

    def body(self, kind: str | None, data: bytes, *kinds: Any, **limits: int) -> Body:
        """The content of a request with *data*."""
        return now(
            parse_body(self.sent(kind, data), *kinds, limits=BodyLimits(**limits))
        )

    def refused(self, code: int, *args: Any, **limits: int) -> None:
        """Asking is refused with *code*."""
        refusal = self.assertRaises(HTTPError, self.body, *args, **limits)
        self.assertEqual(refusal.code, code, f"{args[0]} {args[1][:80]!r}")


class KindTests(BodyCase):
    """What content is, by its type."""

    def test_content_type_decides_how_it_is_parsed(self) -> None:
        for kind, data, expected in [
            ("application/json", b"[1]", Body("json", [1])),
            ('application/json; charset="UTF-8"', b"null", Body("json", None)),
            ("APPLICATION/Problem+JSON;x", b'"x"', Body("json", "x")),
            (FORM, b"a=1", Body("form", {"a": ["1"]})),
            ("text/plain", "ü".encode(), Body("text", "ü")),
            ("text/html;charset=ISO-8859-1", b"\xfc", Body("text", "ü")),
            ("text/x; Charset = 'utf-8'", b"", None),
            ("text/csv; charset=utf-16", "ü".encode("utf-16"), Body("text", "ü")),
            ("image/png", b"\xff", Body("bytes", b"\xff")),
            ("image/png; charset=none", b"\xff", Body("bytes", b"\xff")),
            ("nonsense", b"x", Body("bytes", b"x")),
            (None, b"x", Body("bytes", b"x")),
        ]:
            if expected is None:
                self.refused(415, kind, data)
            else:
                self.assertEqual(self.body(kind, data), expected)

    def test_missing_body_is_empty(self) -> None:
        self.assertEqual(self.body(None, b""), Body("bytes", b""))
        self.assertEqual(self.body("text/plain", b""), Body("text", ""))
        self.assertEqual(self.body(FORM, b""), Body("form", {}))
        self.refused(400, "application/json", b"")
        self.refused(400, PARTS, b"")

    def test_other_kinds_than_wanted_are_415(self) -> None:
        self.assertEqual(self.body("text/x", b"x", "json", "text").kind, "text")
        for kind in ("text/x", None, FORM, PARTS):
            self.refused(415, kind, b"{}", "json")
        self.refused(415, "application/json", b"{}", "form", "parts")

    def test_text_is_decoded_by_its_charset(self) -> None:
        self.refused(400, "text/plain", b"\xff")
        self.refused(400, "text/plain; charset=us-ascii", b"\xff")
        self.refused(400, "text/plain; charset=utf-16le", b"x")
        for name in ["x", "zlib", "base64", "idna", "punycode", "unicode_escape"]:
            self.refused(415, f"text/plain; charset={name}", b"x")
            self.refused(415, f"{FORM}; charset={name}", b"x")
            self.refused(415, f"application/json; charset={name}", b"1")
        self.refused(415, "application/json; charset=iso-8859-1", b"1")

    def test_two_content_types_are_400(self) -> None:
        self.refused(400, "text/plain\r\nContent-Type: text/plain", b"x")

    def test_compressed_body_is_415(self) -> None:
        self.refused(415, "text/plain\r\nContent-Encoding: gzip", b"x")
        same = self.body("text/plain\r\nContent-Encoding: Identity", b"x")
        self.assertEqual(same.value, "x")

    def test_too_long_body_is_413(self) -> None:
        for kind in ("text/x", "x/x", FORM):
            self.assertTrue(self.body(kind, b"x" * 10, total=10).value)
            self.refused(413, kind, b"x" * 11, total=10)
        self.refused(413, "application/json", b" 123", total=3)
        self.refused(413, PARTS, part('name="a"') + b"--b--", total=50)

    def test_body_may_be_parsed_again(self) -> None:
        request = self.sent("text/x", b"x")
        self.assertEqual(now(parse_body(request)), now(parse_body(request)))


class LineFormTests(BodyCase):
    """Forms in one line."""

    def test_fields_have_lists_of_values(self) -> None:
        for data, fields in [
            (b"a=1&b=2&a=3", {"a": ["1", "3"], "b": ["2"]}),
            (b"a=&b&=c&&", {"a": [""], "b": [""], "": ["c"]}),
            (b"a+b=c+d%20e%26%3D", {"a b": ["c d e&="]}),
            (b"a=b=c;d", {"a": ["b=c;d"]}),
            (b"%C3%BC=" + "ü☃".encode(), {"ü": ["ü☃"]}),
            (b"a=%zz%", {"a": ["%zz%"]}),
        ]:
            self.assertEqual(self.body(FORM, data).value, fields)

    def test_form_is_decoded_by_its_charset(self) -> None:
        kind = f"{FORM}; charset=windows-1252"
        self.assertEqual(self.body(kind, b"a=%80\x80").value, {"a": ["€€"]})
        for data in (b"a=%FF", b"%FF=a", b"a=\xff", b"a=%ED%A0%80"):
            self.refused(400, FORM, data)
        self.refused(415, f"{FORM}; charset=utf-16", b"a=1")

    def test_form_beyond_its_limits_is_413(self) -> None:
        self.assertEqual(len(self.body(FORM, b"a&b", fields=2).value), 2)
        self.refused(413, FORM, b"a&b&c", fields=2)
        self.refused(413, FORM, b"&&", fields=2)
        self.assertEqual(self.body(FORM, b"a=123", field=5).value, {"a": ["123"]})
        self.refused(413, FORM, b"b=1&a=1234", field=5)


class PartsTests(BodyCase):
    """Forms in parts."""

    def form(self, *parts: bytes, kind: str = PARTS, **limits: int) -> Form:
        """The form of *parts*, and the end."""
        read = self.body(kind, b"".join(parts) + b"--b--\r\n", **limits)
        self.assertEqual(read.kind, "parts")
        assert isinstance(read.value, Form)
        return read.value

    def test_fields_of_parts_have_lists_of_values(self) -> None:
        form = self.form(
            part('name="a"', b"1"),
            part('name="a"', "ü\r\n".encode()),
            part("name=b", b""),
            part('name="c"', b"\xfc", "Content-Type: text/plain; charset=latin1"),
            part('name="ü%22"', b"--b"),
        )
        self.assertEqual(
            form.fields,
            {"a": ["1", "ü\r\n"], "b": [""], "c": ["ü"], 'ü"': ["--b"]},
        )
        self.assertEqual(form.files, {})

    def test_files_have_name_type_and_content(self) -> None:
        large = bytes(range(256)) * 1000
        form = self.form(
            part('name="f"; filename="a.bin"', large),
            part('name="f"; filename="../ü"', b"", "Content-Type: Text/HTML; x=y"),
            part('name="a"', b"1"),
        )
        self.assertEqual(form.fields, {"a": ["1"]})
        first, second = form.files["f"]
        self.assertEqual(first.name, "a.bin")
        self.assertEqual(first.media_type, "application/octet-stream")
        self.assertEqual(first.size, len(large))
        self.assertEqual(first.content.read(), large)
        self.assertEqual((second.name, second.media_type), ("../ü", "text/html"))
        self.assertEqual((second.size, second.content.read()), (0, b""))

    def test_file_that_finds_no_room_is_refused(self) -> None:
        self.patch(form_body, "SpooledTemporaryFile", lambda max_size: LateFullFile())
        self.refused(507, PARTS, part('name="f"; filename="a"', b"x") + b"--b--\r\n")

    def test_file_is_one_when_its_name_is_extended(self) -> None:
        for given, name in (
            ("UTF-8''%e2%82%ac%20rates.txt", "\u20ac rates.txt"),
            ("utf-8'en'a.txt", "a.txt"),
            ("iso-8859-1''%e9.txt", "\xe9.txt"),
            ("UTF-8''%ff.txt", "\ufffd.txt"),
            ("utf-7''a", "utf-7''a"),
            ("a", "a"),
        ):
            form = self.form(part(f'name="f"; filename*={given}', b"\xff"), b"--b--")
            with self.subTest(given):
                self.assertEqual(form.fields, {})
                self.assertEqual([file.name for file in form.files["f"]], [name])
        form = self.form(part('name="a; filename*=b"'), b"--b--")
        self.assertEqual((form.fields, form.files), ({"a; filename*=b": ["x"]}, {}))
        both = part('name="f"; filename="e.txt"; filename*=UTF-8\'\'%e2%82%ac.txt')
        self.assertEqual(self.form(both, b"--b--").files["f"][0].name, "e.txt")

    def test_empty_file_without_a_name_is_left_out(self) -> None:
        form = self.form(part('name="f"; filename=""', b""))
        self.assertEqual(form, Form())
        form = self.form(part('name="f"; filename=""', b"x"))
        self.assertEqual(form.files["f"][0].name, "")

    def test_files_are_closed_when_the_request_is_finished(self) -> None:
        files: list[UploadedFile] = []

        def do(request: Any) -> Any:
            files.extend(now(parse_body(request)).value.files["f"])
            return files[0].content.read()

        data = part('name="f"; filename="a"', b"content") + b"--b--\r\n"
        answered = ask(FunctionResource(do), "POST", body=data, content_type=PARTS)
        self.assertEqual(answered.body, b"content")
        self.assertTrue(files[0].content.closed)

    def test_files_are_closed_when_the_form_is_refused(self) -> None:
        opened: list[Form] = []
        close = Form.close

        def closing(form: Form) -> None:
            opened.append(form)
            close(form)

        self.patch(Form, "close", closing)
        self.refused(400, PARTS, part('name="f"; filename="a"'))
        self.assertEqual(len(opened[0].files["f"]), 1)

    def test_files_are_closed_when_the_client_goes_away(self) -> None:
        data = part('name="f"; filename="a"') + b"--b--"
        request = self.sent(PARTS, data)
        (file,) = now(parse_body(request)).value.files["f"]
        self.connection.protocol.connectionLost(Failure(ConnectionDone()))
        self.assertTrue(file.content.closed)

    def test_text_around_the_parts_is_ignored(self) -> None:
        middle = part('name="a"', b"1")
        for data in (
            b"for old readers\r\n" + middle + b"--b--",
            middle + b"--b--",
            middle + b"--b--\r\n for old readers",
            # The last line end is in another piece.
            part('name="a"', b"1") + self.filling(64 * 1024 - 5) + b"--b--\r\n",
        ):
            form = self.body(PARTS, data).value
            self.assertEqual(form.fields["a"], ["1"])
        self.assertEqual(self.form(kind=PARTS).fields, {})

    def filling(self, upto: int) -> bytes:
        """A part that makes a form with a part ``a`` in front *upto* bytes long."""
        before = len(part('name="a"', b"1"))
        return part('name="b"', b"x" * (upto - before - len(part('name="b"', b""))))

    def test_malformed_parts_are_400(self) -> None:
        whole = part('name="a"')
        for data in [
            b"x",
            whole,
            whole + b"--b",
            whole + b"--b-",
            whole + b"--bx\r\n",
            whole.replace(b"\r\n", b"\n") + b"--b--",
            part("") + b"--b--",
            part('name=""') + b"--b--",
            part("filename=x") + b"--b--",
            whole.replace(b"form-data", b"attachment") + b"--b--",
            b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--",
            b"--b\r\nno colon\r\n\r\nx\r\n--b--",
            part('name="a"', b"x", "Content-Length: 5") + b"--b--",
            part('name="a"', b"x", "Content-Length: x") + b"--b--",
            part('name="a"', b"\xff") + b"--b--",
            part('name="a"', b"x", "content-disposition: form-data; name=b") + b"--b--",
            part('name="a"', b"x", *["Content-Type: text/plain"] * 2) + b"--b--",
            whole.replace(b'"a"', b'"\xff"') + b"--b--",
        ]:
            self.refused(400, PARTS, data)
        kind = "Content-Type: text/plain; charset=punycode"
        self.refused(415, PARTS, part('name="a"', b"x", kind) + b"--b--")

    def test_odd_boundaries_are_400(self) -> None:
        for boundary in ["", "; boundary=", '; boundary=""', "; boundary=ü", "; x=b"]:
            self.refused(400, f"multipart/form-data{boundary}", b"--b--")
        long = "b" * 70
        for boundary in (long, '"a b:c"', "'()+_,-./=?"):
            line = b"--" + boundary.strip('"').encode()
            data = part('name="a"').replace(b"--b", line) + line + b"--\r\n"
            kind = f'multipart/form-data; boundary="{boundary}"'.replace('""', '"')
            self.assertEqual(self.body(kind, data).value.fields, {"a": ["x"]})
        data = f"--b{long}--".encode()
        self.refused(400, f"multipart/form-data; boundary=b{long}", data)

    def test_parts_beyond_their_limits_are_413(self) -> None:
        field, file = part('name="a"', b"123"), part('name="f"; filename="f"', b"123")
        self.assertTrue(self.form(field, field, file, fields=2, files=1, field=3))
        end = b"--b--"
        for parts, limits in [
            (field * 3, {"fields": 2}),
            (file * 3, {"files": 2}),
            (field * 4, {"fields": 2, "files": 1}),
            (field, {"field": 2}),
            (file, {"file": 2}),
            (file * 2, {"fields": 1, "files": 0}),
            (part('name="a"', b"x", "A: " + "x" * 100), {"header": 100}),
            (part('name="a"', b"x", *["A: x"] * 3), {"headers": 3}),
        ]:
            self.refused(413, PARTS, parts + end, **limits)


class WorkTests(BodyCase):
    """Content that was made to cost much."""

    def test_parts_are_counted_before_they_are_read(self) -> None:
        begun: list[object] = []
        of_a_part = multipart.MultipartSegment.__init__

        def counting(segment: Any, headers: Any) -> None:
            begun.append(headers)
            of_a_part(segment, headers)

        self.patch(multipart.MultipartSegment, "__init__", counting)
        one = part('name="a"', b"")
        self.refused(413, PARTS, one * (MIB // len(one) - 1))
        self.assertLessEqual(len(begun), 1001)

    def test_parsing_takes_no_more_than_linear_time(self) -> None:
        head = part('name="a"', b"")[:-2]
        many = '; a="\\"' * 550
        size = MIB if IN_FULL else MIB // 4
        for data in [
            head + b"\r" * size,
            head + b"\r\n--" * (size // 4),
            b"\r\n--" * (size // 4),
            b"--b\r\nA: " + b"x" * size,
            b"--b\r\n" + b"A: x\r\n" * (size // 6),
            part('name="a"' + many, b"") * (size // 5000),
            part('name="f"; filename="f"', b"") * (size // 70),
            part(
                'name="m"',
                head * (size // 130),
                "Content-Type: multipart/mixed; boundary=b",
            ),
        ]:
            self.quickly_refused(PARTS, data[: size - 1])
        for data in [b"&" * MIB, b"a" * MIB, b"%" * MIB, b"=" * MIB, b"+" * MIB]:
            self.quickly_refused(FORM, data)
        self.quickly_refused("text/plain;" + ' a="\\' * 1500 + "; charset=x", b"x")
        self.quickly_refused("text/plain;" + " ;" * 3500 + " charset=x", b"x")

    def quickly_refused(self, kind: str, data: bytes) -> None:
        """Quadratic work would take seconds, and of a whole MiB minutes."""
        began = process_time()
        self.assertRaises(HTTPError, self.body, kind, data)
        self.assertLess(process_time() - began, 0.5)
