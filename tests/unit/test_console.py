"""From a documented line to a tool's call, and from a tool's lines to what a cell shows."""

from __future__ import annotations

import re
from pathlib import Path

import javaproperties
import pytest

from kafkalab import KafkaLabError
from kafkalab.backends import ToolCall
from kafkalab.console import Place, translate
from kafkalab.console_line import shown
from kafkalab.console_output import ReadableOutput
from kafkalab.distribution import TOOL_CLASSES

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
    return list(translate(line, PLACE).args)


def refusal(line: str, place: Place = PLACE) -> KafkaLabError:
    with pytest.raises(KafkaLabError) as caught:
        translate(line, place)
    assert caught.value.fix
    return caught.value


# --- the line itself --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "kafka-topics.sh --list",
        "bin/kafka-topics.sh --list",
        "./bin/kafka-topics.sh --list",
        "$ bin/kafka-topics.sh --list",
        "!bin/kafka-topics.sh --list",
        "  kafka-topics --list  ",
        "/opt/kafka/bin/kafka-topics.sh --list",
        "./kafka-topics.sh --list",
        r"bin\windows\kafka-topics.bat --list",
        r".\bin\windows\kafka-topics.bat --list",
        "bin/kafka-topics.sh \\\n  --list",
        "bin/kafka-topics.sh --list   # all of them",
    ],
)
def test_all_spellings_of_a_tool_mean_the_same_call(line: str) -> None:
    assert translate(line, PLACE) == ToolCall(
        "kafka-topics.sh", ("--list", "--bootstrap-server", SERVERS)
    )


def test_quotes_and_continued_lines_are_read_as_by_a_shell() -> None:
    line = """bin/kafka-console-producer.sh --topic t \\
        --reader-property 'key.separator=|' --reader-property "parse.key=true" """
    assert args(line)[:6] == [
        *("--topic", "t", "--reader-property", "key.separator=|"),
        *("--reader-property", "parse.key=true"),
    ]


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("echo hello | bin/kafka-console-producer.sh --topic t", "input="),
        ("bin/kafka-topics.sh --list | grep quick", ".output"),
        ("bin/kafka-console-producer.sh --topic t < events.txt", "input="),
        ("bin/kafka-topics.sh --list > topics.txt", ".output"),
        ("bin/kafka-topics.sh --list; ls", "in its own call"),
        ("bin/kafka-topics.sh --list && ls", "in its own call"),
        ("bin/kafka-console-consumer.sh --topic t &", "background=True"),
        ("bin/kafka-storage.sh format -t `uuidgen`", "f-string|f'|output"),
        ("bin/kafka-storage.sh format -t $(bin/kafka-storage.sh random-uuid)", "output"),
        ('bin/kafka-storage.sh format -t "$(uuidgen)"', "output"),
        ("bin/kafka-storage.sh format -t $KAFKA_CLUSTER_ID", "f-string"),
        ("bin/kafka-topics.sh --topic 'a", "close it"),
        ("bin/kafka-topics.sh --list\nquickstart-events", "one cluster.console"),
    ],
)
def test_what_only_a_shell_understands_is_refused_with_what_to_write_instead(
    line: str, instead: str
) -> None:
    assert re.search(instead, refusal(line).fix)


def test_the_letters_of_a_shell_may_stand_in_quotes() -> None:
    words = args("bin/kafka-topics.sh --list --topic 'a|b>c;d&e$f`g(' \"x|y;z\"")
    assert words[2:4] == ["a|b>c;d&e$f`g(", "x|y;z"]


def test_an_unknown_tool_is_refused_with_the_closest_name_and_all_known() -> None:
    error = refusal("bin/kafka-topic.sh --list")
    assert "did you mean kafka-topics.sh?" in error.fix
    assert all(tool in error.fix for tool in TOOL_CLASSES)
    assert "none that it knows" in refusal("wget https://dlcdn.apache.org/kafka").what


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("bin/zookeeper-server-start.sh config/zookeeper.properties", "ZooKeeper is gone"),
        ("bin/kafka-server-start.sh config/server.properties", "started by the notebook"),
        ("bin/kafka-server-stop.sh", "stopped by the notebook"),
        ("bin/kafka-topics.sh --list --zookeeper localhost:2181", "no ZooKeeper"),
        ("bin/kafka-console-producer.sh --broker-list localhost:9092 --topic t", "is called"),
        ("", "empty"),
    ],
)
def test_old_steps_are_explained(line: str, word: str) -> None:
    assert word in refusal(line).what


# --- classes ----------------------------------------------------------------------------------

WORD_COUNT = "org.apache.kafka.streams.examples.wordcount.WordCountDemo"


def settings_of(call: ToolCall) -> dict[str, str]:
    """What the application reads from its file."""
    (text,) = (call.files or {}).values()
    return javaproperties.loads(text)


def test_an_application_is_given_the_clusters_address_and_a_place_for_its_state() -> None:
    call = translate(f"$ bin/kafka-run-class.sh {WORD_COUNT}", PLACE)
    assert call.script == "kafka-run-class.sh"
    assert call.args == (WORD_COUNT, "{streams.properties}")
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
    }


