"""The registries as Markdown: one function per table, each a pure function of the registry."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from deltarule.activations import ACTIVATIONS, Activation, ElementwiseActivation
from deltarule.check.diagnose import MISTAKES
from deltarule.check.diagnose.grammar import QUANTITIES, SLOTS
from deltarule.core.registry import Record
from deltarule.data import BUNDLED, load
from deltarule.data.generators import usages
from deltarule.layers import INITIALISERS, LAYERS
from deltarule.losses import FUSED, LOSSES, PENALTIES
from deltarule.optim import OPTIMISERS, SCHEDULES
from deltarule.rules import CHOICES, DERIVATIVES, FEEDBACKS, RULES
from deltarule.training import STOPPING

__all__ = ["PAGES", "classes", "markdown_table", "slots"]


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; a bar inside a cell is escaped.

    >>> print(markdown_table(["a", "b"], [["1", "|2|"]]))
    | a | b |
    |---|---|
    | 1 | \\|2\\| |
    """
    lines = [head, ["---"] * len(head), *([c.replace("|", r"\|") for c in row] for row in rows)]
    joined = ["| " + " | ".join(line) + " |" for line in lines]
    joined[1] = joined[1].replace(" ", "")
    return "\n".join(joined)


def activations() -> str:
    """Return f and f', then range, kinks, first weights and source of every activation."""
    formulas = [
        [_link(a), _math(a.equation), _math(a.derivative_equation), _parameters(a)]
        for a in ACTIVATIONS
    ]
    facts = [
        [_link(a), _interval(a.range), _kinks(a), f"`{a.init}`", a.reference] for a in ACTIVATIONS
    ]
    return _blocks(
        markdown_table(["name", "$y = f(net)$", "$f'(net)$", "parameters"], formulas),
        markdown_table(
            ["name", "y lies in", "taken at kinks", "weights start as", "source"], facts
        ),
    )


def losses() -> str:
    """Return e and de/dy, then domains and source of every loss, then the fused pairs."""
    formulas = [
        [_link(e), _math(e.equation), _math(e.derivative_equation), _parameters(e)] for e in LOSSES
    ]
    facts = [
        [
            _link(e),
            "a row is a distribution (softmax)" if e.distribution else _interval(e.output_range),
            _interval(e.target_range),
            e.reference,
        ]
        for e in LOSSES
    ]
    pairs = [[f"`{f}`", f"`{e}`", body.__doc__ or ""] for (f, e), body in FUSED.items()]
    return _blocks(
        markdown_table(["name", "$e(y, T)$", r"$\partial e / \partial y$", "parameters"], formulas),
        markdown_table(["name", "y has to lie in", "T has to lie in", "source"], facts),
        "## Fused pairs",
        markdown_table(["output activation", "loss", "in one, from net"], pairs),
        "## Penalties",
        markdown_table(
            ["name", "a weight adds to $E$", r"and to $\partial E / \partial w$", "source"],
            [
                [_link(p), _math(p.equation), _math(p.derivative_equation), p.reference]
                for p in PENALTIES
            ],
        ),
    )


def optimisers() -> str:
    """Return update, parameters with defaults, and source of every optimiser."""
    updates = [[_link(o), _math(o.equation, r",\; ", r",\quad ")] for o in OPTIMISERS]
    facts = [[_link(o), _parameters(o), ", ".join(o.slots) or "-", o.reference] for o in OPTIMISERS]
    return _blocks(
        markdown_table(["name", "update"], updates),
        markdown_table(["name", "parameters and defaults", "state", "source"], facts),
    )


def elsewhere() -> str:
    """Return what other programs do, in every registry's records that say so."""
    rows = [
        [f"[`{cls.name}`]({page}.md)", note.program, note.says, note.source]
        for page, registry in _WITH_NOTES.items()
        for cls in registry
        for note in cls.elsewhere
    ]
    return markdown_table(["here", "program", "what it does", "read in"], rows)


