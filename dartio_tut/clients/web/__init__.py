"""
Sending requests for the lessons: treq, and what a program for people needs around it.

That is URLs as people type them, whom to trust, proxies, redirects, content codings,
time limits, and one sentence for each way in which an exchange can fail.

Rule of this room: everything that a server does wrong becomes a `ClientError`; a client
knows treq's interface and nothing of what is in here.
"""

from .certificates import CertificateFacts
from .charset import charset_of
from .client import WebClient, web_client
from .inspecting import Asked, Inspector
from .raw_exchange import MAX_KEPT_BYTES, RawExchange, Times, TLSFacts
from .url import WebURL, url_for_messages, without_credentials

__all__ = [
    "MAX_KEPT_BYTES",
    "Asked",
    "CertificateFacts",
    "Inspector",
    "RawExchange",
    "TLSFacts",
    "Times",
    "WebClient",
    "WebURL",
    "charset_of",
    "url_for_messages",
    "web_client",
    "without_credentials",
]
