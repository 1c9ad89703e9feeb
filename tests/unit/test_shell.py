"""Lines as they are typed and pasted: prompts, prefixes, quotes, and what only a shell knows."""

from __future__ import annotations

import contextlib

import pytest

from kafkalab import KafkaLabError
from kafkalab.lines import shell
from kafkalab.lines.prefixes import without_prefix

LIST = ["kafka-topics.sh", "--list"]


def words(line: str) -> list[str]:
    """The tool's words, without the folder that its name has."""
    first, *rest = without_prefix(shell.read(line))
    return [first.replace("\\", "/").rsplit("/", 1)[-1], *rest]


def refusal(line: str) -> KafkaLabError:
    with pytest.raises(KafkaLabError) as caught:
        words(line)
    assert caught.value.fix
    return caught.value


# --- one command, however it is written -------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "kafka-topics.sh --list",
        "  ./bin/kafka-topics.sh --list  ",
        "/opt/kafka/bin/kafka-topics.sh --list",
        "bin/kafka-topics.sh \\\n  --list",
        "bin/kafka-topics.sh \\\r\n  --list",
        "bin/kafka-topics.sh --list \\",
        "bin/kafka-topics.sh --list \\\n",
        "bin/kafka-topics.sh --list   # all | of & them",
        "# all topics\nbin/kafka-topics.sh --list",
        "# all topics\n\n# of the cluster\n$ bin/kafka-topics.sh --list",
        "$ bin/kafka-topics.sh --list",
        "% bin/kafka-topics.sh --list",
        "# bin/kafka-topics.sh --list",
        "> bin/kafka-topics.sh --list",
        "!bin/kafka-topics.sh --list",
        "[ada@host]$ bin/kafka-topics.sh --list",
        "[appuser@broker ~]$ kafka-topics.sh --list",
        "ada@host:~/kafka$ bin/kafka-topics.sh --list",
        "root@4d5e6f:/# kafka-topics.sh --list",
        "sh-4.4$ bin/kafka-topics.sh --list",
        "sh bin/kafka-topics.sh --list",
        "bash -x ./bin/kafka-topics.sh --list",
        "sudo bin/kafka-topics.sh --list",
        "sudo -E -u kafka -- /opt/kafka/bin/kafka-topics.sh --list",
        'KAFKA_HEAP_OPTS="-Xmx256M -Xms64M" bin/kafka-topics.sh --list',
        "sudo JMX_PORT=9999 nohup bin/kafka-topics.sh --list",
        "docker exec broker kafka-topics.sh --list",
        "docker exec -it -u root -e JMX_PORT=9999 broker /opt/kafka/bin/kafka-topics.sh --list",
        "sudo docker container exec --user=root broker kafka-topics.sh --list",
        "winpty docker exec -it broker kafka-topics.sh --list",
        'docker exec -it broker bash -c "kafka-topics.sh --list"',
        "docker exec broker sh -lc 'bin/kafka-topics.sh --list'",
        "docker compose exec kafka kafka-topics.sh --list",
        "docker compose -f kafka.yml exec -T --index 1 kafka kafka-topics.sh --list",
        "docker-compose -p lab exec kafka kafka-topics.sh --list",
        "podman exec -it broker kafka-topics.sh --list",
        "docker run --rm -it --network lab apache/kafka /opt/kafka/bin/kafka-topics.sh --list",
        "kubectl exec kafka-0 -- bin/kafka-topics.sh --list",
        "kubectl -n kafka exec -it kafka-0 -c kafka -- bin/kafka-topics.sh --list",
        "kubectl exec -it kafka-0 bin/kafka-topics.sh --list",
        "kubectl run tool -ti --image=strimzi/kafka --rm=true -- bin/kafka-topics.sh --list",
    ],
)
def test_all_spellings_of_a_line_mean_the_same_words(line: str) -> None:
    assert words(line) == LIST


