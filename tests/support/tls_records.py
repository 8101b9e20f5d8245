"""
TLS 1.3 records of a client, made by hand: what no library sends of its own accord.
"""

from __future__ import annotations

import hmac
import socket
from struct import pack

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from OpenSSL import SSL

HANDSHAKE, DATA = 22, 23
"""Content types (RFC 8446 section 5.1)."""

KEY_UPDATE = 24
"""A type of handshake messages (RFC 8446 section 4)."""

HASH = "sha256"
KEY_BYTES, NONCE_BYTES, SECRET_BYTES, TAG_BYTES = 16, 12, 32, 16
"""Those of the cipher suite ``TLS_AES_128_GCM_SHA256``."""


def _derived(secret: bytes, label: bytes, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 section 7.1) without a context, for one block."""
    name = b"tls13 " + label
    info = pack(">HB", length, len(name)) + name + b"\0"
    return hmac.digest(secret, info + b"\1", HASH)[:length]


class TLSRecordClient:
    """
    A client whose handshake is OpenSSL's, and whose records are made here.

    :ivar tls: reads what the server sends.
    """

    def __init__(self, port: int) -> None:
        secrets: dict[bytes, bytes] = {}

        def keep(_: object, line: bytes) -> None:
            label, _random, secret = line.split()
            secrets[label] = bytes.fromhex(secret.decode())

        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(SSL.TLS1_3_VERSION)
        context.set_tls13_ciphersuites(b"TLS_AES_128_GCM_SHA256")
        context.set_keylog_callback(keep)
        context.set_alpn_protos([b"http/1.1"])
        self._socket = socket.create_connection(("127.0.0.1", port))
        self.tls = SSL.Connection(context, self._socket)
        self.tls.set_connect_state()
        self.tls.do_handshake()
        self._use(secrets[b"CLIENT_TRAFFIC_SECRET_0"])

    def _use(self, secret: bytes) -> None:
        self._secret, self._sequence = secret, 0
        self._aead = AESGCM(_derived(secret, b"key", KEY_BYTES))
        self._nonce = int.from_bytes(_derived(secret, b"iv", NONCE_BYTES), "big")

    def record(self, content: bytes, kind: int = DATA) -> bytes:
        """The next record, which has *content* (RFC 8446 section 5.2)."""
        head = pack(">BHH", DATA, 0x0303, len(content) + 1 + TAG_BYTES)
        nonce = (self._nonce ^ self._sequence).to_bytes(NONCE_BYTES, "big")
        self._sequence += 1
        return head + self._aead.encrypt(nonce, content + bytes([kind]), head)

    def key_update(self, *, asks_for_one: bool) -> bytes:
        """The next record is a KeyUpdate (RFC 8446 section 4.6.3)."""
        message = bytes([KEY_UPDATE, 0, 0, 1, asks_for_one])
        made = self.record(message, HANDSHAKE)
        self._use(_derived(self._secret, b"traffic upd", SECRET_BYTES))
        return made

    def send(self, records: bytes) -> None:
        """Send *records* as they are."""
        self._socket.sendall(records)

    def received(self) -> bytes:
        """What the server sends until it ends the connection."""
        came = b""
        try:
            while data := self.tls.recv(65536):
                came += data
        except (SSL.Error, OSError):
            pass
        self._socket.close()
        return came
