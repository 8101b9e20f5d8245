from unittest import TestResult, defaultTestLoader

from twisted.web.resource import Resource

from dartio_tut.course.exercises.case import ExerciseCase

TEXT = b"Hello, world!\n"
PLAIN = b"text/plain; charset=utf-8"


class Served(Resource):
    """A greeting that is right, or has one fault."""

    def __init__(self, text=TEXT, content_type=PLAIN, posts=None):
        super().__init__()
        self.text, self.content_type = text, content_type
        if posts:
            self.render_POST = posts

    def render_GET(self, request):
        request.setHeader(b"Content-Type", self.content_type)
        return self.text


def refuse(request):
    """Answer 405, and do not say what is allowed."""
    request.setResponseCode(405)
    return b"No.\n"


def tree(greeting, every=False):
    """A maker of trees that counts how often it is called."""

    def make():
        make.calls += 1
        if every:
            greeting.isLeaf = True
            return greeting
        root = Resource()
        root.putChild(b"", greeting)
        return root

    make.calls = 0
    return make


FAULTS = (
    ("says something else: Goodbye!", tree(Served(b"Goodbye!\n"))),
    ("forgets a line break at the end", tree(Served(TEXT.strip()))),
    ("has another type, text/html", tree(Served(content_type=b"text/html"))),
    ("answers POST as it answers GET", tree(Served(posts=lambda request: TEXT))),
    ("answers POST with 405 without Allow", tree(Served(posts=refuse))),
    ("answers 200 for every path", tree(Served(), every=True)),
)


class Test(ExerciseCase):
    def run_tests(self, make):
        """Run the reader's tests; return what they say of *make*."""
        case = self.reader.GreetingTests
        self.patch(case, "make", staticmethod(make))
        result = TestResult()
        defaultTestLoader.loadTestsFromTestCase(case).run(result)
        self.flushLoggedErrors()
        return [text for _, text in [*result.failures, *result.errors]]

    def test_passes_with_what_is_right(self):
        right = tree(Served())
        failures = self.run_tests(right)
        if not right.calls:
            self.fail_teaching(
                "your tests were run, with another tree in make",
                "no test has asked make()",
                "ask(self.make(), ...), so that the check can put others there",
                "the task of the exercise",
            )
        if failures:
            self.fail_teaching(
                "your tests were run",
                failures[0].strip().splitlines()[-1],
                "no failure: this was the Greeting that is right",
                "the task of the exercise",
            )

    def test_fails_with_each_fault(self):
        for fault, make in FAULTS:
            if not self.run_tests(make):
                self.fail_teaching(
                    f"your tests were run with a greeting that {fault}",
                    "all of them passed",
                    "one that fails: nobody else will notice",
                    "the page your_own",
                )
