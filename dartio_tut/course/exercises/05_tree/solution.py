"""
Exercise 5: a page and its style sheet.
"""

from twisted.web.resource import Resource
from twisted.web.static import Data

from dartio_tut.course import run

PAGE = b"""<!DOCTYPE html>
<html lang="en">
<title>A page</title>
<link rel="stylesheet" href="/style.css">
<h1>Am I green?</h1>
"""

STYLE = b"h1 { color: green; }\n"


def make_tree() -> Resource:
    """Make the resources; return the root."""
    root = Resource()
    root.putChild(b"", Data(PAGE, "text/html; charset=utf-8"))
    root.putChild(b"style.css", Data(STYLE, "text/css"))
    return root


if __name__ == "__main__":
    run(make_tree())
