"""
Pictures of a tree of resources: which of them answers which request.

What is drawn is what the tree does: each request is asked in memory, and its path is
followed as `twisted.web` follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from twisted.web.resource import Resource

from dartio_tut.testing import ask

from . import svg

WIDTH = 872
TOP = 16
ROW = 64
"""Pixels for each request, below each other."""

LEFT = (16, 226, 474)
"""Where the boxes of each generation begin: the root, its children, theirs."""

BOX_WIDTH, BOX_HEIGHT = 104, 42
ANSWERS_LEFT = 598
ANSWER_COLUMNS = 40
LINE = 17
LABEL_GAP = 10
"""Pixels between the name of a child and its box."""

NO_REQUEST: Any = None
"""What ``getChild`` is called with: no tree that is drawn looks at the request."""


@dataclass
class Node:
    """
    A resource in its tree.

    :ivar edge: the part of the path by which its parent finds it.
    :ivar is_made: whether ``getChild`` has made it; others were put up beforehand.
    :ivar rows: of the requests that lead to it or beyond.
    """

    words: str
    kind: str
    edge: str = ""
    is_made: bool = False
    rows: list[int] = field(default_factory=list)

    @property
    def y(self) -> float:
        """The middle of its box."""
        return TOP + ROW * (sum(self.rows) / len(self.rows) + 0.5)


@dataclass
class Tree:
    """
    A picture of the resources below *root* that the requests *targets* come to.
    """

    name: str
    title: str
    root: Resource
    targets: Sequence[str]

    def __post_init__(self) -> None:
        self.nodes: dict[tuple[bytes, ...], Node] = {(): Node("root", "Resource")}
        self.answers = []
        for row, target in enumerate(self.targets):
            self._follow(target, row)
            response = ask(self.root, "GET", target)
            text = response.text().strip() if response.code == 200 else response.reason
            self.answers.append((target, response.code, text))

    def _follow(self, target: str, row: int) -> None:
        """Go to the resource for *target* as Twisted does; keep those on the way."""
        here: Any = self.root
        path: tuple[bytes, ...] = ()
        self.nodes[()].rows.append(row)
        for segment in target.removeprefix("/").encode().split(b"/"):
            if here.isLeaf:
                return
            is_made = segment not in here.children
            found = here.getChildWithDefault(segment, NO_REQUEST)
            if type(found).__name__.startswith("_"):
                return  # a class that Twisted keeps to itself: it answers 404
            here, path = found, (*path, segment)
            name = getattr(found, "name", "")
            words = name if type(name) is str and name else type(found).__name__
            kind = "isLeaf = True" if found.isLeaf else _base(found, words)
            node = Node(words, kind, f'b"{segment.decode()}"', is_made)
            self.nodes.setdefault(path, node).rows.append(row)

    def description(self) -> str:
        """What the picture shows, in words."""
        parts = ["The root has no name of its own in a path."]
        for path, node in self.nodes.items():
            if path:
                way = "getChild makes" if node.is_made else "putChild has put up"
                parent = self.nodes[path[:-1]].words
                parts.append(f"Below {parent} {way} {node.words} as {node.edge}.")
        for target, code, text in self.answers:
            parts.append(f"GET {target} is answered with {code}: {text}.")
        return " ".join(parts)

    def draw(self) -> str:
        """The picture."""
        marks = [mark for path in self.nodes if path for mark in self._edge(path)]
        for path, node in self.nodes.items():
            marks += self._box(LEFT[len(path)], node)
        for row, (target, code, text) in enumerate(self.answers):
            y = TOP + ROW * (row + 0.5)
            spans = [("GET ", "method"), (target, "target")]
            marks.append(svg.text(ANSWERS_LEFT, y - 8, spans, "mono"))
            for number, line in enumerate(wrap(f"{code} {text}", ANSWER_COLUMNS)):
                kind = "good" if code == 200 else "bad"
                spans = (
                    [(line[:3], kind), (line[3:], "")] if not number else [(line, "")]
                )
                where = y + 12 + number * LINE
                marks.append(svg.text(ANSWERS_LEFT, where, spans, "soft"))
        height = 2 * TOP + ROW * len(self.answers)
        words = self.description()
        return svg.picture(self.name, self.title, words, WIDTH, height, marks)

    def _box(self, x: float, node: Node) -> list[str]:
        middle = x + BOX_WIDTH / 2
        top = node.y - BOX_HEIGHT / 2
        return [
            svg.rect(x, top, BOX_WIDTH, BOX_HEIGHT, "box"),
            svg.text(middle, node.y - 3, [(node.words, "")], "lane", "middle"),
            svg.text(middle, node.y + 14, [(node.kind, "")], "soft", "middle"),
        ]

    def _edge(self, path: tuple[bytes, ...]) -> list[str]:
        """The line from a parent to its child, with the name of the child."""
        node, parent = self.nodes[path], self.nodes[path[:-1]]
        start, end = LEFT[len(path) - 1] + BOX_WIDTH, LEFT[len(path)]
        turn = start + 12
        kind = "axis" if node.is_made else "thin"
        name = node.edge if not node.is_made else f"getChild({node.edge})"
        return [
            svg.line(start, parent.y, turn, parent.y, kind),
            svg.line(turn, parent.y, turn, node.y, kind),
            svg.arrow(turn, end, node.y, kind),
            svg.text(end - LABEL_GAP, node.y - 7, [(name, "")], "soft", "end"),
        ]


def _base(resource: Resource, words: str) -> str:
    """The class of *resource*, or, if *words* say that, the one it is made from."""
    made_of = type(resource).__mro__
    return next(kind.__name__ for kind in made_of if kind.__name__ != words)
