"""From a documented line to a tool's call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import javaproperties
import pytest

from kafkalab import KafkaLabError
from kafkalab.lines.addresses import Place
from kafkalab.lines.calls import BrokerFile, PrivateFile, ToolCall
from kafkalab.lines.console_line import shown, translate
from kafkalab.releases import CURRENT

SERVERS = "broker-1:19092,broker-2:19092,broker-3:19092"
CLIENTS = "127.0.0.1:20001,127.0.0.1:20002,127.0.0.1:20003"
PLACE = Place(
    tool_servers=SERVERS,
    addresses={
        **dict(zip(CLIENTS.split(","), SERVERS.split(","), strict=True)),
        **{server: server for server in SERVERS.split(",")},
    },
    node_id=1,
    state_dir="/state",
)
ELSEWHERE = Place(tool_servers="kafka.example:9092", addresses={}, node_id=None)


def args(line: str) -> list[str]:
    """The call's words that are shown, files by the name that the line has."""
    call = replace(translate(line, PLACE), unshown=())
    return call.words(lambda file: file.typed if isinstance(file, PrivateFile) else file.what)


def refusal(line: str, place: Place = PLACE) -> KafkaLabError:
    with pytest.raises(KafkaLabError) as caught:
        translate(line, place)
    assert caught.value.fix
    return caught.value


# --- classes ----------------------------------------------------------------------------------

WORD_COUNT = "org.apache.kafka.streams.examples.wordcount.WordCountDemo"


def settings_of(call: ToolCall) -> dict[str, str]:
    """What the application reads from its file."""
    (file,) = call.private_files
    settings: dict[str, str] = javaproperties.loads(file.text)
    return settings


def test_an_application_is_given_the_clusters_address_and_a_place_for_its_state() -> None:
    call = translate(f"$ bin/kafka-run-class.sh {WORD_COUNT}", PLACE)
    assert call.script == "kafka-run-class.sh"
    assert call.args[0] == WORD_COUNT
    assert shown(call) == f"bin/kafka-run-class.sh {WORD_COUNT} streams.properties"
    assert settings_of(call)["bootstrap.servers"] == SERVERS
    assert settings_of(call)["state.dir"] == "/state"


def test_an_applications_own_settings_are_kept_but_for_address_and_place(tmp_path: Path) -> None:
    mine = tmp_path / "my.properties"
    mine.write_text(
        "bootstrap.servers=localhost:9092\nstate.dir=/home/me\n"
        "application.id=mine\nsession.timeout.ms=9000"
    )
    call = translate(f"bin/kafka-run-class.sh {WORD_COUNT} {mine}", PLACE)
    assert shown(call).endswith(str(mine))
    assert settings_of(call) == {
        "bootstrap.servers": SERVERS,
        "state.dir": "/state",
        "application.id": "mine",
        "session.timeout.ms": "9000",
        "heartbeat.interval.ms": "2000",
        "commit.interval.ms": "1000",
    }


def test_an_applications_file_never_leads_to_another_cluster(tmp_path: Path) -> None:
    mine = tmp_path / "my.properties"
    mine.write_text("bootstrap.servers=prod.example:9092")
    error = refusal(f"bin/kafka-run-class.sh {WORD_COUNT} {mine}")
    assert "'prod.example:9092' is not an address of this cluster" in error.what


@pytest.mark.parametrize("script", sorted(CURRENT.scripts))
def test_the_class_of_a_tool_is_the_tool(script: str) -> None:
    by_class = translate(f"bin/kafka-run-class.sh {CURRENT.scripts[script]} --topic t", PLACE)
    assert by_class == translate(f"bin/{script} --topic t", PLACE)


