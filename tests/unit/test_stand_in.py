"""The stand-ins for official images have what the package calls in them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.release import SCRIPTS

from kafkalab.releases import CURRENT
from kafkalab.services.description import Description
from kafkalab.services.known import KNOWN

HADOOP = "/opt/hadoop"
STAND_IN = Path(__file__).resolve().parents[2] / ".ci" / "stand-in"


@pytest.mark.skipif(sys.platform == "win32", reason="made on Linux only")
def test_has_the_scripts_of_the_release(tmp_path: Path) -> None:
    subprocess.run([STAND_IN / "make-launchers", tmp_path], check=True, timeout=60)
    assert sorted(path.name for path in tmp_path.iterdir()) == SCRIPTS
    for name, class_name in CURRENT.scripts.items():
        assert f" {class_name} " in (tmp_path / name).read_text(encoding="utf-8"), name


@pytest.mark.skipif(sys.platform == "win32", reason="made on Linux only")
@pytest.mark.parametrize("service", KNOWN.values(), ids=lambda service: service.name)
def test_the_stand_in_of_a_service_keeps_the_official_contract(service: Description) -> None:
    folder = STAND_IN.with_name("stand-in-services")
    text = (folder / f"{service.name}.dockerfile").read_text(encoding="utf-8")
    if service.name == "hdfs":  # it is started by the programs of the image alone
        assert f"COPY hdfs {HADOOP}/bin/" in text
        assert f"HADOOP_CONF_DIR={HADOOP}/etc/hadoop" in text
        assert (folder / "hdfs").stat().st_mode & 0o111
        return
    if service.name == "flink":  # it is started from the jars of the image, as in its lib and opt
        assert re.search(r"^COPY libs /opt/flink/lib$", text, re.M)
        assert "mv /opt/flink/lib/flink-sql-gateway-[0-9]*.jar /opt/flink/opt/" in text
        assert "rm /opt/flink/lib/flink-sql-connector-kafka-" in text
        assert re.search("^USER flink$", text, re.M)
        return
    assert re.search(rf"^EXPOSE .*\b{service.port}\b", text, re.M)
    assert re.search(r'^VOLUME \["/', text, re.M)
    [entry_point] = re.findall(r'^ENTRYPOINT \["(.+)"\]$', text, re.M)
    line = service.container.line.rpartition("; ")[2]
    assert line.startswith(f"exec {entry_point} ")
    if entry_point == "docker-entrypoint.sh":  # it takes the server's name and drops root
        assert line.startswith(f"exec {entry_point} {service.process.program}")
        own = folder / f"{service.name}-entrypoint.sh"
        assert (own if own.exists() else folder / entry_point).stat().st_mode & 0o111
