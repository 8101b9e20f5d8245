"""
Branches that any resource tree may hang up: files, JSON bodies, answers.

Rule of the room: they read a request and write a response; they open no socket.
"""

from .answers import Refusal, answer, answer_later, unsupported
from .cors import any_origin
from .files import Files
from .json_body import content, json_object, media_type

__all__ = [
    "Files",
    "Refusal",
    "answer",
    "answer_later",
    "any_origin",
    "content",
    "json_object",
    "media_type",
    "unsupported",
]