@pytest.mark.parametrize(
    ("words", "what", "fix"),
    [
        ("", "names none", WORD_COUNT),
        ("WordCountDemo", "not a class of Kafka's distribution that", WORD_COUNT),
        (WORD_COUNT.replace("Demo", "Dmeo"), "not a class of", WORD_COUNT),
        ("kafka.tools.GetOffsetShell", "not a class of", "bin/kafka-get-offsets.sh"),
        ("com.example.Shop", "com.example.Shop is not a class of", "its own java"),
        ("org.apache.kafka.streams.examples.pipe.PipeDemo", "connects to localhost:9092", "file"),
        (f"-daemon {WORD_COUNT}", "-daemon is an option", "background=True"),
        (f"{WORD_COUNT} a.properties b.properties", "takes one file of settings", "one file"),
        (f"{WORD_COUNT} no-such.properties", "cannot be read: No such file", "path"),
        ("org.apache.kafka.tools.TopicCommand --list --zookeeper z:2181", "no ZooKeeper", "leave"),
    ],
)
def test_a_class_that_is_not_run_here_is_refused_with_what_is(
    words: str, what: str, fix: str
) -> None:
    error = refusal(f"bin/kafka-run-class.sh {words}")
    assert what in error.what
    assert fix in error.fix


def test_the_mended_line_of_an_old_option_is_given() -> None:
    error = refusal("bin/kafka-topics.sh --create --zookeeper localhost:2181 --topic t")
    assert 'cluster.console("bin/kafka-topics.sh --create --topic t")' in error.fix


def test_the_broker_list_of_kafka_log_dirs_is_a_list_of_ids() -> None:
    assert "1,2" in args("bin/kafka-log-dirs.sh --describe --broker-list 1,2")


def test_a_group_is_given_time_that_the_command_does_not_show() -> None:
    line = f"bin/kafka-consumer-groups.sh --bootstrap-server {SERVERS} --list"
    call = translate(line, PLACE)
    assert call.words(str)[-2:] == ["--timeout", "30000"]
    assert shown(call) == line
    assert translate(f"{line} --timeout=100", PLACE).unshown == ()


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "localhost:9092",
        "127.0.0.1:9092",
        "LOCALHOST:9092",
        "PLAINTEXT://localhost:9092",
        "localhost:9092,localhost:9093,localhost:9094",
        "broker:9092",
        "kafka:9092",
        "kafka:29092",
        "broker:29092",
        "PLAINTEXT://kafka-broker:9092",
        "kafka1:9092,kafka-2:9093,kafka3:9094",
        "host.docker.internal:9092",
        "my-cluster-kafka-bootstrap:9092",
        "<broker>:9092",
        "<bootstrap-server>",
        "HOST1:PORT1,HOST2:PORT2",
        CLIENTS,
        SERVERS,
    ],
)
@pytest.mark.parametrize("form", ["--bootstrap-server {}", "--bootstrap-server={}"])
def test_the_placeholder_and_own_addresses_become_the_tools_address(
    address: str, form: str
) -> None:
    words = " ".join(args(f"bin/kafka-topics.sh {form.format(address)} --list"))
    assert words == f"{form.format(SERVERS)} --list"


def test_one_of_several_brokers_can_be_asked() -> None:
    assert args("bin/kafka-topics.sh --list --bootstrap-server localhost:20002")[-1] == (
        "broker-2:19092"
    )


@pytest.mark.parametrize("script", sorted(CURRENT.scripts))
def test_a_missing_address_is_added_where_the_tool_wants_it(script: str) -> None:
    word = "--describe" if script == "kafka-e2e-latency.sh" else "describe"
    words = args(f"bin/{script} {word} --status")
    if script in ("kafka-storage.sh", "kafka-dump-log.sh"):
        assert words == ["describe", "--status"]
    elif script == "kafka-replica-verification.sh":
        assert words == ["describe", "--status", "--broker-list", SERVERS]
    elif script in ("kafka-features.sh", "kafka-metadata-quorum.sh", "kafka-transactions.sh"):
        assert words == ["--bootstrap-server", SERVERS, "describe", "--status"]
    else:
        assert words == [word, "--status", "--bootstrap-server", SERVERS]


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_needs_no_address(option: str) -> None:
    assert args(f"bin/kafka-topics.sh {option}") == [option]