def test_an_applications_file_never_leads_to_another_cluster(tmp_path: Path) -> None:
    mine = tmp_path / "my.properties"
    mine.write_text("bootstrap.servers=prod.example:9092")
    error = refusal(f"bin/kafka-run-class.sh {WORD_COUNT} {mine}")
    assert "'prod.example:9092' is not an address of this cluster" in error.what


@pytest.mark.parametrize("script", sorted(TOOL_CLASSES))
def test_the_class_of_a_tool_is_the_tool(script: str) -> None:
    by_class = translate(f"bin/kafka-run-class.sh {TOOL_CLASSES[script]} --topic t", PLACE)
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


def test_of_an_applications_log_only_errors_are_shown() -> None:
    output = ReadableOutput("kafka-run-class.sh")
    lines = [
        "[2026-11-24 07:55:27,471] WARN Explicit naming is disabled: not named: a-changelog",
        "Following state store(s) has not been named: a",
        " (org.apache.kafka.streams.processor.internals.InternalTopologyBuilder)",
        "[2026-11-24 07:55:28,471] ERROR stream-thread [t] the source topics are missing (o.a.k.T)",
        "[2026-11-24 07:55:29,471] WARN one more (o.a.k.T)",
    ]
    shown_lines = [text for line in lines for text in output.feed(line)] + output.flush()
    assert shown_lines == ["ERROR stream-thread [t] the source topics are missing"]


def test_the_mended_line_of_an_old_option_is_given() -> None:
    error = refusal("bin/kafka-topics.sh --create --zookeeper localhost:2181 --topic t")
    assert 'cluster.console("bin/kafka-topics.sh --create --topic t")' in error.fix


def test_the_broker_list_of_kafka_log_dirs_is_a_list_of_ids() -> None:
    assert "1,2" in args("bin/kafka-log-dirs.sh --describe --broker-list 1,2")


# --- addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "localhost:9092",
        "127.0.0.1:9092",
        "LOCALHOST:9092",
        "PLAINTEXT://localhost:9092",
        "localhost:9092,localhost:9093,localhost:9094",
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


@pytest.mark.parametrize("script", sorted(TOOL_CLASSES))
def test_a_missing_address_is_added_where_the_tool_wants_it(script: str) -> None:
    words = args(f"bin/{script} describe --status")
    if script in ("kafka-storage.sh", "kafka-dump-log.sh"):
        assert words == ["describe", "--status"]
    elif script in ("kafka-features.sh", "kafka-metadata-quorum.sh", "kafka-transactions.sh"):
        assert words == ["--bootstrap-server", SERVERS, "describe", "--status"]
    else:
        assert words == ["describe", "--status", "--bootstrap-server", SERVERS]


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
    ],
)
def test_abbreviations_and_short_options_do_not_pass_either(line: str) -> None:
    refusal(line)


def test_options_that_begin_like_guarded_ones_are_left_alone() -> None:
    line = "bin/kafka-acls.sh --add --consumer --producer --group g --allow-principal User:a"
    assert args(line)[1:3] == ["--consumer", "--producer"]
    assert args("bin/kafka-get-offsets.sh --topic t --time -1")[3] == "-1"
    assert args("bin/kafka-topics.sh --alter --topic t --config retention.ms=-1")[3:5] == [
        "--config",
        "retention.ms=-1",
    ]


@pytest.mark.parametrize(
    "option", ["--command-config", "--producer.config", "--consumer.config", "--consumer-config"]
)
def test_a_client_file_is_read_and_carried_to_the_tool(tmp_path: Path, option: str) -> None:
    file = tmp_path / "my client.properties"
    file.write_text("client.id=me\n")
    call = translate(f"bin/kafka-topics.sh --list {option} '{file}'", PLACE)
    assert call.args[2] == f"{{file:{file}}}"
    assert call.files == {f"file:{file}": "client.id=me\n"}
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
    assert call.args[2] == f"--consumer.config={{file:{file}}}"
    (content,) = (call.files or {}).values()
    assert content.endswith(f"\nbootstrap.servers={SERVERS}\n")


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
    assert call.args[1] == "{log_dir}/t-0/0.log,{log_dir}/t-1/0.log"
    assert call.node_id == 1
    assert "<log.dirs of broker 1>/t-0/0.log" in shown(call)


@pytest.mark.parametrize(
    "path",
    ["config/server.properties", "config/kraft/server.properties", "./config/server.properties"],
)
def test_the_documentations_settings_become_a_brokers_own(path: str) -> None:
    call = translate(f"bin/kafka-storage.sh info -c {path}", PLACE)
    assert (call.args, call.node_id) == (("info", "-c", "{server_properties}"), 1)
    assert shown(call) == "bin/kafka-storage.sh info -c <server.properties of broker 1>"


def test_a_folder_that_only_begins_so_is_not_the_placeholder() -> None:
    path = "/tmp/kafka-logs-of-mine/0.log"  # noqa: S108 - nothing is there
    call = translate(f"bin/kafka-dump-log.sh --files {path}", PLACE)
    assert (call.args[1], call.node_id) == (path, None)


