"""What must hold of a committed notebook, as functions that name each fault.

`skeleton.py` says in words what is asked here.
"""

from __future__ import annotations

import functools
import getpass
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import nbformat
from nbval.plugin import find_comment_markers

from kafkalab.settings import BACKENDS, Settings
from tests.notebooks import canonical, markdown, record_truth, room, skeleton

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
GLOSSARY = ROOT / "docs" / "glossary.md"

PORTS = {1, 9092, 9093, 9094, 19092, 19093, 19094, 8083, 5672, 6379, 8000}
"""Canonical addresses, Connect's port in the documentation, and 1, on which nobody listens."""
_ADDRESS = re.compile(r"\b(?:127\.0\.0\.1|localhost):(\d+)")
_PRIVATE_HOST = re.compile(r"\b(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d{1,3}\.\d{1,3}\b")
_PATH = re.compile(
    r"/home/[\w.-]|/root/|/Users/\w|/private/var|/var/folders|[A-Z]:\\\\?Users"
    r"|/tmp/(?!kraft-combined-logs|kafka-logs|connect\.offsets)\w"
)
_PLAIN_USERS = {"root", "user", "runner", "ubuntu", "jovyan"}

Cell = Any


@dataclass(frozen=True)
class Subject:
    """A notebook and what it is checked against.

    Attributes
    ----------
    path : Path
    notebook : NotebookNode
    earlier_terms : frozenset of str
        What the notebooks before it explain.
    glossary : frozenset of str
        What `docs/glossary.md` explains.
    """

    path: Path
    notebook: Any
    earlier_terms: frozenset[str] = frozenset()
    glossary: frozenset[str] = frozenset()

    @property
    def cells(self) -> list[Cell]:
        return list(self.notebook.cells)

    @property
    def code(self) -> list[tuple[int, Cell]]:
        """Code cells with the number that JupyterLab shows."""
        return list(enumerate((c for c in self.cells if c.cell_type == "code"), start=1))

    @property
    def prose(self) -> list[str]:
        return [c.source for c in self.cells if c.cell_type == "markdown"]

    @property
    def text(self) -> str:
        return "\n\n".join(self.prose)

    @property
    def is_first(self) -> bool:
        return self.path.name.startswith("00_")


