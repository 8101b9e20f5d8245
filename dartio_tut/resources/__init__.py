"""
Resources for any `twisted.web` tree: files, request bodies, passwords, other origins,
virtual hosts, documents and notes.

Rule of the room: they read a request and write a response. They open no socket, and
know no server and no option.
"""

from .asked_addresses import asked_host
from .auth.basic_auth import BasicAuth
from .auth.htpasswd import HtpasswdFile, open_htpasswd
from .bodies.body import Body, parse_body
from .bodies.form_body import BodyLimits, Form, UploadedFile
from .bodies.json_body import media_type, read_body
from .bodies.json_members import parse_whole_number
from .bodies.json_thread import parse_json, parse_json_object
from .branches import Branches
from .cors import CORS, allow_field, cors_fields, restrict_origins
from .fields import NOSNIFF, SECURITY_FIELDS, parse_field, set_fields
from .file_server import parse_host_folder, parse_served_path, static_tree
from .files.caching import parse_cache_rule
from .files.field_rules import FieldRule, parse_field_rule
from .files.file_responses import FILE_METHODS
from .files.redirects import Redirect, parse_redirect
from .files.resource import Files, parse_index_name
from .files.safe_open import LINK_POLICIES, parse_link_policy
from .files.types import ContentTypes, parse_charset, parse_type
from .host_pages import HostPages, with_asked_host
from .laboratory import Bench, Laboratory, Preset, Tree
from .origins import parse_origin
from .own_pages import OwnPagesOnly, refusal_of_place
from .page_assets import PageAssets
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
from .server_list import ServerList
from .shared_number import SharedNumber
from .virtual_hosts import VirtualHosts, parse_host_name
from .wire_view.exchange_json import exchange_json
from .wire_view.recorder import Recorder
from .wire_view.wire_view import WireView
from .wrapper import Wrapper

__all__ = [
    "CORS",
    "FILE_METHODS",
    "LINK_POLICIES",
    "NOSNIFF",
    "SECURITY_FIELDS",
    "BasicAuth",
    "Bench",
    "Body",
    "BodyLimits",
    "Branches",
    "ContentTypes",
    "ErrorResource",
    "FieldRule",
    "Files",
    "Form",
    "HTTPError",
    "HostPages",
    "HtpasswdFile",
    "Laboratory",
    "OwnPagesOnly",
    "PageAssets",
    "PathPrefix",
    "Preset",
    "Recorder",
    "Redirect",
    "ResponseFields",
    "RestDocuments",
    "RestNotes",
    "ServerList",
    "SharedNumber",
    "Tree",
    "UploadedFile",
    "VirtualHosts",
    "WireView",
    "Wrapper",
    "allow_field",
    "asked_host",
    "check_digests",
    "cors_fields",
    "document_name",
    "error_response",
    "etag_of",
    "exchange_json",
    "from_store",
    "idempotency_key",
    "media_type",
    "method_not_allowed",
    "open_htpasswd",
    "parse_body",
    "parse_cache_rule",
    "parse_charset",
    "parse_field",
    "parse_field_rule",
    "parse_host_folder",
    "parse_host_name",
    "parse_index_name",
    "parse_json",
    "parse_json_object",
    "parse_link_policy",
    "parse_origin",
    "parse_path_prefix",
    "parse_redirect",
    "parse_served_path",
    "parse_type",
    "parse_whole_number",
    "precondition",
    "problem",
    "read_body",
    "refusal_of_place",
    "respond_later",
    "restrict_origins",
    "set_fields",
    "static_tree",
    "text_response",
    "with_asked_host",
]