_WITH_NOTES: dict[str, Any] = {
    "activations": ACTIVATIONS,
    "losses": LOSSES,
    "optimisers": OPTIMISERS,
    "rules": [*DERIVATIVES, *FEEDBACKS],
}


def schedules() -> str:
    """Return rate, parameters with defaults, and source of every schedule."""
    rows = [[_link(s), _math(s.equation), _parameters(s), s.reference] for s in SCHEDULES]
    return markdown_table(["name", "rate", "parameters and defaults", "source"], rows)


def initialisers() -> str:
    """Return distribution, parameters, the activations that choose it, and source."""
    rows = [
        [
            _link(i),
            _math(i.equation),
            _parameters(i),
            ", ".join(f"`{a.name}`" for a in ACTIVATIONS if a.init == i.name) or "-",
            i.reference,
        ]
        for i in INITIALISERS
    ]
    return markdown_table(["name", "weights", "parameters", "default of", "source"], rows)


def rules() -> str:
    """Return the named rules, and the stand-ins for f' and for W."""
    named = [
        [
            f"`{name}`",
            *(f"`{getattr(rule, part).name}`" for part in ("hidden", "output", "feedback")),
            rule.order,
            "yes" if rule.exact else "no",
        ]
        for name, rule in RULES.items()
    ]
    head = ["name", "f' in hidden layers", "f' in the output layer", "W on the way back"]
    return _blocks(
        "## Named rules",
        markdown_table([*head, "order of updates", "gradient of E"], named),
        "## What stands for f'",
        markdown_table([*_STAND_IN, "source"], _stand_ins(DERIVATIVES, "reference")),
        "## What stands for W",
        markdown_table([*_STAND_IN, "source"], _stand_ins(FEEDBACKS, "reference")),
        "## Which weights move",
        markdown_table(_STAND_IN, _stand_ins(CHOICES)),
    )


_STAND_IN = ["name", "stand-in", "parameters"]


def _stand_ins(registry: Iterable[Any], *more: str) -> list[list[str]]:
    return [
        [f"`{r.name}`", _math(r.equation), _parameters(r), *(getattr(r, m) or "-" for m in more)]
        for r in registry
    ]


def stopping() -> str:
    """Return what every stopping rule stops on."""
    rows = [[_link(s), s.meaning, _parameters(s)] for s in STOPPING]
    return markdown_table(["name", "training stops when", "parameters"], rows)


def layers() -> str:
    """Return the equations of every layer type."""
    return markdown_table(
        ["name", "equations"], [[_link(layer), _math(layer.equation)] for layer in LAYERS]
    )


def bundled() -> str:
    """Return rows, inputs, outputs and task of every bundled data set."""
    rows = []
    for name in (*BUNDLED, *usages()):
        data = load(name)
        (n, inputs), outputs = data.X.shape, data.T.shape[1]
        what = data.description.removeprefix(f"{name}: ")
        rows.append([f"`{name}`", str(n), str(inputs), str(outputs), data.task, what])
    return markdown_table(["name", "rows", "inputs", "outputs", "task", "what it is"], rows)


def mistakes() -> str:
    """Return what every mistake does, what it should do, and its line of the equations."""
    rows = [
        [f"`{m.code}`", _escaped(m.does), _escaped(m.should), f"`{m.line}`"]
        for m in MISTAKES.values()
    ]
    return markdown_table(["code", "the code", "right", "in the equations"], rows)


def slots() -> str:
    """Return every slot of the backward pass, what belongs there, and what is tried."""
    rows = []
    for slot in SLOTS.values():
        names: dict[str, None] = {}
        for quantity in QUANTITIES.values():
            if quantity.slot == slot.name and "gate" not in quantity.told:
                phrase = quantity.phrase
                names[f"{phrase} (`{quantity.code}`)" if quantity.code else phrase] = None
        told = "; ".join(names) or "`swapped_layers`, `bias_first_row`"
        if slot.name in ("own", "carried"):
            told = "all that is tried for `delta`, but for fitted numbers"
        rows.append([f"`{slot.name}`", _escaped(slot.what), f"`{slot.right}`", _escaped(told)])
    return markdown_table(["slot", "what stands in it", "right", "what is tried"], rows)