@pytest.mark.parametrize(
    "words",
    [
        "--bootstrap-server kafka.example:9092",
        "--bootstrap-server=kafka.example:9092",
        "--bootstrap-server localhost:9092,kafka.example:9092",
        "--bootstrap-server 127.0.0.1:20009",
        "--bootstrap-server localhost:29092",
        "--bootstrap-server localhost",
        "--bootstrap-server localhost:9092 --bootstrap-server kafka.example:9092",
        "--bootstrap-server SSL://kafka.example:9092",
        "--consumer-property bootstrap.servers=kafka.example:9092",
        "--consumer-property=bootstrap.servers=kafka.example:9092",
        "--producer-property bootstrap.servers=kafka.example:9092",
        "--command-property bootstrap.servers=kafka.example:9092",
        "--command-property bootstrap.controllers=kafka.example:9093",
        "--bootstrap-controller localhost:9093",
        "--bootstrap-controller=kafka.example:9093",
    ],
)
def test_no_way_of_naming_another_broker_passes(words: str) -> None:
    error = refusal(f"bin/kafka-console-consumer.sh --topic t {words}")
    assert "not an address of this cluster" in error.what or "controller" in error.what


@pytest.mark.parametrize(
    "line",
    [
        "bin/kafka-transactions.sh --bootstrap-s kafka.example:9092 list",
        "bin/kafka-transactions.sh --command-conf other.properties list",
        "bin/kafka-cluster.sh cluster-id -bkafka.example:9092",
        "bin/kafka-cluster.sh cluster-id -b kafka.example:9092",
        "bin/kafka-cluster.sh cluster-id -C kafka.example:9093",
        "bin/kafka-topics.sh -bootstrap-server kafka.example:9092 --list",
        "bin/kafka-topics.sh --bootstrap-server broker.example:9092 --list",
        "bin/kafka-topics.sh --bootstrap-server broker:9092.example --list",
        "bin/kafka-topics.sh --bootstrap-server '<broker>@kafka.example:9092' --list",
        "docker exec kafka kafka-topics --bootstrap-server kafka.example:9092 --list",
        "bash -c 'kafka-topics --bootstrap-server kafka.example:9092 --list'",
        "bin/kafka-replica-verification.sh --broker-list kafka.example:9092",
        "bin/kafka-replica-verification.sh --broker-l kafka.example:9092",
        "bin/kafka-replica-verification.sh --bootstrap-server=kafka.example:9092",
        "bin/kafka-e2e-latency.sh kafka.example:9092 t 10 1 10",
        "bin/kafka-e2e-latency.sh kafka.example:9092 t 10 1",
        "bin/kafka-e2e-latency.sh kafka.example:9092 --topic t",
        "bin/kafka-e2e-latency.sh localhost:9092 t 10 1 10 other.properties",
        "bin/kafka-producer-perf-test.sh --producer-props acks=1 bootstrap.servers=kafka.example:1",
        "bin/kafka-producer-perf-test.sh --producer-props=bootstrap.servers=kafka.example:9092",
        "bin/kafka-producer-perf-test.sh --producer.config other.properties",
        "bin/kafka-streams-application-reset.sh --config-file other.properties",
        "bin/kafka-streams-application-reset.sh --config-fi other.properties",
        "bin/kafka-streams-application-reset.sh --bootstrap-servers kafka.example:9092",
        "bin/kafka-reassign-partitions.sh --list --bootstrap-controller kafka.example:9093",
    ],
)
def test_no_spelling_and_no_tool_passes_either(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.properties").write_text("bootstrap.servers=kafka.example:9092\n")
    refusal(line)


@pytest.mark.parametrize("address", ["kafka:9092", "broker:29092", "PLAINTEXT://KAFKA:9092"])
def test_a_documented_host_that_the_reader_has_configured_is_not_this_cluster(address: str) -> None:
    place = replace(PLACE, other_servers=("kafka:9092", "broker:29092"))
    line = f"bin/kafka-topics.sh --list --bootstrap-server {address}"
    assert "not an address of this cluster" in refusal(line, place).what
    own = replace(place, addresses={"kafka:9092": SERVERS, "broker:29092": SERVERS})
    assert translate(line, own).args[-1] == SERVERS


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "kafka-producer-perf-test.sh --topic t --producer-props acks=1 "
            "bootstrap.servers=localhost:9092",
            f"--topic t --producer-props acks=1 bootstrap.servers={SERVERS} "
            f"--bootstrap-server {SERVERS}",
        ),
        (
            "kafka-e2e-latency.sh kafka:9092 t 10 all 20",
            f"--bootstrap-server {SERVERS} --topic t --num-records 10 --producer-acks all "
            "--record-size 20",
        ),
        (
            "kafka-replica-verification.sh --broker-list localhost:9092",
            f"--broker-list {SERVERS}",
        ),
        (
            "kafka-replica-verification.sh --bootstrap-server localhost:9092",
            f"--broker-list {SERVERS}",
        ),
        (
            "kafka-reassign-partitions.sh --generate --broker-list 1,2",
            f"--generate --broker-list 1,2 --bootstrap-server {SERVERS}",
        ),
        (
            "docker exec -it broker kafka-topics --list --bootstrap-server broker:9092",
            f"--list --bootstrap-server {SERVERS}",
        ),
    ],
)
def test_addresses_are_found_wherever_a_tool_takes_them(line: str, expected: str) -> None:
    assert args(line) == expected.split(" ")


