"""
Exercise 27: password, please.
"""

import hmac
from base64 import b64decode

from twisted.web.http import UNAUTHORIZED
from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

EXPECTED = b"ada:open:sesame"
CHALLENGE = b'Basic realm="treasures", charset="UTF-8"'


def is_right(given: str) -> bool:
    """Whether *given*, an Authorization field, has the password."""
    scheme, _, sent = given.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        return hmac.compare_digest(b64decode(sent), EXPECTED)
    except ValueError:
        return False


class Secret(Resource):
    """A text for those who know the password."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with the text, or ask for the password."""
        if is_right(request.getHeader("Authorization") or ""):
            return b"The treasure is under the stone.\n"
        request.setResponseCode(UNAUTHORIZED)
        request.setHeader(b"WWW-Authenticate", CHALLENGE)
        return b"Say who you are.\n"


if __name__ == "__main__":
    run(Secret())
