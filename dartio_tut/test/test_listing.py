"""
`dartio_tut.resources.files.listing` and its page.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from hypothesis import given
from hypothesis import strategies as some
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.http import parse_qs

from dartio_tut.resources.files.listing.formats import (
    HTML,
    JSON,
    TEXT,
    as_json,
    as_text,
    choose_format,
)
from dartio_tut.resources.files.listing.model import (
    BY_NAME,
    Entry,
    SortOrder,
    filter_and_sort,
    parse_filter,
    parse_order,
)
from dartio_tut.resources.files.listing.page import (
    CONTENT_SECURITY_POLICY,
    as_html,
    human_size,
)

from .support.any_input import usual

BASE = "http://host.example/a%20b/"

NASTY = [
    b"plain.txt",
    b"<script>alert(1)</script>",
    b"\"><img src=x onerror='alert(1)'>",
    b"a&amp;b&lt;c",
    b"&#x3c;b&#x3e;",
    b"javascript:alert(1)",
    b"http:",
    b"//host",
    b"question?a=b#fragment",
    b"100%",
    b"%2e%2e",
    b"%2F..%5C",
    b"...",
    b"-rf",
    b" leading and trailing ",
    b"tab\tnew\nline\rreturn",
    b"\x01\x1b[31m\x7f",
    b"back\\slash`tick",
    "c1 \x9b31m \x85".encode(),
    "evil\u202egpj.exe".encode(),
    "\u2066isolated\u2069\u202a".encode(),
    "line\u2028separator\u2029".encode(),
    "שלום.txt".encode(),
    "日本語 ☃ 🎈".encode(),
    b"latin-\xe9t\xe9",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"n" * 255,
    "é".encode() * 127,
]
"""What a folder may hold; a slash stands for any that a disk could invent."""


# The two names that no entry has: they lead elsewhere, however they are encoded.
characters = some.one_of(
    some.integers(0, 0x7F),
    some.integers(0x80, 0xFFFF),
    some.integers(0x10000, 0x10FFFF),
)
texts = some.lists(characters, min_size=3, max_size=99).map(
    lambda codes: "".join(map(chr, codes))
)
"""For ``text()``, hypothesis would first look up what each character of Unicode is."""

names_on_disk = some.binary(min_size=1, max_size=255).filter(
    lambda name: name not in (b".", b"..")
)


def file(name: bytes | str, size: int = 1, changed: float = 0) -> Entry:
    return Entry(name.encode() if isinstance(name, str) else name, False, size, changed)


def folder(name: str, changed: float = 0) -> Entry:
    return Entry(name.encode(), True, 0, changed)


class Page(HTMLParser):
    """
    What a browser would make of a page.

    :ivar tags: every element, with its attributes.
    :ivar links: where each link leads, and its text.
    :ivar text: all that is to be read.
    :ivar inline: the style and the script.
    """

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.links: list[tuple[str, str]] = []
        self.text = ""
        self.inline: dict[str, str] = {}
        self._open = ""
        self.feed(content.decode("utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open = tag
        if tag == "a":
            self.links.append((dict(attrs)["href"] or "", ""))

    def handle_endtag(self, tag: str) -> None:
        self._open = "" if tag != "bdi" else self._open

    def handle_data(self, data: str) -> None:
        if self._open in ("script", "style"):
            self.inline[self._open] = self.inline.get(self._open, "") + data
            return
        self.text += data
        if self._open in ("a", "bdi"):
            href, before = self.links[-1]
            self.links[-1] = href, before + data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of each *tag*."""
        return [attributes for name, attributes in self.tags if name == tag]

    def entries(self) -> list[tuple[str, str]]:
        """The links to entries: a head's has a query, a crumb's nothing but dots."""
        return [
            (href, text)
            for href, text in self.links
            if not href.startswith(("./", "../"))
        ]


def page(
    *entries: Entry, path: bytes = b"/", order: SortOrder = BY_NAME, filter: str = ""
) -> Page:
    return Page(as_html(path, filter_and_sort(entries, order, filter), order, filter))


