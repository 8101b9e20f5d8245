"""
The options of the static file server, in a module of their own: its lesson is the
folder, not the options.

Rule: each option is declared beside the function that checks it. So this is the lowest
floor where they can stand: options are made in ``daemon`` and checked in ``resources``,
which know nothing of each other.
"""

from __future__ import annotations

from collections.abc import Sequence

from twisted.python.usage import UsageError

from dartio_tut.daemon import RootOptions, flag, option, repeated_option
from dartio_tut.resources import (
    open_htpasswd,
    parse_cache_rule,
    parse_charset,
    parse_field_rule,
    parse_host_folder,
    parse_index_name,
    parse_link_policy,
    parse_origin,
    parse_path_prefix,
    parse_redirect,
    parse_served_path,
    parse_type,
)


class StaticOptions(RootOptions):
    """What `static_tree` can be asked for, and a folder or a file to serve."""

    synopsis = "[options] [FOLDER or FILE]"
    options = (
        flag("listing", "List a folder that has no index file."),
        flag("dotfiles", "Serve names that begin with a dot, too."),
        flag("spa", "Answer a browser with the index when a page is not found."),
        flag("try-html", "Answer /about with about.html."),
        flag("no-precompressed", "Never send app.js.br in the place of app.js."),
        option("links", "Links to follow: inside the root, follow (all), refuse.",
               parse_link_policy, "inside"),
        option("charset", "Charset of text, or none.", parse_charset, "utf-8"),
        option("prefix", "Path to serve below: /files/.", parse_path_prefix, "/"),
        option("auth", "Ask for a user and password of this htpasswd file.",
               open_htpasswd, is_path=True),
        repeated_option("index", "Name of index files, instead of index.html.",
                        parse_index_name),
        repeated_option("host", "NAME=FOLDER for another host; NAME may be *.NAME.",
                        parse_host_folder, is_path=True),
        repeated_option("cache", "PATTERN=VALUE of Cache-Control: assets/*=immutable.",
                        parse_cache_rule),
        repeated_option("header", "NAME: VALUE on every response, or PATTERN=NAME: "
                        "VALUE with some files; without a value it is not sent.",
                        parse_field_rule, letter="H"),
        repeated_option("type", "NAME=TYPE of content, by .log, LICENSE or * for the "
                        "rest.", parse_type),
        repeated_option("redirect", "FROM=TO: /old.html=/new.html, /old/*=/new/*.",
                        parse_redirect),
        repeated_option("cors", "Origin whose pages may read the files; * for any.",
                        parse_origin),
    )  # fmt: skip

    def served_paths(self) -> Sequence[tuple[str, str]]:
        """The folder or file, the folders of other hosts, the file of the users."""
        paths = [("host", folder) for _, folder in self["host"]]
        if self["auth"] is not None:
            paths.append(("auth", self["auth"].path))
        return [*super().served_paths(), *paths]

    def parseArgs(self, *paths: str) -> None:
        """Serve the folder or file that is named without an option."""
        if len(paths) + ("root" in self.given) > 1:
            raise UsageError("name one folder or file to serve")
        for path in paths:
            self.give_argument("root", path, parse_served_path)
