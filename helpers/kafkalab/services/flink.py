"""Flink: runs streaming SQL, which a gateway takes over HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.resources import files
from urllib.parse import urlsplit

from kafkalab.install import jvm
from kafkalab.install.jars import JarSet
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.process import Command
from kafkalab.services.description import MAVEN, AsProcess, Description, InContainer, Place
from kafkalab.services.outside import Outside

SLOTS = 8
"""How many jobs can run at once, each with a parallelism of 1."""

_VERSION = "2.2.1"
_CONNECTOR = "5.0.0-2.2"
_PORT = 8083
_DIGIT, _REST_DIGIT = 8, 3
"""8083's own last digit is that of HDFS' DataNode, 8081's that of its NameNode."""

_MAIN = "FlinkInOneProcess"
_HEAP = ("-Xms64m", "-Xmx512m")
_EXPORTED = (
    "java.base/sun.net.util",
    "java.rmi/sun.rmi.registry",
    "java.security.jgss/sun.security.krb5",
)
_OPENED = (
    *("java.lang", "java.lang.reflect", "java.net", "java.io", "java.nio", "sun.nio.ch"),
    *("java.text", "java.time", "java.util", "java.util.concurrent"),
    *("java.util.concurrent.atomic", "java.util.concurrent.locks"),
)
_JAVA = (
    *jvm.SMALL,
    *_HEAP,
    "-Djava.net.preferIPv4Stack=true",
    *(f"--add-exports={package}=ALL-UNNAMED" for package in _EXPORTED),
    *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED),
)
"""The packages are those that Flink's own scripts name."""

_IN_CONTAINER = "/kafkalab-flink"
_WRITABLE_IN_CONTAINER = "/tmp/kafkalab-flink"  # noqa: S108 - any user of the image may write there

_LOG = """\
rootLogger.level = INFO
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = [%d] %p %m (%c)%n
logger.settings.name = org.apache.flink.configuration.GlobalConfiguration
logger.settings.level = WARN
logger.kafka.name = org.apache.flink.kafka.shaded.org.apache.kafka
logger.kafka.level = WARN
logger.types.name = org.apache.flink.api.java.typeutils.TypeExtractor
logger.types.level = WARN
logger.yarn.name = org.apache.flink.client.cli.CliFrontend
logger.yarn.level = ERROR
"""
"""Without the settings one by one, twice, those of each Kafka client, and a search for YARN."""


def rest_port(port: int) -> int:
    """The port of Flink's own REST API, from that of the gateway."""
    return port - _DIGIT + _REST_DIGIT


def _settings(port: int, folder: str) -> str:
    """The file `config.yaml`; Flink writes into `folder` alone."""
    kept = f"file://{folder}/checkpoints"
    settings = {
        "rest.address": HOST,
        "rest.bind-address": HOST,
        "rest.port": rest_port(port),
        "rest.bind-port": str(rest_port(port)),
        "sql-gateway.endpoint.rest.address": HOST,
        "sql-gateway.endpoint.rest.bind-address": HOST,
        "sql-gateway.endpoint.rest.port": port,
        "sql-gateway.endpoint.rest.bind-port": str(port),  # else it takes rest.bind-port
        "sql-gateway.session.idle-timeout": "0 s",  # never: a reader may think for an hour
        "jobmanager.bind-host": HOST,
        "taskmanager.bind-host": HOST,
        "taskmanager.host": HOST,
        "taskmanager.numberOfTaskSlots": SLOTS,
        "taskmanager.memory.managed.size": "128m",
        "taskmanager.memory.network.min": "16m",
        "taskmanager.memory.network.max": "16m",
        "io.tmp.dirs": f"{folder}/temporary",
        "heartbeat.timeout": "1 d",  # by default jobs fail once a laptop has slept for a minute
        "pekko.ask.timeout": "10 min",  # by default they fail once one is busy for ten seconds
        "execution.target": "remote",
        "parallelism.default": 1,
        "execution.checkpointing.dir": kept,
        "execution.checkpointing.savepoint-dir": kept,
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())


