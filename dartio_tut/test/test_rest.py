"""
Errors of a store as status codes, and conditions as a store takes them.
"""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import HTTPError, from_store, idempotency_key, precondition
from dartio_tut.store import (
    ABSENT,
    PRESENT,
    Conflict,
    Deleted,
    IdempotencyKeyReused,
    InvalidName,
    NameTaken,
    NoSuchEntry,
    StoreFull,
    StoreUnavailable,
    version_of,
)

from .support.memory_client import RequestCase

ONE, TWO = version_of(b"1"), version_of(b"2")


class FromStoreTests(SynchronousTestCase):
    """`from_store`."""

    def refusal(self, error: Exception) -> HTTPError:
        asked = Deferred.fromCoroutine(from_store(fail(error)))
        refused = self.failureResultOf(asked, HTTPError).value
        assert isinstance(refused, HTTPError)
        return refused

    def test_result_is_returned(self) -> None:
        asked = Deferred.fromCoroutine(from_store(succeed(5)))
        self.assertEqual(self.successResultOf(asked), 5)

    def test_errors_of_a_store_become_status_codes(self) -> None:
        for error, code, text in [
            (NoSuchEntry("there is no note 3"), 404, "There is no note 3."),
            (Deleted("note 3 was deleted"), 410, "Note 3 was deleted."),
            (NameTaken("a is a folder"), 409, "Cannot store: a is a folder."),
            (Conflict("x"), 412, "It is not the version that was expected."),
            (
                IdempotencyKeyReused("x"),
                422,
                "This Idempotency-Key came with something else",
            ),
            (StoreFull("there are 5 notes"), 507, "There are 5 notes."),
            (StoreUnavailable("db at 10.0.0.1"), 503, "The store cannot be reached."),
        ]:
            refused = self.refusal(error)
            self.assertEqual(refused.code, code)
            self.assertTrue(refused.text.startswith(text), refused.text)

    def test_unavailable_store_says_when_to_try_again(self) -> None:
        refused = self.refusal(StoreUnavailable("away", 7))
        self.assertEqual(refused.fields, ((b"Retry-After", b"7"),))
        self.assertEqual(self.refusal(StoreFull("full")).fields, ())

    def test_failing_disk_tells_no_path(self) -> None:
        refused = self.refusal(OSError(5, "Input/output error", "/secret/place"))
        self.assertEqual(refused.code, 500)
        self.assertEqual(refused.text, "Exception during file I/O: Input/output error.")
        bare = self.refusal(OSError("/secret/place"))
        self.assertEqual(bare.text, "Exception during file I/O: it failed.")
        self.assertEqual(len(self.flushLoggedErrors(OSError)), 2)

    def test_other_errors_are_raised_unchanged(self) -> None:
        for error in (InvalidName("x"), ZeroDivisionError()):
            asked = Deferred.fromCoroutine(from_store(fail(error)))
            self.failureResultOf(asked, type(error))


class PreconditionTests(RequestCase):
    """`precondition`."""

    def expected(self, *lines: str, required: bool = False) -> object:
        return precondition(self.held_request(*lines), required)

    def test_if_match_gives_its_versions(self) -> None:
        self.assertIsNone(self.expected())
        self.assertEqual(self.expected(f'If-Match: "{ONE}"'), {ONE})
        self.assertEqual(self.expected(f'If-Match: "{ONE}", "{TWO}"'), {ONE, TWO})
        self.assertEqual(
            self.expected(f'If-Match: "{ONE}"', f'If-Match: "{TWO}"'), {ONE, TWO}
        )
        self.assertEqual(self.expected(f'If-Match: W/"{ONE}", "{TWO}"'), {TWO})

    def test_star_stands_for_present_or_absent(self) -> None:
        self.assertEqual(self.expected("If-Match: *"), PRESENT)
        self.assertEqual(self.expected("If-None-Match: *"), ABSENT)

    def test_foreign_and_weak_tags_match_nothing(self) -> None:
        for lines in (
            (f'If-Match: W/"{ONE}"',),
            ('If-Match: "*"',),
            ("If-Match: x",),
            ("If-Match:",),
            ('If-Match: "nothing"',),
            ("If-Match: *", "If-None-Match: *"),
            (f'If-Match: "{ONE}"', "If-None-Match: *"),
        ):
            expected = self.expected(*lines)
            self.assertNotIn(expected, (PRESENT, ABSENT, None))
            assert isinstance(expected, (set, frozenset))
            self.assertFalse(expected & {ONE, "*"})

    def test_other_if_none_match_than_star_is_400(self) -> None:
        for field in (f'If-None-Match: "{ONE}"', "If-None-Match:"):
            refused = self.assertRaises(HTTPError, self.expected, field)
            self.assertEqual(refused.code, 400)

    def test_missing_condition_is_428_when_it_is_required(self) -> None:
        refused = self.assertRaises(HTTPError, self.expected, required=True)
        self.assertEqual(refused.code, 428)
        self.assertEqual(self.expected("If-Match: *", required=True), PRESENT)
        self.assertEqual(self.expected("If-None-Match: *", required=True), ABSENT)


class IdempotencyKeyTests(RequestCase):
    """`idempotency_key`."""

    def test_key_of_a_request_is_returned(self) -> None:
        for field, token in [(" abc ", "abc"), ("k" * 255, "k" * 255), ('"a"', '"a"')]:
            request = self.held_request(f"Idempotency-Key: {field}")
            self.assertEqual(idempotency_key(request), token)
        self.assertIsNone(idempotency_key(self.held_request()))

    def test_empty_or_long_key_is_400(self) -> None:
        for field in ("", "k" * 256):
            request = self.held_request(f"Idempotency-Key: {field}")
            refused = self.assertRaises(HTTPError, idempotency_key, request)
            self.assertEqual(refused.code, 400)

    def test_key_that_comes_twice_is_400(self) -> None:
        for second in ("k", "other", ""):
            lines = ("Idempotency-Key: k", f"Idempotency-Key: {second}")
            request = self.held_request(*lines)
            refused = self.assertRaises(HTTPError, idempotency_key, request)
            self.assertEqual(refused.code, 400)
            self.assertIn("more than once", refused.text)
