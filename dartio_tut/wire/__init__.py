"""
Bytes to ``twisted.web`` requests and back: HTTP/1, TLS, sockets.

Rule of the room: it asks its site through an interface (`interfaces.ISite`), and tells
what happened as events. It knows no option, writes no access log, and opens no file.
"""

from .connection_limit import ConnectionLimit
from .deadlines import NEVER, Deadlines
from .event_batch import BatchObserver, EventBatch, Noted, exchanges_done
from .events import (
    ConnectionClosed,
    ConnectionOpened,
    Ending,
    Event,
    ExchangeDone,
    NotedHead,
    Observer,
    UsualExchange,
    seconds_since_epoch,
)
from .fields import FieldSet, replace_fields
from .file_sending import send_file, send_parts, set_length
from .host_names import (
    HostPattern,
    canonical_host,
    host_of_field,
    is_address,
    requested_host,
)
from .http1.channel import Channel
from .http1.parser import Head
from .http1.request_head import HeadReader
from .http1.response_head import refusal
from .http1.watched_channel import WatchedChannel
from .http2.connection import HTTP2Connection
from .http2.shared import HTTP2
from .interfaces import (
    Fields,
    IConnection,
    IProxyTrust,
    RequestHeaderFields,
    refusal_fields,
    set_refusal_fields,
)
from .limits import Limits
from .protocol_choice import (
    ChoosingFactory,
    ChoosingProtocol,
    by_negotiation,
    by_preface,
)
from .proxied_protocol import ProxiedProtocol
from .proxy_head import ip_address_of
from .repeated_line import FAULTS_OF_THE_MACHINE, RepeatedLine
from .request import Request, is_end_of_request
from .request_with_body import tell_not_held
from .streamed_body import IncompleteBody
from .transport.alpn import set_alpn
from .transport.handshake_faults import check_clients
from .transport.keep_out import keep_out
from .transport.plain_text import RefusingTLSFactory
from .transport.reactor import leave_to_others, with_fast_ports
from .transport.subjects import subject_text
from .transport.tls_port import listen_tls
from .transport.turns import SharedSockets
from .twisted_private import (
    LogsTimeOfDay,
    cooperating_by,
    passed_descriptors,
    passed_names,
    set_curves,
)
from .watching import ConnectionWatcher, IWatcher, TLSFacts

__all__ = [
    "FAULTS_OF_THE_MACHINE",
    "HTTP2",
    "NEVER",
    "BatchObserver",
    "Channel",
    "ChoosingFactory",
    "ChoosingProtocol",
    "ConnectionClosed",
    "ConnectionLimit",
    "ConnectionOpened",
    "ConnectionWatcher",
    "Deadlines",
    "Ending",
    "Event",
    "EventBatch",
    "ExchangeDone",
    "FieldSet",
    "Fields",
    "HTTP2Connection",
    "Head",
    "HeadReader",
    "HostPattern",
    "IConnection",
    "IProxyTrust",
    "IWatcher",
    "IncompleteBody",
    "Limits",
    "LogsTimeOfDay",
    "Noted",
    "NotedHead",
    "Observer",
    "ProxiedProtocol",
    "RefusingTLSFactory",
    "RepeatedLine",
    "Request",
    "RequestHeaderFields",
    "SharedSockets",
    "TLSFacts",
    "UsualExchange",
    "WatchedChannel",
    "by_negotiation",
    "by_preface",
    "canonical_host",
    "check_clients",
    "cooperating_by",
    "exchanges_done",
    "host_of_field",
    "ip_address_of",
    "is_address",
    "is_end_of_request",
    "keep_out",
    "leave_to_others",
    "listen_tls",
    "passed_descriptors",
    "passed_names",
    "refusal",
    "refusal_fields",
    "replace_fields",
    "requested_host",
    "seconds_since_epoch",
    "send_file",
    "send_parts",
    "set_alpn",
    "set_curves",
    "set_length",
    "set_refusal_fields",
    "subject_text",
    "tell_not_held",
    "with_fast_ports",
]
