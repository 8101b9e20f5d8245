"""
The picture of a TLS handshake (RFC 8446 section 2).

What is drawn are the messages that OpenSSL reports while a client of Python's asks the
lesson ``hello-secure``.
"""

from __future__ import annotations

import ssl
import tempfile
from pathlib import Path
from typing import Any

from dartio_tut.anatomy import take_apart

from .recording import connect, lesson, receive, running, settled
from .sequence import Note, Sent, Sequence, Step, message_lines

CERTIFICATE = Path(".local/share/dartio_tut/hello-secure/cert.pem")
"""Where ``hello-secure`` keeps the certificate that it makes, in a home folder."""

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost:4047\r\n\r\n"

MESSAGES = {
    "CLIENT_HELLO": "I speak TLS 1.3 and 1.2, these ciphers, and want localhost.",
    "SERVER_HELLO": "{version}, this cipher; from here on all is encrypted.",
    "ENCRYPTED_EXTENSIONS": "We will speak {protocol}.",
    "CERTIFICATE": "I am localhost: here is my certificate.",
    "CERTIFICATE_VERIFY": "I signed this handshake with its private key.",
    "FINISHED": "A checksum of all that was said.",
}
"""What each message says here."""

NAMES = {
    "CLIENT_HELLO": "ClientHello",
    "SERVER_HELLO": "ServerHello",
    "ENCRYPTED_EXTENSIONS": "EncryptedExtensions",
    "CERTIFICATE": "Certificate",
    "CERTIFICATE_VERIFY": "CertificateVerify",
    "FINISHED": "Finished",
}
"""As RFC 8446 writes them."""

TRUSTED = "The certificate is for localhost, and this\nserver has its private key."

SEALED_AFTER = "SERVER_HELLO"


def tls_handshake() -> Sequence:
    """A handshake, and the first exchange on the encrypted connection."""
    client, server = "client", "twistd -n hello-secure"
    lanes = {client: "trusts the certificate", server: "has its private key"}
    steps: list[Step] = [Sent(client, server, "opens a connection to port 4047 (TCP)")]
    messages, facts, response = _run()
    is_sealed = False
    for is_sent, name in messages:
        source, target = (client, server) if is_sent else (server, client)
        says = MESSAGES[name].format(**facts)
        lines = (((NAMES[name], "method"),), ((says, "prose"),))
        words = f"{NAMES[name]}: {says[:-1]}{', encrypted' if is_sealed else ''}"
        steps.append(Sent(source, target, words, lines, is_sealed))
        is_sealed = is_sealed or name == SEALED_AFTER
        if name == "FINISHED" and not is_sent:
            steps.append(Note(client, TRUSTED, "good"))
    request = take_apart(REQUEST, "client")
    answer = take_apart(settled(response), "server")
    for source, target, message, words in (
        (client, server, request, "the request GET / HTTP/1.1, encrypted"),
        (server, client, answer, "the response HTTP/1.1 200 OK, encrypted"),
    ):
        steps.append(Sent(source, target, words, message_lines(message, 62), True))
    title = "A TLS handshake, and the first exchange behind it"
    return Sequence("tls-handshake", title, lanes, steps)


def _run() -> tuple[list[tuple[bool, str]], dict[str, str], bytes]:
    """
    Shake hands with ``hello-secure``, and ask it.

    :return: the messages, each with whether the client sent it; what was agreed on; the
        response.
    """
    messages: list[tuple[bool, str]] = []

    def note(
        conn: Any, way: str, version: Any, content: Any, kind: Any, _: Any
    ) -> None:
        if content.name == "HANDSHAKE" and kind.name in MESSAGES:
            messages.append((way == "write", kind.name))

    with (
        tempfile.TemporaryDirectory() as home,
        running(*lesson("hello-secure"), home=Path(home)) as daemon,
    ):
        context = ssl.create_default_context(cafile=Path(home, CERTIFICATE))
        context.set_alpn_protocols(["http/1.1"])
        context._msg_callback = note  # type: ignore[attr-defined]  # for debugging
        with (
            connect(daemon.port) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as wire,
        ):
            facts = {
                "version": (wire.version() or "").replace("v", " "),
                "protocol": (wire.selected_alpn_protocol() or "HTTP/1.1").upper(),
            }
            wire.sendall(REQUEST)
            return messages, facts, receive(wire)
