"""
The page that tells a person of an error.
"""

from __future__ import annotations

from html import escape

CONTENT_SECURITY_POLICY = b"default-src 'none'; style-src 'unsafe-inline'"
"""The Content-Security-Policy of the page."""

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{code} {title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1.1em/1.5 system-ui, sans-serif; margin: 20vh auto; max-width: 30em;
       padding: 0 1em }}
h1 {{ font-size: 1.4em; font-weight: 600 }}
</style>
<h1>{code} {title}</h1>
<p>{text}</p>
</html>
"""


def error_page(code: int, title: str, text: str) -> bytes:
    """Return the page in UTF-8; *title* and *text* are plain text."""
    page = _PAGE.format(code=code, title=escape(title), text=escape(text))
    return page.encode("utf-8", "backslashreplace")
