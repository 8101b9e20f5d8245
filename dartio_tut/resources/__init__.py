"""
Branches that any resource tree may hang up: files, JSON bodies, answers.

Rule of the room: they read a request and write a response; they open no socket.
"""

from .answers import Refusal, answer, answer_later, unsupported
from .bodies.body import Body, body
from .bodies.form_body import BodyLimits, File, Form
from .bodies.json_body import content, json_object, json_value, media_type
from .cors import CrossOrigin, any_origin, origin
from .fields import SECURITY_FIELDS, field_line, set_fields
from .files.caching import rule as cache_rule
from .files.opening import LINKS, links_to_follow
from .files.resource import METHODS, Files, index_name
from .files.types import Types, charset, named_type
from .guarding.auth import Guarded
from .guarding.passwords import Passwords, passwords_of
from .mounting import mounted, path_prefix
from .problem import problem
from .stored.digests import check_digests
from .stored.documents import StoredDocuments
from .stored.notes import StoredNotes
from .stored.terms import expected_by, token_of, told
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
    "index_name",
    "json_object",
    "json_value",
    "links_to_follow",
    "media_type",
    "mounted",
    "named_type",
    "origin",
    "passwords_of",
    "path_prefix",
    "problem",
    "set_fields",
    "token_of",
    "told",
    "unsupported",
]
