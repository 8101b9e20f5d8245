"""
All rows of the conformance table, and all that fuzzing has found, taken apart.
"""

from __future__ import annotations

from dartio_tut.anatomy import take_apart
from dartio_tut.resources.laboratory.broken_requests import broken_requests
from dartio_tut.test.support.conformance import Row, read_table
from dartio_tut.test.support.two_readings import difference
from dartio_tut.test.test_anatomy import AnatomyCase
from dartio_tut.testing import ResponseReader

from .guided_fuzz import CORPUS
from .test_conformance import MEMORY, TABLE, connect, rows

DIFFERENT = {"chunk/extension-long"}
"""Rows that the wire refuses for a limit of its own, with a more general reason."""


class RowsTests(AnatomyCase):
    """Requests of all kinds."""

    def test_every_byte_of_every_row_is_in_one_part(self) -> None:
        for row in read_table(TABLE):
            self.take(row.request)
            self.take(row.request, "server")

    def test_the_wire_and_the_anatomy_name_the_same_faults_of_rows(self) -> None:
        rows = read_table(TABLE)
        self.assertGreater(len(rows), 600)
        found = {row.name: difference(row.request) for row in rows}
        self.assertEqual({name for name, told in found.items() if told}, DIFFERENT)

    def test_broken_requests_of_the_laboratory_are_those_of_their_rows(self) -> None:
        rows = {row.name: row for row in read_table(TABLE)}
        named = [broken for broken in broken_requests() if broken.row]
        self.assertGreater(len(named), 40)
        for broken in named:
            row = rows[broken.row]
            self.assertEqual(broken.raw, row.request, broken.row)
            rfc, number, section = row.clause.split()
            self.assertEqual(broken.clause, f"{rfc} {number} section {section}")

    def test_the_wire_and_the_anatomy_read_the_corpus_alike(self) -> None:
        inputs = sorted(CORPUS.iterdir())
        self.assertGreater(len(inputs), 50)
        for path in inputs:
            raw = path.read_bytes()[1:]  # the first byte says where to cut it
            self.take(raw)
            self.take(raw, "server")
            self.assertEqual(difference(raw), "", path.name)


class ResponsesTests(AnatomyCase):
    """What our server responds to the rows, read by two readers."""

    def taken(self, row: Row, said: bytes, closed: bool) -> list[tuple[str, bytes]]:
        """The codes and bodies of the responses in *said*, by the anatomy."""
        found = []
        methods = [*row.methods]
        while said:
            method = methods.pop(0) if methods else "GET"
            message = take_apart(
                said, "server", request_method=method.encode(), has_ended=closed
            )
            self.assertEqual(message.fault, "", (row.name, said))
            code, body, rest = "", b"", b""
            for part in message.parts:
                piece = said[part.start : part.end]
                if part.kind == "status-code":
                    code = f"{code} {piece.decode()}".strip()
                elif part.kind in ("body", "chunk-data"):
                    body += piece
                elif part.kind == "next-message":
                    rest = piece
            found.append((code, body))
            said = rest
        return found

    def test_they_read_the_same_responses_and_find_no_fault(self) -> None:
        for row in rows(MEMORY):
            wire, reader = connect(), ResponseReader(row.methods)
            said = wire.send(row.request)
            reader.feed(said)
            if wire.closed:
                reader.end()
            expected: list[tuple[str, bytes]] = []
            interim = ""
            for response in reader.responses:
                code = f"{interim} {response.code}".strip()
                interim = code if response.code < 200 else ""
                if not interim:
                    expected.append((code, response.body))
            if interim:
                expected.append((interim, b""))
            self.assertEqual(self.taken(row, said, wire.closed), expected, row.name)
            wire.leave()
