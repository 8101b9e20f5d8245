"""
Who is asked, and how each is started to serve a folder with listings.

Commands and configurations are templates, and the page shows them as they are here:
``$files``, ``$site`` and ``$work`` are folders, ``$port`` is where to listen. What is
not in a table cannot be asked of that server; where an option exists and is not here,
it is our mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .rows import BASE

ORIGIN = "https://app.example"


@dataclass(frozen=True)
class Start:
    """
    One way to start a server.

    :ivar command: the line that starts it.
    :ivar config: what is written into ``$work/config``.
    :ivar needs: an option that its help has to know.
    """

    command: str
    config: str = ""
    needs: str = ""


@dataclass(frozen=True)
class Contender:
    """
    One server.

    :ivar title: what it is; its version is found.
    :ivar comes: where it comes from.
    :ivar starts: the ways to start it, by what they are for.
    """

    name: str
    title: str
    comes: str
    starts: Mapping[str, Start] = field(default_factory=dict)

    @property
    def base(self) -> Start:
        """How it is started when nothing is said."""
        return self.starts[BASE]


OURS = "$program -n --pidfile= static --listing --port $port"

_OURS = {
    BASE: Start(f"{OURS} --root $files"),
    "precompressed": Start(f"{OURS} --root $files"),
    "not-found": Start(f"{OURS} --root $site"),
    "spa": Start(f"{OURS} --spa --root $site", needs="--spa"),
    "cache": Start(f"{OURS} --cache *.css=max-age=60 --root $files", needs="--cache"),
    "cors": Start(f"{OURS} --cors {ORIGIN} --root $files", needs="--cors"),
    "auth": Start(f"{OURS} --auth $work/users --root $files", needs="--auth"),
}


def _nginx(inside: str, root: str = "$files", listing: bool = True) -> Start:
    config = f"""\
$user
daemon off;
pid $work/pid;
error_log stderr;
events {{ }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    server {{
        listen 127.0.0.1:$port;
        root {root};
        {"autoindex on;" if listing else ""}
        {inside}
    }}
}}
"""
    lines = [line for line in config.splitlines() if line.strip()]
    command = "$program -e stderr -p $work -c $work/config"
    return Start(command, "\n".join(lines) + "\n")


_CORS_OF_NGINX = f"""\
add_header Access-Control-Allow-Origin {ORIGIN} always;
        add_header Access-Control-Allow-Headers If-None-Match always;
        if ($$request_method = OPTIONS) {{ return 204; }}"""

_NGINX = {
    BASE: _nginx(""),
    "precompressed": _nginx("gzip_static on; gzip_vary on;"),
    "not-found": _nginx("error_page 404 /404.html;", "$site"),
    "spa": _nginx("location / { try_files $$uri /index.html; }", "$site", False),
    "cache": _nginx("location ~ \\.css$$ { expires 60; }"),
    "cors": _nginx(_CORS_OF_NGINX),
    "auth": _nginx("auth_basic files; auth_basic_user_file $work/users;"),
}


def _caddy(inside: str, root: str = "$files", serve: str = "browse") -> Start:
    config = f"""\
{{
    admin off
    auto_https off
}}
http://:$port {{
    bind 127.0.0.1
    root * {root}
    {inside}
    file_server {serve}
}}
"""
    command = "$program run --adapter caddyfile --config $work/config"
    lines = [line.rstrip() for line in config.splitlines() if line.strip()]
    return Start(command, "\n".join(lines) + "\n")


_BCRYPT = "$$2a$$14$$TGALQBzq8g64ThNFEW.ak.C9P5xd//oZosQlip6OJ.Y8jHGvkpJ12"

_CORS_OF_CADDY = f"""\
header Access-Control-Allow-Origin {ORIGIN}
    header Access-Control-Allow-Headers If-None-Match
    @options method OPTIONS
    respond @options 204"""

_OWN_404_OF_CADDY = """\
handle_errors {
        rewrite * /404.html
        file_server
    }"""

_CADDY = {
    BASE: Start("$program file-server --browse --root $files --listen 127.0.0.1:$port"),
    "precompressed": _caddy(
        "", serve="{\n        browse\n        precompressed zstd br gzip\n    }"
    ),
    "not-found": _caddy(_OWN_404_OF_CADDY, "$site"),
    "spa": _caddy("try_files {path} /index.html", "$site", ""),
    "cache": _caddy("@css path *.css\n    header @css Cache-Control max-age=60"),
    "cors": _caddy(_CORS_OF_CADDY),
    "auth": _caddy(f"basicauth {{\n        me {_BCRYPT}\n    }}"),
}


def _lighttpd(inside: str, modules: str = "", root: str = "$files") -> Start:
    more = "".join(f', "{module}"' for module in modules.split())
    config = f"""\
