"""HDFS: one NameNode and one DataNode, which clients reach through WebHDFS."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from kafkalab.install import jvm
from kafkalab.install.jars import JarSet
from kafkalab.runtime.ports import HOST
from kafkalab.runtime.process import Command
from kafkalab.services.description import MAVEN, AsProcess, Description, InContainer, Place

USER = "kafkalab"
"""Who the files belong to; without a name they would be those of Hadoop's ``dr.who``."""

_VERSION = "3.5.0"
_PORT = 9870
_DIGIT, _RPC_DIGIT, _DATA_DIGIT = 1, 0, 3
"""9870's own last digit is that of Prometheus."""
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a container; published on 127.0.0.1 only
_RPC_PORT = 8020
_FOLDER_IN_CONTAINER = "/tmp/kafkalab-hdfs"  # noqa: S108 - any user of the image may write there
_SETTINGS_IN_CONTAINER = "/opt/hadoop/etc/hadoop"
_SCRIPT_IN_CONTAINER = "/kafkalab-hdfs.sh"

_NAME_NODE = "org.apache.hadoop.hdfs.server.namenode.NameNode"
_DATA_NODE = "org.apache.hadoop.hdfs.server.datanode.DataNode"
_HEAP = ("-Xms32m", "-Xmx256m")
_FORMAT_FIRST = '[ -d name/current ] || "$@" -format -nonInteractive || exit; exec "$@"'

_LOG = """\
log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n
log4j.logger.http.requests=WARN
log4j.logger.org.apache.hadoop.ipc.Client=WARN
log4j.logger.org.apache.hadoop.hdfs.server.datanode.DataSetLockManager=WARN
"""
"""Without a line for each look whether it answers, each attempt to connect, each of 1000 locks."""

_SCRIPT = f"""\
export HADOOP_USER_NAME={USER} HADOOP_HEAPSIZE_MAX=256m HADOOP_OPTS="{" ".join(jvm.SMALL)}"
[ -d {_FOLDER_IN_CONTAINER}/name/current ] || hdfs namenode -format -nonInteractive || exit
hdfs namenode &
hdfs datanode &
end() {{ kill $(jobs -p) 2>/dev/null; }}
trap end TERM
wait -n
end
wait
"""
"""Both in one container, which ends when either of them does."""


def _core(rpc: str, folder: str) -> Mapping[str, str]:
    return {
        "fs.defaultFS": f"hdfs://{rpc}",
        "hadoop.tmp.dir": folder,
        # else it asks the system, which does not know this user
        "hadoop.user.group.static.mapping.overrides": f"{USER}=supergroup;dr.who=;",
        # a DataNode starts sooner than its NameNode is formatted; by default it looks each second,
        # and after ten looks each five
        "ipc.client.connect.retry.interval": "100",
        "ipc.client.connect.max.retries": "1200",
    }


def _hdfs(name: str, data: str, host: str, port: int, data_port: int) -> Mapping[str, str]:
    """`name` and `data` are their folders; `host` is where both listen for clients."""
    return {
        "dfs.replication": "1",
        "dfs.permissions.enabled": "false",
        "dfs.namenode.name.dir": name,
        "dfs.namenode.http-address": f"{host}:{port}",
        "dfs.namenode.safemode.extension": "0",
        "dfs.namenode.safemode.min.datanodes": "1",
        "dfs.namenode.datanode.registration.ip-hostname-check": "false",
        "dfs.datanode.data.dir": data,
        "dfs.datanode.address": f"{HOST}:0",
        "dfs.datanode.ipc.address": f"{HOST}:0",
        "dfs.datanode.http.address": f"{host}:{data_port}",
        "dfs.datanode.synconclose": "true",  # a file that was closed outlives a power failure
        "dfs.datanode.hostname": HOST,  # where the NameNode sends clients on to
    }


def _xml(settings: Mapping[str, str]) -> str:
    lines = (
        f"<property><name>{name}</name><value>{escape(value)}</value></property>"
        for name, value in settings.items()
    )
    return "\n".join(("<configuration>", *lines, "</configuration>\n"))


# --- as processes -----------------------------------------------------------------------------


