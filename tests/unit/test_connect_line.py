"""What a Connect worker is given, from the official line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import javaproperties
import pytest

from kafkalab import KafkaLabError
from kafkalab.backends.containers import worker
from kafkalab.cluster.connect import why_lines
from kafkalab.common import java_text
from kafkalab.lines import connect_line
from kafkalab.lines.calls import WorkerPlace
from kafkalab.lines.connect_line import (
    OFFICIAL_LINE,
    put_release_files,
    read_line,
    worker_settings,
)

SECURED = {
    "bootstrap.servers": "kafka.example:9093",
    "security.protocol": "SASL_SSL",
    "sasl.mechanisms": "SCRAM-SHA-512",
    "sasl.username": "ada",
    "sasl.password": 'pa"ss\\w=ord é',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put_release_files(tmp_path)
    return tmp_path


def place(**client: str) -> WorkerPlace:
    own = {"bootstrap.servers": "127.0.0.1:20001", **client}
    return WorkerPlace(
        own["bootstrap.servers"], "http://127.0.0.1:20010", 20010, "/kafka/connect-file.jar", own
    )


def settings(
    folder: Path, changes: Mapping[str, str] | None = None, line: str = OFFICIAL_LINE
) -> dict[str, str]:
    return worker_settings(read_line(line, folder).worker, changes or {}, place())


def error(call: object, *arguments: object) -> str:
    with pytest.raises(KafkaLabError) as caught:
        call(*arguments)  # type: ignore[operator]
    return str(caught.value)


def test_the_official_line_is_taken_as_printed(folder: Path) -> None:
    line = read_line(f"$ {OFFICIAL_LINE}", folder)
    assert line.text == OFFICIAL_LINE
    assert line.connectors == ("local-file-source", "local-file-sink")
    assert line.connector_files == (
        "config/connect-file-source.properties",
        "config/connect-file-sink.properties",
    )


@pytest.mark.parametrize(
    "line",
    [
        f"sudo {OFFICIAL_LINE}",
        f"# start the worker\n[ada@host ~]$ {OFFICIAL_LINE} &",
        f"docker exec -it connect {OFFICIAL_LINE}",
        f"KAFKA_HEAP_OPTS=-Xmx1G nohup {OFFICIAL_LINE} \\",
        OFFICIAL_LINE.replace(".sh ", ".sh -daemon "),
        OFFICIAL_LINE.replace("bin/", "bin\\windows\\").replace(".sh", ".bat"),
    ],
)
def test_a_pasted_line_is_read_as_the_console_reads_it(folder: Path, line: str) -> None:
    assert read_line(line, folder).text == OFFICIAL_LINE


@pytest.mark.parametrize("address", ["localhost:9092", "broker:29092", "<broker>:9092", ""])
def test_a_documented_address_stands_for_this_cluster(address: str) -> None:
    found = worker_settings({"bootstrap.servers": address}, {}, place())
    assert found["bootstrap.servers"] == "127.0.0.1:20001"


def test_placeholders_become_this_clusters_own(folder: Path) -> None:
    found = settings(folder)
    assert found["bootstrap.servers"] == "127.0.0.1:20001"
    assert found["listeners"] == "http://127.0.0.1:20010"
    assert found["offset.storage.file.filename"] == "connect.offsets"
    assert found["plugin.path"] == "/kafka/connect-file.jar"
    assert found["value.converter"] == "org.apache.kafka.connect.json.JsonConverter"


def test_config_wins_over_the_file(folder: Path) -> None:
    changes = {
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
        "offset.storage.file.filename": "mine.offsets",
        "plugin.path": "/mine,libs/connect-file-4.3.1.jar",
    }
    found = settings(folder, changes)
    assert found["value.converter"].endswith("StringConverter")
    assert found["offset.storage.file.filename"] == "mine.offsets"
    assert found["plugin.path"] == "/mine,/kafka/connect-file.jar"


def test_security_reaches_every_client_of_the_worker() -> None:
    found = worker_settings({}, {}, place(**SECURED))
    for prefix in ("", "producer.", "consumer.", "admin."):
        assert found[f"{prefix}security.protocol"] == "SASL_SSL"
        assert "ScramLoginModule" in found[f"{prefix}sasl.jaas.config"]
    assert javaproperties.loads(java_text.properties(found)) == found


def test_release_files_of_the_learner_are_kept(tmp_path: Path) -> None:
    mine = tmp_path / "config" / "connect-file-sink.properties"
    mine.parent.mkdir()
    mine.write_text("name=mine\n")
    put_release_files(tmp_path)
    assert mine.read_text() == "name=mine\n"
    assert (tmp_path / "config" / "connect-file-source.properties").exists()


def test_another_tools_line_is_refused(folder: Path) -> None:
    assert "kafka-topics" in error(read_line, "bin/kafka-topics.sh --list", folder)
    assert "empty line" in error(read_line, "  ", folder)
    assert "int" in error(read_line, 3, folder)
    assert "no file" in error(read_line, "bin/connect-standalone.sh", folder)


def test_a_missing_file_is_named_with_those_that_are_there(folder: Path) -> None:
    said = error(read_line, "connect-standalone.sh config/connect-standalone.properties x", folder)
    assert "The file x cannot be read" in said
    assert "config/connect-file-sink.properties" in said


def test_a_byte_order_mark_is_no_part_of_the_first_line(folder: Path) -> None:
    file = folder / "config" / "connect-file-source.properties"
    file.write_text(file.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert connect_line._read(str(file.relative_to(folder)), folder)[0] != "\ufeff"


def test_a_name_that_two_files_have_is_refused(folder: Path) -> None:
    (folder / "again.properties").write_text("name=local-file-sink\n")
    said = error(read_line, f"{OFFICIAL_LINE} again.properties", folder)
    assert "'local-file-sink'" in said
    assert "again.properties" in said


def test_a_connector_needs_a_name(folder: Path) -> None:
    (folder / "no.properties").write_text("file=test.txt\n")
    (folder / "no.json").write_text("[]")
    worker = "connect-standalone.sh config/connect-standalone.properties"
    assert "no name" in error(read_line, f"{worker} no.properties", folder)
    assert "not a JSON object" in error(read_line, f"{worker} no.json", folder)


@pytest.mark.parametrize("name", ["bootstrap.servers", "listeners", "rest.port"])
def test_what_is_chosen_here_is_refused_in_config(folder: Path, name: str) -> None:
    assert name in error(settings, folder, {name: "x"})


def test_a_worker_never_reaches_another_cluster(folder: Path) -> None:
    (folder / "other.properties").write_text("bootstrap.servers=kafka.example:9092\n")
    said = error(settings, folder, {}, "connect-standalone.sh other.properties")
    assert "kafka.example:9092" in said


def test_why_a_worker_ended_is_found_before_its_goodbye() -> None:
    log = "\n".join(
        [
            "[2026-11-24 08:41:02,200] INFO Kafka Connect started (Connect)",
            "[2026-11-24 08:41:02,210] ERROR Failed to create connector for x (ConnectStandalone)",
            "java.util.concurrent.ExecutionException: no such class",
            "\tat java.base/java.lang.Thread.run(Unknown Source)",
            f"Caused by: ConnectException: {'long ' * 100}",
            *(f"[2026-11-24 08:41:02,25{n % 10}] INFO part {n} stopped" for n in range(20)),
        ]
    )
    found = why_lines(log)
    assert [line[:20] for line in found[1:]] == ["java.util.concurrent", "Caused by: ConnectEx"]
    assert "Failed to create connector" in found[0]
    assert len(found[2]) == 300
    assert why_lines("only\nwords") == ["only", "words"]


def test_a_folder_has_its_own_path_in_the_container() -> None:
    inside = worker.facts({}, Path("/home/ada/connect-files"))
    assert inside.mount_point == "/home/ada/connect-files"
    assert worker.facts({}, Path("/opt/kafka")).mount_point == "/connect"


def test_the_worker_is_root_in_a_rootless_engine_only() -> None:
    rootless = worker.facts({"SecurityOptions": ["name=rootless"]}, Path("/home/ada/x"))
    assert rootless.options["user"] == "0:0"
    desktop = worker.facts({"OperatingSystem": "Docker Desktop"}, Path("/home/ada/x"))
    assert "user" not in desktop.options
