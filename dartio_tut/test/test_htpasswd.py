"""
Users and their hashes, as a file has them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bcrypt
from passlib.hash import sha256_crypt, sha512_crypt
from twisted.logger import formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dartio_tut.resources import HtpasswdFile


def hashed(password: str, prefix: bytes = b"2b") -> str:
    """*password* by bcrypt, as cheaply as can be."""
    made = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4))
    return made.replace(b"2b", prefix, 1).decode()


SHA1_OF_SECRET = "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="

OF_OTHERS = [
    "$2y$04$vHUJ1QHqEDBOUaLmAH65fO2UQ3n9zimoCIbuSalHv2MqO5jPcIj3y",
    "$2a$04$abcdefghijklmnopqrstuuvTI.nWB0YtAT.0ZuA3lN9tacBuF.A.i",
    "$5$saltstring$tvF1rHtdzG4JWwFlfIWVbbqg0lXWhwdhlR2a3td9JF/",
    "$6$saltstring$bgDWai1R/ujlo2ozG9HCkEmhKWZ2NZDhQ8ejJL4xxweCsrceYl1nDgu6hbz3T8LNZfx0FUVECYSZ55jfIptyO0",
    "$6$rounds=1400$anotherlongsalt$gwZNNhn86MA94o1a3VkfocIywF/jeQG8hRHb9XFfyghLjQN3MfvKg/1uWIwJ.8ziHOEifUlTtan6rDi7Telbk1",
]


class HtpasswdFileTests(SynchronousTestCase):
    """`HtpasswdFile`."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        self.warnings: list[str] = []

    def passwords(self, *lines: str) -> HtpasswdFile:
        """Those of a file with *lines*."""
        self.path.write_text("\n".join([*lines, ""]))
        return HtpasswdFile(self.path)

    def warn(self, event: dict[str, Any]) -> None:
        """Keep what the log is told."""
        if event["log_level"].name == "warn":
            self.warnings.append(str(formatEvent(event)))

    def watch(self) -> None:
        """Listen to the log."""
        observer: Any = self.warn
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def test_every_kind_of_hash_is_checked(self) -> None:
        kinds = [
            hashed("secret", b"2a"),
            hashed("secret", b"2b"),
            hashed("secret", b"2y"),
            sha256_crypt.using(rounds=1000).hash("secret"),
            sha512_crypt.using(rounds=1000).hash("secret"),
            sha512_crypt.using(rounds=5000).hash("secret"),
            SHA1_OF_SECRET,
        ]
        without_rounds = kinds[-2]  # takes five times as long
        self.assertNotIn("rounds", without_rounds)
        for kind in kinds:
            passwords = self.passwords(f"han:{kind}")
            self.assertTrue(passwords.check("han", "secret"), kind)
            wrong = ("", "Secret", "secret ", "secre", kind)
            for password in wrong[:1] if kind == without_rounds else wrong:
                self.assertFalse(passwords.check("han", password), kind)

    def test_hashes_that_others_made(self) -> None:
        """By Apache's htpasswd, OpenSSL and libxcrypt."""
        for kind in OF_OTHERS:
            passwords = self.passwords(f"a:{kind}")
            self.assertTrue(passwords.check("a", "solo"), kind)
            self.assertFalse(passwords.check("a", "solos"), kind)

    def test_comments_and_blank_lines_are_left_out(self) -> None:
        passwords = self.passwords(
            "# the crew",
            "",
            f"han:{hashed('solo')}\r",
            "  ",
            f"léia:{hashed('örgana')}",
        )
        self.assertTrue(passwords.check("han", "solo"))
        self.assertTrue(passwords.check("léia", "örgana"))
        for user, password in [
            ("han", "örgana"),
            ("léia", "solo"),
            ("Han", "solo"),
            ("leia", "örgana"),
            ("", ""),
            ("# the crew", ""),
            ("luke", "solo"),
        ]:
            self.assertFalse(passwords.check(user, password), user)
        self.assertFalse(self.passwords().check("han", "solo"))

    def test_password_beyond_72_bytes_never_fits_bcrypt(self) -> None:
        passwords = self.passwords(f"a:{hashed('x' * 72)}", f"b:{hashed('ü' * 36)}")
        self.assertTrue(passwords.check("a", "x" * 72))
        self.assertFalse(passwords.check("a", "x" * 73))
        self.assertFalse(passwords.check("a", "x" * 72 + "y" * 1000))
        self.assertTrue(passwords.check("b", "ü" * 36))
        self.assertFalse(passwords.check("b", "ü" * 37))
        crypt = sha256_crypt.using(rounds=1000).hash("x" * 100)
        self.assertTrue(self.passwords(f"a:{crypt}").check("a", "x" * 100))

    def test_unknown_user_costs_one_check(self) -> None:
        asked: list[tuple[bytes, bytes]] = []
        check = bcrypt.checkpw

        def counting(password: bytes, hashed: bytes) -> bool:
            asked.append((password, hashed))
            return check(password, hashed)

        self.patch(bcrypt, "checkpw", counting)
        passwords = self.passwords(*[f"u{n}:{hashed('secret')}" for n in range(9)])
        for user, password in [("u3", "secret"), ("u3", "no"), ("x", "secret")] * 2:
            passwords.check(user, password)
        passwords.check("x", "y" * 100)
        self.assertEqual(len(asked), 7)
        # One name costs what it costs, however often it is tried.
        self.assertEqual(asked[2], asked[5])
        for n in range(20):
            self.assertFalse(passwords.check(f"x{n}", "secret"))
        self.assertGreater(len({hashed for _, hashed in asked[7:]}), 2)

    def test_weak_and_malformed_hashes_are_refused(self) -> None:
        whole = hashed("secret")
        for wrong in [
            "secret",
            "",
            "$apr1$HG1/.....$abcdefghijklmnopqrstuv",
            "$1$salt$abcdefghijklmnopqrstuv",
            "rqXexS6ZhobKA",
            "{SHA}",
            "{SHA}5en6G6MezRroT3XKqkdPOmY/Bf",
            "{SHA}5en6G6MezRroT3XKqkdPOmY=",
            "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
            whole[:-1],
            whole + "x",
            whole + ":comment",
            whole.replace("$04$", "$03$"),
            whole.replace("$04$", "$99$"),
            whole.replace("$2b$", "$2x$"),
            "$2b$secret",
            "$5$saltstring",
            "$5$saltstring$secret",
            "$6$rounds=1$saltstring$" + "x" * 86,
            "$6$saltstring$" + "!" * 86,
            "$7$saltstring$secret",
        ]:
            error = self.assertRaises(
                ValueError, self.passwords, "# one", f"a:{whole}", f"han:{wrong}"
            )
            self.assertIn(f"{self.path}, line 3: ", str(error))
            said = str(error).replace(str(self.path), "")
            for secret in ("han", "secret", "5en6", "xxx", "!!!", "rqX", whole[7:20]):
                self.assertNotIn(secret, said)
            self.assertIsNone(error.__cause__)

    def test_hash_that_takes_minutes_to_check_is_refused(self) -> None:
        whole = hashed("secret")
        for cost in (18, 31):
            slow = whole.replace("$04$", f"${cost}$")
            error = self.assertRaises(ValueError, self.passwords, f"han:{slow}")
            self.assertIn("line 1: a bcrypt hash with a cost above 17", str(error))
        self.passwords(f"han:{whole.replace('$04$', '$17$')}")
        for kind, digits in (("5", 43), ("6", 86)):
            for rounds in (2_000_001, 999_999_999):
                slow = f"${kind}$rounds={rounds}$saltstring${'x' * digits}"
                error = self.assertRaises(ValueError, self.passwords, f"han:{slow}")
                self.assertIn("more than 2000000 rounds", str(error))
                self.assertNotIn("saltstring", str(error))
            self.passwords(f"han:${kind}$rounds=2000000$saltstring${'x' * digits}")

    def test_malformed_lines_are_refused_with_their_number(self) -> None:
        good = hashed("secret")
        for line in [
            good,
            f":{good}",
            "han",
            f"han\0:{good}",
            f"han\x85:{good}",
            f"han\ufeff:{good}",
            f"han :{good}",
            f"ha:n:{good}",
        ]:
            error = self.assertRaises(ValueError, self.passwords, line)
            self.assertIn("line 1: ", str(error))
        error = self.assertRaises(
            ValueError, self.passwords, f"han:{good}", f"han:{good}"
        )
        self.assertIn("line 2: the same user", str(error))
        self.path.write_bytes(b"h\xffn:" + good.encode())
        error = self.assertRaises(ValueError, HtpasswdFile, self.path)
        self.assertIn("line 1: it is not UTF-8", str(error))

    def test_byte_order_mark_and_blanks_are_no_part_of_a_user(self) -> None:
        for hash_ in (hashed("secret"), SHA1_OF_SECRET):
            for line in (
                f"\ufeffhan:{hash_}",
                f"\ufeff# users\r\nhan:{hash_} \t\r",
                f"\ufeff\nhan: {hash_}\u00a0",
                f"  han:{hash_}",
                f"  # users\n \t \nhan:{hash_} \t ",
            ):
                passwords = self.passwords(line)
                self.assertTrue(passwords.check("han", "secret"), line)
                self.assertFalse(passwords.check("\ufeffhan", "secret"), line)

    def test_user_who_could_never_log_in_is_refused(self) -> None:
        for user in ("x" * 256, "é" * 128, "x" * 10_000):
            error = self.assertRaises(
                ValueError, self.passwords, f"{user}:{hashed('secret')}"
            )
            self.assertIn("line 1: the user has more than 255 bytes", str(error))
        longest = "é" * 127 + "x"
        passwords = self.passwords(f"{longest}:{hashed('secret')}")
        self.assertTrue(passwords.check(longest, "secret"))

    def test_byte_order_mark_in_the_middle_is_refused(self) -> None:
        lines = [f"{user}:{SHA1_OF_SECRET}" for user in ("han", "\ufeffleia")]
        error = self.assertRaises(ValueError, self.passwords, *lines)
        self.assertIn("line 2: a byte order mark", str(error))
        self.path.write_bytes(f"han:{SHA1_OF_SECRET}".encode("utf-16"))
        error = self.assertRaises(ValueError, HtpasswdFile, self.path)
        self.assertIn("line 1: it is not UTF-8", str(error))

    def test_file_without_users_is_said(self) -> None:
        self.watch()
        for lines in ([], [""], ["# nobody"], ["\ufeff"], [" ", "\t\r"]):
            self.passwords(*lines)
            self.assertEqual(len(self.warnings), 1, lines)
            self.assertIn(f"{self.path} has no users", self.warnings.pop())
        passwords = self.passwords(f"han:{SHA1_OF_SECRET}")
        self.assertEqual(self.warnings, [])
        self.path.write_text("")
        self.assertEqual(passwords.version(), 1)
        self.assertIn("has no users", self.warnings.pop())

    def test_sha_crypt_without_its_library_is_refused_with_what_to_do(self) -> None:
        self.patch(sys, "modules", sys.modules | {"passlib.hash": None})
        for line in OF_OTHERS[2:]:
            error = self.assertRaises(ValueError, self.passwords, f"a:{line}")
            self.assertIn("pip install 'dartio-tut[sha-crypt]'", str(error))
            self.assertIn("htpasswd -B", str(error))
            self.assertNotIn("salt", str(error))
        for line in [*OF_OTHERS[:2], SHA1_OF_SECRET]:
            self.passwords(f"a:{line}")

    def test_edit_that_keeps_size_and_time_is_seen(self) -> None:
        passwords = self.passwords(f"han:{hashed('solo')}")
        before = os.stat(self.path)
        self.path.write_text(f"han:{hashed('duo1')}\n")
        os.utime(self.path, ns=(before.st_atime_ns, before.st_mtime_ns))
        self.assertEqual(passwords.version(), 1)

    def test_edits_in_one_tick_of_the_clock_are_all_seen(self) -> None:
        passwords = self.passwords(f"han:{hashed('solo')}")
        status = os.stat(self.path)
        module = sys.modules[HtpasswdFile.__module__]
        self.patch(os, "stat", lambda path: status)
        self.patch(module, "time_ns", lambda: status.st_ctime_ns + 1000)
        self.path.write_text("wrong\n")
        self.assertEqual([passwords.version(), passwords.version()], [0, 0])
        passwords = self.passwords(f"han:{hashed('solo')}")
        for number, password in enumerate(("duo1", "duo2"), start=1):
            self.path.write_text(f"han:{hashed(password)}\n")
            self.assertEqual([passwords.version()] * 2, [number] * 2)
            self.assertTrue(passwords.check("han", password))

    def test_edits_in_one_second_are_seen_where_times_are_whole_seconds(self) -> None:
        second = 10**9
        status = SimpleNamespace(
            st_dev=1,
            st_ino=2,
            st_size=3,
            st_mtime_ns=7 * second,
            st_ctime_ns=8 * second,
        )
        module = sys.modules[HtpasswdFile.__module__]
        self.path.write_text(f"han:{hashed('solo')}\n")
        self.patch(os, "stat", lambda path: status)
        for age, is_seen in ((0, True), (second, True), (2 * second, False)):
            self.patch(module, "time_ns", lambda age=age: status.st_ctime_ns + age)
            passwords = HtpasswdFile(self.path)
            self.path.write_text(f"han:{hashed(str(age))}\n")
            self.assertEqual(passwords.version(), int(is_seen))
            self.assertEqual(passwords.check("han", str(age)), is_seen)

    def test_file_that_is_as_before_is_not_read_again(self) -> None:
        passwords = self.passwords(f"han:{hashed('solo')}")
        changed = os.stat(self.path).st_ctime_ns
        module = sys.modules[HtpasswdFile.__module__]
        read: list[str] = []
        original = module.read_regular_file

        def counted(path: str, size: int) -> bytes:
            read.append(path)
            content: bytes = original(path, size)
            return content

        self.patch(module, "read_regular_file", counted)
        self.patch(module, "time_ns", lambda: changed + 1_000_000_000)
        for _ in range(5):
            self.assertEqual(passwords.version(), 0)
        self.assertLessEqual(len(read), 1)

    def test_missing_file_is_an_error(self) -> None:
        self.assertRaises(FileNotFoundError, HtpasswdFile, self.path)
        self.assertRaises(OSError, HtpasswdFile, self.path.parent)

    def test_too_large_file_is_refused(self) -> None:
        self.patch(sys.modules[HtpasswdFile.__module__], "MAX_FILE_BYTES", 10)
        self.assertRaises(OSError, self.passwords, "#" * 10)
        self.assertEqual(self.passwords("#" * 9).version(), 0)

    def test_changed_file_is_read_again(self) -> None:
        passwords = self.passwords(f"han:{hashed('solo')}")
        self.assertEqual(passwords.version(), 0)
        self.path.write_text(f"leia:{hashed('organa')}\n")
        os.utime(self.path, ns=(1, 1))
        self.assertEqual([passwords.version(), passwords.version()], [1, 1])
        self.assertFalse(passwords.check("han", "solo"))
        self.assertTrue(passwords.check("leia", "organa"))

    def test_replaced_file_is_read_again(self) -> None:
        passwords = self.passwords(f"han:{hashed('solo')}")
        before = os.stat(self.path)
        new = self.path.with_suffix(".new")
        new.write_text(f"han:{hashed('duo')}\n")
        os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
        os.replace(new, self.path)
        self.assertEqual(passwords.version(), 1)
        self.assertTrue(passwords.check("han", "duo"))

    def test_file_that_becomes_wrong_changes_nothing_and_is_said(self) -> None:
        self.watch()
        passwords = self.passwords(f"han:{hashed('solo')}")
        self.path.write_text("han:plain\n")
        self.assertEqual([passwords.version(), passwords.version()], [0, 0])
        self.assertEqual(len(self.warnings), 1)
        self.assertIn("line 1: ", self.warnings[0])
        self.assertNotIn("han", self.warnings[0])
        self.path.unlink()
        self.assertEqual([passwords.version(), passwords.version()], [0, 0])
        self.assertEqual(len(self.warnings), 2)
        self.assertIn(f"{self.path}: No such file or directory", self.warnings[1])
        self.assertNotIn("Errno", self.warnings[1])
        self.assertTrue(passwords.check("han", "solo"))
        self.path.write_text(f"han:{hashed('duo')}\n")
        self.assertEqual(passwords.version(), 1)
        self.assertFalse(passwords.check("han", "solo"))
        self.assertTrue(passwords.check("han", "duo"))
