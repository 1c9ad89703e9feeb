"""A line as it is typed or pasted → its words, as a shell would read them; no shell runs.

What only a shell understands is refused with what does the same here, written out for this line.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kafkalab.errors import KafkaLabError
from kafkalab.lines.scripts import is_script

_PROMPT = re.compile(
    r"(?:"
    r"\[[^\]\s]+(?: [^\]\n]*)?\]"  # [ada@host ~]
    r"|[\w.-]+@[\w.-]+(?::\S*)?"  # ada@host:~/kafka
    r"|(?:ba|z)?sh-[\d.]+"
    r"|(?P<windows>(?:PS )?[A-Z]:\\[^>\n]*)"  # PS C:\kafka>
    r")?\s*[$%#>\u276f\u279c]\s+"
    r"|!\s*"  # a notebook's own
)
_LITERAL = re.compile(r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.""", re.S)
_LITERAL_ON_WINDOWS = re.compile(r"""'[^']*'|"[^"]*\"""", re.S)
_ANSI = re.compile(rf"""{_LITERAL.pattern}|\$'(?P<ansi>(?:\\.|[^'\\])*)'""", re.S)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|([0-7]{1,3})|(.))", re.S)
_ESCAPED = {
    "a": "\a",
    "b": "\b",
    "e": "\x1b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
}
_SUBSTITUTION = r"\$\(|`|\$\{?\w+"
_TO_FILL_IN = re.compile(r"<[A-Za-z][\w. :/-]*(?<! )>(?=[\s:,]|$)")
_OF_A_SERVER = re.compile(r"(?:-server|-servers|-controller|-list|bootstrap\.servers)[ =]+\S*$")
_OPERATOR = re.compile(rf"{_SUBSTITUTION}|[|&;<>()]+")
_PLAIN = re.compile(r"\w[\w.-]*")
_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1[^\n]*\n(?P<body>.*?)^\s*\2\s*$", re.S | re.M)


def read(line: str) -> list[str]:
    """The words of one command, without prompt, comment and continuation marks.

    Raises
    ------
    KafkaLabError
        The text holds several commands, or what only a shell understands.
    """
    text, windows = _one_command(line)
    if not windows:
        text = _ANSI.sub(_plainly_quoted, text)
    bare = _bare(text, windows)
    comment = re.search(r"(?:(?<=\s)|^)#.*", bare)
    if comment:
        text, bare = text[: comment.start()], bare[: comment.start()]
    _refuse_open_quote(text, bare)
    _refuse_placeholder(text, bare)
    operator = _OPERATOR.search(_TO_FILL_IN.sub(_blanks, bare))
    if operator:
        _refuse(text, operator)
    return _split(text, windows)


def as_python(text: str) -> str:
    """The text as a literal of Python."""
    return json.dumps(text, ensure_ascii=False)


# --- from lines to one command ----------------------------------------------------------------


