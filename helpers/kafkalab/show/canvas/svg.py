"""Drawing primitives and the theme that all pictures share.

Colors come from JupyterLab's theme where the picture stands in a page of it, else from a light
or dark palette that follows the system's preference. Every shape has plain attributes too, so a
viewer that strips style sheets still shows dark text on white. The style is scoped by a class
that is made from its own text: pictures do not color the page, nor each other.
"""

from __future__ import annotations

import hashlib
import textwrap
import zlib
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from kafkalab.common.words import columns

_CSS = (
    ".K{{font-family:var(--jp-ui-font-family,system-ui,sans-serif);"
    "max-width:100%;height:auto;{light}}}"
    "@media(prefers-color-scheme:dark){{.K{{{dark}}}}}"
    ".K .p{{fill:var(--jp-layout-color0,var(--kp))}}"
    ".K .i{{fill:var(--jp-content-font-color1,var(--ki))}}"
    ".K .s{{fill:var(--jp-content-font-color2,var(--ks))}}"
    ".K .m{{fill:var(--jp-brand-color1,var(--km))}}"
    ".K .l{{stroke:var(--jp-content-font-color2,var(--ks))}}"
    ".K .n{{stroke:var(--jp-content-font-color1,var(--ki))}}"
    ".K .w{{stroke:var(--jp-brand-color1,var(--km))}}"
)

LIGHT = {"p": "#ffffff", "i": "#1f2328", "s": "#57606a", "m": "#0b57d0"}
"""Fallback colors: paper, ink, soft ink, mark."""

DARK = {"p": "#0d1117", "i": "#e6edf3", "s": "#9da7b3", "m": "#6cb0ff"}

HUES = (
    "#1f77d0",
    "#d07206",
    "#2e9447",
    "#c2419b",
    "#0d93a0",
    "#7c5cd6",
    "#998000",
    "#cf4750",
)
"""Second signal of a key. Tinted at `TINT` over the paper they serve both themes."""

TINT = 0.22


def _style() -> tuple[str, str]:
    def variables(palette: dict[str, str]) -> str:
        return ";".join(f"--k{name}:{value}" for name, value in palette.items())

    css = _CSS.format(light=variables(LIGHT), dark=variables(DARK))
    scope = "kl-" + hashlib.sha256(css.encode()).hexdigest()[:6]
    return scope, css.replace(".K", f".{scope}")


SCOPE, STYLE = _style()


def canvas(width: int, title: str, description: str) -> ET.Element:
    """An empty picture: paper, and a name and a description for those who hear it.

    `set_height` ends it.
    """
    root = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": SCOPE,
            "viewBox": f"0 0 {width} 0",
            "width": str(width),
            "height": "0",
            "role": "img",
            # no aria-labelledby: two equal pictures in a notebook would hold the same ids
            "aria-label": title,
            "font-family": "system-ui,sans-serif",
            "font-size": "11",
        },
    )
    ET.SubElement(root, "title").text = title
    ET.SubElement(root, "desc").text = description
    ET.SubElement(root, "style").text = STYLE
    ET.SubElement(
        root,
        "rect",
        {"width": str(width), "height": "0", "fill": LIGHT["p"], "class": "p"},
    )
    return root


def set_height(root: ET.Element, height: float) -> None:
    """Give a canvas the height that its content turned out to need."""
    width = root.attrib["width"]
    root.attrib |= {"viewBox": f"0 0 {width} {_number(height)}", "height": _number(height)}
    root.findall("rect")[0].attrib["height"] = _number(height)


def group(parent: ET.Element, tooltip: str) -> ET.Element:
    """Shapes that belong together, with the words that a pointer over them brings up."""
    element = ET.SubElement(parent, "g")
    ET.SubElement(element, "title").text = tooltip
    return element


def words(
    parent: ET.Element,
    x: float,
    y: float,
    text: str,
    *,
    ink: str = "i",
    size: int | None = None,
    bold: bool = False,
    italic: bool = False,
    anchor: str | None = None,
) -> None:
    """A line of text; `ink` is i (ink), s (soft) or m (mark), `anchor` middle or end."""
    attributes = {"x": _number(x), "y": _number(y), "class": ink}
    if size is not None:
        attributes["font-size"] = str(size)
    if bold:
        attributes["font-weight"] = "600"
    if italic:
        attributes["font-style"] = "italic"
    if anchor is not None:
        attributes["text-anchor"] = anchor
    ET.SubElement(parent, "text", attributes).text = text


def paragraph(
    parent: ET.Element, x: float, y: float, pieces: Iterable[str], width: float, *, size: int = 12
) -> float:
    """Soft words with a dot between the pieces, in as many lines as they need; the next y."""
    dot = " · "
    lines: list[str] = []
    for piece in pieces:
        longer = f"{lines[-1]}{dot}{piece}" if lines else piece
        if lines and text_width(longer, size) <= width:
            lines[-1] = longer
        else:
            lines += textwrap.wrap(piece, max(20, int(width / text_width("n", size))))
    for line in lines:
        words(parent, x, y, line, ink="s", size=size)
        y += size + 5
    return y


