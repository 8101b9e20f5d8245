"""
Static file server: a folder and all that is below it.

    $ twistd -n static --root . --listing
    $ curl http://localhost:4048/file.txt
"""

from __future__ import annotations

import os
from functools import partial

from twisted.application.service import IService
from twisted.logger import Logger
from twisted.web.resource import IResource

from dartio_tut.daemon import (
    RootOptions,
    existing_folder,
    flag,
    option,
    repeated_option,
    serve,
    startup_errors,
)
from dartio_tut.resources import (
    CORS,
    BasicAuth,
    ContentTypes,
    Files,
    VirtualHosts,
    mounted,
    open_htpasswd,
    parse_cache_rule,
    parse_charset,
    parse_field,
    parse_host_name,
    parse_index_name,
    parse_link_policy,
    parse_origin,
    parse_path_prefix,
    parse_type,
)

log = Logger()


def host(text: str) -> tuple[str, str]:
    """A host's name, and its folder."""
    name, _, folder = text.partition("=")
    if not folder:
        raise ValueError(f"{text!r} is no host: use one such as example.org=FOLDER")
    return parse_host_name(name), existing_folder(folder)


class Options(RootOptions):
    """Listen where the tutorial listens, serve a folder."""

    longdesc = (
        "Serves a folder and what is below it. A folder answers with its "
        "index.html, or with a listing. Compressed siblings (app.js.br) are sent "
        "to who takes them, and 404.html to who goes astray."
    )
    default_port = 4048
    options = (
        flag("listing", "List a folder that has no index file."),
        flag("dotfiles", "Serve names that begin with a dot, too."),
        flag("spa", "Answer with the index what is no file and has no extension."),
        flag("try-html", "Answer /about with about.html."),
        flag("no-precompressed", "Never send a compressed sibling instead."),
        option(
            "links",
            "Links: those inside the root, follow, or refuse.",
            parse_link_policy,
            "inside",
        ),
        option(
            "charset", "What text is said to be in; or none.", parse_charset, "utf-8"
        ),
        option(
            "prefix", "Path to serve below, such as /files/.", parse_path_prefix, "/"
        ),
        option(
            "auth", "Ask for a name and password of this htpasswd file.", open_htpasswd
        ),
        repeated_option(
            "index", "A folder's index file, instead of index.html.", parse_index_name
        ),
        repeated_option(
            "host", "NAME=FOLDER to serve another host, also *.NAME.", host
        ),
        repeated_option("cache", "PATTERN=VALUE of Cache-Control.", parse_cache_rule),
        repeated_option(
            "header",
            "NAME: VALUE for every file; no value: not sent.",
            parse_field,
            letter="H",
        ),
        repeated_option("type", ".EXTENSION=TYPE of content.", parse_type),
        repeated_option(
            "cors", "Origin whose pages may read the files; * is any.", parse_origin
        ),
    )


def tree(options: Options) -> IResource:
    """The resources that *options* ask for, one around the other."""
    files = partial(
        Files,
        listing=bool(options["listing"]),
        index=options["index"] or ["index.html"],
        links=options["links"],
        dotfiles=bool(options["dotfiles"]),
        spa=bool(options["spa"]),
        try_html=bool(options["try-html"]),
        types=ContentTypes(options["charset"], dict(options["type"])),
        cache=options["cache"],
        precompressed=not options["no-precompressed"],
        fields=options["header"],
    )
    root: IResource = files(options["root"])
    if options["host"]:
        hosts = VirtualHosts(root)
        for name, folder in options["host"]:
            hosts.add(name, files(folder))
        root = hosts
    root = mounted(root, options["prefix"])
    if options["auth"]:
        root = BasicAuth(root, options["auth"], "files")
    if options["cors"]:
        root = CORS(root, options["cors"])
    return root


def makeService(options: Options) -> IService:
    """Serve the files as a daemon."""
    log.info("Serving {root}", root=os.path.abspath(options["root"]))
    for name, folder in options["host"]:
        log.info("Serving {folder} as {name}", folder=folder, name=name)
    with startup_errors("--host"):
        root = tree(options)
    return serve(root, options, path=options["prefix"])
