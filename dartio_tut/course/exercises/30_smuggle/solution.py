"""
Exercise 30: smuggle a request past a proxy, then mend it.
"""

MAX_DIGITS = 18
"""No body is longer than these tell, and int() does not take any number of digits."""


class Refused(Exception):
    """The proxy answers 400, and closes the connection."""


def fields_of(head: bytes) -> dict[bytes, bytes]:
    """The fields in *head*, a request line and what follows it."""
    fields = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        name = name.lower()
        if b" " in name or name in fields:
            raise Refused(name)
        fields[name] = value.strip()
    return fields


def after_chunks(data: bytes) -> bytes:
    """What stands behind the body in chunks that *data* begins with."""
    while True:
        size, _, data = data.partition(b"\r\n")
        data = data[int(size, 16) + 2 :]
        if int(size, 16) == 0:
            return data


def server(data: bytes) -> list[bytes]:
    """The targets of the requests that the server finds in *data*. It is right."""
    targets = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        targets.append(head.split(b" ")[1])
        fields = fields_of(head)
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            data = after_chunks(data)
        else:
            data = data[int(fields.get(b"content-length", b"0")) :]
    return targets


def body_length(head: bytes, data: bytes) -> int:
    """How many bytes of *data* are the body of the request with this *head*."""
    framing = {
        name: value
        for name, value in fields_of(head).items()
        if name in (b"content-length", b"transfer-encoding")
    }
    if len(framing) > 1:
        raise Refused("both lengths")
    if b"transfer-encoding" in framing:
        if framing[b"transfer-encoding"].lower() != b"chunked":
            raise Refused("another coding")
        return len(data) - len(after_chunks(data))
    length = framing.get(b"content-length", b"0")
    if not length.isdigit() or len(length) > MAX_DIGITS:
        raise Refused("no length")
    return int(length)


def proxy(data: bytes) -> bytes:
    """What the proxy hands on of *data*: all but requests for /admin."""
    handed_on = b""
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        length = body_length(head, rest)
        if head.split(b" ")[1] != b"/admin":
            handed_on += data[: len(head) + 4 + length]
        data = rest[length:]
    return handed_on


def attack() -> bytes:
    """What got a request for /admin past the proxy as it was."""
    hidden = b"0\r\n\r\nGET /admin HTTP/1.1\r\nHost: example.org\r\n\r\n"
    return (
        b"POST / HTTP/1.1\r\nHost: example.org\r\n"
        b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n" % len(hidden)
    ) + hidden


if __name__ == "__main__":
    try:
        print("The server is asked for", server(proxy(attack())))
    except Refused as error:
        print("The proxy refuses:", error)
