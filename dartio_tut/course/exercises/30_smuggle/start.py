"""
Exercise 30: smuggle a request past a proxy, then mend it.
"""


class Refused(Exception):
    """The proxy answers 400, and closes the connection."""


def fields_of(head: bytes) -> dict[bytes, bytes]:
    """The fields in *head*, a request line and what follows it."""
    fields = {}
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        fields[name.strip().lower()] = value.strip()
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


def proxy(data: bytes) -> bytes:
    """What the proxy hands on of *data*: all but requests for /admin. Mend it."""
    handed_on = b""
    while data:
        head, _, rest = data.partition(b"\r\n\r\n")
        length = int(fields_of(head).get(b"content-length", b"0"))
        if head.split(b" ")[1] != b"/admin":
            handed_on += data[: len(head) + 4 + length]
        data = rest[length:]
    return handed_on


def attack() -> bytes:
    """What gets a request for /admin past the proxy as it is now."""
    return b"GET /admin HTTP/1.1\r\nHost: example.org\r\n\r\n"


if __name__ == "__main__":
    print("The server is asked for", server(proxy(attack())))
