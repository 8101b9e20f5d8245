"""
A WebM film of a given length and size, for a browser to seek in.

Every frame is the same grey pixel in VP8; padding makes the film large.
"""

from __future__ import annotations

import struct

PIXEL = bytes.fromhex("3001009d012a010001000ec0fe25a4000370000000 00")
"""A key frame of one pixel by one."""


def element(number: int, content: bytes) -> bytes:
    """An EBML element (RFC 8794 section 6) whose length has eight bytes."""
    name = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return name + (len(content) | 1 << 56).to_bytes(8, "big") + content


def number(identity: int, value: int) -> bytes:
    """An element that holds an unsigned integer of eight bytes."""
    return element(identity, value.to_bytes(8, "big"))


def film(seconds: int, void: int) -> bytes:
    """A film with a frame each second, and *void* bytes of padding after each."""
    head = element(
        0x1A45DFA3, element(0x4282, b"webm") + number(0x4287, 4) + number(0x4285, 2)
    )
    about = element(
        0x1549A966,
        number(0x2AD7B1, 1_000_000)  # the unit of times: a millisecond
        + element(0x4489, struct.pack(">d", seconds * 1000.0))
        + element(0x4D80, b"tests")
        + element(0x5741, b"tests"),
    )
    shape = element(0xE0, number(0xB0, 1) + number(0xBA, 1))
    track = number(0xD7, 1) + number(0x73C5, 1) + number(0x83, 1)
    tracks = element(0x1654AE6B, element(0xAE, track + element(0x86, b"V_VP8") + shape))
    frame = element(0xA3, b"\x81\0\0\x80" + PIXEL)
    clusters = [
        element(
            0x1F43B675, number(0xE7, at * 1000) + frame + element(0xEC, bytes(void))
        )
        for at in range(seconds)
    ]
    start = len(about) + len(tracks) + len(_cues(0, 0, seconds))
    cues = _cues(start, len(clusters[0]), seconds)
    return head + element(0x18538067, about + tracks + cues + b"".join(clusters))


def _cues(start: int, step: int, count: int) -> bytes:
    """Where to find each second: from *start*, one every *step* bytes."""
    points = (
        element(
            0xBB,
            number(0xB3, at * 1000)
            + element(0xB7, number(0xF7, 1) + number(0xF1, start + at * step)),
        )
        for at in range(count)
    )
    return element(0x1C53BB6B, b"".join(points))
