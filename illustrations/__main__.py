"""
The command: writes the glossary and the pictures into the documentation.
"""

from __future__ import annotations

from pathlib import Path

from .glossary import glossary
from .pictures import PICTURES

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Write everything."""
    (DOCS / "glossary.md").write_text(glossary(), "utf-8")
    folder = DOCS / "pictures"
    folder.mkdir(exist_ok=True)
    for make in PICTURES:
        picture = make()
        (folder / f"{picture.name}.svg").write_text(picture.draw(), "utf-8")


if __name__ == "__main__":
    main()
