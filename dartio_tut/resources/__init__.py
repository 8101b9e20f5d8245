"""
Resources for any `twisted.web` tree: files, request bodies, passwords, other origins,
virtual hosts, documents and notes.

Rule of the room: they read a request and write a response. They open no socket, and
know no server and no option.
"""

from .auth.basic_auth import BasicAuth
from .auth.htpasswd import HtpasswdFile, open_htpasswd
from .bodies.body import Body, parse_body
from .bodies.form_body import BodyLimits, Form, UploadedFile
from .bodies.json_body import media_type, read_body
from .bodies.json_members import whole_number
from .bodies.json_thread import parse_json, parse_json_object
from .cors import CORS, allow_field, cors_fields, restrict_origins
from .fields import NOSNIFF, SECURITY_FIELDS, parse_field, set_fields
from .files.caching import rule as parse_cache_rule
from .files.resource import FILE_METHODS, Files, parse_index_name
from .files.safe_open import LINK_POLICIES, parse_link_policy
from .files.types import ContentTypes, parse_charset, parse_type
from .origins import parse_origin
from .path_prefix import PathPrefix, parse_path_prefix
from .response_fields import ResponseFields
from .responses import (
    ErrorResource,
    HTTPError,
    error_response,
    method_not_allowed,
    problem,
    respond_later,
    text_response,
)
from .rest.digests import check_digests
from .rest.document_names import document_name, etag_of
from .rest.documents import RestDocuments
from .rest.notes import RestNotes
from .rest.preconditions import idempotency_key, precondition
from .rest.store_errors import from_store
from .shared_number import SharedNumber
from .virtual_hosts import VirtualHosts, parse_host_name
from .wrapper import Wrapper

__all__ = [
    "CORS",
    "FILE_METHODS",
    "LINK_POLICIES",
    "NOSNIFF",
    "SECURITY_FIELDS",
    "BasicAuth",
    "Body",
    "BodyLimits",
    "ContentTypes",
    "ErrorResource",
    "Files",
    "Form",
    "HTTPError",
    "HtpasswdFile",
    "PathPrefix",
    "ResponseFields",
    "RestDocuments",
    "RestNotes",
    "SharedNumber",
    "UploadedFile",
    "VirtualHosts",
    "Wrapper",
    "allow_field",
    "check_digests",
    "cors_fields",
    "document_name",
    "error_response",
    "etag_of",
    "from_store",
    "idempotency_key",
    "media_type",
    "method_not_allowed",
    "open_htpasswd",
    "parse_body",
    "parse_cache_rule",
    "parse_charset",
    "parse_field",
    "parse_host_name",
    "parse_index_name",
    "parse_json",
    "parse_json_object",
    "parse_link_policy",
    "parse_origin",
    "parse_path_prefix",
    "parse_type",
    "precondition",
    "problem",
    "read_body",
    "respond_later",
    "restrict_origins",
    "set_fields",
    "text_response",
    "whole_number",
]
