"""From a tool's lines to what a cell shows."""

from __future__ import annotations

import pytest

from kafkalab.lines.tool_output import ReadableOutput


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


LIKE_JAVAS = """\
[0.012s][info][gc] Using G1
SLF4J: hello
WARNING: sun.misc.Unsafe is mentioned
Picked up JAVA_TOOL_OPTIONS: by a record
OpenJDK 64-Bit Server VM warning: as a record
"""


def test_records_that_look_like_what_java_prints_are_left_alone() -> None:
    text = f"a record\n{LIKE_JAVAS}"
    assert read("kafka-console-consumer.sh", LIKE_JAVAS + text) == text.splitlines()
    assert read("kafka-topics.sh", f"orders\n{LIKE_JAVAS}") == ["orders"]


@pytest.mark.parametrize("record", ["", "  "])
def test_an_empty_record_after_a_warning_is_left_alone(record: str) -> None:
    warning = (
        "[2026-11-24 04:18:59,217] WARN [Consumer clientId=console-consumer, groupId=g] It is slow "
        "(org.apache.kafka.clients.NetworkClient)"
    )
    shown = read("kafka-console-consumer.sh", f"{warning}\n{record}\nsecond")
    assert shown[1:] == [record, "second"]
    assert len(read("kafka-topics.sh", f"{warning}\n{record}\nsecond")) == 2


def test_the_producers_prompts_are_not_shown_twice() -> None:
    assert read("kafka-console-producer.sh", ">>>\n>") == []


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
