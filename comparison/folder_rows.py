"""
Folders: the redirect to them, their index, their listing.
"""

from __future__ import annotations

from .asking import Server
from .judging import Verdict, brief, gives, graded, permitted, redirects_to, wrong
from .listing import Listing, harmless, in_order
from .rows import Ask, Group, answer_to
from .tree import INDEX, NAMES

EVIL = "evil.example"

FOLDERS = Group("Folders")


def _listing(server: Server, path: str) -> Listing | None:
    """The listing of a folder, asked for as a browser does."""
    answer = server.ask(path, [("Accept", "text/html,*/*;q=0.8")])
    if answer.status != 200 or "html" not in answer.kind:
        return None
    return Listing(answer.body.decode("utf-8", "surrogateescape"))


def _redirect(asked: str, wanted: str) -> Ask:
    return lambda server: redirects_to(server.ask(asked), server.host, asked, wanted)


_SUB, _QUERY = _redirect("/sub", "/sub/"), _redirect("/sub?a=b", "/sub/?a=b")
FOLDERS.add("`/sub`", "301 or 308 to `/sub/`", "links below it", _SUB)
FOLDERS.add("`/sub?a=b`", "the query is kept", "links below it", _QUERY)


@FOLDERS.row(f"Redirect for `Host: {EVIL}`", "does not name it", "poisoned caches")
def _echo(server: Server) -> Verdict:
    """Whether a redirect names whatever host the request does."""
    asked = f"GET /sub HTTP/1.1\r\nHost: {EVIL}\r\nConnection: close\r\n\r\n"
    answer = server.send(asked.encode())
    named = EVIL in answer.field("location")
    return graded("names it" if named else "does not", good=not named, fair=True)


_INDEXED = answer_to("/indexed/", gives(INDEX))
FOLDERS.add("Folder with an index", "200, the index", "as usual", _INDEXED)


@FOLDERS.row("Listing", "links the files", "as asked for")
def _listed(server: Server) -> Verdict:
    page = _listing(server, "/")
    if page is None:
        return wrong(brief(server.ask("/")))
    return graded("yes", good=page.path_to("/", b"plain.txt") is not None)


@FOLDERS.row("Listing, order", "by name", "to be read")
def _sorted(server: Server) -> Verdict:
    page = _listing(server, "/sub/")
    names = ["a.txt", "b.txt", "c.txt", "d.txt"]
    return in_order(page.paths("/sub/"), names) if page else wrong("no listing")


@FOLDERS.row("Listing, `.hidden`", "not listed", "kept hidden")
def _hidden(server: Server) -> Verdict:
    page = _listing(server, "/sub/")
    if page is None:
        return wrong("no listing")
    told = page.path_to("/sub/", b".hidden") is not None
    return graded("listed" if told else "not listed", good=not told, fair=True)


@FOLDERS.row("Listing, charset", "utf-8", "RFC 9110 8.3.1")
def _charset(server: Server) -> Verdict:
    kind = server.ask("/names/", [("Accept", "text/html")]).field("content-type")
    kind = kind.lower()
    return graded(kind or "none", good="utf-8" in kind, fair="charset" not in kind)


@FOLDERS.row("Listing for `Accept: application/json`", "JSON", "RFC 9110 12.5.1")
def _json(server: Server) -> Verdict:
    answer = server.ask("/sub/", [("Accept", "application/json")])
    if "json" not in answer.kind:
        return permitted(answer.field("content-type") or brief(answer))
    said = "JSON" if answer.is_json else "not JSON"
    return graded(said, good=answer.is_json and b"a.txt" in answer.body)


@FOLDERS.row('Listing, names with `<` and `"`', "escaped", "no script")
def _escaped(server: Server) -> Verdict:
    page = _listing(server, "/names/")
    return harmless(page) if page else wrong("no listing")


def _linked(title: str, kind: str, clause: str) -> None:
    """Follow the link to a file with an odd name, which holds its name."""
    # One that trips over bytes that are no UTF-8 is not to lose the others for it.
    name, folder = NAMES[kind], "/bytes/" if kind == "latin-1" else "/names/"

    @FOLDERS.row(title, "link leads there", clause)
    def ask(server: Server) -> Verdict:
        page = _listing(server, folder)
        if page is None:
            return wrong(f"{brief(server.ask(folder))}, no listing")
        path = page.path_to(folder, name)
        if path is None:
            return permitted("no link that leads there")
        answer = server.follow(path)
        said = f"linked, {brief(answer)}"
        return graded(said, good=answer.gives(name), fair=answer.refuses)


_linked("File `a b#c?d%41.txt`", "space", "RFC 3986 2.1")
_linked("File `javascript:1.txt`", "colon", "RFC 3986 4.2")
_linked('File `"onxss="1".txt`', "quote", "RFC 3986 2.1")
_linked("File with a line feed in its name", "newline", "RFC 3986 2.1")
_linked("File `größe.txt`", "utf-8", "RFC 3986 2.5")
_linked("The same in Latin-1, in the listing", "latin-1", "any name")


@FOLDERS.row("The same in Latin-1, asked for", "200", "any name")
def _bytes(server: Server) -> Verdict:
    answer = server.ask("/bytes/gr%F6%DFe.txt")
    good = answer.gives(NAMES["latin-1"])
    return graded(brief(answer), good=good, fair=answer.refuses)


@FOLDERS.row(
    "Option: any path is the index page", "200, the index", "for applications", "spa"
)
def _spa(server: Server) -> Verdict:
    deep = server.ask("/some/deep/link", [("Accept", "text/html")])
    return gives(INDEX)(deep)