def all_notebooks() -> list[Path]:
    """The committed notebooks in the order of the series."""
    found = (p for p in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    return sorted(found, key=lambda path: path.name)


def subject(path: Path) -> Subject:
    """A committed notebook with the terms of those before it."""
    before = [other for other in all_notebooks() if other.name < path.name]
    earlier = frozenset(term for other in before for term in _terms(_markdown_of(other)))
    return Subject(path, nbformat.read(path, as_version=4), earlier, glossary_terms())


def glossary_terms() -> frozenset[str]:
    """Headings and bold words of the glossary."""
    if not GLOSSARY.is_file():
        return frozenset()
    entries = markdown.read(GLOSSARY.read_text(encoding="utf-8"))
    words = [*entries.terms, *(text for _, text in entries.headings)]
    return frozenset(markdown.singular(word) for word in words)


def _markdown_of(path: Path) -> str:
    return _markdown_in(path.read_text(encoding="utf-8"))


@functools.cache
def _markdown_in(text: str) -> str:
    """The prose of a notebook that is given as the text of its file."""
    notebook = nbformat.reads(text, as_version=4)
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def _terms(text: str) -> frozenset[str]:
    return frozenset(markdown.singular(term) for term in markdown.read(text).terms)


# --- form -------------------------------------------------------------------------------------


def written_by_refresh(s: Subject) -> Iterator[str]:
    if s.path.is_file():
        expected = nbformat.writes(s.notebook) + "\n"
        if s.path.read_text(encoding="utf-8") != expected:
            yield "the file is not as `make notebooks` writes it"


def minimal_metadata(s: Subject) -> Iterator[str]:
    if s.notebook.metadata != skeleton.metadata_of(s.notebook):
        yield f"metadata of the notebook is {dict(s.notebook.metadata)}"
    for number, cell in enumerate(s.cells, start=1):
        if extra := set(cell.metadata) - set(skeleton.CELL_METADATA):
            yield f"cell {number} of all: metadata {sorted(extra)}"


def counts_run_from_one(s: Subject) -> Iterator[str]:
    counts = [cell.execution_count for _, cell in s.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}"


def known_tags(s: Subject) -> Iterator[str]:
    for number, cell in enumerate(s.cells, start=1):
        for tag in cell.metadata.get("tags", []):
            if tag not in skeleton.TAGS:
                yield f"cell {number} of all: tag {tag!r} is not one of {', '.join(skeleton.TAGS)}"
    for number, cell in s.code:
        if list(find_comment_markers(cell.source)):
            yield f"cell {number}: a comment steers nbval; use a tag"


# --- skeleton ---------------------------------------------------------------------------------


def title(s: Subject) -> Iterator[str]:
    number = s.path.name.split("_")[0]
    first = s.cells[0] if s.cells else None
    if first is None or not re.match(rf"# {number} · \S", first.source):
        yield f"the first cell does not begin with '# {number} · '"
    titles = [text for level, text in markdown.read(s.text).headings if level == 1]
    if len(titles) != 1:
        yield f"headings of level 1: {titles}"


def parts_in_order(s: Subject) -> Iterator[str]:
    wanted = skeleton.FIRST_PARTS if s.is_first else skeleton.PARTS
    found = [text for level, text in markdown.read(s.text).headings if level == 2]
    for part in wanted:
        if found.count(part) != 1:
            yield f"'## {part}' stands there {found.count(part)} times"
    order = [part for part in found if part in wanted]
    if sorted(order, key=wanted.index) != order:
        yield f"the parts stand in the order {order}"


def says_what_you_will_be_able_to(s: Subject) -> Iterator[str]:
    items = re.findall(r"^[-*] ", _section(s, "You will be able to"), flags=re.MULTILINE)
    if len(items) not in skeleton.ITEMS:
        yield f"{len(items)} items under 'You will be able to'"


def says_what_it_needs(s: Subject) -> Iterator[str]:
    needs = _section(s, "Needs")
    minutes = re.findall(r"^- Time: (\d+) minutes\b", needs, flags=re.MULTILINE)
    if len(minutes) != 1 or int(minutes[0]) not in skeleton.MINUTES:
        yield f"'- Time: n minutes' under 'Needs' says {minutes}"
    backends = re.findall(r"^- Backends: ([\w, ]+)", needs, flags=re.MULTILINE)
    named = {name.strip() for line in backends for name in line.split(",")}
    if not named or not named <= set(BACKENDS) - {"auto"}:
        yield f"'- Backends: …' under 'Needs' says {sorted(named)}"
    if not re.search(r"^- Before: \S", needs, flags=re.MULTILINE):
        yield "no '- Before: …' under 'Needs'"


def starts_and_stops_a_cluster(s: Subject) -> Iterator[str]:
    if skeleton.START_CALL not in _section(s, "Start the cluster", code=True):
        yield f"no code cell with {skeleton.START_CALL} under 'Start the cluster'"
    if not s.is_first and skeleton.NEW_CLUSTER not in _section(s, "Start the cluster").lower():
        yield f"'{skeleton.NEW_CLUSTER}' is not said under 'Start the cluster'"
    if skeleton.STOP_CALL not in _section(s, "Stop the cluster", code=True):
        yield f"no code cell with {skeleton.STOP_CALL} under 'Stop the cluster'"


def goes_on_somewhere(s: Subject) -> Iterator[str]:
    if not markdown.read(_section(s, "Next")).links:
        yield "no link under 'Next'"


def asks_before_it_tells(s: Subject) -> Iterator[str]:
    lines = [line for text in s.prose for line in text.splitlines()]
    asked = sum(line.startswith(skeleton.PREDICT) for line in lines)
    wanted = 1 if s.is_first else skeleton.MIN_PREDICTIONS
    if asked < wanted:
        yield f"{asked} lines '{skeleton.PREDICT} …', {wanted} wanted"
    beliefs = sum(line.startswith(skeleton.BELIEF) for line in lines)
    if beliefs > skeleton.MAX_BELIEFS:
        yield f"{beliefs} beliefs overturned, {skeleton.MAX_BELIEFS} at most"
    for cell, following in zip(s.cells, [*s.cells[1:], None], strict=True):
        asks = cell.cell_type == "markdown" and skeleton.PREDICT in cell.source
        if asks and (following is None or following.cell_type != "code"):
            yield f"no code cell after the question {cell.source[-60:]!r}"


def records_predictions(s: Subject) -> Iterator[str]:
    recorded = [cell for _, cell in s.code if skeleton.RECORDS in cell.source]
    compared = sum(cell.source.count(skeleton.COMPARES) for _, cell in s.code)
    if not s.is_first and len(recorded) < skeleton.MIN_RECORDED:
        yield f"{len(recorded)} cells with {skeleton.RECORDS}, {skeleton.MIN_RECORDED} wanted"
    if compared != len(recorded):
        yield f"{len(recorded)} predictions recorded, {compared} compared"
    if any(skeleton.PLACEHOLDER not in cell.metadata.get("tags", []) for cell in recorded):
        yield f"a cell with {skeleton.RECORDS} without the tag {skeleton.PLACEHOLDER}"


def has_exercises(s: Subject) -> Iterator[str]:
    cells = [cell for cell in _exercise_cells(s) if cell.cell_type == "code"]
    number = s.path.name.split("_")[0]
    first = cells[0].source if cells else ""
    if f'{skeleton.LOADS}"{number}", cluster)' not in first:
        yield f'the first cell of the exercises does not call {skeleton.LOADS}"{number}", cluster)'
        return
    names = [name.strip() for name in first.splitlines()[-1].split("=")[0].split(",")]
    names = [name for name in names if name]
    if len(names) not in (skeleton.FIRST_TASKS if s.is_first else skeleton.TASKS):
        yield f"{len(names)} exercises"
    for name in names:
        yield from _asked_and_checked(name, cells)


def _asked_and_checked(name: str, cells: Sequence[Cell]) -> Iterator[str]:
    sources = [cell.source.strip() for cell in cells]
    for wanted in (name, f"{name}.start()"):
        if wanted not in sources:
            yield f"no cell {wanted!r}"
    checks = [cell for cell in cells if f"{name}.check(" in cell.source]
    if len(checks) != 1 or skeleton.PLACEHOLDER not in checks[0].metadata.get("tags", []):
        yield f"not one cell with {name}.check( and the tag {skeleton.PLACEHOLDER}"
    told = "".join(t for c in checks for o in c.outputs for _, t in canonical.texts(o))
    if skeleton.NOT_ATTEMPTED not in told:
        yield f"the placeholder of {name} does not say {skeleton.NOT_ATTEMPTED!r}"


def _exercise_cells(s: Subject) -> list[Cell]:
    """The cells from the heading *Exercises* to the next part."""
    return [cell for cell, parts in room.sections(s.notebook) if skeleton.EXERCISES in parts]


def neither_short_nor_long(s: Subject) -> Iterator[str]:
    counted = len(s.cells) - len(_exercise_cells(s))
    if counted not in skeleton.CELLS:
        yield f"{counted} cells without the exercises"
    for number, cell in s.code:
        lines = len(cell.source.splitlines())
        if lines > skeleton.MAX_LINES:
            yield f"cell {number}: {lines} lines"


def _section(s: Subject, part: str, *, code: bool = False) -> str:
    """The markdown (or code) from a heading of level 2 to the next."""
    inside, found = False, []
    for cell in s.cells:
        if cell.cell_type == "code":
            if code and inside:
                found.append(cell.source)
            continue
        for line in cell.source.splitlines():
            if line.startswith("## "):
                inside = line[3:].strip() == part
            elif inside and not code:
                found.append(line)
    return "\n".join(found)


# --- prose ------------------------------------------------------------------------------------


def few_new_terms_and_all_explained(s: Subject) -> Iterator[str]:
    terms = _terms(s.text)
    new = terms - s.earlier_terms
    if len(new) > skeleton.MAX_NEW_TERMS:
        yield f"{len(new)} new terms: {', '.join(sorted(new))}"
    if missing := terms - s.glossary:
        yield f"bold, and not in docs/glossary.md: {', '.join(sorted(missing))}"


def links_resolve(s: Subject) -> Iterator[str]:
    for link in markdown.read(s.text).links:
        if reason := broken_link(link, s.path, markdown.read(s.text).headings):
            yield f"link {link!r}: {reason}"


def broken_link(link: str, origin: Path, headings: tuple[tuple[int, str], ...]) -> str:
    """Why a link from `origin` leads nowhere; empty where it does not.

    Addresses of other sites are read, not called.
    """
    parts = urlsplit(link)
    if parts.scheme:
        return "" if parts.scheme in ("http", "https") and parts.netloc else "no such address"
    target = origin if not parts.path else origin.parent / unquote(parts.path)
    if parts.path and not target.exists():
        return "no such file"
    if not parts.fragment:
        return ""
    if parts.path:
        text = _markdown_of(target) if target.suffix == ".ipynb" else target.read_text("utf-8")
        headings = markdown.read(text).headings
    return "" if unquote(parts.fragment) in markdown.anchors(headings) else "no such heading"


def lists_begin_at_one(s: Subject) -> Iterator[str]:
    """A sentence that begins with a number and a full stop becomes a list where it is shown."""
    for start in markdown.read(s.text).list_starts:
        if start != 1:
            yield f"a list that begins at {start}: put a word before the number"


def pictures_have_words(s: Subject) -> Iterator[str]:
    for picture in markdown.read(s.text).pictures:
        if not picture.alternative:
            yield f"image {picture.url!r} has no alternative text"
        if not urlsplit(picture.url).scheme and not (s.path.parent / picture.url).exists():
            yield f"image {picture.url!r} does not exist"
    for number, cell in s.code:
        for output in cell.outputs:
            data = output.get("data", {})
            if set(data) & set(canonical.NOT_COMPARED) and not _alternative(cell, output):
                yield f"cell {number}: a picture without alternative text"
            drawn = "".join(v for k, v in data.items() if k in ("image/svg+xml", "text/html"))
            if "<svg" in drawn and not ("<title" in drawn and "<desc" in drawn):
                yield f"cell {number}: an SVG without title and description"


def _alternative(cell: Cell, output: Mapping[str, Any]) -> str:
    in_cell = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    in_output = [meta.get("alt", "") for meta in _mappings(output.get("metadata", {}))]
    return str(in_cell or "".join(in_output))


def _mappings(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for item in value.values() if isinstance(item, Mapping)]


# --- outputs ----------------------------------------------------------------------------------


def asks_whether_there_is_a_record(s: Subject) -> Iterator[str]:
    for fault in record_truth.faults([cell.source for _, cell in s.code]):
        yield f"cell {fault.part + 1}, {fault}"


def never_sleeps(s: Subject) -> Iterator[str]:
    for number, cell in s.code:
        if re.search(r"\bsleep\(|\bEvent\(\)\.wait\(", cell.source):
            yield f"cell {number}: waits with sleep; wait for a state"


def says_what_flush_counts(s: Subject) -> Iterator[str]:
    """`flush` counts records without an answer: one that was refused has its answer."""
    for number, cell in enumerate(s.cells, start=1):
        if "not sent yet" in cell.source:
            yield f"cell {number} of all: flush counts records without an answer"


def clean_streams(s: Subject) -> Iterator[str]:
    for number, cell in s.code:
        if any(o.output_type == "stream" and o.name == "stderr" for o in cell.outputs):
            yield f"cell {number}: stderr is committed"


def errors_only_where_meant(s: Subject) -> Iterator[str]:
    for number, cell in s.code:
        meant = skeleton.FAILS in cell.metadata.get("tags", [])
        failed = any(output.output_type == "error" for output in cell.outputs)
        if failed and not meant:
            yield f"cell {number}: an error without the tag {skeleton.FAILS}"
        if meant and not failed:
            yield f"cell {number}: tagged {skeleton.FAILS}, and its output is no error"


def names_no_machine(s: Subject) -> Iterator[str]:
    for number, cell in s.code:
        for output in cell.outputs:
            for kind, text in canonical.texts(output):
                for mark in _machine_marks(text):
                    yield f"cell {number}, {kind}: {mark}"


def _machine_marks(text: str) -> Iterator[str]:
    committed = canonical.canonical(text)
    if committed != text:
        pairs = zip(text.splitlines(), committed.splitlines(), strict=False)
        line = next((a for a, b in pairs if a != b), "")
        yield f"not in canonical form: {line[:100]!r}"
    for found in (*_PATH.findall(text), *_PRIVATE_HOST.findall(text)):
        yield f"names a place of the machine that made it: {found!r}"
    for port in _ADDRESS.findall(text):
        if int(port) not in PORTS:
            yield f"port {port}"
    for name in _own_names():
        if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", text):
            yield f"names this machine, its user or its folders: {name!r}"


def _own_names() -> Iterator[str]:
    yield from {str(ROOT), str(Settings.from_environment().cache), str(Path.home())} - {"/"}
    if (host := socket.gethostname()) not in ("", "localhost"):
        yield host
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return
    if user not in _PLAIN_USERS:
        yield user


def most_outputs_are_compared(s: Subject) -> Iterator[str]:
    printing = [cell for _, cell in s.code if cell.outputs]
    compared = [cell for cell in printing if _compared(cell)]
    if len(compared) < skeleton.MIN_COMPARED * len(printing):
        yield f"{len(compared)} of {len(printing)} cells that print are compared"


def _compared(cell: Cell) -> bool:
    if skeleton.IGNORED in cell.metadata.get("tags", []):
        return False
    return any(not _only_a_picture(output) for output in cell.outputs)


def _only_a_picture(output: Mapping[str, Any]) -> bool:
    data = output.get("data", {})
    return bool(set(data) & set(canonical.NOT_COMPARED)) and set(data) <= {
        "text/plain",
        *canonical.NOT_COMPARED,
    }


def says_why_an_output_is_not_compared(s: Subject) -> Iterator[str]:
    cells = [None, *s.cells, None]
    for before, cell, after in zip(cells, cells[1:], cells[2:], strict=False):
        if cell is None or skeleton.IGNORED not in cell.metadata.get("tags", []):
            continue
        beside = [c.source for c in (before, after) if c is not None and c.cell_type == "markdown"]
        if skeleton.REASON not in " ".join([cell.source, *beside]).lower():
            yield f"no '{skeleton.REASON}' with the reason beside {cell.source[:60]!r}"


Check = Callable[[Subject], Iterable[str]]

CHECKS: Sequence[Check] = (
    written_by_refresh,
    minimal_metadata,
    counts_run_from_one,
    known_tags,
    title,
    parts_in_order,
    says_what_you_will_be_able_to,
    says_what_it_needs,
    starts_and_stops_a_cluster,
    goes_on_somewhere,
    asks_before_it_tells,
    records_predictions,
    has_exercises,
    neither_short_nor_long,
    few_new_terms_and_all_explained,
    links_resolve,
    lists_begin_at_one,
    pictures_have_words,
    never_sleeps,
    asks_whether_there_is_a_record,
    says_what_flush_counts,
    clean_streams,
    errors_only_where_meant,
    names_no_machine,
    most_outputs_are_compared,
    says_why_an_output_is_not_compared,
)
