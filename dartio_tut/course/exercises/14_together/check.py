from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure
from twisted.web.client import ResponseNeverReceived

from dartio_tut.course.exercises.case import ExerciseCase

URLS = [f"http://{name}.example/" for name in "abc"]


class Response:
    code = 200

    def __init__(self, text):
        self._text = text

    async def text(self):
        return self._text

    async def content(self):
        return self._text.encode()


class SlowServers:
    """Something like treq, whose servers answer when the test says so."""

    def __init__(self):
        self.asked = {}

    def get(self, url, **options):
        self.asked[url] = Deferred()
        return self.asked[url]

    def answer(self, url):
        if url in self.asked:
            self.asked[url].callback(Response(f"the text of {url}"))

    def fail(self, url):
        lost = Failure(ConnectionLost())
        self.asked[url].errback(ResponseNeverReceived([lost]))

    def flush(self):
        """As StubTreq has it."""


class Test(ExerciseCase):
    def start(self):
        client, results = SlowServers(), []
        working = Deferred.fromCoroutine(self.reader.ask_all(client, URLS))
        working.addBoth(results.append)
        if results and isinstance(results[0], Failure):
            results[0].raiseException()
        if len(client.asked) != len(URLS):
            self.fail_teaching(
                f"ask_all was called with {len(URLS)} URLs",
                f"requests before the first answer came: {len(client.asked)}",
                "all are asked for at once: before the first answer came, the other"
                " servers had not been asked",
                "the page before/deferreds",
            )
        return client, results

    def result(self, results, did):
        if not results:
            self.fail_teaching(did, "no result", "the list", "the task of the exercise")
        if isinstance(results[0], Failure):
            results[0].raiseException()
        return results[0]

    def test_texts_are_in_order(self):
        client, results = self.start()
        for url in reversed(URLS):
            client.answer(url)
        came = self.result(results, "all servers answered")
        wanted = [f"the text of {url}" for url in URLS]
        if came != wanted:
            self.fail_teaching(
                "the servers answered, the last one first",
                str(came),
                f"{wanted}: in the order of the URLs",
                "the task of the exercise",
            )

    def test_one_fails(self):
        client, results = self.start()
        client.fail(URLS[1])
        client.answer(URLS[0])
        client.answer(URLS[2])
        came = self.result(results, "one server closed the connection")
        if len(came) != len(URLS) or came[1] is not None:
            self.fail_teaching(
                "the second of three servers closed the connection",
                str(came),
                "three results, the second of them None in its place",
                "the task of the exercise",
            )
