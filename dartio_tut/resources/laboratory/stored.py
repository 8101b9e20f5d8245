"""
What a server of the laboratory keeps by now, as JSON for a page.
"""

from __future__ import annotations

from typing import Any

from .bench import Tree

MAX_ENTRIES = 50
"""Notes or documents that are shown."""

MAX_CHARACTERS = 500
"""Characters of each that are shown."""


async def stored_json(tree: Tree) -> dict[str, Any] | None:
    """
    The first notes or documents that *tree* keeps; ``None`` if it keeps none ever.
    """
    if tree.notes is not None:
        texts = await tree.notes.entries(0, MAX_ENTRIES)
        total = await tree.notes.count()
        entries = [
            {"name": str(number), "text": None if text is None else _short(text)}
            for number, text in enumerate(texts)
        ]
        return {"kind": "notes", "total": total, "entries": entries}
    if tree.documents is not None:
        found = await tree.documents.list(limit=MAX_ENTRIES + 1)
        entries = []
        for info in found[:MAX_ENTRIES]:
            document = await tree.documents.get(info.name)
            text = document.content.decode("utf-8", "backslashreplace")
            entries.append({"name": info.name, "text": _short(text)})
        return {"kind": "documents", "total": len(found), "entries": entries}
    return None


def _short(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "…"
