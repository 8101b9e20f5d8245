"""
Whether everybody can use a page: axe-core, run in the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

_SCRIPT = files("selenium_axe_python").joinpath("axe-core", "axe.min.js")

SCRIPT_SECONDS = 600
"""Seconds that axe-core may take: a large page takes six of a processor, which ten
others may want."""

_RUN = """
const [rules, leftOut, done] = arguments;
const options = {
  resultTypes: ["violations"],
  ...(rules && {runOnly: rules}),
  rules: Object.fromEntries(leftOut.map((rule) => [rule, {enabled: false}])),
};
axe.run(document, options).then(
  ({violations, passes}) => done({
    violations: violations.flatMap(({id, help, nodes}) =>
      nodes.map(({html, failureSummary}) => [id, help, html, failureSummary])),
    passes: passes.length,
  }),
  (fault) => done({violations: [["axe", String(fault), "", ""]], passes: 0}),
);
"""


COLOUR_RULES = ("color-contrast", "link-in-text-block")
"""The rules of axe-core that look at colours."""


def violations(
    browser: Any, rules: Sequence[str] = (), left_out: Sequence[str] = ()
) -> list[str]:
    """
    What is wrong with the page that *browser* shows, as it is now.

    :param rules: those that are looked at, if not all.
    :param left_out: those that are not, else.
    :raise AssertionError: when nothing was looked at.
    """
    browser.set_script_timeout(SCRIPT_SECONDS)
    browser.execute_script(_SCRIPT.read_text())
    result = browser.execute_async_script(_RUN, list(rules) or None, list(left_out))
    if not result["violations"]:
        least = 1 if rules else 10
        assert result["passes"] >= least, "axe-core looked at hardly anything"
    return [": ".join(found) for found in result["violations"]]
