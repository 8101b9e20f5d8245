"""
What the clients take for a number on the command line.
"""

from __future__ import annotations

from argparse import ArgumentTypeError

from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.clients.arguments import parse_positive_seconds, parse_seconds
from dartio_tut.clients.learn import parse_number


class NumberTests(SynchronousTestCase):
    """Numbers, and what Python alone takes for one."""

    def test_seconds_are_a_number_as_people_write_it(self) -> None:
        for text, seconds in (
            ("0", 0), ("5", 5), ("0.5", 0.5), (".5", 0.5), ("5.", 5), ("1e2", 100),
            ("1E-1", 0.1), ("007", 7), ("999999999", 999999999),
        ):  # fmt: skip
            self.assertEqual(parse_seconds(text), seconds)

    def test_what_is_no_time_is_refused(self) -> None:
        for text in (
            "", " ", "x", "-1", "+1", "1_0", " 1", "1\n", "1,5", "1e", "e1", ".",
            "1.2.3", "nan", "inf", "infinity", "1e400", "9" * 400, "0x1", "1e9",
            "\u0663", "\xb2", "-0",
        ):  # fmt: skip
            with self.subTest(text[:20]):
                self.assertRaises(ArgumentTypeError, parse_seconds, text)
        for text in ("0", "0.0", "0e5", ".0", "1e-400"):
            self.assertRaises(ArgumentTypeError, parse_positive_seconds, text)

    def test_exercise_has_a_number_of_some_digits(self) -> None:
        self.assertEqual(parse_number("2").number, 2)
        for text in ("", "0", "99", "-1", "1_0", "\u0663", "\xb2", "9" * 5000, "1.0"):
            with self.assertRaises(ArgumentTypeError) as caught:
                parse_number(text)
            self.assertIn("there is no exercise", str(caught.exception))
            self.assertLess(len(str(caught.exception)), 200)