class QueryTests(SynchronousTestCase):
    """What a query asks for."""

    def test_order_is_by_name_unless_the_query_is_clear(self) -> None:
        for query, order in [
            (b"", BY_NAME),
            (b"sort=name", BY_NAME),
            (b"sort=name&order=desc", SortOrder("name", True)),
            (b"order=desc", SortOrder("name", True)),
            (b"sort=size", SortOrder("size", False)),
            (b"sort=size&order=desc", SortOrder("size", True)),
            (b"sort=changed&order=asc", SortOrder("changed", False)),
            (b"sort=&order=desc", BY_NAME),
            (b"sort=Size&order=desc", BY_NAME),
            (b"sort=\xff&order=desc", BY_NAME),
            (b"sort=size&order=down", BY_NAME),
            (b"sort=size&order=", BY_NAME),
            (b"sort=size&sort=size", BY_NAME),
            (b"sort=size&order=desc&order=desc", BY_NAME),
            (b"sort=__class__", BY_NAME),
        ]:
            args = parse_qs(query, keep_blank_values=True)
            self.assertEqual((query, parse_order(args)), (query, order))
        self.assertEqual(parse_order({b"sort": []}), BY_NAME)

    def test_filter_has_no_control_characters_and_a_limit(self) -> None:
        for values, filter in [
            ([], ""),
            ([b""], ""),
            ([b"a b"], "a b"),
            (["Ä".encode()], "Ä"),
            ([b"\xe4"], "\ufffd"),
            ([b"one", b"two"], ""),
            ([b"\0a\n\x1bb\x7f\xc2\x9b"], "ab"),
            ([b"n" * 256], "n" * 255),
        ]:
            self.assertEqual(parse_filter({b"filter": values}), filter)
        self.assertEqual(parse_filter({}), "")


class ArrangedTests(SynchronousTestCase):
    """Which entries, and in which order."""

    def names(self, *entries: Entry, **how: object) -> list[str]:
        order, filter = how.get("order", BY_NAME), how.get("filter", "")
        assert isinstance(order, SortOrder)
        return [e.name.decode() for e in filter_and_sort(entries, order, str(filter))]

    def test_numbers_sort_by_value_and_accents_beside_their_letter(self) -> None:
        for names in [
            ["file2", "file10"],
            ["a", "B", "c"],
            ["file2b", "File10a", "file10B"],
            ["file", "file1", "file1a", "filea"],
            ["1", "1a", "2", "10", "a"],
            ["x9y9", "x9y10", "x10y1"],
            ["v1.9.9", "v1.10.0"],
            ["01", "1", "02"],
            ["9" * 120, "1" + "0" * 120],
            ["A", "a"],
            ["e", "é", "f"],
            ["über", "v"],
        ]:
            given = [file(name) for name in reversed(names)]
            self.assertEqual(self.names(*given), names)
            down = self.names(*given, order=SortOrder("name", True))
            self.assertEqual(down, names[::-1])

    def test_digits_of_other_scripts_are_letters(self) -> None:
        self.assertEqual(self.names(file("٣"), file("²"), file("1")), ["1", "²", "٣"])

    def test_folders_come_first_whatever_the_order(self) -> None:
        given = [file("a", 5, 9), folder("z", 1), folder("y", 3), file("b", 7, 2)]
        for order, names in [
            (SortOrder("name", False), "yzab"),
            (SortOrder("name", True), "zyba"),
            (SortOrder("size", False), "yzab"),
            (SortOrder("size", True), "yzba"),
            (SortOrder("changed", False), "zyba"),
            (SortOrder("changed", True), "yzab"),
        ]:
            self.assertEqual("".join(self.names(*given, order=order)), names, order)

    def test_entries_that_are_equal_stay_sorted_by_name(self) -> None:
        given = [file("c", 1), file("b", 1), file("a", 1), file("d", 2)]
        for descending, names in [(False, "abcd"), (True, "dabc")]:
            order = SortOrder("size", descending)
            self.assertEqual("".join(self.names(*given, order=order)), names)

    def test_filter_ignores_case_and_is_no_pattern(self) -> None:
        given = [file("Readme.md"), file("notes.txt"), file("ÄRGER"), folder("docs")]
        for filter, names in [
            ("", ["docs", "ÄRGER", "notes.txt", "Readme.md"]),
            ("E", ["ÄRGER", "notes.txt", "Readme.md"]),
            ("readme", ["Readme.md"]),
            ("ä", ["ÄRGER"]),
            ("/", ["docs"]),
            (".", ["notes.txt", "Readme.md"]),
            (".*", []),
            ("readme ", []),
            ("A\u0308r", ["ÄRGER"]),
        ]:
            self.assertEqual(
                (filter, self.names(*given, filter=filter)), (filter, names)
            )

    @usual
    @given(some.lists(names_on_disk))
    def test_no_name_is_lost_or_invented(self, names: list[bytes]) -> None:
        listed = [
            entry.name for entry in filter_and_sort([file(name) for name in names])
        ]
        self.assertEqual(sorted(listed), sorted(names))

    def test_filter_compares_accents_however_they_are_typed(self) -> None:
        for name in ("ärger", "a\u0308rger", "Ärger", "A\u0308RGER"):
            for filter in ("är", "a\u0308r", "ÄR", "A\u0308"):
                self.assertEqual(self.names(file(name), filter=filter), [name])
        self.assertEqual(self.names(file("arger"), filter="är"), [])


