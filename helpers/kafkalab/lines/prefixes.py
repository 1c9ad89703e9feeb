"""Words before a tool's name that mean "where Kafka is": containers, users, variables, shells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kafkalab.errors import KafkaLabError
from kafkalab.lines import shell
from kafkalab.lines.scripts import is_script

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=.*", re.S)
_HARMLESS_VARIABLES = (
    "JAVA_HOME",
    "JMX_PORT",
    "KAFKA_GC_LOG_OPTS",
    "KAFKA_HEAP_OPTS",
    "KAFKA_JMX_OPTS",
    "KAFKA_JVM_PERFORMANCE_OPTS",
    "KAFKA_LOG4J_OPTS",
    "LOG_DIR",
    "MSYS_NO_PATHCONV",
)
"""They change how Java runs or logs; the tools here have settings of their own for that."""
_HARMLESS_WORDS = ("command", "env", "exec", "nohup", "time", "winpty")
_SHELLS = ("sh", "bash", "zsh", "dash", "ksh", "cmd", "powershell", "pwsh")
_SUDO_VALUES = ("-u", "--user", "-g", "--group", "-h", "--host", "-p", "--prompt", "-C", "-D")
_CONTAINER_VALUES = (
    *("-e", "--env", "--env-file", "-u", "--user", "-w", "--workdir", "--detach-keys", "--index"),
    *("-f", "--file", "-p", "--project-name", "--project-directory", "--profile", "--context"),
    *("-H", "--host", "-c", "--container", "-n", "--namespace", "--kubeconfig", "--cluster"),
)
"""Options of docker, compose, podman and kubectl whose value is a word of its own."""


def without_prefix(words: Sequence[str]) -> list[str]:
    """The words from the tool's own name on.

    Raises
    ------
    KafkaLabError
        A prefix does something that has no meaning here; or no tool follows it.
    """
    rest = list(words)
    while rest:
        shorter = _one_less(rest)
        if shorter is None:
            return rest
        rest = shorter
    if words:
        raise KafkaLabError(
            "The line names none of Kafka's tools.",
            tried=f"to read {' '.join(words)!r}",
            fix="give the tool's own line: cluster.console("
            '"docker exec -it kafka kafka-topics --list") or "bin/kafka-topics.sh --list"',
        )
    return rest


def _one_less(words: list[str]) -> list[str] | None:
    """The words without their first prefix; None where there is none."""
    first, rest = words[0], words[1:]
    variable = _ASSIGNMENT.fullmatch(first)
    if variable:
        _require_harmless(variable[1])
        return rest
    program = re.sub(r"\.exe$", "", re.split(r"[/\\]", first)[-1].lower())
    if program in _HARMLESS_WORDS:
        return _after_options(rest, ())
    if program == "sudo":
        return _after_options(rest, _SUDO_VALUES)
    if program in _SHELLS:
        return _in_shell(first, rest)
    inside = _CONTAINERS.get(program)
    return None if inside is None else inside(first, rest)


def _require_harmless(name: str) -> None:
    if name in _HARMLESS_VARIABLES:
        return
    fix = f"leave {name}=… out; a value that the line needs goes into the line itself"
    if name in ("KAFKA_OPTS", "CLASSPATH"):
        fix = (
            f"leave {name}=… out; a client's settings go into a file: --command-config a.properties"
        )
    raise KafkaLabError(
        f"The line sets the variable {name}, and there is no shell to pass it to the tool.",
        fix=fix,
    )


def _after_options(words: list[str], with_value: Sequence[str]) -> list[str]:
    """The words after the leading options of a program."""
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            break
        if option in with_value and rest:
            value = _ASSIGNMENT.fullmatch(rest.pop(0))
            if option in ("-e", "--env") and value:
                _require_harmless(value[1])
    return rest


def _in_shell(program: str, words: list[str]) -> list[str]:
    """`sh script …` or `bash -c "script …"`."""
    for i, word in enumerate(words):
        if word.lower() in ("/c", "-command"):
            return words[i + 1 :]
        if re.fullmatch(r"-\w*c", word):
            return shell.read(words[i + 1]) if len(words) > i + 1 else []
        if not word.startswith("-"):
            return words[i:]
    raise KafkaLabError(
        f"{program} opens a shell, and a line runs one tool without a shell.",
        fix="leave this step out, and give the line that you would type in that shell: "
        'cluster.console("bin/kafka-topics.sh --list")',
    )


# --- containers -------------------------------------------------------------------------------


def _docker(program: str, words: list[str]) -> list[str]:
    """`docker exec [options] NAME tool …`, by compose or not; `docker run … IMAGE tool …`."""
    rest = _after_options(words, _CONTAINER_VALUES)
    while rest and rest[0] in ("compose", "container"):
        rest = _after_options(rest[1:], _CONTAINER_VALUES)
    verb = rest[0] if rest else ""
    if verb == "exec":
        return _after_options(rest[1:], _CONTAINER_VALUES)[1:]
    if verb == "run":
        for i in range(2, len(rest)):
            if is_script(rest[i]) and not rest[i - 1].startswith("-"):
                return rest[i:]
        return []
    raise _other_step(f"{program} {verb}")


def _kubectl(program: str, words: list[str]) -> list[str]:
    """`kubectl exec [options] POD [options] -- tool …`, and `kubectl run … -- tool …`."""
    verbs = [word for word in _after_options(words, _CONTAINER_VALUES) if word in ("exec", "run")]
    if not verbs:
        raise _other_step(f"{program} {' '.join(words[:1])}")
    if "--" in words:
        return words[words.index("--") + 1 :]
    pod = _after_options(words[words.index(verbs[0]) + 1 :], _CONTAINER_VALUES)
    return _after_options(pod[1:], _CONTAINER_VALUES)


def _other_step(step: str) -> KafkaLabError:
    return KafkaLabError(
        f"{step.strip()} is not needed here: the notebook starts and stops Kafka itself.",
        fix="leave this step out; cluster.start() starts all that Kafka needs",
    )


_CONTAINERS: dict[str, Callable[[str, list[str]], list[str]]] = {
    **dict.fromkeys(("docker", "docker-compose", "podman", "podman-compose", "nerdctl"), _docker),
    **dict.fromkeys(("kubectl", "oc"), _kubectl),
}
