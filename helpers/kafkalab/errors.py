"""The one error that a learner meets."""

from __future__ import annotations

from collections.abc import Sequence


class KafkaLabError(Exception):
    """Something that the package can name: what happened, what was tried, how to fix it.

    Parameters
    ----------
    what : str
        What happened, in one plain sentence.
    tried : str
        What the package did before it gave up; may be empty.
    fix : str
        The line, command or step that fixes it.
    log : sequence of str
        The last lines that a broker or tool wrote, where they explain the failure.
    """

    def __init__(self, what: str, *, tried: str = "", fix: str, log: Sequence[str] = ()) -> None:
        self.what = what
        self.tried = tried
        self.fix = fix
        self.log = tuple(log)
        super().__init__(str(self))

    def __str__(self) -> str:
        lines = [self.what]
        if self.tried:
            lines.append(f"  tried: {self.tried}")
        lines.append(f"  to fix it: {self.fix}")
        if self.log:
            lines.append("  last log lines:")
            lines.extend(f"    {line}" for line in self.log)
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (self.what, self.tried, self.fix, self.log))

    def _render_traceback_(self) -> list[str]:
        """Let IPython show the three parts instead of a stack of library frames."""
        return [f"KafkaLabError: {self}"]


def telling_lines(text: str, last: int) -> list[str]:
    """The `last` lines of a Java program's output, its stack frames left out.

    A failing broker ends with the reason and then a dozen frames, which would push it out.
    """
    frames = ("\tat ", "\t... ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(frames)]
    return lines[-last:]


def _rebuild(what: str, tried: str, fix: str, log: tuple[str, ...]) -> KafkaLabError:
    return KafkaLabError(what, tried=tried, fix=fix, log=log)
