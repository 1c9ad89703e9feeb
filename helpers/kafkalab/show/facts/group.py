"""A group for its picture; the official tool is asked for a share group: librdkafka cannot tell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kafkalab.common.deadline import Deadline
from kafkalab.errors import KafkaLabError
from kafkalab.lines.shell import as_python
from kafkalab.queries.group_members import Group, Member, Progress, ask_group, in_order, places
from kafkalab.queries.topics import check_name
from kafkalab.show.facts.brokers import all_run

if TYPE_CHECKING:
    from kafkalab.backends.protocol import OfficialTools
    from kafkalab.cluster.cluster import KafkaCluster

SECONDS = 9.0
TOOL_SECONDS = 29.0
"""For two runs of the official tool. Each starts a JVM: half a second by itself, and many seconds
on a machine that is busy."""
BUSY_SECONDS, BUSY_TOOL_SECONDS = 30.0, 60.0
"""Where every broker runs (`all_run`)."""


def collect_group(cluster: KafkaCluster, group: str) -> Group:
    """The group as it is now, within 10 seconds, or within 30 where every broker runs.

    Where only the tool can tell, within 30 seconds more, or within 60.
    """
    check_name(group, "group")
    busy = all_run(cluster)
    seconds = BUSY_SECONDS if busy else SECONDS
    asked = ask_group(cluster.client_config, group, Deadline(seconds))
    if asked.state != "DEAD":
        return asked
    seconds = BUSY_TOOL_SECONDS if busy else TOOL_SECONDS
    found = _share_group(cluster, group, Deadline(seconds))
    if found is None:
        raise _missing(group)
    return found


# --- share groups, of which librdkafka knows nothing ------------------------------------------


def _share_group(cluster: KafkaCluster, group: str, deadline: Deadline) -> Group | None:
    tools = cluster.official_tools()
    if tools is None:
        raise KafkaLabError(
            f"There is no classic or consumer group {group!r}, and only Kafka's own tool can tell "
            "whether there is a share group of that name.",
            fix=f"ask it: {ask_tool(group)}",
        )
    members = _share_tool(tools, group, _MEMBERS, deadline)
    if _tells_no_group(members or ()):
        return None
    if members is None or not _tells_share_group(group, members):
        raise KafkaLabError(
            f"There is no classic or consumer group {group!r}, and no answer came within "
            f"{deadline.seconds:g} seconds whether there is a share group of that name.",
            fix='see which there are: cluster.console("bin/kafka-groups.sh --list")',
        )
    # one after the other: two tools at once may both come too late where processors are few
    return from_share_tool(group, members, _share_tool(tools, group, ("--offsets",), deadline))


def ask_tool(group: str) -> str:
    """A call that asks Kafka's own tool for a share group, and fetches the tool first."""
    line = f"bin/kafka-share-groups.sh --describe --group {shlex.quote(group)} --members"
    return f"cluster.console({as_python(line)})"


def is_share_group(cluster: KafkaCluster, group: str, deadline: Deadline) -> bool | None:
    """Whether there is a share group of that name; False where nobody told in time.

    None where the tool, which alone can tell, would first have to be fetched.

    Neither the client nor librdkafka 2.16 knows of them: there is no call that describes a share
    group, and the list of groups leaves them out. So the official tool is asked, and again where a
    coordinator has not told: it may not have heard of the group's partition yet.
    """
    tools = cluster.official_tools()
    if tools is None:
        return None
    while not deadline.passed:
        told = _share_tool(tools, group, _MEMBERS, deadline) or ()
        if _tells_share_group(group, told):
            return True
        if _tells_no_group(told):
            return False
    return False


def _tells_no_group(lines: Iterable[str]) -> bool:
    return any("GroupIdNotFoundException" in line for line in lines)


def _tells_share_group(group: str, members: Iterable[str]) -> bool:
    """Whether the tool found the group: it has members, or the tool says that it has none."""
    found = list(members)
    none = f"Share group '{group}' has no active members"
    return any(none in line for line in found) or bool(_matches(_MEMBER, group, found))


_MEMBERS = ("--members", "--verbose")


def _share_tool(
    tools: OfficialTools, group: str, options: tuple[str, ...], deadline: Deadline
) -> list[str] | None:
    """What the official tool prints, or None where it has not ended in time."""
    from kafkalab.lines.calls import ToolCall

    if deadline.passed:
        return None
    asked = ("--bootstrap-server", tools.tool_servers, "--describe", "--group", group)
    tool = tools.run_tool(ToolCall("kafka-share-groups.sh", (*asked, *options)))
    try:
        lines = list(tool.lines(deadline.remaining))
        return None if deadline.passed else lines
    finally:
        tool.kill()


_MEMBER = re.compile(r"\S+ +/\S+ +(?P<client>.*?) +\d+ +\d+ *(?P<places>\S*)$")
_OFFSET = re.compile(r"(?P<topic>\S+) +(?P<number>\d+) +(?P<start>\d+|-) +(?P<lag>\d+|-) *$")
_PLACES = re.compile(r"([\w.-]+)[:(](\d+(?:,\d+)*)")


def from_share_tool(group: str, members: Iterable[str], offsets: Iterable[str] | None) -> Group:
    """The group that kafka-share-groups.sh describes, `--members --verbose` and `--offsets`."""
    found = [
        Member(
            line["client"],
            places(
                (topic, int(number))
                for topic, numbers in _PLACES.findall(line["places"])
                for number in numbers.split(",")
            ),
        )
        for line in _matches(_MEMBER, group, members)
    ]
    partitions = [
        Progress(
            line["topic"], int(line["number"]), _number(line["start"]), None, _number(line["lag"])
        )
        for line in _matches(_OFFSET, group, offsets or ())
    ]
    if offsets is None:
        read = sorted({place for member in found for place in member.assigned})
        partitions = [Progress(topic, number, None, None, None) for topic, number in read]
    return Group(
        group,
        "share",
        "" if found else "EMPTY",
        in_order(found),
        tuple(sorted(partitions, key=lambda p: (p.topic, p.partition))),
        offsets is not None,
    )


def _matches(pattern: re.Pattern[str], group: str, lines: Iterable[str]) -> list[re.Match[str]]:
    rows = (line.removeprefix(group).strip() for line in lines if line.startswith(f"{group} "))
    return [match for row in rows if (match := pattern.match(row))]


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def _missing(group: str) -> KafkaLabError:
    return KafkaLabError(
        f"There is no group {group!r} in this cluster.",
        fix='see which there are: cluster.console("bin/kafka-groups.sh --list")',
    )