def test_a_text_that_looks_like_a_mark_stays_as_it_is() -> None:
    line = "bin/kafka-dump-log.sh --files /tmp/kafka-logs/t-0/0.log '{log_dir}' MARK0MARK"
    call = translate(line, PLACE)
    assert call.args[2:] == ("{log_dir}", "MARK0MARK")
    assert call.words(lambda file: "/data")[1:] == ["/data/t-0/0.log", "{log_dir}", "MARK0MARK"]


def test_options_that_begin_like_guarded_ones_are_left_alone() -> None:
    line = "bin/kafka-acls.sh --add --consumer --producer --group g --allow-principal User:a"
    assert args(line)[1:3] == ["--consumer", "--producer"]
    assert args("bin/kafka-get-offsets.sh --topic t --time -1")[3] == "-1"
    assert args("bin/kafka-topics.sh --alter --topic t --config retention.ms=-1")[3:5] == [
        "--config",
        "retention.ms=-1",
    ]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("bin/kafka-topics.sh --list --command-config {}", "client.id=\\u00fc\n"),
        ("bin/kafka-console-consumer.sh --topic t --formatter-config {}", "client.id=\\u00fc\n"),
        # a table of offsets and a text to send are no properties: Java reads them as UTF-8
        ("bin/kafka-consumer-groups.sh --reset-offsets --from-file {}", "client.id=ü\n"),
        ("bin/kafka-producer-perf-test.sh --topic t --payload-file {}", "client.id=ü\n"),
    ],
)
def test_what_java_would_misread_is_escaped(tmp_path: Path, line: str, text: str) -> None:
    file = tmp_path / "text"
    file.write_text("client.id=ü\n", encoding="utf-8")
    (private,) = translate(line.format(file), PLACE).private_files
    assert private.text == text


@pytest.mark.parametrize(
    "option", ["--command-config", "--producer.config", "--consumer.config", "--consumer-config"]
)
def test_a_client_file_is_read_and_carried_to_the_tool(tmp_path: Path, option: str) -> None:
    file = tmp_path / "my client.properties"
    file.write_text("client.id=me\n")
    call = translate(f"bin/kafka-topics.sh --list {option} '{file}'", PLACE)
    assert call.args[2] == PrivateFile(str(file), "client.id=me\n", client=True)
    assert shown(call) == (
        f"bin/kafka-topics.sh --list {option} '{file}' --bootstrap-server {SERVERS}"
    )