def _files(place: Place) -> Mapping[str, str]:
    ten = place.port - _DIGIT
    folder = place.folder
    # no addresses: a DataNode does not decode them
    name, data = str(folder / "name"), str(folder / "data")
    return {
        "core-site.xml": _xml(_core(f"{HOST}:{ten + _RPC_DIGIT}", str(folder / "tmp"))),
        "hdfs-site.xml": _xml(_hdfs(name, data, HOST, place.port, ten + _DATA_DIGIT)),
        "log4j.properties": _LOG,
        # its own pages lie in a jar, which would be unpacked whole at each start, for seconds
        "webapps/hdfs/index.html": "",
        "webapps/datanode/index.html": "",
        "tmp/README": "Java's own temporary files.\n",
    }


def _java(place: Place, main: str) -> tuple[str, ...]:
    class_path = os.pathsep.join(map(str, (place.folder, *place.jars)))
    flags = (*jvm.SMALL, *_HEAP, "-Djava.net.preferIPv4Stack=true")
    own = (f"-Djava.io.tmpdir={place.folder / 'tmp'}", place.mark)
    return (str(place.program), *flags, *own, "-cp", class_path, main)


def _name_node(place: Place) -> Command:
    return _command(place, "/bin/sh", "-c", _FORMAT_FIRST, "hdfs", *_java(place, _NAME_NODE))


def _data_node(place: Place) -> Command:
    return _command(place, *_java(place, _DATA_NODE))


def _command(place: Place, *arguments: str) -> Command:
    """Without settings of the user's own Hadoop."""
    given = jvm.environment().items()
    kept = {name: text for name, text in given if not name.startswith(("HADOOP_", "HDFS_"))}
    return Command(arguments, place.folder, {**kept, "HADOOP_USER_NAME": USER})


# --- in a container ---------------------------------------------------------------------------


def _in_container(port: int) -> tuple[Sequence[int], Mapping[str, str]]:
    """The DataNode's port has one number inside and outside: the NameNode tells it to clients."""
    data_port = port - _DIGIT + _DATA_DIGIT
    name, data = (f"{_FOLDER_IN_CONTAINER}/{part}" for part in ("name", "data"))
    core = _core(f"{HOST}:{_RPC_PORT}", _FOLDER_IN_CONTAINER)
    own = _hdfs(name, data, _EVERYWHERE, _PORT, data_port)
    return (data_port,), {
        _SCRIPT_IN_CONTAINER: _SCRIPT,
        f"{_SETTINGS_IN_CONTAINER}/log4j.properties": _LOG,
        f"{_SETTINGS_IN_CONTAINER}/core-site.xml": _xml(core),
        f"{_SETTINGS_IN_CONTAINER}/hdfs-site.xml": _xml(own),
    }


HDFS = Description(
    name="hdfs",
    title="HDFS",
    port=_PORT,
    digit=_DIGIT,
    more_digits=(_RPC_DIGIT, _DATA_DIGIT),
    # a NameNode answers before a DataNode has told it of its disk, and while it lets nobody write
    greeting=b"GET /jmx?qry=Hadoop:service=NameNode,name=FSNamesystemState HTTP/1.0\r\n\r\n",
    answer=b"HTTP/1.1 200",
    telling=re.compile(
        rb'(?s)(?=.*"CapacityRemaining" : [1-9])(?=.*"FSState" : "Operational")',
    ),
    container=InContainer(
        image=f"apache/hadoop:{_VERSION}",
        megabytes=900,
        line=f"exec bash {_SCRIPT_IN_CONTAINER}",
        files={},
        at=_in_container,
    ),
    process=AsProcess(
        program="mvn",
        before_path=(),
        after_path=(),
        files=_files,
        command=_name_node,
        also=(_data_node,),
        jars=JarSet(
            name="hadoop",
            title="Hadoop",
            version=_VERSION,
            pom="hadoop-pom.xml",
            sums="hadoop-jars.sha512",
            megabytes=108,
            refused={
                "'": "Hadoop hands names of folders to a shell between apostrophes",
                "%": "Hadoop takes names of folders for format strings",
            },
        ),
        install=MAVEN,
    ),
)
