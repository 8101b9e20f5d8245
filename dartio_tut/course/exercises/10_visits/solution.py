"""
Exercise 10: count visits in a cookie.
"""

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

MAX_DIGITS = 9
"""Nobody comes more often, and int() does not take any number of digits."""


class Visits(Resource):
    """Tell each browser how often it was here."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with the number of visits."""
        came = request.getCookie(b"visits") or b"0"
        is_number = came.isdigit() and len(came) <= MAX_DIGITS
        visits = 1 + (int(came) if is_number else 0)
        request.addCookie("visits", str(visits), httpOnly=True, sameSite="lax")
        return f"Visit {visits}\n".encode()


if __name__ == "__main__":
    run(Visits())
