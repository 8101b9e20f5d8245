"""
Names of documents: what is a filename everywhere, never hidden, never outside.
"""

from __future__ import annotations

from unicodedata import category

from .interface import InvalidName

MAX_NAME_BYTES = 255
"""The longest filename of the usual filesystems, in UTF-8."""


WINDOWS_DEVICES = frozenset(
    ["CON", "PRN", "AUX", "NUL"]
    + [f"{device}{number}" for device in ("COM", "LPT") for number in range(1, 10)]
)
"""What Windows takes for a device, whatever comes behind a dot."""


def check_name(name: str) -> str:
    """
    *name*, when a document may have it: letters of any script (with their
    marks), digits, space, ``.``, ``-`` and ``_``.

    :raise InvalidName: says what is wrong with it.
    """
    if not name:
        raise InvalidName("a document needs a name")
    if name[0] in ". " or name[-1] in ". ":
        raise InvalidName("a name neither begins nor ends with a dot or a space")
    if not all(character in " .-_" or _is_word(character) for character in name):
        raise InvalidName("a name has letters, digits, spaces, dots, - and _ only")
    if name.partition(".")[0].rstrip().upper() in WINDOWS_DEVICES:
        raise InvalidName("some systems take that name for a device")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidName(f"a name has {MAX_NAME_BYTES} bytes at most")
    return name


def _is_word(character: str) -> bool:
    """Whether *character* is a letter, a digit or a mark upon one."""
    return character.isalnum() or category(character) in ("Mn", "Mc")