class FormatTests(SynchronousTestCase):
    """Which format a client gets."""

    CURL = b"curl/8.5.0"
    WGET = b"Wget/1.21.3"

    def format(self, accept: bytes | None, agent: bytes | None = None) -> bytes:
        return choose_format(accept, agent)[0]

    def test_what_is_named_beats_what_only_a_wildcard_admits(self) -> None:
        for accept, format in [
            (b"text/html,application/xhtml+xml,*/*;q=0.8", HTML),
            (b"text/html, text/plain, */*;q=0.01", HTML),
            (b"text/html, text/plain;q=0.9, text/sgml, */*;q=0.01", HTML),
            (b"application/json, text/plain, */*", JSON),
            (b"application/json", JSON),
            (b"APPLICATION/JSON", JSON),
            (b"text/plain", TEXT),
            (b"text/plain;q=0.1, */*", TEXT),
            (b"text/plain, text/html;q=0.9", TEXT),
            (b"text/plain, application/json", JSON),
            (b"application/*", JSON),
            (b"text/*", HTML),
            (b"text/*;q=0.5, application/json;q=0.6", JSON),
            (b"text/html;q=0, text/plain;q=0.1", TEXT),
        ]:
            for agent in (None, self.CURL, self.WGET):
                self.assertEqual((accept, self.format(accept, agent)), (accept, format))
                self.assertFalse(choose_format(accept, agent)[1])

    def test_anything_is_text_for_curl_and_a_page_for_others(self) -> None:
        for accept in (None, b"", b"*/*", b"*/*;q=0.5", b"image/png, */*;q=0.1",
                       b"image/png"):  # fmt: skip
            for agent, format in [
                (self.CURL, TEXT), (b"Curl/7", TEXT), (self.WGET, HTML), (None, HTML),
                (b"Mozilla/5.0 curl/8", HTML), (b"libcurl/8", HTML),
            ]:  # fmt: skip
                found = self.format(accept, agent)
                self.assertEqual((accept, agent, found), (accept, agent, format))
                self.assertTrue(choose_format(accept, agent)[1])

    def test_what_is_refused_is_not_chosen(self) -> None:
        self.assertEqual(self.format(b"*/*, text/plain;q=0", self.CURL), HTML)
        self.assertEqual(self.format(b"*/*, text/html;q=0", self.WGET), JSON)
        refused = b"text/html;q=0, text/plain;q=0, application/json;q=0"
        self.assertEqual(self.format(refused, self.WGET), HTML)