server.modules = ("mod_dirlisting", "mod_staticfile"{more})
server.bind = "127.0.0.1"
server.port = $port
server.document-root = "{root}"
index-file.names = ("index.html")
dir-listing.activate = "enable"
dir-listing.encoding = "utf-8"
include_shell "/usr/share/lighttpd/create-mime.conf.pl"
{inside}
"""
    lines = "\n".join(filter(None, config.splitlines())) + "\n"
    return Start("$program -D -f $work/config", lines)


_CORS_OF_LIGHTTPD = f"""\
setenv.add-response-header = (
    "Access-Control-Allow-Origin" => "{ORIGIN}",
    "Access-Control-Allow-Headers" => "If-None-Match")"""

_AUTH_OF_LIGHTTPD = """\
auth.backend = "htpasswd"
auth.backend.htpasswd.userfile = "$work/users"
auth.require = ("" => (
    "method" => "basic", "realm" => "files", "require" => "valid-user"))"""

_CACHE_OF_LIGHTTPD = """\
$$HTTP["url"] =~ "\\.css$$" {
    setenv.add-response-header = ("Cache-Control" => "max-age=60")
}"""

_LIGHTTPD = {
    BASE: _lighttpd(""),
    "not-found": _lighttpd('server.errorfile-prefix = "$site/"', root="$site"),
    "spa": _lighttpd(
        'url.rewrite-if-not-file = ("" => "/index.html")', "mod_rewrite", "$site"
    ),
    "cache": _lighttpd(_CACHE_OF_LIGHTTPD, "mod_setenv"),
    "cors": _lighttpd(_CORS_OF_LIGHTTPD, "mod_setenv"),
    "auth": _lighttpd(_AUTH_OF_LIGHTTPD, "mod_auth mod_authn_file"),
}

_DARKHTTPD = {
    BASE: Start("$program $files --addr 127.0.0.1 --port $port"),
    "cors": Start(
        "$program $files --addr 127.0.0.1 --port $port "
        f"--header 'Access-Control-Allow-Origin: {ORIGIN}' "
        "--header 'Access-Control-Allow-Headers: If-None-Match'",
        needs="--header",
    ),
    "auth": Start("$program $files --addr 127.0.0.1 --port $port --auth me:secret"),
}

HTTP_SERVER = "-a 127.0.0.1 -p $port"

# The folder comes first: an option without a value would take it as one.
_HTTP_SERVER = {
    BASE: Start(f"$program $files {HTTP_SERVER}"),
    "precompressed": Start(f"$program $files {HTTP_SERVER} --gzip --brotli"),
    "not-found": Start(f"$program $site {HTTP_SERVER}"),
    "spa": Start(f"$program $site {HTTP_SERVER} --proxy http://127.0.0.1:$port?"),
    "cors": Start(f"$program $files {HTTP_SERVER} --cors=If-None-Match"),
    "auth": Start(f"$program $files {HTTP_SERVER} --username me --password secret"),
}

SERVE = "$program --listen tcp://127.0.0.1:$port --no-clipboard --no-port-switching"

_CACHE_OF_SERVE = """\
{"headers": [{
    "source": "**/*.css",
    "headers": [{"key": "Cache-Control", "value": "max-age=60"}]
}]}
"""

_SERVE = {
    BASE: Start(f"{SERVE} $files"),
    "not-found": Start(f"{SERVE} $site"),
    "spa": Start(f"{SERVE} --single $site"),
    "cache": Start(f"{SERVE} --config $work/config $files", _CACHE_OF_SERVE),
    "cors": Start(f"{SERVE} --cors $files"),
}

_PYTHON = {
    BASE: Start("$program -m http.server --bind 127.0.0.1 --directory $files $port")
}

TWIST = "$program web --listen tcp:$port:interface=127.0.0.1"

_TWIST = {
    BASE: Start(f"{TWIST} --path $files"),
    "cors": Start(
        f"{TWIST} --add-header Access-Control-Allow-Origin:{ORIGIN} "
        "--add-header Access-Control-Allow-Headers:If-None-Match --path $files"
    ),
}

CONTENDERS = (
    Contender("ours", "dartio_tut, `twistd static`", "this project", _OURS),
    Contender("nginx", "nginx", "Debian, nginx-light", _NGINX),
    Contender("caddy", "Caddy", "Debian, caddy", _CADDY),
    Contender("lighttpd", "lighttpd", "Debian, lighttpd", _LIGHTTPD),
    Contender("darkhttpd", "darkhttpd", "any on the path", _DARKHTTPD),
    Contender("http-server", "http-server", "npm", _HTTP_SERVER),
    Contender("serve", "serve", "npm", _SERVE),
    Contender("http.server", "Python's `http.server`", "Python", _PYTHON),
    Contender("twist", "Twisted's `twist web`", "PyPI", _TWIST),
)

NOT_COVERED = {
    "miniserve": "Debian 12, PyPI and npm have no package of it",
    "dufs": "Debian 12, PyPI and npm have no package of it",
}
"""Servers of the same kind that are not asked, and why."""
