"""The record that `dr.explain` and `dr.explain_node` return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deltarule.core.notation import Notation
from deltarule.core.views import view
from deltarule.explanation.columns import Columns
from deltarule.explanation.reach import Reach
from deltarule.explanation.records import Contribution, Factor, Path, Step, Update
from deltarule.explanation.wording import number, numeric


@dataclass(frozen=True, repr=False)
class Explanation:
    """One derivative in full: a number, and everything that it is made of.

    `str(explanation)` is the text for terminals; notebooks show a table. The products of `paths`
    and `remainder` add up to `value`, as do `contributions` and `penalty`.
    """

    name: str
    """What is explained, in the notation: `dE/dw[2,1,1]`."""
    latex_name: str
    value: float
    """The entry of `deltarule.backprop`'s gradient (of a node: its delta, dE/dnet, summed over
    the observations), in every notation."""
    contributions: tuple[Contribution, ...]
    """One for every observation: its factors and its value."""
    penalty: float
    """The penalties' part of the value: l2 w, or what else E has for a weight."""
    paths: tuple[Path, ...]
    """All paths, or the largest; with a penalty, the direct one comes last."""
    remainder: float
    """The sum of the paths that are not listed."""
    path_count: int
    """How many paths there are, the penalty's not counted."""
    recursion: tuple[Step, ...]
    """The same through deltas, in the order in which they are computed."""
    update: tuple[Update, ...]
    """The first step of every optimiser; empty for a node."""
    notation: Notation
    setting: Mapping[str, Any]
    """Network, loss, reduction, rule, observations and what else was given."""
    columns: Columns | None = None
    """What the inputs and targets are in a table, observation by observation, if it was given."""

    reach: Reach | None = None
    """Of a weight that acts at every step: how far back in time the steps reach."""

    @property
    def factors(self) -> tuple[Factor, ...]:
        """The factors of the value, of one observation after another.

        Of one observation without a penalty, their product is the value.
        """
        return tuple(factor for c in self.contributions for factor in c.factors)

    @property
    def complete(self) -> bool:
        """Whether all paths are listed."""
        return self.listed == self.path_count

    @property
    def listed(self) -> int:
        """How many paths are listed, the penalty's not counted."""
        return sum(path.observation > 0 for path in self.paths)

    @property
    def formula(self) -> str:
        """The value as a sum over paths, all digits: a Python expression that gives the value."""
        terms = [numeric(path.factors) for path in self.paths]
        if not self.complete:
            terms.append(f"({number(self.remainder)})")
        return " + ".join(terms) or "0.0"

    def latex(self, digits: int | None = None) -> str:
        r"""Return an `aligned` environment: symbols, numbers, value. No `digits`: all of them."""
        return view(Explanation.latex)(self, digits)

    def text(self, digits: int = 6) -> str:
        """Return the text for terminals; its tables are rounded to `digits` digits."""
        return view(Explanation.text)(self, digits)

    def markdown(self, digits: int = 6) -> str:
        """Return Markdown with LaTeX formulas; its tables are rounded to `digits` digits."""
        return view(Explanation.markdown)(self, digits)

    def html(self, digits: int = 6) -> str:
        """Return a piece of HTML; its tables are rounded to `digits` digits."""
        return view(Explanation.html)(self, digits)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, ready for JSON."""
        return {
            "name": self.name,
            "latex_name": self.latex_name,
            "value": self.value,
            "formula": self.formula,
            "factors": [factor.to_dict() for factor in self.factors],
            "observations": [c.to_dict() for c in self.contributions],
            "penalty": self.penalty,
            "paths": [path.to_dict() for path in self.paths],
            "remainder": self.remainder,
            "path_count": self.path_count,
            "recursion": [step.to_dict() for step in self.recursion],
            "update": [update.to_dict() for update in self.update],
            "notation": self.notation.name,
            "setting": dict(self.setting),
            **({} if self.reach is None else {"reach": self.reach.to_dict()}),
            "columns": None if self.columns is None else self.columns.to_dict(),
        }

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        what = "steps" if any(path.step for path in self.paths) else "paths"
        return (
            f"Explanation({self.name} = {number(self.value)}, {self.listed} of "
            f"{self.path_count:,} {what})"
        )

    def _repr_html_(self) -> str:
        return self.html()

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex(6)}\n$$"
