"""
The Location of a redirect from one spelling of a path to another.

Pure. It is made of what the client sent, still percent-encoded, and never leads to
another host: none begins with two slashes or a scheme.
"""

from __future__ import annotations


def with_slash(uri: bytes) -> bytes:
    """Return the reference from *uri* to the same path with a slash at its end."""
    path, mark, query = uri.partition(b"?")
    # "./", so that a colon in the name does not end a scheme.
    return b"./" + path.rpartition(b"/")[2] + b"/" + mark + query


def without_slash(uri: bytes) -> bytes:
    """Return the reference from *uri* to the same path without the slash at its end."""
    path, mark, query = uri.partition(b"?")
    return b"../" + path[:-1].rpartition(b"/")[2] + mark + query


def with_single_slashes(uri: bytes) -> bytes:
    """
    Return the reference from *uri* to the same path with no empty segment in it.

    It begins with the one slash: programs differ in how they resolve ``..`` below an
    empty segment. A backslash is encoded, because browsers take it for a slash.
    """
    path, mark, query = uri.partition(b"?")
    *folders, last = path.split(b"/")
    single = b"/".join([*filter(None, folders), last])
    return b"/" + single.replace(b"\\", b"%5C") + mark + query