def _escaped(text: str) -> str:
    return text.replace("*", r"\*")


PAGES = {
    "activations": activations,
    "losses": losses,
    "optimisers": optimisers,
    "schedules": schedules,
    "initialisers": initialisers,
    "rules": rules,
    "stopping": stopping,
    "layers": layers,
    "bundled": bundled,
    "mistakes": mistakes,
}
"""The tables, by page."""

_REGISTRIES: dict[str, tuple[Iterable[Any], str]] = {
    "activations": (ACTIVATIONS, "deltarule.activations"),
    "losses": ([*LOSSES, *PENALTIES], "deltarule.losses"),
    "optimisers": (OPTIMISERS, "deltarule.optim"),
    "schedules": (SCHEDULES, "deltarule.optim"),
    "initialisers": (INITIALISERS, "deltarule.layers.initialisers"),
    "stopping": (STOPPING, "deltarule"),
    "layers": (LAYERS, "deltarule"),
}
"""The registry of a page, and the public module that holds its classes."""

_ALSO_ON_THE_API_PAGE = ("stopping", "layers")


def classes(page: str) -> str:
    """Return a section per record of the page's registry: its docstring, by autodoc."""
    registry, module = _REGISTRIES.get(page, ((), ""))
    indexed = "\n   :no-index:" if page in _ALSO_ON_THE_API_PAGE else ""
    return _blocks(
        *(
            f"({_label(cls)})=\n### {cls.name}\n\n```{{eval-rst}}\n"
            f".. autoclass:: {module}.{cls.__name__}{_fields(cls)}{indexed}\n```"
            for cls in registry
        )
    )


def _fields(cls: type[Any]) -> str:
    """Return autodoc's option that shows the parameters and nothing else."""
    names = ", ".join(f.name for f in dataclasses.fields(cls))
    return f"\n   :members: {names}" if names else ""


def _blocks(*blocks: str) -> str:
    return "\n\n".join(blocks)


def _label(cls: type[Record]) -> str:
    """Return where a record's section is: two rooms may have one of the same name."""
    return f"record-{cls.__module__.split('.')[1]}-{cls.name}"


def _link(cls: type[Record]) -> str:
    return f"[`{cls.name}`](#{_label(cls)})"


def _math(latex: str, *breaks: str) -> str:
    for separator in breaks:
        latex = latex.replace(separator, "$<br>$")
    return f"${latex.strip()}$".replace(r"\frac", r"\dfrac")


def _parameters(cls: type[Any]) -> str:
    found = []
    for f in dataclasses.fields(cls):
        missing = f.default is dataclasses.MISSING
        found.append(f.name if missing else f"{f.name} = {_number(f.default)}")
    return ", ".join(f"`{p}`" for p in found) or "-"


def _number(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def _interval(bounds: tuple[float, float]) -> str:
    low, high = bounds
    if math.isinf(low) and math.isinf(high):
        return "all numbers"
    left = r"(-\infty" if math.isinf(low) else f"[{low:g}"
    right = r"\infty)" if math.isinf(high) else f"{high:g}]"
    return f"${left}, {right}$"


def _kinks(cls: type[Activation]) -> str:
    if not issubclass(cls, ElementwiseActivation):
        return "none (a Jacobian)"
    slopes = cls().derivative(np.array(cls.kinks))
    at = [
        f"$f'({kink:g}) = {_number(slope)}$" for kink, slope in zip(cls.kinks, slopes, strict=True)
    ]
    return ", ".join(at) or "none"