@pytest.mark.parametrize(
    "line",
    [
        r"bin\windows\kafka-topics.bat --list",
        r".\bin\windows\kafka-topics.bat --list",
        r"PS C:\kafka> .\bin\windows\kafka-topics.bat --list",
        r"C:\kafka_2.13-4.3.1> bin\windows\kafka-topics.bat --list",
        "bin\\windows\\kafka-topics.bat ^\r\n --list",
        "PS C:\\kafka> bin\\windows\\kafka-topics.bat `\n --list",
        r"cmd /c bin\windows\kafka-topics.bat --list",
    ],
)
def test_lines_for_windows_are_read_too(line: str) -> None:
    assert words(line) == ["kafka-topics.bat", "--list"]


def test_quotes_are_read_as_by_a_shell() -> None:
    line = """bin/kafka-topics.sh --topic 'a|b>c;d&e$f`g(' "x|y;z" a\\ b 'key.separator='"|" '#'"""
    assert words(line)[2:] == ["a|b>c;d&e$f`g(", "x|y;z", "a b", "key.separator=|", "#"]
    assert words("bin/kafka-topics.sh --separator '|' \\; a#b")[2:] == ["|", ";", "a#b"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"key.separator=$'\t'", "key.separator=\t"),
        (r"$'a\'b\\\x41\101\u00fc|\n'", "a'b\\AA\u00fc|\n"),
        (r"$'\q'", r"\q"),
        ("\"$'x'\"", "$'x'"),
        (r'"\$x \`y\` \\ \" \n"', r'$x `y` \ " \n'),
        (r"'\$x'", r"\$x"),
    ],
)
def test_backslashes_are_read_as_by_a_shell(written: str, meant: str) -> None:
    assert words(f"bin/kafka-topics.sh --topic {written}")[2:] == [meant]


def test_on_windows_a_backslash_is_a_letter() -> None:
    assert words(r'bin\windows\kafka-topics.bat --topic "\`x\$"')[2:] == [r"\`x\$"]


def test_the_sign_is_named_as_it_was_written() -> None:
    error = refusal('bin/kafka-topics.sh --topic $"orders"')
    assert '$"orders" has no meaning' in error.what


@pytest.mark.parametrize(
    "value", ["<broker>:9092", "<broker1>:9092,<broker2>:9092", "<bootstrap-servers>"]
)
@pytest.mark.parametrize("option", ["--bootstrap-server {}", "--bootstrap-server={}"])
def test_a_placeholder_is_no_redirection(value: str, option: str) -> None:
    assert words(f"kafka-topics.sh {option.format(value)}") == [
        "kafka-topics.sh",
        *option.format(value).split(" "),
    ]


def test_a_placeholder_for_a_value_is_named() -> None:
    error = refusal("bin/kafka-topics.sh --describe --topic <topic-name>")
    assert "<topic-name> is a placeholder" in error.what


# --- what only a shell understands ------------------------------------------------------------

