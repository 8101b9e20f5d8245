"""
A real browser, headless.
"""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

from selenium import webdriver
from twisted.trial.unittest import SkipTest, TestCase

BROWSER = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")


def needed(what: str) -> None:
    """
    See that there is a browser.

    :raise SkipTest: when no browser is installed; *what* is not tested then.
    """
    if not (BROWSER and DRIVER):
        raise SkipTest(f"NOT TESTED: {what}; no chromium with chromedriver here")


def a_browser(case: TestCase, *arguments: str, scripts: bool = True) -> Any:
    """
    A browser with a profile of its own, until the end of *case*.

    :param scripts: whether it runs the scripts of pages.
    """
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER or ""
    profile = tempfile.mkdtemp()
    case.addCleanup(shutil.rmtree, profile, ignore_errors=True)
    for argument in (
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        f"--user-data-dir={profile}", *arguments,
    ):  # fmt: skip
        options.add_argument(argument)
    if not scripts:
        setting = "profile.managed_default_content_settings.javascript"
        options.add_experimental_option("prefs", {setting: 2})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    case.addCleanup(browser.quit)
    return browser
