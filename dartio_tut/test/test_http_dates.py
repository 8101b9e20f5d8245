"""
Dates in header fields.
"""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources.http_dates import parse_http_date


class DateTests(SynchronousTestCase):
    """RFC 9110 section 5.6.7."""

    def test_all_three_formats(self) -> None:
        for value in (
            b"Sun, 06 Nov 1994 08:49:37 GMT",
            b"Sunday, 06-Nov-94 08:49:37 GMT",
            b"Sun Nov  6 08:49:37 1994",
            b" Sun, 06 Nov 1994 08:49:37 GMT ",
            b"sun, 06 nov 1994 08:49:37 gmt",
        ):
            self.assertEqual((value, parse_http_date(value)), (value, 784111777))

    def test_edges_of_the_calendar(self) -> None:
        for value, seconds in [
            (b"Thu, 01 Jan 1970 00:00:00 GMT", 0),
            (b"Wed, 31 Dec 1969 23:59:59 GMT", -1),
            (b"Tue, 29 Feb 2000 00:00:00 GMT", 951782400),
            (b"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800),
            (b"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799),
        ]:
            self.assertEqual((value, parse_http_date(value)), (value, seconds))

    def test_what_is_not_in_the_calendar_is_no_date(self) -> None:
        for value in (
            b"Mon, 30 Feb 2027 00:00:00 GMT",
            b"Mon, 29 Feb 2027 00:00:00 GMT",
            b"Mon, 29 Feb 1900 00:00:00 GMT",
            b"Sat, 31 Apr 2027 00:00:00 GMT",
            b"Sat, 00 Apr 2027 00:00:00 GMT",
            b"Sat, 32 Jan 2027 00:00:00 GMT",
            b"Sat, 01 Jan 2027 24:00:00 GMT",
            b"Sat, 01 Jan 2027 00:60:00 GMT",
            b"Sat, 01 Jan 2027 00:00:61 GMT",
            b"Sat, 01 Jan 0000 00:00:00 GMT",
            b"Monday, 30-Feb-27 00:00:00 GMT",
            b"Mon Feb 30 00:00:00 2027",
        ):
            self.assertIsNone(parse_http_date(value), value)

    def test_what_is_malformed_is_no_date(self) -> None:
        for value in (
            b"", b"yesterday", b"0", b"784111777", b"06 Nov 1994 08:49:37 GMT",
            b"Sun, 06 Nov 1994 08:49:37", b"Sun, 06 Nov 1994 08:49:37 CET",
            b"Sun, 06 Nov 1994 08:49:37 +0000", b"Son, 06 Nov 1994 08:49:37 GMT",
            b"Sun, 6 Nov 1994 08:49:37 GMT", b"Sun, 06 Nov 94 08:49:37 GMT",
            b"Sun, 06 Nov 1994 8:49:37 GMT", b"Sun, 06 Nov 1994 08:49:37 GMT x",
            "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT".encode(), b" " * 100_000,
        ):  # fmt: skip
            self.assertIsNone(parse_http_date(value), value)

    def test_two_digits_of_a_year_are_at_most_fifty_years_ahead(self) -> None:
        now = datetime.now(UTC).year
        for ahead in (49, -49):
            value = b"Monday, 01-Jan-%02d 00:00:00 GMT" % ((now + ahead) % 100)
            found = datetime.fromtimestamp(parse_http_date(value) or 0, UTC)
            self.assertEqual(found.year, now + ahead)
        value = b"Monday, 01-Jan-%02d 00:00:00 GMT" % ((now + 51) % 100)
        found = datetime.fromtimestamp(parse_http_date(value) or 0, UTC)
        self.assertEqual(found.year, now - 49)