@pytest.mark.parametrize(
    "text",
    [
        "bootstrap.servers=kafka.example:9092",
        "  bootstrap.servers : kafka.example:9092",
        "bootstrap.servers kafka.example:9092",
        "bootstrap.\\\n  servers=kafka.example:9092",
        "bootstrap\\u002eservers=kafka.example:9092",
        "bootstrap.servers=localhost:9092\nbootstrap.servers=kafka.example:9092",
        "bootstrap.controllers=kafka.example:9093",
    ],
)
def test_a_client_file_cannot_name_another_cluster(tmp_path: Path, text: str) -> None:
    file = tmp_path / "client.properties"
    file.write_text(text)
    refusal(f"bin/kafka-topics.sh --list --command-config {file}")
    refusal(f"bin/kafka-cluster.sh cluster-id -c {file}")


def test_the_placeholder_in_a_client_file_becomes_this_cluster(tmp_path: Path) -> None:
    file = tmp_path / "consumer.properties"
    file.write_text("bootstrap.servers=localhost:9092\ngroup.id=g")
    call = translate(f"kafka-console-consumer --topic t --consumer.config={file}", PLACE)
    assert f"--consumer.config={file}" in shown(call)
    assert call.private_files[0].text.endswith(f"\nbootstrap.servers={SERVERS}\n")


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    """The broker's tools took the first setting for one that they do not know."""
    file = tmp_path / "client.properties"
    file.write_text("client.id=me\n", encoding="utf-8-sig")
    (private,) = translate(f"kafka-topics.sh --list --command-config {file}", PLACE).private_files
    assert private.text == "client.id=me\n"


def test_the_home_folder_of_nobody_is_refused() -> None:
    with pytest.raises(KafkaLabError, match="a user who is not known here") as caught:
        translate("bin/kafka-topics.sh --list --command-config ~no-such-user/a", PLACE)
    assert caught.value.fix == "write the whole path, without ~"


def test_a_missing_file_is_named() -> None:
    assert (
        "nowhere.properties cannot be read"
        in refusal("bin/kafka-topics.sh --list --command-config nowhere.properties").what
    )


# --- a broker's own files ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["kraft-combined-logs", "kafka-logs"])
def test_the_documentations_folders_become_a_brokers_own(name: str) -> None:
    folder = f"/tmp/{name}"  # noqa: S108 - the documentation's own
    call = translate(f"bin/kafka-dump-log.sh --files {folder}/t-0/0.log,{folder}/t-1/0.log", PLACE)
    assert isinstance(call.args[1], BrokerFile)
    assert call.args[1].at("/data") == "/data/t-0/0.log,/data/t-1/0.log"
    assert call.node_id == 1
    assert "<log.dirs of broker 1>/t-0/0.log" in shown(call)


@pytest.mark.parametrize(
    "path",
    ["config/server.properties", "config/kraft/server.properties", "./config/server.properties"],
)
def test_the_documentations_settings_become_a_brokers_own(path: str) -> None:
    call = translate(f"bin/kafka-storage.sh info -c {path}", PLACE)
    assert (call.args, call.node_id) == (("info", "-c", BrokerFile("server.properties")), 1)
    assert shown(call) == "bin/kafka-storage.sh info -c <server.properties of broker 1>"


def test_a_folder_that_only_begins_so_is_not_the_placeholder() -> None:
    path = "/tmp/kafka-logs-of-mine/0.log"  # noqa: S108 - nothing is there
    call = translate(f"bin/kafka-dump-log.sh --files {path}", PLACE)
    assert (call.args[1], call.node_id) == (path, None)


def test_brokers_that_run_elsewhere_keep_their_files() -> None:
    refusal("bin/kafka-storage.sh info -c config/server.properties", ELSEWHERE)
    refusal("bin/kafka-dump-log.sh --files /tmp/kafka-logs/t-0/0.log", ELSEWHERE)
    assert translate("bin/kafka-storage.sh random-uuid", ELSEWHERE).args == ("random-uuid",)
