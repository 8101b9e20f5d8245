"""
The tree of resources that a static file server is made of.

Around the files are, from the inside: the hosts, the prefix, the password, the other
origins, and the header fields that are on every response.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from twisted.logger import Logger
from twisted.web.resource import IResource
from twisted.web.server import Request

from .auth.basic_auth import BasicAuth
from .cors import CORS
from .fields import Fields
from .files.caching import IMMUTABLE, PRIVATE_IMMUTABLE, CacheRule
from .files.field_rules import FieldRule
from .files.resource import Files
from .files.root import path_for_log
from .files.types import ContentTypes
from .path_prefix import PathPrefix
from .response_fields import ResponseFields
from .virtual_hosts import VirtualHosts, parse_host_name
from .wrapper import Wrapper

_log = Logger()


def parse_served_path(text: str) -> str:
    """
    Return the absolute path of the folder or the file that is to be served.

    :raise ValueError: when it is neither, or may not be read.
    """
    if not text:
        raise ValueError("it is empty: write . for the current folder")
    path = os.path.abspath(text)
    try:
        mode = os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(f"{text}: no such folder or file") from None
    except OSError as error:  # a folder above it may not be entered, for example
        why = os.strerror(error.errno or 0).lower()
        raise ValueError(f"{text}: {why}") from None
    is_folder = stat.S_ISDIR(mode)
    if not is_folder and not stat.S_ISREG(mode):
        raise ValueError(f"{text}: neither a folder nor a file")
    if not os.access(path, os.R_OK | os.X_OK if is_folder else os.R_OK):
        raise ValueError(f"{text}: permission denied")
    return path


def parse_host_folder(text: str) -> tuple[str, str]:
    """
    Return the name of a host and the absolute path of its folder, as in
    ``example.org=FOLDER``.

    :raise ValueError: when it is written in another way, or is not a folder.
    """
    name, _, folder = text.partition("=")
    if not folder:
        raise ValueError(f"{text!r} is not NAME=FOLDER: use example.org=FOLDER")
    path = parse_served_path(folder)
    if not os.path.isdir(path):
        raise ValueError(f"{folder}: not a folder")
    return parse_host_name(name), path


def static_tree(options: Mapping[str, Any], private: Collection[str] = ()) -> IResource:
    """
    Return the resources that *options*, those of ``twistd static``, ask for.

    :param private: paths of files that are never served.
    :raise ValueError: when two hosts have the same name.
    """
    rules: Sequence[FieldRule] = options["header"]
    cache: Sequence[CacheRule] = options["cache"]
    if options["auth"]:
        cache = [
            (pattern, PRIVATE_IMMUTABLE if value == IMMUTABLE else value)
            for pattern, value in cache
        ]
        private = [*private, options["auth"].path]
    files = partial(
        Files,
        listing=options["listing"],
        index=options["index"] or None,
        links=options["links"],
        dotfiles=options["dotfiles"],
        spa=options["spa"],
        try_html=options["try-html"],
        types=ContentTypes(options["charset"], dict(options["type"])),
        cache=cache,
        precompressed=not options["no-precompressed"],
        fields=[rule for rule in rules if rule.pattern or _is_for_some(rule, rules)],
        redirects=options["redirect"],
        private=private,
    )
    tree = _hosts(options, files)
    if options["prefix"] != "/":
        tree = PathPrefix(tree, options["prefix"])
    if options["auth"]:
        tree = BasicAuth(tree, options["auth"], "files")
    if options["cors"]:
        tree = CORS(tree, options["cors"])
    return with_fields(tree, rules)


def _hosts(options: Mapping[str, Any], files: Callable[[str], IResource]) -> IResource:
    """The folder ``--root``, and those of ``--host`` for other names."""
    root = os.path.abspath(options["root"])
    _log.info("Serving {root}", root=path_for_log(root))
    tree = files(root)
    if not options["host"]:
        return tree
    hosts = VirtualHosts(tree)
    for name, folder in options["host"]:
        _log.info("Serving {folder} as {name}", folder=path_for_log(folder), name=name)
        hosts.add(name, files(folder))
    return hosts


def with_fields(tree: IResource, rules: Sequence[FieldRule]) -> IResource:
    """
    Return *tree* with those fields of *rules* on every response that are for all. Those
    that some files have otherwise are left to these files.
    """
    for_all = [rule for rule in rules if not rule.pattern]
    fixed = [rule[1:] for rule in for_all if not _is_for_some(rule, rules)]
    changing = [rule[1:] for rule in for_all if _is_for_some(rule, rules)]
    if changing:
        tree = _InitialFields(tree, tuple(field for field in changing if field[1]))
    return ResponseFields(tree, fixed) if fixed else tree


def _is_for_some(rule: FieldRule, rules: Sequence[FieldRule]) -> bool:
    """Whether some files have the field of *rule* otherwise. A Vary is joined."""
    name = rule.name.lower()
    if name == b"vary":
        return False
    return any(other.pattern and other.name.lower() == name for other in rules)


class _InitialFields(Wrapper):
    """Header fields that the tree may replace or remove."""

    def __init__(self, resource: IResource, fields: Fields) -> None:
        super().__init__(resource)
        self._fields = fields

    @property
    def refusal_fields(self) -> Fields:
        """These fields, and those of the tree."""
        return (*self._fields, *super().refusal_fields)

    def prepare(self, request: Request) -> None:
        """Set the fields that are not set yet."""
        for name in {name for name, _ in self._fields}:
            if not request.responseHeaders.hasHeader(name):
                values = [value for other, value in self._fields if other == name]
                request.responseHeaders.setRawHeaders(name, values)
