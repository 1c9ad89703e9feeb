"""A librdkafka client.properties, read and translated for Java's tools."""

from __future__ import annotations

from pathlib import Path

import javaproperties
import pytest

from kafkalab import KafkaLabError
from kafkalab.backends.existing import ExistingBackend, option_name, with_client_settings
from kafkalab.common.deadline import Deadline
from kafkalab.install.java import Java
from kafkalab.install.kafka import Distribution
from kafkalab.lines.calls import PrivateFile, ToolCall, Word
from kafkalab.lines.client_properties import java_settings, parse, read, redact
from kafkalab.releases import CURRENT
from kafkalab.settings import Settings

SASL = {
    "bootstrap.servers": "kafka.example:9092",
    "security.protocol": "sasl_ssl",
    "sasl.mechanisms": "SCRAM-SHA-512",
    "sasl.username": "ada",
    "sasl.password": 'pa"ss\\w;rd',
    "session.timeout.ms": "45000",
    "statistics.interval.ms": "1000",
}


def test_comments_blanks_and_equals_signs_in_values() -> None:
    text = "\ufeff# Confluent Cloud\n\n bootstrap.servers = a:1 , b:2 \r\nsasl.password=a=b#c\n"
    assert parse(text.lstrip("\ufeff"), "x") == {
        "bootstrap.servers": "a:1 , b:2",
        "sasl.password": "a=b#c",
    }


@pytest.mark.parametrize("line", ["sasl.password geheim", "=geheim", "two words=geheim", "geheim"])
def test_a_bad_line_is_named_by_its_number_and_never_shown(line: str) -> None:
    with pytest.raises(KafkaLabError, match=r"Line 3 of client\.properties") as caught:
        parse(f"acks=all\n\n{line}\n", "client.properties")
    assert "geheim" not in str(caught.value)


def test_a_file_for_java_clients_is_told_apart() -> None:
    with pytest.raises(KafkaLabError, match=r"sasl\.jaas\.config, a setting of Java") as caught:
        parse('sasl.jaas.config=org.Module required password="geheim";\n', "client.properties")
    assert "geheim" not in str(caught.value)


def test_a_file_beside_the_settings_is_found(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("x")
    (tmp_path / "client.properties").write_text("ssl.ca.location=ca.pem\nssl.key.location=no.pem\n")
    assert read(tmp_path / "client.properties") == {
        "ssl.ca.location": str(tmp_path / "ca.pem"),
        "ssl.key.location": "no.pem",
    }


def test_no_security_needs_no_settings() -> None:
    assert java_settings({"bootstrap.servers": "a:1", "acks": "all"}) == {}


def test_scram_over_tls() -> None:
    assert java_settings({**SASL, "ssl.ca.location": "/etc/ca.pem"}) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
        'username="ada" password="pa\\"ss\\\\w;rd";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": "/etc/ca.pem",
    }


def test_plain_and_the_systems_authorities() -> None:
    java = java_settings({**SASL, "sasl.mechanisms": "PLAIN", "ssl.ca.location": "probe"})
    assert ".plain.PlainLoginModule " in java["sasl.jaas.config"]
    assert not any(name.startswith("ssl.") for name in java)


def test_mutual_tls(tmp_path: Path) -> None:
    (tmp_path / "me.pem").write_text("CHAIN")
    (tmp_path / "me.key").write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----")
    java = java_settings(
        {
            "security.protocol": "ssl",
            "ssl.certificate.location": str(tmp_path / "me.pem"),
            "ssl.key.location": str(tmp_path / "me.key"),
            "ssl.key.password": "geheim",
            "ssl.endpoint.identification.algorithm": "none",
        }
    )
    assert java == {
        "security.protocol": "SSL",
        "ssl.endpoint.identification.algorithm": "",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.certificate.chain": "CHAIN",
        "ssl.keystore.key": "-----BEGIN ENCRYPTED PRIVATE KEY-----",
        "ssl.key.password": "geheim",
    }


@pytest.mark.parametrize(
    "settings",
    [
        {**SASL, "sasl.mechanisms": "OAUTHBEARER"},
        {**SASL, "sasl.mechanisms": "GSSAPI"},
        {"security.protocol": "SASL_SSL"},
        {**SASL, "enable.ssl.certificate.verification": "false"},
        {**SASL, "ssl.ca.location": "/"},
        {"security.protocol": "SSL", "ssl.key.pem": "-----BEGIN RSA PRIVATE KEY-----"},
        {"security.protocol": "SSL", "ssl.key.location": "/nowhere/key.pem"},
    ],
)
def test_what_has_no_counterpart_is_refused_aloud(settings: dict[str, str]) -> None:
    with pytest.raises(KafkaLabError, match=r"console tools|cannot be read"):
        java_settings(settings)