def block(
    parent: ET.Element,
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    hue: str | None = None,
    dashed: bool = False,
    thick: bool = False,
) -> None:
    """A box: tinted where it has a hue, dashed where there is nothing in it."""
    attributes = {
        "x": _number(x),
        "y": _number(y),
        "width": _number(width),
        "height": _number(height),
        "rx": "5",
    }
    if hue is None:
        attributes |= {"fill": "none", "stroke": LIGHT["s"], "class": "l"}
    else:
        attributes |= {"fill": hue, "fill-opacity": str(TINT), "stroke": hue}
    if dashed:
        attributes["stroke-dasharray"] = "4 3"
    if thick:
        attributes["stroke-width"] = "2.5"
    ET.SubElement(parent, "rect", attributes)


def bar(parent: ET.Element, x: float, y: float, height: float, *, mark: bool = False) -> None:
    """An upright line: the end of a log, or with `mark` a position in it."""
    ET.SubElement(
        parent,
        "path",
        {
            "d": f"M{_number(x)},{_number(y)}v{_number(height)}",
            "stroke": LIGHT["m" if mark else "i"],
            "class": "w" if mark else "n",
            "stroke-width": "2",
        },
    )


def pointer(parent: ET.Element, x: float, y: float) -> None:
    """A triangle whose tip, at (x, y), points down."""
    ET.SubElement(
        parent,
        "path",
        {"d": f"M{_number(x)},{_number(y)}l-5,-8h10z", "fill": LIGHT["m"], "class": "m"},
    )


def rule(parent: ET.Element, x: float, y: float, height: float, *, mark: bool = False) -> None:
    """A thin upright line across a chart: of its scale, or with `mark` of a moment."""
    ET.SubElement(
        parent,
        "path",
        {
            "d": f"M{_number(x)},{_number(y)}v{_number(height)}",
            "stroke": LIGHT["m" if mark else "s"],
            "class": "w" if mark else "l",
            "stroke-width": "1.5" if mark else "0.5",
            "stroke-dasharray": "5 3" if mark else "1 3",
        },
    )


def patch(parent: ET.Element, x: float, y: float, width: float, height: float) -> None:
    """A piece of paper over what is drawn already, for words to stand on."""
    ET.SubElement(
        parent,
        "rect",
        {
            "x": _number(x),
            "y": _number(y),
            "width": _number(width),
            "height": _number(height),
            "fill": LIGHT["p"],
            "class": "p",
        },
    )


def steps(parent: ET.Element, points: Sequence[tuple[float, float]]) -> None:
    """A line that goes level from each point to below or above the next one."""
    (x, y), *rest = points
    path = f"M{_number(x)},{_number(y)}" + "".join(f"H{_number(x)}V{_number(y)}" for x, y in rest)
    ET.SubElement(
        parent,
        "path",
        {"d": path, "fill": "none", "stroke": LIGHT["m"], "class": "w", "stroke-width": "2"},
    )


def link(
    parent: ET.Element, stops: Sequence[tuple[float, float, float]], *, dashed: bool = False
) -> None:
    """A line with an arrow's head, down from stop to stop.

    Each stop is x and the y at which the line comes in and goes out: a box's top and bottom, or
    those of the row that it passes.
    """
    (x, _, y), *rest = stops
    path = f"M{_number(x)},{_number(y)}"
    for to, top, bottom in rest:
        middle = _number((y + top) / 2)
        path += f"C{_number(x)},{middle} {_number(to)},{middle} {_number(to)},{_number(top)}"
        x, y = to, bottom
        if (to, top, bottom) != rest[-1]:
            path += f"V{_number(bottom)}"
    attributes = {"d": path, "fill": "none", "stroke": LIGHT["s"], "class": "l"}
    if dashed:
        attributes["stroke-dasharray"] = "4 3"
    ET.SubElement(parent, "path", attributes)
    tip = f"M{_number(rest[-1][0])},{_number(rest[-1][1])}l-4,-7h8z"
    ET.SubElement(parent, "path", {"d": tip, "fill": LIGHT["s"], "class": "s"})


def text_width(text: str, size: int = 11) -> float:
    """Estimated width of a line in a user interface's font, on the safe side, in pixels."""
    return columns(text) * size * 0.6


def hues(keys: Iterable[bytes]) -> dict[bytes, str]:
    """A hue for every key: mostly the same one in every picture, and different ones in one."""
    chosen: dict[bytes, str] = {}
    free = list(HUES)
    for key in sorted(set(keys)):
        wish = HUES[zlib.crc32(key) % len(HUES)]
        hue = wish if wish in free or not free else free[0]
        if hue in free:
            free.remove(hue)
        chosen[key] = hue
    return chosen


def moving(drawing: str) -> str:
    """A drawing that differs from run to run: what compares outputs compares its words."""
    return drawing.replace("<svg ", '<svg data-compare="text" ', 1)


def render(root: ET.Element) -> str:
    return ET.tostring(root, encoding="unicode")


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