def _files(port: int, folder: str) -> Mapping[str, str | bytes]:
    main = files("kafkalab") / "data" / "flink" / f"{_MAIN}.class"
    return {
        f"{_MAIN}.class": main.read_bytes(),
        "conf/config.yaml": _settings(port, folder),
        "conf/log4j2.properties": _LOG,
    }


# --- as a process -----------------------------------------------------------------------------


def _in_run(place: Place) -> Mapping[str, str | bytes]:
    return {
        **_files(place.port, str(place.folder)),
        "temporary/README": "Temporary files of Java and of Flink.\n",
        "checkpoints/README": "Checkpoints and savepoints of Flink's jobs.\n",
    }


def _command(place: Place) -> Command:
    """Without settings of the user's own Flink."""
    log = (place.folder / "conf" / "log4j2.properties").as_uri()
    own = (f"-Djava.io.tmpdir={place.folder / 'temporary'}", f"-Dlog4j2.configurationFile={log}")
    class_path = os.pathsep.join(map(str, (place.folder, *place.jars)))
    arguments = (str(place.program), *_JAVA, *own, place.mark, "-cp", class_path, _MAIN)
    given = jvm.environment().items()
    kept = {name: text for name, text in given if not name.startswith(("FLINK_", "HADOOP_"))}
    return Command(arguments, place.folder, {**kept, "FLINK_CONF_DIR": str(place.folder / "conf")})


# --- in a container ---------------------------------------------------------------------------


def _beside(around: Outside) -> tuple[str, Mapping[str, str | bytes]]:
    """It has this machine's network: Kafka's brokers send their clients on to its loopback."""
    port = urlsplit(f"//{around.listen}").port
    assert port is not None, "it listens on a port"
    made = _files(port, _WRITABLE_IN_CONTAINER)
    return _line(), {f"{_IN_CONTAINER}/{name}": text for name, text in made.items()}


def _line() -> str:
    class_path = (
        *(_IN_CONTAINER, f"{_IN_CONTAINER}/jars/*"),
        *("/opt/flink/lib/*", f"/opt/flink/opt/flink-sql-gateway-{_VERSION}.jar"),
    )
    log = f"-Dlog4j2.configurationFile=file://{_IN_CONTAINER}/conf/log4j2.properties"
    return (
        f"mkdir -p {_WRITABLE_IN_CONTAINER} && cd {_WRITABLE_IN_CONTAINER} || exit; "
        "mkdir -p temporary checkpoints || exit; "
        f"export FLINK_CONF_DIR={_IN_CONTAINER}/conf; "
        f"exec java {' '.join(_JAVA)} {log} -cp '{':'.join(class_path)}' {_MAIN}"
    )


FLINK = Description(
    name="flink",
    title="Flink",
    port=_PORT,
    digit=_DIGIT,
    more_digits=(_REST_DIGIT,),
    greeting=b"GET /v1/info HTTP/1.0\r\n\r\n",
    answer=b"HTTP/1.1 200",
    container=InContainer(
        image=f"flink:{_VERSION}-scala_2.12-java17",
        megabytes=560,
        line=_line(),
        files={},
        beside=_beside,
        same_loopback=True,
        jars=JarSet(
            name="flink-connector",
            title="Flink's connector for Kafka",
            version=_CONNECTOR,
            pom="flink-connector-pom.xml",
            sums="flink-connector-jars.sha512",
            megabytes=11,
        ),
        jars_folder=f"{_IN_CONTAINER}/jars",
    ),
    process=AsProcess(
        program="mvn",
        before_path=(),
        after_path=(),
        files=_in_run,
        command=_command,
        jars=JarSet(
            name="flink",
            title="Flink",
            version=_VERSION,
            pom="flink-pom.xml",
            sums="flink-jars.sha512",
            megabytes=146,
            refused={"|": "Flink splits lists of folders at '|'"},
        ),
        install=MAVEN,
    ),
)