def _one_command(text: str) -> tuple[str, bool]:
    """Continuation lines joined, prompt and comment lines dropped; whether it is for Windows."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    while len(lines) > 1 and lines[0].lstrip().startswith("#"):
        lines.pop(0)
    text = "\n".join(lines).strip()
    prompt = _PROMPT.match(text)
    text = text[prompt.end() :] if prompt else text
    windows = bool(
        (prompt and prompt["windows"]) or re.search(r"\.bat(?=\s|$)|\\windows\\", text, re.I)
    )
    mark = r"[\^`]" if windows else r"\\"
    text = re.sub(rf"{mark}[ \t]*(?:\r?\n|$)", " ", text).strip()
    document = _HERE_DOCUMENT.search(text)
    if document:
        _refuse_input("<<", text[: document.start()], as_python(document["body"]))
    if "\n" in text:
        raise KafkaLabError(
            "console runs one command, and this text has several lines.",
            tried=f"to read {text.splitlines()[1].strip()!r} as part of the command",
            fix="one cluster.console(…) for each command, without its output; "
            "end a line with \\ if the command continues",
        )
    return text, windows


def _plainly_quoted(match: re.Match[str]) -> str:
    """What `$'\\t'` stands for, in quotes that hide it; all other quotes as they are."""
    if match["ansi"] is None:
        return match[0]
    return shlex.quote(_ESCAPE.sub(_unescaped, match["ansi"]).partition("\0")[0])


def _unescaped(match: re.Match[str]) -> str:
    hexadecimal, octal, letter = match[1] or match[2], match[3], match[4]
    if letter is None:
        return chr(int(hexadecimal, 16) if hexadecimal else int(octal, 8))
    return _ESCAPED.get(letter, letter if letter in "\\'\"?" else match[0])


def _blanks(match: re.Match[str]) -> str:
    return "_" * len(match[0])


def _bare(text: str, windows: bool) -> str:
    """The text, letter by letter, with blanks for what quotes and backslashes protect."""

    def hide(match: re.Match[str]) -> str:
        if match[0][0] != '"' or windows:
            return _blanks(match)
        # in double quotes a shell still fills in variables and commands
        found = re.compile(rf"({_SUBSTITUTION})|\\.|.", re.S)
        return found.sub(lambda part: part[1] or _blanks(part), match[0])

    return (_LITERAL_ON_WINDOWS if windows else _LITERAL).sub(hide, text)


def _split(text: str, windows: bool) -> list[str]:
    windows = windows or bool(re.match(r"[.\w]*\\", text))
    text = text if windows else _LITERAL.sub(_freed, text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if windows:
        lexer.escape = ""
    return list(lexer)


def _freed(match: re.Match[str]) -> str:
    """A text in double quotes, without the backslashes before $ and `, which shlex leaves."""
    if match[0][0] != '"':
        return match[0]
    return re.sub(r"\\(.)", lambda pair: pair[1] if pair[1] in "$`" else pair[0], match[0])


# --- what only a shell understands ------------------------------------------------------------


@dataclass(frozen=True)
class _Cut:
    """A command, cut at what only a shell understands."""

    before: str
    sign: str
    after: str


def _call(command: str) -> str:
    return f"cluster.console({as_python(command.strip())})"


def _with_input(command: str, source: str) -> str:
    return f"cluster.console({as_python(command.strip())}, input={source})"


def _text_of(file: str) -> str:
    return f"Path({as_python(file)}).read_text()"


def _pipe(cut: _Cut) -> str:
    """What comes out of a tool, or goes into one."""
    into = shlex.split(_tame(cut.after))
    if not into or not is_script(into[0]):
        if len(into) == 2 and into[0] == "grep" and _PLAIN.fullmatch(into[1]):
            looked_for = f"if {as_python(into[1])} in text"
            return f"[text for text in {_call(cut.before)}.output {looked_for}]"
        return f"what the tool prints is a list of lines: {_call(cut.before)}.output"
    program, *words = shlex.split(_tame(cut.before)) or [""]
    if program == "cat" and len(words) == 1:
        return f"from pathlib import Path; {_with_input(cut.after, _text_of(words[0]))}"
    if program in ("echo", "printf") and words:
        said = " ".join(word for word in words if word not in ("-e", "-n"))
        return _with_input(cut.after, as_python(said.replace("\\n", "\n").rstrip("\n") + "\n"))
    return _with_input(cut.after, as_python("event #1\n")) + " with the text that is piped into it"


def _from_file(cut: _Cut) -> str:
    file, rest = _first_word(cut.after)
    return f"from pathlib import Path; {_with_input(cut.before + rest, _text_of(file))}"


def _here_string(cut: _Cut) -> str:
    text, rest = _first_word(cut.after)
    return _with_input(cut.before + rest, as_python(text + "\n"))


def _here_document(cut: _Cut) -> str:
    return _with_input(cut.before, as_python("event #1\nevent #2\n"))


