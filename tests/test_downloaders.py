"""
The programs that people fetch files with: curl, wget, aria2c, and a browser.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import re
import shutil
import subprocess
from typing import Any

from selenium.webdriver.support.ui import WebDriverWait
from twisted.trial.unittest import SkipTest

from .support.browsing import BROWSER, a_browser, needed
from .support.harness import PATIENCE, Daemon, environment
from .support.trees import TreeCase
from .support.video import film

MIB = 1024 * 1024

LOGGED = re.compile(r'"(\S+) (\S+) [^"]*" (\d+) (\d+|-)')


def stored_br(content: bytes) -> bytes:
    """*content* in Brotli, not compressed (RFC 7932 section 9.2)."""
    header = (len(content) - 1) << 4 | 1 << 20
    return header.to_bytes(3, "little") + content + b"\x03"


def stored_zstd(content: bytes) -> bytes:
    """*content*, below 256 bytes, in Zstandard, not compressed (RFC 8878)."""
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(content)]) + block + content


class Downloads(TreeCase):
    """
    A test that runs a downloader.

    :cvar program: its name.
    """

    program = ""

    def setUp(self) -> None:
        if not shutil.which(self.program):
            raise SkipTest(f"NOT TESTED: {self.program}, which is not here")
        super().setUp()
        self.there = self.folder / "there"
        self.there.mkdir()

    def static(self, *options: str) -> Daemon:
        """Serve the tree, and log who asks for what."""
        return super().static("--access-log", "access.log", *options)

    def fetch(self, *line: str, code: int = 0) -> str:
        """Run the downloader in the folder ``there``; what it prints on stdout."""
        ended = subprocess.run(
            [self.program, *line],
            cwd=self.there,
            env=environment(self.home),
            capture_output=True,
            timeout=PATIENCE,
        )
        said = ended.stdout.decode("latin-1")
        self.assertEqual(ended.returncode, code, said + ended.stderr.decode("latin-1"))
        return said

    def logged(self, static: Daemon) -> list[tuple[str, str, int]]:
        """The method, target and code of each request; ends the daemon."""
        self.ends_quietly(static)
        text = (self.here / "access.log").read_text()
        return [(m[1], m[2], int(m[3])) for m in LOGGED.finditer(text)]


class CurlTests(Downloads):
    """curl."""

    program = "curl"

    def curl(self, *line: str, code: int = 0) -> str:
        return self.fetch("-sSf", *line, code=code)

    def test_broken_off_download_is_resumed(self) -> None:
        content = random.randbytes(3 * MIB)
        self.file("file", content)
        static = self.static()
        for had in (1, random.randrange(2, 3 * MIB - 1), 3 * MIB - 1):
            (self.there / "got").write_bytes(content[:had])
            self.curl("-C", "-", "-o", "got", f"{static.url}file")
            self.assertTrue((self.there / "got").read_bytes() == content, had)
        self.assertEqual([code for _, _, code in self.logged(static)], [206] * 3)

    def test_complete_download_is_not_resumed(self) -> None:
        self.file("file", b"complete")
        (self.there / "got").write_bytes(b"complete")
        static = self.static()
        self.fetch("-sS", "-C", "-", "-o", "got", f"{static.url}file")
        self.assertEqual((self.there / "got").read_bytes(), b"complete")

    def test_single_and_multiple_ranges(self) -> None:
        self.file("file", bytes(range(256)) * 100)
        url = f"{self.static().url}file"
        self.assertEqual(self.curl("-r", "65-69", url), "ABCDE")
        self.assertEqual(self.curl("-r", "-2", url), "\xfe\xff")
        self.assertEqual(self.curl("-r", "25598-", url), "\xfe\xff")
        several = self.curl("-i", "-r", "65-69,97-99,-2", url)
        boundary = re.search("multipart/byteranges; boundary=(\\S+)", several)
        assert boundary is not None
        parts = several.split(f"--{boundary[1]}")[1:]
        self.assertEqual(parts[-1], "--\r\n")
        for part, span, content in zip(
            parts[:-1],
            ("65-69", "97-99", "25598-25599"),
            ("ABCDE", "abc", "\xfe\xff"),
            strict=True,
        ):
            self.assertIn(f"Content-Range: bytes {span}/25600\r\n", part)
            self.assertTrue(part.endswith(f"\r\n\r\n{content}\r\n"), part)
        self.curl("-r", "25600-", url, code=22)

    def test_compressed_files_are_decoded(self) -> None:
        for name, content in [
            ("a.css.gz", gzip.compress(b"compressed")),
            ("b.css.br", stored_br(b"compressed")),
            ("c.css.zst", stored_zstd(b"compressed")),
        ]:
            self.file(name[:5], b"plain")
            self.file(name, content)
        static = self.static()
        known = subprocess.run(["curl", "--version"], capture_output=True, text=True)
        for name, feature in (("a", "libz"), ("b", "brotli"), ("c", "zstd")):
            url = f"{static.url}{name}.css"
            self.assertEqual(self.curl(url), "plain")
            if feature not in known.stdout:
                print(f"NOT TESTED: curl with {feature}, which this one lacks")
                continue
            self.assertEqual(self.curl("--compressed", url), "compressed")

    def test_time_condition_is_kept(self) -> None:
        path = self.file("file", b"content")
        os.utime(path, (10**9, 10**9))
        static = self.static()
        url = f"{static.url}file"
        self.curl("-R", "-o", "got", url)
        self.assertEqual(os.stat(self.there / "got").st_mtime, 10**9)
        self.assertEqual(self.curl("-z", "got", url), "")
        self.assertEqual(self.curl("-z", "-Mon, 10 Sep 2001 00:00:00 GMT", url),
                         "content")  # fmt: skip
        os.utime(path, (10**9 + 1, 10**9 + 1))
        self.assertEqual(self.curl("-z", "got", url), "content")
        codes = [code for _, _, code in self.logged(static)]
        self.assertEqual(codes, [200, 304, 200, 200])

    def test_etag_condition_is_kept(self) -> None:
        path = self.file("file", b"first")
        static = self.static()
        tag = ("--etag-compare", "etag", "--etag-save", "etag", f"{static.url}file")
        (self.there / "etag").write_bytes(b"")
        self.assertEqual(self.curl(*tag), "first")
        self.assertEqual(self.curl("--etag-compare", "etag", tag[-1]), "")
        path.write_bytes(b"second")
        self.assertEqual(self.curl("--etag-compare", "etag", tag[-1]), "second")
        codes = [code for _, _, code in self.logged(static)]
        self.assertEqual(codes, [200, 304, 200])

    def test_listing_is_one_name_a_line(self) -> None:
        for name in ("b", "a", "two words"):
            self.file(name, name.encode())
        url = self.static("--listing").url
        self.assertEqual(self.curl(url), "a\nb\ntwo words\n")


class WgetTests(Downloads):
    """wget."""

    program = "wget"

    def test_broken_off_download_is_resumed(self) -> None:
        content = random.randbytes(2 * MIB)
        self.file("file", content)
        static = self.static()
        for had in (0, random.randrange(1, 2 * MIB), 2 * MIB):
            (self.there / "file").write_bytes(content[:had])
            self.fetch("-q", "-c", f"{static.url}file", code=0)
            self.assertTrue((self.there / "file").read_bytes() == content, had)
        codes = [code for _, _, code in self.logged(static)]
        self.assertEqual(codes, [200, 206, 416])

    def test_only_newer_files_are_fetched(self) -> None:
        path = self.file("file", b"first")
        os.utime(path, (10**9, 10**9))
        static = self.static()
        for content in (b"first", b"first", b"second"):
            if content == b"second":
                path.write_bytes(content)
            self.fetch("-q", "-N", f"{static.url}file")
            self.assertEqual((self.there / "file").read_bytes(), content)
        codes = [code for _, _, code in self.logged(static)]
        self.assertEqual(codes, [200, 304, 200])

    def test_tree_is_mirrored(self) -> None:
        wanted = {}
        for name in ("a", "two words", "sub/b", "sub/été/☃", "sub/100%", "sub/[c]&d"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            self.file(name, name.encode())
            wanted[name] = name.encode()
        (self.root / "sub" / "index").mkdir()
        static = self.static("--listing")
        self.fetch(
            *("-q", "-r", "-np", "-nH", "-l", "inf"),
            *("--restrict-file-names=nocontrol", "--reject-regex", r"\?", static.url),
        )
        found = {
            str(path.relative_to(self.there)): path.read_bytes()
            for path in self.there.rglob("*")
            if path.is_file() and path.name not in ("index.html", "robots.txt")
        }
        self.assertEqual(found, wanted)


class AriaTests(Downloads):
    """aria2c."""

    program = "aria2c"

    def test_download_over_several_connections(self) -> None:
        content = random.randbytes(20 * MIB)
        self.file("file", content)
        static = self.static()
        digest = hashlib.sha256(content).hexdigest()
        line = ("-q", "-x", "8", "-s", "8", "-k", "1M", "--file-allocation=none")
        with self.at_rest(static):
            self.fetch(*line, f"--checksum=sha-256={digest}", f"{static.url}file")
        self.assertTrue((self.there / "file").read_bytes() == content)
        codes = [code for _, t, code in self.logged(static) if t == "/file"]
        self.assertGreaterEqual(codes.count(206), 2)
        self.assertLessEqual(set(codes), {200, 206})


PAGE = b"<!DOCTYPE html><title>film</title><video src=film.webm preload=metadata muted>"

AFTER = """
const [event, done] = arguments;
const video = document.querySelector("video");
const told = () => done([video.currentTime, video.duration, video.seekable.length,
                         video.seekable.length && video.seekable.end(0),
                         video.error && video.error.message]);