def test_brokers_that_run_elsewhere_keep_their_files() -> None:
    refusal("bin/kafka-storage.sh info -c config/server.properties", ELSEWHERE)
    refusal("bin/kafka-dump-log.sh --files /tmp/kafka-logs/t-0/0.log", ELSEWHERE)
    assert translate("bin/kafka-storage.sh random-uuid", ELSEWHERE).args == ("random-uuid",)


# --- what a tool prints -----------------------------------------------------------------------


def read(script: str, text: str) -> list[str]:
    output = ReadableOutput(script)
    shown_lines = [line for raw in text.splitlines() for line in output.feed(raw)]
    return shown_lines + output.flush()


EXISTS = "Topic 'quickstart-events' already exists."
SENTENCE = f"Error while executing topic command : {EXISTS}"
EVENT = (
    "[2026-11-24 04:18:42,085] ERROR "
    f"org.apache.kafka.common.errors.TopicExistsException: {EXISTS}\n"
    "\tat org.apache.kafka.tools.TopicCommand.main(TopicCommand.java:85)\n"
    " (org.apache.kafka.tools.TopicCommand)\n"
)


@pytest.mark.parametrize("text", [f"{SENTENCE}\n{EVENT}", f"{EVENT}{SENTENCE}\n"])
def test_an_error_is_shown_once_whichever_form_comes_first(text: str) -> None:
    assert read("kafka-topics.sh", text) == [SENTENCE]


def test_an_error_that_is_only_in_the_log_is_kept_without_frames() -> None:
    text = (
        "[2026-11-24 04:18:53,258] ERROR Error when sending message to topic t "
        "(org.apache.kafka.clients.producer.internals.ErrorLoggingCallback)\n"
        "org.apache.kafka.common.errors.TimeoutException: Topic t not present after 60000 ms.\n"
        "\tat org.apache.kafka.Foo.bar(Foo.java:1)\n"
    )
    assert read("kafka-console-producer.sh", text) == [
        "ERROR Error when sending message to topic t",
        "org.apache.kafka.common.errors.TimeoutException: Topic t not present after 60000 ms.",
    ]


def test_a_cause_that_says_the_same_is_left_out() -> None:
    why = "org.apache.kafka.common.errors.InvalidConfigurationException: Invalid value -5"
    text = (
        "Error while executing config command with args '--alter'\n"
        f"java.util.concurrent.ExecutionException: {why}\n"
        "\tat kafka.admin.ConfigCommand.main(ConfigCommand.scala)\n"
        f"Caused by: {why}\n\t... 3 more\n\n"
    )
    assert read("kafka-configs.sh", text) == [
        "Error while executing config command with args '--alter'",
        why,
    ]


def test_warnings_of_the_java_runtime_go() -> None:
    text = (
        "OpenJDK 64-Bit Server VM warning: Sharing is only supported for boot loader classes\n"
        "[0.012s][warning][aot] something\n"
        "WARNING: A restricted method in java.lang.System has been called\n"
        "Picked up JAVA_TOOL_OPTIONS: -Dx\n"
        "WARNING: Due to limitations in metric names, topics with a period could collide.\n"
        "Created topic a.b.\n"
    )
    assert read("kafka-topics.sh", text) == text.splitlines()[-2:]


def test_a_repeated_warning_is_shown_once_and_a_passing_one_not() -> None:
    def warning(number: int, state: str) -> str:
        return (
            f"[2026-11-24 04:18:59,2{number}7] WARN [Consumer clientId=console-consumer, "
            f"groupId=console-consumer-39603] The metadata response from the cluster reported a "
            f"recoverable issue with correlation id {number} : {{t={state}}} "
            "(org.apache.kafka.clients.NetworkClient)\n"
        )

    text = "".join(
        warning(number, state)
        for number, state in enumerate(
            ["LEADER_NOT_AVAILABLE", "UNKNOWN_TOPIC_OR_PARTITION", "UNKNOWN_TOPIC_OR_PARTITION"]
        )
    )
    (shown_line,) = read("kafka-console-consumer.sh", text)
    assert shown_line.startswith("WARN [Consumer clientId=console-consumer")
    assert shown_line.endswith("recoverable issue: {t=UNKNOWN_TOPIC_OR_PARTITION}")


def test_records_that_look_like_a_log_are_left_alone() -> None:
    text = (
        "[2026-11-24 04:18:42,085] ERROR [KafkaServer id=1] Fatal (kafka.server.KafkaServer)\n"
        "java.lang.IllegalStateException: boom\n"
        "\tat kafka.Kafka.main(Kafka.scala:1)\n"
        "Caused by: java.io.IOException: boom\n"
        "\n"
        "> quoted\n"
    )
    assert read("kafka-console-consumer.sh", text) == text.splitlines()


def test_the_producers_prompts_are_not_shown_twice() -> None:
    assert read("kafka-console-producer.sh", ">>>\n>") == []
