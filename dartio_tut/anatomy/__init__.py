"""
HTTP messages, taken apart and explained.

Rule of the room: it imports nothing of the other floors. Every byte is in exactly one
part, whatever the bytes are; nothing raises, and time grows with the bytes only. What a
part is called and what it means stands in `words.toml`, what can be wrong in `faults`.
"""

from .copies import copies
from .message_json import message_json
from .parts import PART_KINDS, Message, Part, SentBy
from .take_apart import take_apart
from .words import Word, all_words, status_text, word_for

__all__ = [
    "PART_KINDS",
    "Message",
    "Part",
    "SentBy",
    "Word",
    "all_words",
    "copies",
    "message_json",
    "status_text",
    "take_apart",
    "word_for",
]
