"""
The Huffman code of header compression (RFC 7541 section 5.2), read a byte at a time.

A state is how far the last bits have got in the tree of codes. What each byte makes of
each state is found out when it first comes, and kept: text of any kind needs few.
"""

from __future__ import annotations

from functools import lru_cache

from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH

END_OF_STRING = 256
"""A symbol that is part of the code, and must not come."""

MAX_PADDING_BITS = 7

MAX_KEPT_BYTES = 256
KEPT_STRINGS = 2048
"""Decoded strings that are kept, and how long each may be: clients repeat their own."""


class MalformedCode(ValueError):
    """Bits that are no string."""


Node = list["Node | int | None"]
"""What follows a 0 and a 1: a node, a symbol, or nothing that is a code."""


def _tree() -> list[Node]:
    """All nodes; the root is the first."""
    root: Node = [None, None]
    nodes = [root]
    for symbol, (code, length) in enumerate(
        zip(REQUEST_CODES, REQUEST_CODES_LENGTH, strict=True)
    ):
        node = root
        for shift in range(length - 1, 0, -1):
            following = node[code >> shift & 1]
            if not isinstance(following, list):
                following = [None, None]
                node[code >> shift & 1] = following
                nodes.append(following)
            node = following
        node[code & 1] = symbol
    return nodes


_nodes = _tree()
_numbers = {id(node): number for number, node in enumerate(_nodes)}

Step = tuple[int, bytes]
"""The next state, and the symbols that are complete."""

_steps: list[list[Step | None] | None] = [None] * len(_nodes)


def _row(state: int) -> list[Step | None]:
    """What each byte makes of *state*; ``None`` where it is no code."""
    row = _steps[state] = [_step(state, byte) for byte in range(256)]
    return row


def _step(state: int, byte: int) -> Step | None:
    node, symbols = _nodes[state], bytearray()
    for shift in range(7, -1, -1):
        following = node[byte >> shift & 1]
        if isinstance(following, list):
            node = following
        elif following is None or following == END_OF_STRING:
            return None
        else:
            symbols.append(following)
            node = _nodes[0]
    return _numbers[id(node)], bytes(symbols)


def _ends() -> set[int]:
    """The states in which a string may end: all bits since the last symbol are 1."""
    following, ends = _nodes[0][1], {0}
    while isinstance(following, list) and len(ends) <= MAX_PADDING_BITS:
        ends.add(_numbers[id(following)])
        following = following[1]
    return ends


_may_end = frozenset(_ends())


def decoded(code: bytes) -> bytes:
    """
    The string that *code* stands for.

    :raise MalformedCode: when it stands for none.
    """
    if len(code) <= MAX_KEPT_BYTES:
        return _decoded_and_kept(code)
    return _decoded(code)


def _decoded(code: bytes) -> bytes:
    state = 0
    symbols: list[bytes] = []
    for byte in code:
        step = (_steps[state] or _row(state))[byte]
        if step is None:
            raise MalformedCode("no symbol")
        state, some = step
        symbols.append(some)
    if state not in _may_end:
        raise MalformedCode("a symbol is cut off")
    return b"".join(symbols)


_decoded_and_kept = lru_cache(KEPT_STRINGS)(_decoded)