video.addEventListener(event, told, {once: true});
video.addEventListener("error", told, {once: true});
"""


class BrowserTests(Downloads):
    """A person who looks at a film."""

    program = BROWSER or "chromium"
    SECONDS = 60

    def setUp(self) -> None:
        needed("a film")
        super().setUp()
        self.film = film(self.SECONDS, MIB // 2)
        self.file("film.webm", self.film)
        self.file("index.html", PAGE)

    def browser(self) -> Any:
        browser = a_browser(self, "--autoplay-policy=no-user-gesture-required")
        browser.set_script_timeout(PATIENCE)
        return browser

    def test_film_can_be_sought(self) -> None:
        static = self.static()
        browser = self.browser()
        browser.get(static.url)
        video = "document.querySelector('video')"
        WebDriverWait(browser, PATIENCE, 0.02).until(
            lambda b: b.execute_script(f"return {video}.readyState >= 1")
        )
        late = self.SECONDS - 5
        _, duration, ranges, end, error = browser.execute_async_script(
            f"{AFTER}; video.currentTime = {late}", "seeked"
        )
        self.assertEqual((duration, ranges, end, error),
                         (self.SECONDS, 1, self.SECONDS, None))  # fmt: skip
        at = browser.execute_script(f"return {video}.currentTime")
        self.assertEqual(at, late)
        at, *_, error = browser.execute_async_script(
            f"{AFTER}; video.playbackRate = 8; video.play()", "ended"
        )
        self.assertEqual((at, error), (self.SECONDS, None))
        browser.quit()
        asked = [(t, code) for _, t, code in self.logged(static)]
        self.assertGreaterEqual(asked.count(("/film.webm", 206)), 2, asked)
        text = (self.here / "access.log").read_text()
        sent = max(int(found[4]) for found in LOGGED.finditer(text))
        self.assertLess(sent, len(self.film))  # the browser broke off what it skipped
        self.assertNotIn(("/film.webm", 200), asked)