TOPICS = "bin/kafka-topics.sh --list"
PRODUCER = "bin/kafka-console-producer.sh --topic t"
PATH = "from pathlib import Path; "


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        (f"echo hello | {PRODUCER}", f'cluster.console("{PRODUCER}", input="hello\\n")'),
        (f"echo 'a|b' | {PRODUCER}", 'input="a|b\\n")'),
        (f"cat a.txt | {PRODUCER}", f'{PATH}cluster.console("{PRODUCER}", input=Path("a.txt").'),
        (f"seq 10 | {PRODUCER}", "the text that is piped"),
        (f"{TOPICS} | grep quick", f'[text for text in cluster.console("{TOPICS}").output if '),
        (f"{TOPICS} | grep -v x", f'a list of lines: cluster.console("{TOPICS}").output'),
        (f"{TOPICS} | grep orders | sort", f'of lines: cluster.console("{TOPICS}").output'),
        (f"{TOPICS} | grep '^a'", f'of lines: cluster.console("{TOPICS}").output'),
        (f"cd /opt/kafka && {TOPICS}", f'each in its own call: cluster.console("{TOPICS}")'),
        (f"{TOPICS}; ls", f'each in its own call: cluster.console("{TOPICS}")'),
        (f"{TOPICS} | wc -l", f'cluster.console("{TOPICS}").output'),
        (f"{PRODUCER} < a.txt", f'{PATH}cluster.console("{PRODUCER}", input=Path("a.txt").read'),
        (f"{PRODUCER} <a.txt", 'input=Path("a.txt").read_text())'),
        (f"{PRODUCER} <<< 'one event'", 'input="one event\\n")'),
        (
            f"{PRODUCER} <<EOF\none\ntwo\nEOF",
            f'cluster.console("{PRODUCER}", input="one\\ntwo\\n")',
        ),
        (f"{PRODUCER} << 'END'\none\nEND\n", 'input="one\\n")'),
        (f"{PRODUCER} <<EOF", "input="),
        (f"{TOPICS} > topics.txt", f'{PATH}Path("topics.txt").write_text('),
        (f"{TOPICS} >> topics.txt", 'Path("topics.txt")'),
        (f"{TOPICS} 2>/dev/null", "leave >/dev/null out"),
        (f"{TOPICS} 2>&1", "a cell shows output and errors"),
        (f"{TOPICS}; ls", "in its own call"),
        (f"cd /opt/kafka && {TOPICS}", "in its own call"),
        (f"{TOPICS} || true", "in its own call"),
        (f"{PRODUCER} &", f'cluster.console("{PRODUCER}", background=True)'),
        ("bin/kafka-storage.sh format -t `uuidgen`", "output[0]"),
        ("bin/kafka-storage.sh format -t $(bin/kafka-storage.sh random-uuid)", "output[0]"),
        ('bin/kafka-storage.sh format -t "$(uuidgen)"', "output[0]"),
        (f"({TOPICS})", "output[0]"),
        ("bin/kafka-storage.sh format -t $KAFKA_CLUSTER_ID", "value of $KAFKA_CLUSTER_ID"),
        ('bin/kafka-storage.sh format -t "${UUID}"', "f-string"),
        ("bin/kafka-topics.sh --topic 'a", "close it"),
        (f"{TOPICS}\nquickstart-events", "one cluster.console"),
        ('docker exec broker bash -c "kafka-topics --list | grep a"', ".output"),
    ],
)
def test_what_only_a_shell_understands_is_refused_with_what_to_write(
    line: str, instead: str
) -> None:
    assert instead in refusal(line).fix


@pytest.mark.parametrize(
    ("line", "what", "fix"),
    [
        (
            "KAFKA_OPTS=-Djava.security.auth.login.config=a bin/kafka-topics.sh",
            "KAFKA_OPTS",
            "file",
        ),
        ("docker exec -e KAFKA_OPTS=-Da=b broker kafka-topics --list", "KAFKA_OPTS", "leave"),
        ("TOPIC=t bin/kafka-topics.sh --list", "TOPIC", "leave TOPIC=… out"),
        ("docker exec -it broker bash", "opens a shell", "cluster.console("),
        ("docker compose up -d", "is not needed here", "cluster.start()"),
        ("docker run -d -p 9092:9092 apache/kafka:4.3.1", "none of Kafka's tools", "own line"),
        ("kubectl get pods", "is not needed here", "cluster.start()"),
        ("sudo", "none of Kafka's tools", "own line"),
        ("docker exec broker", "none of Kafka's tools", "own line"),
    ],
)
def test_a_prefix_that_does_more_is_named(line: str, what: str, fix: str) -> None:
    error = refusal(line)
    assert what in error.what
    assert fix in error.fix


@pytest.mark.parametrize(
    "line", ["\\", "'", '"', "$(", "<<EOF", "|", "> ", "docker", "sh -c", "<a>"]
)
def test_a_scrap_raises_no_error_of_python(line: str) -> None:
    with contextlib.suppress(KafkaLabError):  # nothing else may come
        without_prefix(shell.read(line))
