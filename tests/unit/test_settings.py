"""Environment variables become one frozen object, and bad ones are refused with the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from kafkalab.errors import KafkaLabError
from kafkalab.releases import CURRENT
from kafkalab.settings import BACKENDS, Settings, check_backend


def test_nothing_set_means_the_defaults() -> None:
    settings = Settings.from_environment({})
    assert settings.backend == "auto"
    assert settings.image == CURRENT.image
    assert not settings.existing_configured
    assert settings.cache.is_absolute()
    assert settings.run_dir.parent == settings.cache


def test_every_variable_is_read(tmp_path: Path) -> None:
    (tmp_path / "libs").mkdir()
    config = tmp_path / "client.properties"
    config.touch()
    settings = Settings.from_environment(
        {
            "KAFKALAB_BACKEND": " Process ",
            "KAFKALAB_IMAGE": "mirror.example/kafka:1",
            "KAFKALAB_KAFKA_HOME": str(tmp_path),
            "KAFKALAB_JMX_EXPORTER": str(config),
            "KAFKALAB_CLIENT_CONFIG": str(config),
            "KAFKALAB_BOOTSTRAP_SERVERS": "a:1,b:2",
            "KAFKALAB_CACHE": str(tmp_path / "cache"),
        }
    )
    assert settings == Settings(
        "process",
        "mirror.example/kafka:1",
        tmp_path,
        config,
        "a:1,b:2",
        tmp_path / "cache",
        jmx_exporter=config,
    )
    assert settings.existing_configured


@pytest.mark.parametrize("text", ["127.0.0.1:9092", "a:1, b:2", "[::1]:9092", "broker-1.example:9"])
def test_addresses_that_can_be_meant(text: str) -> None:
    assert Settings.from_environment({"KAFKALAB_BOOTSTRAP_SERVERS": text}).existing_configured


@pytest.mark.parametrize(
    "text", ["localhost", "http://a:1", "a:1 b:2", "a:123456", ":9092", "a:1,"]
)
def test_addresses_that_cannot_be_meant(text: str) -> None:
    with pytest.raises(KafkaLabError) as caught:
        Settings.from_environment({"KAFKALAB_BOOTSTRAP_SERVERS": text})
    assert text in caught.value.what
    assert "host:port" in caught.value.fix


@pytest.mark.parametrize("value", ["podman", "", "proc", True, None, 3])
def test_an_unknown_backend_is_refused_with_the_known_ones(value: object) -> None:
    with pytest.raises(KafkaLabError) as caught:
        check_backend(value, "backend=")
    assert repr(value) in caught.value.what
    assert all(name in caught.value.fix for name in BACKENDS)


@pytest.mark.parametrize(
    ("variable", "word"),
    [
        ("KAFKA_HOME", "libs/"),
        ("CLIENT_CONFIG", "no such file"),
        ("JMX_EXPORTER", "no such file"),
    ],
)
def test_a_path_that_is_not_there_is_refused(tmp_path: Path, variable: str, word: str) -> None:
    with pytest.raises(KafkaLabError) as caught:
        Settings.from_environment({f"KAFKALAB_{variable}": str(tmp_path / "missing")})
    assert f"KAFKALAB_{variable}" in caught.value.what
    assert word in caught.value.what
    assert f"unset KAFKALAB_{variable}" in caught.value.fix


@pytest.mark.parametrize("variable", ["CACHE", "KAFKA_HOME"])
def test_the_home_folder_of_nobody_is_refused(variable: str) -> None:
    with pytest.raises(KafkaLabError, match="a user who is not known here") as caught:
        Settings.from_environment({f"KAFKALAB_{variable}": "~no-such-user/kafka"})
    assert f"KAFKALAB_{variable}" in caught.value.what
    assert caught.value.fix == "write the whole path, without ~"
