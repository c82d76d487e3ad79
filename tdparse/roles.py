"""
Who is client and who is server: the first rule of R93 that decides.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from tdparse.flags import DATA, INVALID, RST, flags_of
from tdparse.sharing import Sharing

if TYPE_CHECKING:
    from tdparse.model import Endpoint, Segment

# Rank 8: registered ports above 1023 on which servers usually listen.
HIGH_PORTS: Final = frozenset({
    1080, 1433, 1521, 1723, 1883, 2049, 2181, 2375, 2376, 2379, 2380, 3000, 3128, 3306, 3389, 4222, 4369, 5000, 5222,
    5432, 5601, 5671, 5672, 5900, 5984, 5985, 5986, 6379, 6443, 6653, 7001, 7077, 8000, 8008, 8080, 8081, 8088, 8090,
    8161, 8200, 8443, 8500, 8554, 8888, 9000, 9042, 9090, 9092, 9100, 9200, 9300, 9418, 9999, 10250, 11211, 15672,
    25565, 26379, 27017, 50051, 61616,
})  # fmt: skip
EPHEMERAL: Final = 32768  # rank 9: Linux starts here, others at 49152
SERVER_SPEAKS_FIRST: Final = frozenset({21, 22, 25, 110, 143, 3306})  # rank 10
WELL_KNOWN: Final = 1024
RESERVED: Final = range(512, WELL_KNOWN)  # from here rsh, NFS and older SSH take a client's port (rresvport)
MAX_SERVICES: Final = 65_536  # remembered server endpoints

# Rank 4: what tcpdump prints of the payload.
_CLIENT_SPEAKS: Final = re.compile(
    r"(?:HTTP|RTSP): (?:GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH|CONNECT|DESCRIBE|SETUP) |SMTP: (?:EHLO|HELO) |FTP: USER "
)
_SERVER_SPEAKS: Final = re.compile(r"(?:HTTP|RTSP): (?:HTTP|RTSP)/\d|(?:SMTP|FTP): 220|SSH: SSH-")


class Roles:
    """Feed what each incarnation of the log shows; ask who the server of the next one is."""

    __slots__ = ("_partners", "_servers", "_sharing")

    def __init__(self, sharing: Sharing | None = None) -> None:
        """Start with nothing known; `sharing` is how a log is shared, if it is."""
        self._sharing = sharing or Sharing()
        self._sharing.learn("roles", self._learn)
        self._servers: OrderedDict[Endpoint, None] = OrderedDict()  # rank 3
        self._partners: OrderedDict[Endpoint, Endpoint | None] = OrderedDict()  # rank 7: None means several

    def note(self, client: Endpoint, server: Endpoint, confidence: float) -> None:
        """Remember an incarnation: a role proven by SYN or SYN-ACK, and who talked to whom."""
        self._sharing.tell("roles", client, server, confidence)

    def _learn(self, client: Endpoint, server: Endpoint, confidence: float) -> None:
        if confidence >= 0.99:  # noqa: PLR2004  ranks 1 and 2
            self._servers[server] = None
            self._bound(self._servers)
        for mine, other in ((client, server), (server, client)):
            known = self._partners.get(mine, other)
            self._partners[mine] = other if known == other else None
        self._bound(self._partners)

    @staticmethod
    def _bound(table: OrderedDict[Endpoint, None] | OrderedDict[Endpoint, Endpoint | None]) -> None:
        while len(table) > MAX_SERVICES:
            table.popitem(last=False)

    def decide(self, segment: Segment) -> tuple[bool, float]:
        """Return (the sender is the client, confidence) for the first record of an incarnation."""
        src, dst = segment.src, segment.dst
        flags = flags_of(segment.flags or "")
        cls = flags.class_of(segment.length or 0)
        if flags.syn:
            return not flags.ack, 0.99 if flags.ack else 1.0
        self._sharing.know()
        known_src, known_dst = src in self._servers, dst in self._servers
        if known_src != known_dst:
            return known_dst, 0.95
        if segment.payload:
            if _CLIENT_SPEAKS.match(segment.payload):
                return True, 0.95
            if _SERVER_SPEAKS.match(segment.payload):
                return False, 0.95
        if answers_syn(segment):
            return False, 0.90
        if cls is INVALID and segment.flags is not None:
            return True, 0.90  # nobody answers with flags no TCP sends: it probes
        low_src, low_dst = _is_service(src), _is_service(dst)
        if low_src != low_dst:
            return low_dst, 0.90
        many_src, many_dst = self._has_partners(src, dst), self._has_partners(dst, src)
        if many_src != many_dst:
            return many_dst, 0.85
        high_src, high_dst = src.port in HIGH_PORTS, dst.port in HIGH_PORTS
        if high_src != high_dst:
            return high_dst, 0.80
        if not isinstance(src.port, int) or not isinstance(dst.port, int):
            own_src, own_dst = src.port in RESERVED, dst.port in RESERVED  # rank 11: a name's number is not known
            return (True, 0.50) if own_src == own_dst else (own_src, 0.55)
        ephemeral_src, ephemeral_dst = src.port >= EPHEMERAL, dst.port >= EPHEMERAL
        if ephemeral_src != ephemeral_dst:
            return ephemeral_src, 0.75
        if cls is DATA:
            speaks_first = bool({src.port, dst.port} & SERVER_SPEAKS_FIRST)
            return not speaks_first, 0.55
        if src.port != dst.port:
            return src.port > dst.port, 0.55
        return True, 0.50

    def _has_partners(self, endpoint: Endpoint, partner: Endpoint) -> bool:
        return endpoint in self._partners and self._partners[endpoint] != partner


def answers_syn(segment: Segment) -> bool:
    """R52: an RST-ACK with sequence number 0 and window 0 refuses a SYN (rank 5)."""
    if segment.seq != 0 or segment.window != 0:
        return False
    flags = flags_of(segment.flags or "")
    return flags.ack and flags.class_of(segment.length or 0) is RST


def _is_service(endpoint: Endpoint) -> bool:
    """Rank 6: a port below 1024, or printed as a service name."""
    port = endpoint.port
    return port < WELL_KNOWN if isinstance(port, int) else port is not None
