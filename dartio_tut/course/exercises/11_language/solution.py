"""
Exercise 11: in the reader's language.
"""

from twisted.web.resource import Resource
from twisted.web.server import Request

from dartio_tut.course import run

GREETINGS = {"en": "Hello!", "de": "Grüß Gott!"}


def best_language(accepted: str) -> str:
    """The language with the highest weight in Accept-Language."""
    best, highest = "en", 0.0
    for part in accepted.split(","):
        tag, _, weight = part.partition(";q=")
        language = tag.strip().partition("-")[0]
        try:
            q = float(weight or 1)
        except ValueError:  # no number: as if it were not named
            continue
        if language in GREETINGS and q > highest:
            best, highest = language, q
    return best


class Greeting(Resource):
    """Greet in the language that the reader likes best."""

    isLeaf = True

    def render_GET(self, request: Request) -> bytes:
        """Respond with a greeting."""
        best = best_language(request.getHeader("Accept-Language") or "")
        request.setHeader(b"Content-Type", b"text/plain; charset=utf-8")
        request.setHeader(b"Content-Language", best.encode())
        request.setHeader(b"Vary", b"Accept-Language")
        return GREETINGS[best].encode()


if __name__ == "__main__":
    run(Greeting())
