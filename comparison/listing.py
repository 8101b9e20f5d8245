"""
Reading a listing as a browser does: which links it has, and what else got in.
"""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

from .judging import Verdict, graded, permitted, right, wrong


class Listing(HTMLParser):
    """
    A page with links.

    :ivar links: where they lead, in order.
    :ivar tags: all elements that there are.
    :ivar attributes: all names of attributes that there are.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        # A browser drops line breaks in a link.
        link = dict(attrs).get("href") if tag == "a" else None
        if link:
            self.links.append(link.replace("\n", "").replace("\r", "").strip())

    def paths(self, page: str) -> list[str]:
        """The paths of the links as a browser on the path *page* follows them."""
        there = [urljoin(f"http://here{page}", link) for link in self.links]
        return [urlsplit(u).path for u in there if u.startswith("http://here/")]

    def path_to(self, page: str, name: bytes) -> str | None:
        """The path of the link to the file *name* of the folder *page*."""
        for path in self.paths(page):
            if unquote_to_bytes(path) == page.encode() + name:
                return path
        return None


def in_order(paths: list[str], names: list[str]) -> Verdict:
    """Whether *names* come in their order, or its reverse, among *paths*."""
    last = [path.rstrip("/").rpartition("/")[2] for path in paths]
    found = [name for name in last if name in names]
    if len(found) != len(names):
        return wrong(f"{len(found)} of {len(names)}")
    return right("by name") if found == sorted(names) else permitted("as on disk")


def harmless(page: Listing) -> Verdict:
    """Whether no name of a file became markup."""
    bad = [f"<{tag}>" for tag in page.tags if tag == "xss"]
    bad += [name for name in page.attributes if name == "onxss"]
    return graded(
        f"becomes markup: {', '.join(bad)}" if bad else "escaped", good=not bad
    )