class PageTests(SynchronousTestCase):
    """The page for people."""

    def test_links_lead_to_the_names(self) -> None:
        listed = page(*[file(name) for name in NASTY])
        self.assert_leads_to(listed, NASTY)

    @usual
    @given(some.lists(names_on_disk, min_size=1))
    def test_links_lead_to_any_bytes(self, names: list[bytes]) -> None:
        self.assert_leads_to(page(*[file(name) for name in names]), names)

    @usual
    @given(some.lists(texts, min_size=1))
    def test_links_lead_to_any_text(self, texts: list[str]) -> None:
        names = [text.encode("utf-8", "surrogatepass") for text in texts]
        self.assert_leads_to(page(*[file(name) for name in names]), names)

    def assert_leads_to(self, listed: Page, names: list[bytes]) -> None:
        """Each name has its link, each stays in its folder, and there is no more."""
        led = []
        for href, _ in listed.entries():
            url = urljoin(BASE, href)
            self.assertTrue(url.startswith(BASE), url)
            rest = urlsplit(url)
            self.assertEqual((rest.query, rest.fragment), ("", ""))
            segment = url.removeprefix(BASE)
            self.assertNotIn("/", segment)
            led.append(unquote_to_bytes(segment))
        self.assertEqual(sorted(led), sorted(names))
        empty = {tag for tag, _ in page(file("a"), file("ä")).tags}
        self.assertEqual({tag for tag, _ in listed.tags} - empty, set())
        self.assertEqual(len(listed.of("script")), 1)

    def test_a_folders_link_ends_with_a_slash(self) -> None:
        listed = page(folder("a"), folder("b:c d"), file("e"))
        expected = [("a/", "a/"), ("b%3Ac%20d/", "b:c d/"), ("e", "e")]
        self.assertEqual(listed.entries(), expected)

    def test_names_are_shown_readably(self) -> None:
        for name, shown in [
            (b"<b>&amp;'\"", "<b>&amp;'\""),
            (b" a  b ", " a  b "),
            (b"a\nb\0c", "a␊b␀c"),
            (b"\x1b\x7f", "␛␡"),
            ("\x9b".encode(), "\ufffd"),
            (b"\xe9t", "\ufffdt"),
            ("a\u202eb\u2066".encode(), "a\ufffdb\ufffd"),
            ("\u200fא".encode(), "\u200fא"),
            ("日本".encode(), "日本"),
        ]:
            listed = page(file(name))
            self.assertEqual([text for _, text in listed.entries()], [shown])
            self.assertEqual(len(listed.of("bdi")), 1)

    def test_page_has_no_invisible_characters_and_no_overrides(self) -> None:
        names = [file(name) for name in NASTY]
        filter = parse_filter({b"filter": [b"\x1b"]})
        text = as_html(b"/\x1b\n/\xe2\x80\xae/", names, BY_NAME, filter).decode()
        unseen = re.findall(
            "[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text
        )
        self.assertEqual(unseen, [])

    def test_sizes_are_shown_in_units_of_1024(self) -> None:
        for size, shown in [
            (0, "0 B"),
            (1, "1 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1468006, "1.4 MiB"),
            (10137, "9.9 KiB"),
            (10239, "10 KiB"),
            (10240, "10 KiB"),
            (1023 * 1024, "1023 KiB"),
            (1024 * 1024 - 1, "1.0 MiB"),
            (3 << 40, "3.0 TiB"),
            ((1 << 63) - 1, "8.0 EiB"),
            (1 << 80, "1048576 EiB"),
        ]:
            self.assertEqual((size, human_size(size)), (size, shown))
        listed = page(file("a", 1468006), file("b", 1), folder("c"))
        titles = [cell["title"] for cell in listed.of("td") if "title" in cell]
        self.assertEqual(titles, ["1,468,006 bytes", "1 byte"])

    def test_times_are_in_utc_and_have_four_digit_years(self) -> None:
        for changed, told, shown in [
            (0, "1970-01-01T00:00:00Z", "1970-01-01 00:00"),
            (1767323045.9, "2026-01-02T03:04:05Z", "2026-01-02 03:04"),
            (-0.5, "1969-12-31T23:59:59Z", "1969-12-31 23:59"),
            (951868799, "2000-02-29T23:59:59Z", "2000-02-29 23:59"),
            (-62135596801, "0001-01-01T00:00:00Z", "0001-01-01 00:00"),
            (2.0**63, "9999-12-31T23:59:59Z", "9999-12-31 23:59"),
        ]:
            listed = page(file("a", changed=changed))
            self.assertEqual(listed.of("time"), [{"datetime": told}])
            self.assertIn(shown, listed.text)
        self.assertIn("UTC", page().text)

    def test_column_heads_tell_the_order_and_link_to_the_other(self) -> None:
        for order, sorted_, hrefs in [
            (
                BY_NAME,
                ["ascending", None, None],
                ["name desc", "size desc", "changed desc"],
            ),
            (
                SortOrder("size", True),
                [None, "descending", None],
                ["name asc", "size asc", "changed desc"],
            ),
            (
                SortOrder("changed", False),
                [None, None, "ascending"],
                ["name asc", "size desc", "changed desc"],
            ),
        ]:
            listed = page(file("a"), order=order, filter="a&b=c#")
            heads = [head for head in listed.of("th") if head["scope"] == "col"]
            self.assertEqual([head.get("aria-sort") for head in heads], sorted_)
            queries = [urlsplit(href) for href, _ in listed.links if "?" in href]
            asked = [parse_qs(url.query.encode()) for url in queries]
            said = [(a[b"sort"] + a[b"order"]) for a in asked]
            self.assertEqual([b" ".join(pair).decode() for pair in said], hrefs)
            self.assertEqual([parse_filter(a) for a in asked], ["a&b=c#"] * 3)
            self.assertEqual([url.path for url in queries], ["./"] * 3)

    def test_links_of_column_heads_have_no_bare_ampersand(self) -> None:
        said = as_html(b"/", [], BY_NAME, "&copy")
        self.assertIn(b'href="./?sort=size&#38;order=desc&#38;filter=%26copy"', said)

    def test_column_heads_link_to_the_order_they_name(self) -> None:
        for href, _ in page().links:
            query = urlsplit(href).query.encode()
            if query:
                key = re.findall(b"sort=(.*?)&", query)[0].decode()
                self.assertEqual(parse_order(parse_qs(query)), SortOrder(key, True))

    def test_filter_box_keeps_the_order_and_escapes_its_text(self) -> None:
        text = "\"><script>alert(1)</script>&amp;'"
        listed = page(order=SortOrder("size", True), filter=text)
        self.assertEqual(listed.of("form")[0]["action"], "./")
        self.assertNotIn("method", listed.of("form")[0])
        values = {field["name"]: field.get("value") for field in listed.of("input")}
        self.assertEqual(values, {"sort": "size", "order": "desc", "filter": text})
        self.assertEqual(len(listed.of("script")), 1)

    def test_count_tells_folders_files_and_bytes(self) -> None:
        for entries, filter, told in [
            ([], "", "This folder is empty."),
            ([], "a", "Nothing here matches."),
            ([file("a")], "", "1 file, 1 B"),
            ([folder("a")], "", "1 folder"),
            ([folder("a"), folder("b"), file("a", 1000), file("b", 24)], "",
             "2 folders, 2 files, 1.0 KiB"),
            ([file("a"), file("b"), folder("ac")], "a", "1 folder, 1 file, 1 B"),
            ([file(str(n), 0) for n in range(1000)], "", "1,000 files, 0 B"),
        ]:  # fmt: skip
            said = as_html(
                b"/", filter_and_sort(entries, BY_NAME, filter), BY_NAME, filter
            )
            self.assertIn(f"<p id=count role=status>{told}</p>".encode(), said)

    def test_path_is_a_trail_of_links(self) -> None:
        for path, crumbs, title in [
            (b"/", [("./", "")], "/"),
            (b"/a/", [("../", ""), ("./", "a")], "/a/"),
            (
                b"/a b/<i>/\xff:/",
                [
                    ("../../../", ""),
                    ("../../", "a b"),
                    ("../", "<i>"),
                    ("./", "\ufffd:"),
                ],
                "/a b/<i>/\ufffd:/",
            ),
        ]:
            listed = page(path=path)
            ways = listed.links[: len(crumbs)]
            self.assertEqual(ways, crumbs)
            current = [a["href"] for a in listed.of("a") if "aria-current" in a]
            self.assertEqual(current, ["./"])
            parents = [a["href"] for a in listed.of("a") if a.get("rel") == "up"]
            self.assertEqual(parents, ["../"] if path != b"/" else [])
            self.assertTrue(listed.text.lstrip().startswith(title), listed.text)

    def test_page_is_accessible(self) -> None:
        listed = page(file("a"), folder("b"), path=b"/c/")
        self.assertEqual(listed.of("html"), [{"lang": "en"}])
        scopes = [head["scope"] for head in listed.of("th")]
        self.assertEqual(scopes, ["col"] * 3 + ["row"] * 3)
        self.assertIn("width=device-width", str(listed.of("meta")))
        labelled = [field.get("aria-label") for field in listed.of("input")]
        self.assertEqual(labelled, [None, None, "Filter by name"])
        style = listed.inline["style"]
        self.assertIn("prefers-color-scheme: dark", style)
        self.assertIn(":focus-visible", style)

    def test_security_policy_allows_this_page_only(self) -> None:
        listed = page(*[file(name) for name in NASTY], filter="")
        parts = CONTENT_SECURITY_POLICY.decode().split("; ")
        policy = dict(part.split(" ", 1) for part in parts)
        for tag in ("style", "script"):
            digest = b64encode(sha256(listed.inline[tag].encode()).digest()).decode()
            self.assertEqual(policy[f"{tag}-src"], f"'sha256-{digest}'")
            self.assertEqual(len(listed.of(tag)), 1)
        self.assertEqual(policy["default-src"], "'none'")
        self.assertEqual(policy["base-uri"], "'none'")
        self.assertEqual(policy["form-action"], "'self'")
        self.assertEqual(policy["frame-ancestors"], "'self'")
        for _, attributes in listed.tags:
            fetched = attributes.keys() & {"src", "style", "onclick", "onload"}
            self.assertEqual(fetched, set())

    def test_page_loads_nothing_from_elsewhere(self) -> None:
        listed = page(file("a"), path=b"/b/")
        for part in listed.inline.values():
            for word in ("http:", "https:", "url(", "@import", "innerHTML", "fetch("):
                self.assertNotIn(word, part)
        for href, _ in listed.links:
            self.assertNotRegex(href, "^[a-z]+:|^/")


class JsonTests(SynchronousTestCase):
    """The listing for programs."""

    def test_each_entry_is_described(self) -> None:
        given = filter_and_sort([file("c d", 12, 1767323045.5), folder("b", 0)])
        self.assertEqual(
            json.loads(as_json("/ä/".encode(), given)),
            {
                "path": "/ä/",
                "entries": [
                    {
                        "name": "b",
                        "type": "folder",
                        "modified": "1970-01-01T00:00:00Z",
                        "url": "b/",
                    },
                    {
                        "name": "c d",
                        "type": "file",
                        "size": 12,
                        "modified": "2026-01-02T03:04:05Z",
                        "url": "c%20d",
                    },
                ],
            },
        )

    def test_empty_folder(self) -> None:
        self.assertEqual(json.loads(as_json(b"/", [])), {"path": "/", "entries": []})

    def test_urls_lead_to_nasty_names(self) -> None:
        listed = json.loads(as_json(b"/\xff/", [file(name) for name in NASTY]))
        self.assertEqual(listed["path"], "/\ufffd/")
        for name, about in zip(NASTY, listed["entries"], strict=True):
            self.assertEqual(about["name"], name.decode("utf-8", "replace"))
            self.assertEqual(unquote_to_bytes(about["url"]), name)
            self.assertTrue(urljoin(BASE, about["url"]).startswith(BASE))

    @usual
    @given(names_on_disk)
    def test_urls_lead_to_any_name(self, name: bytes) -> None:
        [about] = json.loads(as_json(b"/", [file(name)]))["entries"]
        self.assertEqual(about["name"], name.decode("utf-8", "replace"))
        self.assertEqual(unquote_to_bytes(about["url"]), name)


class TextTests(SynchronousTestCase):
    """The listing for a shell."""

    def test_one_name_a_line_with_a_slash_for_folders(self) -> None:
        given = filter_and_sort([file("b c"), folder("a"), file("Ü&<'\"$x.txt")])
        self.assertEqual(as_text(b"/", given), "a/\nb c\nÜ&<'\"$x.txt\n".encode())
        self.assertEqual(as_text(b"/", []), b"")

    def test_unsafe_characters_are_escaped_for_printf(self) -> None:
        for name, line in [
            (b"a\nb", rb"a\nb"),
            (b"\r\t", rb"\r\t"),
            (b"a\\nb", rb"a\\nb"),
            (b"\x1b[31m", rb"\0033[31m"),
            (b"\x7f1", rb"\01771"),
            ("\x9b".encode(), rb"\0302\0233"),
            ("\u2028".encode(), rb"\0342\0200\0250"),
            ("\u202e".encode(), rb"\0342\0200\0256"),
            ("\u2067".encode(), rb"\0342\0201\0247"),
            (b"\xe9t", rb"\0351t"),
        ]:
            self.assertEqual(as_text(b"/", [file(name)]), line + b"\n")

    def test_nasty_names_can_be_undone(self) -> None:
        self.assert_told(NASTY)

    @usual
    @given(some.lists(names_on_disk))
    def test_any_names_can_be_undone(self, names: list[bytes]) -> None:
        self.assert_told([name for name in names if b"\0" not in name])

    def assert_told(self, names: list[bytes]) -> None:
        """A line an entry, in UTF-8, and each undone as ``printf %b`` would."""
        said = as_text(b"/", [file(name) for name in names]).decode("utf-8")
        lines = said.splitlines()
        self.assertEqual([self.undone(line) for line in lines], names)
        self.assertEqual(re.findall("[\0-\x09\x0b-\x1f\x7f-\x9f]", said), [])

    def undone(self, line: str) -> bytes:
        short = {b"\\n": b"\n", b"\\r": b"\r", b"\\t": b"\t", b"\\\\": b"\\"}

        def character(found: re.Match[bytes]) -> bytes:
            return short.get(found[0]) or bytes([int(found[0][1:], 8)])

        return re.sub(rb"\\0[0-7]{3}|\\.", character, line.encode())
