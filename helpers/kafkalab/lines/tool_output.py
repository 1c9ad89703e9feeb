"""What a console tool prints, without what belongs to Java and not to the lesson."""

from __future__ import annotations

import re
from collections import deque

from kafkalab.lines.scripts import CONSUMERS, PRODUCER, RUN_CLASS

_NOISE = re.compile(
    r"(OpenJDK|Java HotSpot)\(?.* warning:"
    r"|Picked up (_JAVA_OPTIONS|JAVA_TOOL_OPTIONS|JDK_JAVA_OPTIONS):"
    r"|NOTE: Picked up JDK_JAVA_OPTIONS:"
    r"|\[[\d.]+s\]\[(warning|info|error)\]\["
    r"|\[warning\]\[(aot|cds)"
    r"|SLF4J(\([IWE]\))?:"
    r"|WARNING: (A restricted method|java\.lang\.System::load|Use --enable-native-access"
    r"|Restricted methods will be|sun\.misc\.Unsafe|A terminally deprecated method"
    r"|.* has been called by .*\.jar|Please consider reporting this"
    r"|.* will be removed in a future release$)"
    # printed by every consumer of 4.3 whose line does not choose a group protocol
    r"|The consumer rebalance protocol \(KIP-848\) is production-ready!"
)
_EVENT = re.compile(
    r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[,.]\d+\] (?P<level>[A-Z]+) (?P<text>.*?)"
    r"(?: \((?P<logger>[\w.$]+)\))?$"
)
_TRACE = re.compile(r"\tat |\t\.\.\. \d+ |\s*\([\w.$]+\)$|\s*$")
_CLASS = r"[\w$]+(?:\.[\w$]+)+(?:Exception|Error)"
_HEADER = re.compile(rf'(?:Caused by: |Exception in thread "[^"]+" )?{_CLASS}(?:: .*|:?$)')
_CLASSES = re.compile(rf'^(?:Caused by: |Exception in thread "[^"]+" )?(?:{_CLASS}(?:: |$))*')
_WRAPPER = "java.util.concurrent.ExecutionException: "
_CLIENT = re.compile(r"\[(Share)?Consumer clientId=console-")
_PRIVATE_FILE = re.compile(
    r"[^\s'\"]*[/\\](?:tool-[0-9a-f]{8}|kafkalab-[0-9a-f]{10}[/\\]file-\d+)\b"
)
_REMEMBERED = 20


class ReadableOutput:
    """A filter over the lines of one tool.

    Warnings of the Java runtime and stack frames go. Of an error that the tool prints as a
    sentence and then once more as a log event, the sentence stays. Lines that may be records are
    left alone: what Java prints comes before the first of them. An application of Kafka Streams
    prints only its log, and of that errors are shown.

    Parameters
    ----------
    script : str
        The tool, such as `kafka-topics.sh`.
    """

    def __init__(self, script: str) -> None:
        self._records = script in CONSUMERS
        self._prompts = script == PRODUCER
        self._only_errors = script == RUN_CLASS
        self._began = False  # the first record is there
        self._in_warning = False
        self._in_trace = False
        self._held: list[str] = []
        self._recent: deque[str] = deque(maxlen=_REMEMBERED)
        self._warned: set[str] = set()

    def feed(self, line: str) -> list[str]:
        """The lines to show now that the tool has printed `line`."""
        if self._prompts and line.startswith(">"):
            line = line.lstrip(">")
            if not line:
                return []
        if not self._began and _NOISE.match(line):
            return []
        event = self._event(line)
        if event is not None:
            self._in_trace = True
            self._in_warning = self._only_errors and event[0] == "WARN"
            return [] if self._in_warning else self._log_event(*event)
        if self._in_trace and self._continues(line):
            return []
        if _HEADER.match(line) and (self._in_trace or not self._records):
            self._in_trace = True
            return self._hold(line.replace(_WRAPPER, ""))
        if self._in_warning:  # one warning can have several lines
            return []
        self._in_trace = False
        self._began = self._records
        return self._say(line if self._records else _PRIVATE_FILE.sub("<private file>", line))

    def flush(self) -> list[str]:
        """What was held back to see whether the tool says it in a better form."""
        held, self._held = self._held, []
        self._recent.extend(held)
        return held

    def _continues(self, line: str) -> bool:
        """Whether the line belongs to a log event; one without any text may be a record."""
        return bool(_TRACE.match(line)) and (bool(line.strip()) or not self._records)

    def _event(self, line: str) -> tuple[str, str] | None:
        """Level and text of a log event of the tool itself."""
        match = _EVENT.match(line)
        if match is None:
            return None
        text, logger = match["text"], match["logger"] or ""
        if self._records and not (
            _CLIENT.match(text) or logger.startswith("org.apache.kafka.tools.")
        ):
            return None  # a record may hold a line of any log
        return match["level"], text

    def _log_event(self, level: str, text: str) -> list[str]:
        if level in ("ERROR", "FATAL"):
            return self._hold(f"{level} {text.replace(_WRAPPER, '').rstrip()}")
        if level != "WARN" or "LEADER_NOT_AVAILABLE" in text:  # a new topic for a moment
            return []
        text = re.sub(r" with correlation id \d+ ?:", ":", text)
        kind = re.sub(r"\d+", "", text)
        if kind in self._warned:
            return []
        self._warned.add(kind)
        return self._say(f"{level} {text}")

    def _hold(self, text: str) -> list[str]:
        if not any(_says(line, text) for line in (*self._recent, *self._held)):
            self._held.append(text)
        return []

    def _say(self, line: str) -> list[str]:
        lines = [held for held in self._held if not _says(line, held)]
        self._held = []
        lines.append(line)
        self._recent.extend(lines)
        return lines


def _says(line: str, error: str) -> bool:
    """True where `line` already holds what `error` says besides its classes."""
    core = _CLASSES.sub("", re.sub(r"^(ERROR|FATAL) ", "", error)).strip()
    return bool(core) and core in line
