"""
Whether everybody can use a page: axe-core, run in the page.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

_SCRIPT = files("selenium_axe_python").joinpath("axe-core", "axe.min.js")

_RUN = """
const done = arguments[0];
axe.run(document, {resultTypes: ["violations"]}).then(
  ({violations, passes}) => done({
    violations: violations.flatMap(({id, help, nodes}) =>
      nodes.map(({html, failureSummary}) => [id, help, html, failureSummary])),
    passes: passes.length,
  }),
  (fault) => done({violations: [["axe", String(fault), "", ""]], passes: 0}),
);
"""


def violations(browser: Any) -> list[str]:
    """
    What is wrong with the page that *browser* shows, as it is now.

    :raise AssertionError: when nothing was looked at.
    """
    browser.set_script_timeout(60)
    browser.execute_script(_SCRIPT.read_text())
    result = browser.execute_async_script(_RUN)
    if not result["violations"]:
        assert result["passes"] > 10, "axe-core looked at hardly anything"
    return [": ".join(found) for found in result["violations"]]
