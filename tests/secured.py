"""A real broker with TLS and SCRAM, as a cluster that somebody else runs."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kafkalab.backends.properties import new_cluster_id
from kafkalab.common import java_text
from kafkalab.install import jvm
from kafkalab.install.kafka import Distribution
from kafkalab.runtime.ports import HOST

USER = "ada"
PASSWORD = 'pa"ss\\w;ord = é'  # noqa: S105 - of a broker that lives for a test
"""With what Java properties, JAAS and a shell each read in their own way."""


@dataclass(frozen=True)
class SecuredBroker:
    """Where it is and what a client needs.

    Attributes
    ----------
    address : str
    authority : Path
        The certificate that signed the broker's.
    log : Path
    """

    address: str
    authority: Path
    log: Path

    def client_properties(self, **changes: str) -> str:
        """A librdkafka client.properties; `changes` use underscores for dots."""
        settings = {
            "bootstrap.servers": self.address,
            "security.protocol": "SASL_SSL",
            "sasl.mechanisms": "SCRAM-SHA-512",
            "sasl.username": USER,
            "sasl.password": PASSWORD,
            "ssl.ca.location": str(self.authority),
        }
        settings |= {name.replace("_", "."): value for name, value in changes.items()}
        return "# of a test\n" + "".join(f"{name} = {value}\n" for name, value in settings.items())


def make_authority(path: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """A certificate authority of its own, its certificate written to `path`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    certificate = (
        _certificate(name, name, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate, key


@contextmanager
def secured_broker(folder: Path, distribution: Distribution) -> Iterator[SecuredBroker]:
    """Start it; the clients wait until it answers."""
    authority, authority_key = make_authority(folder / "ca.pem")
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    certificate = (
        _certificate(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")]), authority.subject, key
        )
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    (folder / "broker.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
        + authority.public_bytes(serialization.Encoding.PEM)
    )
    client, controller = _free_ports(2)
    properties = folder / "server.properties"
    properties.write_text(java_text.properties(_settings(folder, client, controller)))
    _format(properties, distribution)
    log = folder / "broker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            _java(distribution, jvm.SERVER_MAIN, str(properties), log_kind="broker"),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=jvm.environment(),
            start_new_session=True,
        )
    try:
        yield SecuredBroker(f"{HOST}:{client}", folder / "ca.pem", log)
    finally:
        process.kill()
        process.wait(timeout=10)


def _settings(folder: Path, client: int, controller: int) -> dict[str, str]:
    return {
        "process.roles": "broker,controller",
        "node.id": "7",
        "controller.quorum.voters": f"7@{HOST}:{controller}",
        "listeners": f"CLIENT://{HOST}:{client},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"CLIENT://{HOST}:{client}",
        "listener.security.protocol.map": "CLIENT:SASL_SSL,CONTROLLER:SSL",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "CLIENT",
        "log.dirs": str(folder / "data"),
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "broker.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(folder / "ca.pem"),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
        "listener.name.client.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security."
        'scram.ScramLoginModule required username="broker" password="broker";',
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
    }


def _format(properties: Path, distribution: Distribution) -> None:
    arguments = _java(
        distribution,
        jvm.FORMAT_MAIN,
        *("format", "--cluster-id", new_cluster_id(), "--config", str(properties)),
        *("--add-scram", "SCRAM-SHA-512=[name=broker,password=broker]"),
        log_kind="tool",
    )
    run = subprocess.run(arguments, capture_output=True, text=True, timeout=180, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def _java(distribution: Distribution, main: str, *args: str, log_kind: str) -> list[str]:
    return jvm.command(
        distribution,
        main,
        flags=(*jvm.SMALL, "-Xmx256m", *jvm.QUIET),
        properties={"log4j2.configurationFile": jvm.log_config(log_kind)},
        args=args,
    )


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports
