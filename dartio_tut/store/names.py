"""
Names of documents: they are valid filenames on every system, they are never hidden, and
they never lead out of a folder.
"""

from __future__ import annotations

import re
from unicodedata import category, normalize

from .interface import InvalidName, NameTaken

MAX_NAME_BYTES = 255
"""The longest filename of the usual file systems, in UTF-8."""

WINDOWS_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL"]
    + [f"{device}{digit}" for device in ("COM", "LPT") for digit in "123456789¹²³"]
)
"""The names that Windows takes for devices, whatever comes behind a dot."""

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
"""Letters and marks that nobody sees (Default_Ignorable_Code_Point of Unicode); file
systems that ignore case, such as ext4, ignore them, too."""

_PLAIN = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9 ._-]*[A-Za-z0-9_-])?").fullmatch
"""Most names are of ASCII, and are checked at once: folders have many of them."""


def check_name(name: str) -> str:
    """
    *name*, if a document may have it: it consists of letters of any script (with their
    marks), digits, spaces, ``.``, ``-`` and ``_``.

    :raise InvalidName: the text says what is wrong with it.
    """
    if not name:
        raise InvalidName("a document needs a name")
    if not _PLAIN(name):
        _check_characters(name)
    if name.partition(".")[0].rstrip().upper() in WINDOWS_DEVICES:
        raise InvalidName("Windows takes that name for a device")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidName(f"a name has {MAX_NAME_BYTES} bytes at most")
    return name


def is_name(name: str) -> bool:
    """Whether a document may have that *name*."""
    try:
        check_name(name)
    except InvalidName:
        return False
    return True


def fold_name(name: str) -> str:
    """
    What *name* is to a file system that ignores case, how accents are encoded, and what
    is invisible.

    Two names that are the same to one of them belong to one document at most, in every
    store: so a store can be copied to any other.
    """
    if name.isascii():
        return name.lower()
    # Taken apart first: an iota below a letter becomes a letter, behind other marks.
    apart = normalize("NFD", _INVISIBLE.sub("", name))
    return normalize("NFC", apart.casefold())


def same_name_taken(name: str, other: str) -> NameTaken:
    """The error for a document *name* when there is a document *other*."""
    return NameTaken(
        f"there is a document {other}, whose name differs from {name} only in case, in "
        "the encoding of accents or in what is invisible"
    )


def _check_characters(name: str) -> None:
    if name[0] in ". " or name[-1] in ". ":
        raise InvalidName("a name neither begins nor ends with a dot or a space")
    if not all(character in " .-_" or _is_word(character) for character in name):
        raise InvalidName("a name has letters, digits, spaces, dots, - and _ only")


def _is_word(character: str) -> bool:
    """Whether *character* is a letter, a digit or a mark upon a letter."""
    return character.isalnum() or category(character) in ("Mn", "Mc")
