"""
A real browser, headless.
"""

from __future__ import annotations

import atexit
import functools
import shutil
import tempfile
from collections.abc import Callable
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


def a_browser(case: TestCase, *arguments: str) -> Any:
    """A browser with a profile of its own, until the end of *case*."""
    return _started(case.addCleanup, arguments, scripts=True)


def an_empty_tab(*arguments: str, scripts: bool = True) -> Any:
    """
    The browser that tests with the same *arguments* share, because to start one takes
    seconds. It has one tab, which is new and knows nothing of the test before.

    :param scripts: whether it runs the scripts of pages.
    """
    browser = _shared(arguments, scripts)
    before = browser.window_handles
    browser.switch_to.new_window("tab")
    new = browser.current_window_handle
    for handle in before:
        browser.switch_to.window(handle)
        browser.close()
    browser.switch_to.window(new)
    for command in ("Network.clearBrowserCookies", "Network.clearBrowserCache"):
        browser.execute_cdp_cmd(command, {})
    # A tab that a script has opened may be behind another: nothing in it has the focus.
    browser.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})
    browser.get_log("browser")  # what it complained of before
    return browser


@functools.cache
def _shared(arguments: tuple[str, ...], scripts: bool) -> Any:
    return _started(atexit.register, arguments, scripts)


def _started(
    at_end: Callable[..., object], arguments: tuple[str, ...], scripts: bool
) -> Any:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER or ""
    profile = tempfile.mkdtemp()
    at_end(shutil.rmtree, profile, ignore_errors=True)
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
    at_end(browser.quit)
    return browser