def test_secrets_are_taken_out_of_a_message() -> None:
    settings = {**SASL, "sasl.password": "geheim", "ssl.key.password": "auch"}
    assert redact("ada geheim auch", settings) == "ada *** ***"


# --- the call ---------------------------------------------------------------------------------


def secured(*args: Word) -> ToolCall:
    return with_client_settings(ToolCall("kafka-topics.sh", args), SASL, "--command-config")


def test_the_settings_go_beside_the_address_and_into_a_file() -> None:
    call = secured("--bootstrap-server", "a:1", "describe", "--status")
    (file,) = call.private_files
    assert call.args == (
        *("--bootstrap-server", "a:1", "--command-config", file),
        *("describe", "--status"),
    )
    assert javaproperties.loads(file.text) == java_settings(SASL)


def test_a_file_that_the_line_names_is_kept_and_wins() -> None:
    mine = PrivateFile("mine", "acks=1\n", client=True)
    call = secured("--command-config", mine, "--bootstrap-server", "a:1")
    (file,) = call.private_files
    assert call.args == ("--command-config", file, "--bootstrap-server", "a:1")
    assert "sasl.jaas.config" in file.text
    assert file.text.endswith("acks=1\n")


def test_tools_without_a_client_get_no_settings() -> None:
    call = ToolCall("kafka-storage.sh", ("random-uuid",))
    assert with_client_settings(call, SASL, "--command-config") == call


@pytest.mark.parametrize(
    ("version", "script", "option"),
    [
        ("4.3.1", "kafka-console-producer.sh", "--command-config"),
        ("4.2.0", "kafka-cluster.sh", "--command-config"),
        ("4.1.0", "kafka-console-producer.sh", "--producer.config"),
        ("3.9.1", "kafka-console-consumer.sh", "--consumer.config"),
        ("3.9.1", "kafka-topics.sh", "--command-config"),
    ],
)
def test_older_releases_call_the_option_otherwise(version: str, script: str, option: str) -> None:
    java = Java(Path("/java"), 17, "")
    release = Distribution(java, (Path(f"/libs/kafka_2.13-{version}.jar"),), "home", CURRENT)
    assert option_name(script, release) == option


# --- the backend before it connects -----------------------------------------------------------


def existing(tmp_path: Path, text: str, servers: str | None = None) -> ExistingBackend:
    file = tmp_path / "client.properties"
    file.write_text(text)
    return ExistingBackend(
        Settings("existing", "", None, file, servers, tmp_path / "cache"), config={}
    )


def test_addresses_from_the_file_or_the_variable(tmp_path: Path) -> None:
    text = "bootstrap.servers = a:1, b:2\nacks=all\n"
    assert existing(tmp_path, text).client_config == {
        "bootstrap.servers": "a:1,b:2",
        "acks": "all",
    }
    assert existing(tmp_path, text, "c:3").tool_servers == "c:3"
    with pytest.raises(KafkaLabError, match=r"has no bootstrap\.servers"):
        existing(tmp_path, "acks=all\n")


def test_broker_settings_of_a_notebook_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KafkaLabError, match="keep their own settings"):
        ExistingBackend(
            Settings("existing", "", None, None, "a:1", tmp_path), config={"num.partitions": "3"}
        )


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense=1", 'No such configuration property: "nonsense"'),
        ("security.protocol=bogus", "security.protocol"),
        ("security.protocol=ssl\nssl.ca.location=/nowhere", "ssl.ca.location failed"),
        ("ssl.key.password=geheim\nsecurity.protocol=geheim", r"\*\*\*"),
    ],
)
def test_a_setting_that_librdkafka_refuses_is_named(tmp_path: Path, line: str, said: str) -> None:
    backend = existing(tmp_path, f"bootstrap.servers=127.0.0.1:1\n{line}\n")
    with pytest.raises(KafkaLabError, match=said) as caught:
        backend.start(Deadline(10))
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("127.0.0.1:1", "Connection refused"),
        ("no-such-host.invalid:9092", "resolve"),
    ],
)
def test_an_unreachable_cluster_is_named_with_librdkafkas_reason(
    tmp_path: Path, address: str, said: str
) -> None:
    backend = existing(tmp_path, f"bootstrap.servers={address}\n")
    with pytest.raises(KafkaLabError, match=said) as caught:
        backend.start(Deadline(60))  # as a notebook does: a name server may take seconds to say no
    assert address in caught.value.what
    assert "client.properties" in caught.value.fix


def test_brokers_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    backend = existing(tmp_path, "bootstrap.servers=a:1\n")
    broker = backend.node(1)
    for call in (broker.kill, broker.pause, broker.resume, broker.start):
        with pytest.raises(KafkaLabError, match="existing cluster"):
            call()
    with pytest.raises(KafkaLabError, match="existing cluster"):
        broker.stop(Deadline(1))
    with pytest.raises(KafkaLabError, match="own machine"):
        broker.log()
    backend.remove()
