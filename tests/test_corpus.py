"""
What guided fuzzing has found worth keeping, replayed.
"""

from __future__ import annotations

from dartio_tut.test.test_wire_fuzz import FuzzCase, cut

from .guided_fuzz import CORPUS


class CorpusTests(FuzzCase):
    """Only answers and closes come out, and the same whole as in pieces."""

    def test_every_input_of_the_corpus_leads_to_responses_and_closes_only(self) -> None:
        inputs = sorted(CORPUS.iterdir())
        self.assertGreater(len(inputs), 50)
        for path in inputs:
            data = path.read_bytes()
            if len(data) > 1:
                stream = data[1:]
                self.same(stream, cut(stream, [data[0] * len(stream) // 256]))
