"""
Results as a page of Markdown: a table for each case, and what is needed to repeat it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf
from typing import NamedTuple

from .figures import Figure, Spread
from .measuring import Result, Subject

TIMES = "\N{MULTIPLICATION SIGN}"


class Row(NamedTuple):
    """What a line of a table is about."""

    result: Result
    subject: Subject
    figure: Figure

    def of(self, key: str) -> Spread | None:
        """The values of a measure; ``None`` when no run counted."""
        return self.figure.values.get(key)

    def median(self, key: str) -> float:
        """The median of a measure; 0 when no run counted."""
        values = self.of(key)
        return values.median if values else 0


class Column(NamedTuple):
    """A column of a table: its heading, and what stands in it."""

    heading: str
    cell: Callable[[Row], str]
    is_text: bool = False


@dataclass(frozen=True)
class Layout:
    """
    How the results of a case are shown.

    :ivar introduction: stands above the tables.
    :ivar remark: stands below them.
    :ivar lists_subjects: whether what the subjects are stands above the tables.
    :ivar joins: whether cases that share their name share one table as well.
    :ivar cheapest_first: whether subjects come in the order of their first measure.
    """

    columns: tuple[Column, ...]
    introduction: str = ""
    remark: str = ""
    lists_subjects: bool = False
    joins: bool = False
    cheapest_first: bool = False


def page(
    title: str,
    introduction: str,
    results: Sequence[Result],
    facts: Mapping[str, str],
    left_out: Mapping[str, str],
) -> str:
    """The whole page."""
    parts = [f"# {title}", "", introduction]
    for _, group in groupby(results, lambda result: result.case.title):
        parts += _section(list(group))
    parts += ["## How it was measured", ""]
    parts += [f"- {name}: {fact}" for name, fact in facts.items()]
    parts += [f"- left out: {name}, {why}" for name, why in left_out.items()]
    return "\n".join(parts) + "\n"


def _section(results: Sequence[Result]) -> list[str]:
    first = results[0]
    layout = first.case.layout
    alone = len(results) == 1
    parts = [f"## {first.case.heading if alone else first.case.title}", ""]
    parts += [layout.introduction, ""] if layout.introduction else []
    if layout.lists_subjects:
        subjects = first.subjects.values()
        parts += [f"- {s.name}: {s.title}; {s.note}" for s in subjects]
        parts += [""]
    if layout.joins or alone:
        parts += _table(layout, [row for result in results for row in rows(result)])
    else:
        for result in results:
            parts += [f"### {result.case.at.capitalize()}", ""]
            parts += _table(layout, rows(result))
    return [*parts, layout.remark, ""] if layout.remark else parts


def rows(result: Result) -> list[Row]:
    """A row for each subject that was measured."""
    figures = result.figures
    return [
        Row(result, subject, figures[name]) for name, subject in result.subjects.items()
    ]


def _cost(row: Row) -> float:
    """The median of the first measure; those without one come last."""
    values = row.of(row.result.case.measures[0].key)
    return values.median if values else inf


def _table(layout: Layout, found: Sequence[Row]) -> list[str]:
    if layout.cheapest_first:
        found = sorted(found, key=_cost)
    columns = layout.columns
    headings = [column.heading for column in columns]
    rule = "|".join("---" if column.is_text else "--:" for column in columns)
    cells = [[column.cell(row) for column in columns] for row in found]
    faults = [
        f"- {row.subject.name} was not counted in {fault}"
        for row in found
        for fault in row.figure.faults
    ]
    lines = [line(headings), f"|{rule}|", *map(line, cells), ""]
    return [*lines, *faults, ""] if faults else lines


def line(cells: Iterable[str]) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def name(row: Row) -> str:
    """Who it is; ours stand out."""
    return f"**{row.subject.name}**" if row.subject.ours else row.subject.name


def ratio(row: Row) -> str:
    """How many times the reference's value it is."""
    return f"{row.figure.ratio:.2f}" if row.figure.ratio else ""


def with_spread(key: str) -> Callable[[Row], str]:
    """The median of a measure, with the least and the greatest value behind it."""

    def cell(row: Row) -> str:
        values = row.of(key)
        return spread_text(values) if values else "failed"

    return cell


def spread_text(values: Spread) -> str:
    """The median, with the least and the greatest value behind it."""
    middle, low, high = (f"{v:,.1f}" if v < 1000 else f"{v:,.0f}" for v in values)
    return f"{middle} ({low}–{high})"  # noqa: RUF001


def median_of(
    key: str, form: str, change: Callable[[float], float] = lambda value: value
) -> Callable[[Row], str]:
    """The median of a measure, *change*d to another unit, in a form such as ``.1f``."""

    def cell(row: Row) -> str:
        values = row.of(key)
        return format(change(values.median), form) if values else ""

    return cell
