"""An explanation in words, Dutch or English, and as a diagram."""

from __future__ import annotations

from typing import Final

import msgspec

from kiestoon.routing.explain import Explanation, Stage
from kiestoon.routing.words import GREETINGS

_STEPS: Final[dict[str, tuple[str, str]]] = {
    "ring": ("Rings at {targets}", "Gaat over bij {targets}"),
    "ring_all": ("Rings at once at {targets}", "Gaat tegelijk over bij {targets}"),
    "search": ("Rings one after the other at {targets}", "Gaat na elkaar over bij {targets}"),
    "outside": ("Calls {targets} over an outside line", "Belt {targets} via een buitenlijn"),
    "menu": ("The caller hears the menu {targets}", "De beller hoort het keuzemenu {targets}"),
    "postcode": ("The caller is asked for a postcode by {targets}", "{targets} vraagt de beller om een postcode"),
    "queue": ("Waits in the queue {targets}", "Wacht in de wachtrij {targets}"),
    "group_call": ("Calls all members of {targets} at once", "Belt alle deelnemers van {targets} tegelijk"),
    "conference": ("The conference room {targets} answers", "De vergaderruimte {targets} antwoordt"),
    "voicemail": (
        "The voicemail of {targets} answers with its greeting: {greeting}",
        "De voicemail van {targets} antwoordt met de begroeting: {greeting}",
    ),
    "code": ("Feature code {targets}", "Functiecode {targets}"),
    "refuse": ("Refused: {text} ({status})", "Geweigerd: {text} ({status})"),
}
_ENDINGS: Final[dict[str, tuple[str, str]]] = {
    "answered": ("answered", "opgenomen"),
    "busy": ("busy", "bezet"),
    "no_answer": ("no answer after {seconds} s", "na {seconds} s niet opgenomen"),
    "unreachable": ("cannot be reached", "onbereikbaar"),
    "rejected": ("rejected", "geweigerd"),
    "keyed": ("the caller keys in digits", "de beller toetst cijfers in"),
    "ended": ("", ""),
}
_CUT: Final = ("It goes on like this", "Zo gaat het verder")
_CALL: Final = ("Call to {dialled}", "Oproep naar {dialled}")
_END: Final = ("The caller hears that it failed", "De beller hoort dat het niet lukt")
_CONNECTED: Final = ("Connected", "Verbonden")
_FAILED: Final = frozenset({"busy", "no_answer", "unreachable", "rejected"})


class Node(msgspec.Struct, frozen=True):
    """A point of the diagram. ``kind``: "start", "reason", "step" or "end"."""

    id: str
    kind: str
    label: str


class Edge(msgspec.Struct, frozen=True):
    """From one node to another; ``label`` is how the step ended, "" for a plain "and then"."""

    source: str
    target: str
    label: str = ""


class Graph(msgspec.Struct, frozen=True):
    """The diagram, a chain: what was considered, what was tried, how it ended."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def headline(stage: Stage, language: str = "en") -> str:
    """What a step does, in a line."""
    targets = ", ".join(f"{name} ({target})" if name else target for target, name in stage.targets)
    greeting = _pick(GREETINGS[stage.greeting], language) if stage.greeting else ""
    return _pick(_STEPS[stage.kind], language).format(
        targets=targets, text=stage.text, status=stage.status, greeting=greeting
    )


def ending(stage: Stage, language: str = "en") -> str:
    """How it ends; "" when that is clear from the step itself."""
    return _pick(_ENDINGS[stage.ending], language).format(seconds=stage.seconds)


def in_words(explanation: Explanation, language: str = "en") -> list[str]:
    """Lines: reasons, each step with how it ends."""
    lines: list[str] = []
    for stage in explanation.stages:
        lines += [f"  {reason.render(language)}" for reason in stage.reasons]
        end = ending(stage, language)
        lines.append(headline(stage, language) + (f": {end}" if end else ""))
        lines += [f"  {reason.render(language)}" for reason in stage.beyond]
    if explanation.cut:
        lines.append(_pick(_CUT, language))
    return lines


def graph_of(explanation: Explanation, dialled: str, language: str = "en") -> Graph:
    """The diagram of an explanation."""
    nodes = [Node("n0", "start", _pick(_CALL, language).format(dialled=dialled))]
    edges: list[Edge] = []
    label = ""

    def add(kind: str, text: str) -> None:
        nonlocal label
        node = Node(f"n{len(nodes)}", kind, text)
        edges.append(Edge(nodes[-1].id, node.id, label))
        nodes.append(node)
        label = ""

    for stage in explanation.stages:
        for reason in stage.reasons:
            add("reason", reason.render(language))
        add("step", headline(stage, language))
        for reason in stage.beyond:
            add("reason", reason.render(language))
        label = ending(stage, language)
    last = explanation.stages[-1].ending if explanation.stages else "ended"
    if explanation.cut:
        add("end", _pick(_CUT, language))
    elif last == "answered":
        add("end", _pick(_CONNECTED, language))
    elif last in _FAILED:
        add("end", _pick(_END, language))
    return Graph(tuple(nodes), tuple(edges))


_SHAPES: Final = {"start": ('(["', '"])'), "reason": ('["', '"]'), "step": ('{{"', '"}}'), "end": ('(["', '"])')}


def as_mermaid(graph: Graph) -> str:
    """The diagram as Mermaid text (flowchart). Names are quoted: whatever they hold stays text."""
    lines = ["flowchart TD"]
    for node in graph.nodes:
        opening, closing = _SHAPES[node.kind]
        lines.append(f"    {node.id}{opening}{_quoted(node.label)}{closing}")
    for edge in graph.edges:
        arrow = f'-->|"{_quoted(edge.label)}"|' if edge.label else "-->"
        lines.append(f"    {edge.source} {arrow} {edge.target}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Mermaid's entities are written #code; and every character but letters, digits and a few signs can be one."""
    return "".join(
        character if character.isalnum() or character in " .,:+-()*/" else f"#{ord(character)};" for character in text
    )


def _pick(texts: tuple[str, str], language: str) -> str:
    return texts[1] if language.lower().startswith("nl") else texts[0]