def _to_file(cut: _Cut) -> str:
    file, rest = _first_word(cut.after)
    tool = re.sub(r"\s+[12]$", " ", cut.before)
    if file in ("1", "2", "/dev/null", "&1", "&2"):
        return f"leave {cut.sign}{file} out: a cell shows output and errors: {_call(tool + rest)}"
    lines = f'"\\n".join({_call(tool + rest)}.output)'
    return f"from pathlib import Path; Path({as_python(file)}).write_text({lines})"


def _one_call_each(cut: _Cut) -> str:
    commands = [cut.before, *re.split(r"&&|[|;]+", cut.after)]
    tools = (each for each in commands if is_script(_first_word(each)[0]))
    tool = next(tools, cut.before)
    return f"one cluster.console(…) a command, each in its own call: {_call(tool)}"


def _in_background(cut: _Cut) -> str:
    return (
        f"cluster.console({as_python(cut.before.strip())}, background=True) leaves the tool running"
    )


def _inner_command(cut: _Cut) -> str:
    return (
        "run the inner command in a call of its own and put its result into the line: "
        'uuid = cluster.console("bin/kafka-storage.sh random-uuid").output[0]'
    )


def _variable(cut: _Cut) -> str:
    return (
        f"put the value of {cut.sign} itself into the line, with an f-string: "
        'cluster.console(f"… {value}")'
    )


_ADVICE: Mapping[str, Callable[[_Cut], str]] = {
    **dict.fromkeys(("|", "|&"), _pipe),
    "<": _from_file,
    "<<": _here_document,
    "<<<": _here_string,
    **dict.fromkeys((">", ">>", ">|", ">&", "&>", "&>>"), _to_file),
    **dict.fromkeys(("&&", "||", ";"), _one_call_each),
    "&": _in_background,
    **dict.fromkeys(("(", ")", "`", "$(", "<(", ">("), _inner_command),
    "$": _variable,
}


def _refuse(text: str, operator: re.Match[str]) -> None:
    sign = text[operator.start() : operator.end()]  # with what its quotes hold
    kind = "$" if re.match(r"\$\{?\w", operator[0]) else operator[0]
    advice = _ADVICE.get(kind) or _ADVICE[kind[0]]
    raise KafkaLabError(
        f"A line runs one tool and no shell, so {sign} has no meaning in the line.",
        tried=f"to read {text!r}",
        fix=advice(_Cut(text[: operator.start()], sign, text[operator.end() :])),
    )


def _refuse_input(sign: str, command: str, source: str) -> None:
    raise KafkaLabError(
        f"A line runs one tool and no shell, so {sign} has no meaning in the line.",
        tried="to read a here-document",
        fix=_with_input(command, source),
    )


def _refuse_open_quote(text: str, bare: str) -> None:
    quote = re.search("['\"]", bare)
    if quote:
        raise KafkaLabError(
            f"A quotation mark ({quote[0]}) is opened in the line and never closed.",
            tried=f"to read {text!r}",
            fix=f"close it: add a {quote[0]}",
        )


def _refuse_placeholder(text: str, bare: str) -> None:
    """Refuse `--topic <topic>`; in an address a placeholder stands for this cluster."""
    for found in _TO_FILL_IN.finditer(bare):
        is_address = bare[found.end() :].startswith(":") or _OF_A_SERVER.search(
            bare[: found.start()]
        )
        if not is_address:
            raise KafkaLabError(
                f"{found[0]} is a placeholder: the documentation leaves a value to you.",
                tried=f"to read {text!r}",
                fix=f"write a value of your own in place of {found[0]}",
            )


def _tame(text: str) -> str:
    """Text that `shlex.split` reads whatever it holds."""
    return text.replace("'", "").replace('"', "").replace("\\", "\\\\")


def _first_word(text: str) -> tuple[str, str]:
    """The first word without its quotes, and what follows it."""
    found = re.match(r"""\s*("[^"]*"|'[^']*'|\S+)""", text)
    if found is None:
        return "", text
    return found[1].strip("'\""), text[found.end() :]
