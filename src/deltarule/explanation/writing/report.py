"""What an explanation says, section by section: the content of its text, Markdown and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from deltarule.core.texts import some
from deltarule.explanation.wording import number, numeric, step_sides, symbolic

if TYPE_CHECKING:
    from deltarule.explanation.explanation import Explanation
    from deltarule.explanation.reach import Reach
    from deltarule.explanation.whole import WholePass

_ROWS = 20
"""As many rows of a table over observations are shown."""

_SOURCES = 60
"""As many factors are listed with what they are."""


@dataclass(frozen=True)
class Equation:
    """One derivation: label: left = symbols = numbers = value."""

    label: str
    left: str
    symbols: str
    numbers: str
    value: str


@dataclass(frozen=True)
class Section:
    """A heading with a table, or with derivations, and remarks under it."""

    title: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    equations: tuple[Equation, ...] = ()
    remarks: tuple[str, ...] = ()


def about(explanation: Explanation | WholePass, digits: int = 6) -> list[str]:
    """Return what was explained, in sentences."""
    setting, notation = explanation.setting, explanation.notation
    order = "the chain rule"
    if "changes" in setting:
        order = f"another rule than the chain rule ({setting['changes']})"
    if "exact" in setting:
        order += f"; the chain rule's {explanation.name} is {number(setting['exact'], digits)}"
    if setting["rule"]["order"] == "sequential":
        order = f"the sequential order with lr = {setting['lr']:g}, which is not gradient descent"
    found = [
        f"network {setting['sizes']} ({', '.join(setting['activations'])}), loss "
        f"{setting['loss']['name']}, reduction {setting['reduction']}, "
        f"{some(setting['observations'], 'observation')}",
        f"deltas by {order}",
        f"notation {notation.name}: {notation.says}",
    ]
    found[1:1] = setting.get("penalties", [])
    return found


def sections(explanation: Explanation, digits: int) -> list[Section]:
    """Return all sections; the numbers of all but the last are rounded."""
    several = explanation.setting["observations"] > 1
    found = [] if explanation.columns is None else [_cells(explanation, digits)]
    found += [_factors(explanation, digits)] if explanation.factors else []
    found += [_observations(explanation, digits)] if several else []
    found.append(_paths(explanation, digits))
    found += [_sources(explanation, digits)] if explanation.paths else []
    found += [] if explanation.reach is None else [_reach(explanation.reach, digits)]
    found.append(_recursion(explanation, digits))
    found += [_updates(explanation, digits)] if explanation.update else []
    return [*found, _full(explanation)]


def _cells(e: Explanation, digits: int) -> Section:
    """Of several observations, the cells of the first."""
    assert e.columns is not None
    output, target = e.notation.output, e.notation.target
    inputs, targets = e.columns.inputs[0], e.columns.targets[0]
    rows = [(output.at(l=0, j=k).text, cell) for k, cell in enumerate(inputs[:_ROWS], 1)]
    rows += [(target.at(j=o).text, cell) for o, cell in enumerate(targets[:_ROWS], 1)]
    left_out = len(inputs) + len(targets) - len(rows)
    return Section(
        "Inputs and targets" + (" of the first observation" if len(e.columns.inputs) > 1 else ""),
        ("node", "what it is in the table", "number"),
        tuple((name, cell.said, number(cell.number, digits)) for name, cell in rows),
        remarks=(f"and {some(left_out, 'more number')}, in to_dict()",) if left_out else (),
    )


def _factors(e: Explanation, digits: int) -> Section:
    """Of several observations, the factors of the first."""
    first = e.contributions[0]
    rows = [(f.name, f.formula, number(f.number, digits)) for f in first.factors]
    several = len(e.contributions) > 1
    what = "observation 1" if several else f"{e.name}"
    rows.append(("product", f"of {what}", number(first.value, digits)))
    if e.penalty and not several:
        rows.append(
            (f"+ {e.setting['penalty_text']}", "the penalty's part", number(e.penalty, digits))
        )
    return Section(
        "Factors" + (" of the first observation" if several else ""),
        ("factor", "what it is", "number"),
        tuple(rows),
    )


def _observations(e: Explanation, digits: int) -> Section:
    rows = []
    for c in e.contributions[:_ROWS]:
        symbols, numbers = symbolic(c.factors), numeric(c.factors, digits)
        rows.append((str(c.observation), symbols, numbers, number(c.value, digits)))
    rest = e.contributions[_ROWS:]
    if rest:
        total = sum(c.value for c in rest)
        rows.append(("others", some(len(rest), "observation"), "", number(total, digits)))
    if e.penalty:
        rows.append(("penalty", e.setting["penalty_text"], "", number(e.penalty, digits)))
    rows.append(("sum", e.name, "", number(e.value, digits)))
    return Section(
        "Sum over observations", ("observation", "factors", "numbers", "value"), tuple(rows)
    )


def _paths(e: Explanation, digits: int) -> Section:
    equations = []
    what = "step" if any(path.step for path in e.paths) else "path"
    for path in e.paths:
        route = " -> ".join(map(str, path.nodes)) or "penalty"
        route = f"step {path.step}" if path.step else route
        if e.setting["observations"] > 1 and path.observation:
            route = f"observation {path.observation}: {route}"
        equations.append(
            Equation(
                route,
                "",
                symbolic(path.factors),
                numeric(path.factors, digits),
                number(path.product, digits),
            )
        )
    remarks = []
    if not e.complete:
        remarks.append(f"sum of these: {number(e.value - e.remainder, digits)}")
        others = some(e.path_count - e.listed, f"other {what}")
        zero = ", all 0" if e.listed < e.setting["limit"] else ""
        remarks += [f"remainder, {others}{zero}: {number(e.remainder, digits)}"]
    remarks.append(f"{e.name} = their sum = {number(e.value, digits)}")
    shown = "all " if e.complete else f"the {e.listed} largest of "
    title = f"{what.title()}s: {shown}{e.path_count:,}"
    return Section(title, equations=tuple(equations), remarks=tuple(remarks))


def _sources(e: Explanation, digits: int) -> Section:
    """Return where the factors of the listed paths come from, every number once."""
    rows: dict[tuple[str, float], tuple[str, ...]] = {}
    for factor in (factor for path in e.paths for factor in path.factors):
        row = (factor.name, factor.formula, number(factor.number, digits))
        rows.setdefault((factor.name, factor.number), row)
    shown = tuple(rows.values())[:_SOURCES]
    left_out = len(rows) - len(shown)
    remarks = (f"and {some(left_out, 'more number')}, in to_dict()",) if left_out else ()
    return Section(
        "Where the numbers come from", ("factor", "what it is", "number"), shown, remarks=remarks
    )


def _recursion(e: Explanation, digits: int) -> Section:
    several = e.setting["observations"] > 1
    equations = []
    for step in e.recursion:
        symbols, numbers = step_sides(step, digits)
        label = f"observation {step.observation}" if several and step.observation else ""
        equations.append(Equation(label, step.name, symbols, numbers, number(step.number, digits)))
    shown = max((step.observation for step in e.recursion), default=0)
    left_out = e.setting["observations"] - shown
    remarks = (
        [f"The deltas of {some(left_out, 'other observation')} likewise."]
        if left_out and shown
        else []
    )
    sizes = [] if "x" in e.setting["sizes"] else e.setting["sizes"].split("-")
    widths = [int(size) for size in sizes[e.recursion[-1].layer + 1 :]]
    if max(widths, default=0) > e.setting["limit"]:
        remarks.append(f"Of a layer, the {e.setting['limit']} largest deltas are written out.")
    return Section(
        "Recursion, in the order of computation", equations=tuple(equations), remarks=tuple(remarks)
    )


def _reach(reach: Reach, digits: int) -> Section:
    rows = []
    for s in reach.steps[-_ROWS:]:
        singular = f"{number(s.smallest, 4)} to {number(s.largest, 4)}"
        rows.append(
            (f"step {s.step}", number(s.value, digits), number(s.arriving, digits), singular,
             number(s.to_end, 4))
        )  # fmt: skip
    left_out = len(reach.steps) - len(rows)
    more = (f"and {some(left_out, 'step')} before, in to_dict()",) if left_out else ()
    head = ("step", "its terms", "|dE/dh|", "singular values of its Jacobian", "to the end")
    title = "How far back it reaches: " + ", ".join(head[1:])
    return Section(title, head, tuple(rows), remarks=(reach.says, *more))


def _updates(e: Explanation, digits: int) -> Section:
    rows = tuple(
        (u.optimizer, number(u.lr, digits), number(u.after, digits), f"{u.change:+.{digits}g}")
        for u in e.update
    )
    before = number(e.update[0].before, digits)
    remarks = () if e.setting["trained"] else ("This bias is not trained (train_bias=False).",)
    return Section(
        f"First step of every optimiser, from {before}",
        ("optimizer", "lr", "after", "change"),
        rows,
        remarks=remarks,
    )


def _full(e: Explanation) -> Section:
    return Section(
        "In full digits",
        remarks=(f"{e.name} = {e.formula}", f"{e.name} = {number(e.value)}"),
    )
