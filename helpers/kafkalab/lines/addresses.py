"""Addresses in a line: this cluster's own, those that documentation prints, and all others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from kafkalab.errors import KafkaLabError

_LOCAL = re.compile(r"(?:localhost|127\.0\.0\.1|::1|\[::1\]|0\.0\.0\.0):909[2-9]", re.I)
_DOCUMENTED = re.compile(
    r"(?:(?:kafka|broker|kafka-broker|kafka-server)[-_]?\d?|my-cluster-kafka-bootstrap"
    r"|host\.docker\.internal):[12]?909[2-9]",
    re.I,
)
"""Hosts of a single broker in tutorials: Confluent's, Bitnami's, Strimzi's, Docker Desktop's."""
_TO_FILL_IN = re.compile(r"[\w.-]*<[\w .-]+>[\w.-]*(?::(?:\d+|<[\w .-]+>))?|[\w.-]+:[A-Za-z]\w*")
"""`<broker>:9092`, `<host>:<port>`, `HOST1:PORT1`: what a reader is to replace."""


@dataclass(frozen=True)
class Place:
    """The cluster that a line is translated for.

    Attributes
    ----------
    tool_servers : str
        What a tool takes as `--bootstrap-server` where it runs.
    addresses : mapping of str to str
        Every address of this cluster that a line may hold → what the tool uses in its place.
    node_id : int or None
        The broker whose own files stand for the documentation's paths; None where they are out
        of reach.
    state_dir : str
        Where an application of Kafka Streams keeps its state; removed with the cluster.
    other_servers : tuple of str
        Addresses of a cluster that the reader has configured and that is not this one. A host
        name of the documentation that is among them does not stand for this cluster.
    """

    tool_servers: str
    addresses: Mapping[str, str]
    node_id: int | None = None
    state_dir: str = ""
    other_servers: tuple[str, ...] = ()

    def own_addresses(self, value: str, where: str) -> str:
        """The tool's addresses for what a line has; `where` names the option in errors.

        Raises
        ------
        KafkaLabError
            One of them is not this cluster's.
        """
        found: list[str] = []
        for written in (part.strip() for part in value.split(",")):
            found += self._own(written, value, where).split(",")
        return ",".join(dict.fromkeys(found))

    def _own(self, written: str, value: str, where: str) -> str:
        known = {_plain(own): tool for own, tool in self.addresses.items()}
        address = _plain(written)
        if address in known:
            return known[address]
        if _stands_for_any(address, self.other_servers):
            return self.tool_servers
        raise KafkaLabError(
            f"{written or value!r} is not an address of this cluster, "
            "and a line never reaches another one.",
            tried=f"to read {where} {value}",
            fix=f"leave {where} out, or write localhost:9092, which stands for this cluster",
        )


def _stands_for_any(address: str, others: tuple[str, ...]) -> bool:
    """True where documentation writes the address for whichever cluster the reader has."""
    if _LOCAL.fullmatch(address) or _TO_FILL_IN.fullmatch(address):
        return True
    configured = {_plain(other) for other in others}
    return bool(_DOCUMENTED.fullmatch(address)) and address not in configured


def _plain(text: str) -> str:
    """One spelling an address: no protocol in front, one name for this machine."""
    address = re.sub(r"^\w+://", "", text.strip()).lower()
    return re.sub(r"^(localhost|\[::1\]):", "127.0.0.1:", address)
