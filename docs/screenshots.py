"""
Takes the screenshots of the tutorial: the pages of running servers, in a browser.

    $ python -m docs.screenshots

A picture differs a little with each version of the browser and its fonts. So no test
compares them: look at a new one before you commit it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from illustrations.recording import lesson, running

FOLDER = Path(__file__).with_name("screenshots")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

SHOTS = {
    "hello": ("hello", "/", (480, 120)),
    "make_a_guess": ("pages", "/make_a_guess.html", (640, 400)),
    "mini_file": ("mini-file", "/", (640, 480)),
}
"""The server, the path and the size in pixels of each picture."""

PATIENCE_SECONDS = 60


def main() -> None:
    """
    Take them all.

    :raise SystemExit: when there is no browser.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"no browser here: install one of {', '.join(BROWSERS)}")
    FOLDER.mkdir(exist_ok=True)
    for name, (server, path, (width, height)) in SHOTS.items():
        with running(*lesson(server)) as daemon, tempfile.TemporaryDirectory() as home:
            subprocess.run(
                [
                    browser,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--hide-scrollbars",
                    f"--user-data-dir={home}",
                    f"--window-size={width},{height}",
                    f"--screenshot={FOLDER / name}.png",
                    f"http://127.0.0.1:{daemon.port}{path}",
                ],
                check=True,
                stderr=subprocess.DEVNULL,
                timeout=PATIENCE_SECONDS,
            )


if __name__ == "__main__":
    main()
