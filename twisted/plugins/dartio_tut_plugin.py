"""What ``twistd`` lists: one line a server, imported only when it is chosen."""

from twisted.application.service import ServiceMaker

_servers = "dartio_tut.servers."

hello = ServiceMaker(
    "Hello", _servers + "hello", "Greet every request (4040).", "hello"
)
thinker = ServiceMaker(
    "Thinker", _servers + "thinker", "Think of a number to guess (4041).", "thinker"
)
notes = ServiceMaker(
    "Notes", _servers + "notes", "Keep notes, one a line (4042).", "notes"
)
mini_file = ServiceMaker(
    "Mini file", _servers + "mini_file", "Serve one file by hand (4044).", "mini-file"
)
basic_file = ServiceMaker(
    "Basic file",
    _servers + "basic_file",
    "Serve one file by resource (4046).",
    "basic-file",
)
hello_secure = ServiceMaker(
    "Hello, secure",
    _servers + "hello_secure",
    "Greet every request over TLS (4047).",
    "hello-secure",
)
static = ServiceMaker("Static", _servers + "static", "Serve a folder (4048).", "static")
writer = ServiceMaker(
    "Writer", _servers + "writer", "Store JSON documents (4049).", "writer"
)
pages = ServiceMaker(
    "Pages", _servers + "pages", "Serve the tutorial's web pages (8080).", "pages"
)
tutorial = ServiceMaker(
    "Tutorial",
    _servers + "tutorial",
    "All servers of the tutorial in one process, each on its port.",
    "tutorial",
)
