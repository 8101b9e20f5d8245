"""
Branches that any resource tree may hang up: files, JSON bodies, answers.

Rule of the room: they read a request and write a response; they open no socket.
"""

from .answers import Refusal, answer, answer_later, unsupported
from .auth import Guarded
from .body import Body, body
from .caching import rule as cache_rule
from .cors import CrossOrigin, any_origin, origin
from .digests import check_digests
from .fields import SECURITY_FIELDS, field_line, set_fields
from .files import METHODS, Files
from .form_body import BodyLimits, File, Form
from .json_body import content, json_object, json_value, media_type
from .mounting import mounted, path_prefix
from .opening import LINKS
from .passwords import Passwords
from .problem import problem
from .stored import expected_by, token_of, told
from .stored_documents import StoredDocuments
from .stored_notes import StoredNotes
from .types import Types, charset, named_type
from .virtual_hosts import VirtualHosts, host_name

__all__ = [
    "LINKS",
    "METHODS",
    "SECURITY_FIELDS",
    "Body",
    "BodyLimits",
    "CrossOrigin",
    "File",
    "Files",
    "Form",
    "Guarded",
    "Passwords",
    "Refusal",
    "StoredDocuments",
    "StoredNotes",
    "Types",
    "VirtualHosts",
    "answer",
    "answer_later",
    "any_origin",
    "body",
    "cache_rule",
    "charset",
    "check_digests",
    "content",
    "expected_by",
    "field_line",
    "host_name",
    "json_object",
    "json_value",
    "media_type",
    "mounted",
    "named_type",
    "origin",
    "path_prefix",
    "problem",
    "set_fields",
    "token_of",
    "told",
    "unsupported",
]
