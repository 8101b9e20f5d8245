"""
What this project's file server answers, and what its peers answer to the same.

    $ make compare
    $ python -m comparison --peer ours --peer nginx

Every server is started as its manual says for "serve this folder, with listings",
and is asked the same list of questions, over a socket that sends each byte as it is
written: no client tidies up a path on the way. What comes back is written down in a
few characters and judged against the standard, or where that leaves it open, against
what people who run a file server would wish. A verdict is about the answer alone; it
does not depend on which server gave it.

A question about an option starts the server again, with that option. A server that has
no such option is not judged in that row, and the page says so.
"""
