"""The registries as Markdown: one function per table, each a pure function of the registry."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from deltadocs.markdown import (
    blocks,
    equation,
    escaped,
    interval,
    kinks,
    label,
    link,
    markdown_table,
    parameters,
)
from deltarule.activations import ACTIVATIONS
from deltarule.check.diagnose import MISTAKES
from deltarule.check.diagnose.grammar import QUANTITIES, SLOTS
from deltarule.data import BUNDLED, load
from deltarule.data.generators import usages
from deltarule.layers import INITIALISERS, LAYERS
from deltarule.losses import FUSED, LOSSES, PENALTIES
from deltarule.optim import OPTIMISERS, SCHEDULES
from deltarule.rules import CHOICES, DERIVATIVES, FEEDBACKS, RULES
from deltarule.training import STOPPING

__all__ = ["PAGES", "classes", "slots"]


def activations() -> str:
    """Return f and f', then range, kinks, first weights and source of every activation."""
    formulas = [
        [link(a), equation(a.equation), equation(a.derivative_equation), parameters(a)]
        for a in ACTIVATIONS
    ]
    facts = [
        [link(a), interval(a.range), kinks(a), f"`{a.init}`", a.reference] for a in ACTIVATIONS
    ]
    return blocks(
        markdown_table(["name", "$y = f(net)$", "$f'(net)$", "parameters"], formulas),
        markdown_table(
            ["name", "y lies in", "taken at kinks", "weights start as", "source"], facts
        ),
    )


def losses() -> str:
    """Return e and de/dy, then domains and source of every loss, then the fused pairs."""
    formulas = [
        [link(e), equation(e.equation), equation(e.derivative_equation), parameters(e)]
        for e in LOSSES
    ]
    facts = [
        [
            link(e),
            "a row is a distribution (softmax)" if e.distribution else interval(e.output_range),
            interval(e.target_range),
            e.reference,
        ]
        for e in LOSSES
    ]
    pairs = [[f"`{f}`", f"`{e}`", body.__doc__ or ""] for (f, e), body in FUSED.items()]
    return blocks(
        markdown_table(["name", "$e(y, T)$", r"$\partial e / \partial y$", "parameters"], formulas),
        markdown_table(["name", "y has to lie in", "T has to lie in", "source"], facts),
        "## Fused pairs",
        markdown_table(["output activation", "loss", "in one, from net"], pairs),
        "## Penalties",
        markdown_table(
            ["name", "a weight adds to $E$", r"and to $\partial E / \partial w$", "source"],
            [
                [link(p), equation(p.equation), equation(p.derivative_equation), p.reference]
                for p in PENALTIES
            ],
        ),
    )


def optimisers() -> str:
    """Return update, parameters with defaults, and source of every optimiser."""
    updates = [[link(o), equation(o.equation, r",\; ", r",\quad ")] for o in OPTIMISERS]
    facts = [[link(o), parameters(o), ", ".join(o.slots) or "-", o.reference] for o in OPTIMISERS]
    return blocks(
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
    rows = [[link(s), equation(s.equation), parameters(s), s.reference] for s in SCHEDULES]
    return markdown_table(["name", "rate", "parameters and defaults", "source"], rows)


def initialisers() -> str:
    """Return distribution, parameters, the activations that choose it, and source."""
    rows = [
        [
            link(i),
            equation(i.equation),
            parameters(i),
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
    return blocks(
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
        [f"`{r.name}`", equation(r.equation), parameters(r), *(getattr(r, m) or "-" for m in more)]
        for r in registry
    ]


def stopping() -> str:
    """Return what every stopping rule stops on."""
    rows = [[link(s), s.meaning, parameters(s)] for s in STOPPING]
    return markdown_table(["name", "training stops when", "parameters"], rows)


def layers() -> str:
    """Return the equations of every layer type."""
    return markdown_table(
        ["name", "equations"], [[link(layer), equation(layer.equation)] for layer in LAYERS]
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
        [f"`{m.code}`", escaped(m.does), escaped(m.should), f"`{m.line}`"]
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
        rows.append([f"`{slot.name}`", escaped(slot.what), f"`{slot.right}`", escaped(told)])
    return markdown_table(["slot", "what stands in it", "right", "what is tried"], rows)


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
    return blocks(
        *(
            f"({label(cls)})=\n### {cls.name}\n\n```{{eval-rst}}\n"
            f".. autoclass:: {module}.{cls.__name__}{_fields(cls)}{indexed}\n```"
            for cls in registry
        )
    )


def _fields(cls: type[Any]) -> str:
    """Return autodoc's option that shows the parameters and nothing else."""
    names = ", ".join(f.name for f in dataclasses.fields(cls))
    return f"\n   :members: {names}" if names else ""
