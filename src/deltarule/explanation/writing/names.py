"""Factors with their symbols: what every number of a pass is called in a notation."""

from __future__ import annotations

import re
from functools import cached_property

from deltarule.core.namespace import NUMPY
from deltarule.core.notation import Notation, Symbol
from deltarule.explanation.columns import Cell, Columns
from deltarule.explanation.records import Factor
from deltarule.explanation.sweep import Sweep
from deltarule.explanation.updates import penalty_factors
from deltarule.rules import Direct


class Names:
    """Names the numbers of a pass. Layers count from 0 (input), nodes and observations from 1.

    A notation whose delta is -dE/dnet has -de/dy at the end of every path and the factor -1 at
    its start, so that the product is dE/dw in every notation.
    """

    def __init__(self, sweep: Sweep, notation: Notation, columns: Columns | None = None) -> None:
        self.sweep = sweep
        self.notation = notation
        self.columns = columns
        self._slopes = {
            l: _plain_formula(layer.activation.derivative_equation)
            for l, layer in enumerate(sweep.network.affine, 1)
        }
        self._loss = _plain_formula(sweep.objective.loss.derivative_equation)

    @property
    def turn(self) -> tuple[Factor, ...]:
        """The factor -1 of a notation with delta = -dE/dnet; none in the others."""
        if self.notation.sign == 1:
            return ()
        error = self.notation.error.text
        return (Factor("(-1)", f"delta is -d{error}/dnet here", -1.0, "(-1)"),)

    def quantity(self, l: int, j: int, k: int | None = None) -> Symbol:
        """Return the symbol of dE/dw_{l,j,k}, or of dE/dnet_{l,j} where k is None."""
        n = self.notation
        if k is not None:
            return self._derivative(n.weight_symbol(l, j, k))
        if n.sign == 1:
            return n.delta.at(l=l, j=j)
        return self._derivative(n.net.at(l=l, j=j))

    def incoming(self, l: int, k: int, i: int, *, several: bool = False) -> Factor:
        """Return y_{l-1,k}, what the weight multiplies; 1 for a bias (k = 0)."""
        if k == 0:
            return Factor("1", "a bias has 1 at its beginning", 1.0, "1")
        symbol = self.notation.output.at(l=l - 1, j=k)
        if several:
            symbol = Symbol(f"{symbol.text}({i})", rf"\left({symbol.latex}\right)_{{({i})}}")
        number = float(self.sweep.bp.outputs[l - 1][i - 1, k - 1])
        if l > 1 or self.columns is None:
            before = "input" if l == 1 else f"output of layer {l - 1}"
            return Factor(symbol.text, f"{before}, node {k}", number, symbol.latex)
        cell = self.columns.inputs[i - 1][k - 1]
        at = self.notation.output.at(l=0, j=k).latex
        return Factor(symbol.text, f"input {k}, {cell.said}", number, symbol.latex, ((at, cell),))

    def weight(self, l: int, j: int, k: int) -> Factor:
        """Return w_{l,j,k} as it carries delta_{l,j} back to node k."""
        carrier = self.sweep.carriers[l]
        assert carrier is not None
        symbol, objective = self.notation.weight_symbol(l, j, k), self.sweep.objective
        feedback = objective.feedbacks[l]
        what = f"weight from node {k} of layer {l - 1} into node {j}"
        if isinstance(feedback, Direct):
            what = f"feedback {feedback.name} to node {k} of layer {l - 1} from output {j}"
            symbol = Symbol(f"B{symbol.text[1:]}", f"B{symbol.latex[1:]}")
        elif not feedback.exact:
            true = float(self.sweep.network.unpack(self.sweep.theta)[l - 1]["W"][j - 1, k - 1])
            what = f"feedback {feedback.name} in the place of {symbol.text} = {_short(true)}"
            symbol = Symbol(f"B{symbol.text[1:]}", f"B{symbol.latex[1:]}")
        elif objective.rule.sequential:
            symbol, what = symbol.primed(), f"{what}, after its update"
        return Factor(symbol.text, what, float(carrier[j - 1, k - 1]), symbol.latex)

    def slope(self, l: int, j: int, i: int) -> Factor:
        """Return f'(net_{l,j}), or what the rule has in its place."""
        slopes, layers = self.sweep.slopes[l], self.sweep.network.affine
        assert slopes is not None
        net, y = self.notation.net.at(l=l, j=j), self.notation.output.at(l=l, j=j)
        stand_in = self.sweep.objective.rule.at(l, len(layers)).derivative
        head = "f'" if stand_in.exact else "g"
        what = f"{layers[l - 1].activation.name}: {self._slope_words(l, net.text, y.text)} at "
        what += f"{net.text} = {_short(self.sweep.bp.nets[l][i - 1, j - 1])}, "
        what += f"{y.text} = {_short(self.sweep.bp.outputs[l][i - 1, j - 1])}"
        if not stand_in.exact:
            true = _short(self.sweep.true_slope(l, j, i))
            what = f"{stand_in.name} in the place of f' = {true} ({what})"
        number = float(slopes[i - 1, j - 1])
        return Factor(f"{head}({net.text})", what, number, f"{head}({net.latex})")

    def jacobian(self, o: int, j: int, number: float) -> Factor:
        """Return dy_{L,o}/dnet_{L,j}, the entry of a row activation's Jacobian."""
        L = self.sweep.layers
        y, net = self.notation.output.at(l=L, j=o), self.notation.net.at(l=L, j=j)
        name = self.sweep.network.affine[-1].activation.name
        return Factor(
            f"d{y.text}/d{net.text}",
            f"{name}: how net {j} moves output {o}",
            number,
            rf"\frac{{\partial {y.latex}}}{{\partial {net.latex}}}",
        )

    def scale(self, i: int) -> tuple[Factor, ...]:
        """Return c s_i, or nothing where it is 1 for every observation."""
        sweep = self.sweep
        if not sweep.scaled:
            return ()
        number, n = float(sweep.scale[i - 1]), len(sweep.samples)
        if sweep.samples.weight is None:
            return (Factor("c", f"mean over {n} observations: 1/{n}", number, "c"),)
        over = " over their total" if sweep.objective.reduction == "mean" else ""
        what = f"the weight of observation {i}{over}"
        return (Factor(f"s[{i}]", what, number, f"s_{{{i}}}"),)

    def end(self, o: int, i: int, told: Direct | None = None) -> Factor:
        """Return de/dy_{L,o}; of a fused pair, de/dnet_{L,o}; negated in a negative notation.

        Where a feedback has `told` something else instead, that.
        """
        sweep, n, L = self.sweep, self.notation, self.sweep.layers
        if told is not None:
            return self._told(told, o, i)
        y, target = n.output.at(l=L, j=o), n.target.at(j=o)
        number = n.sign * float(sweep.ends[i - 1, o - 1])
        at = f"{y.text} = {_short(sweep.bp.outputs[L][i - 1, o - 1])}, "
        at += f"{target.text} = {_short(sweep.samples.T[i - 1, o - 1])}"
        symbol, cells = self._end_symbol(o), tuple[tuple[str, Cell], ...]()
        if self.columns is not None:
            cell = self.columns.targets[i - 1][o - 1]
            at, cells = f"{at}: {cell.said}", ((target.latex, cell),)
        return Factor(symbol.text, f"{self._end_words(o)} at {at}", number, symbol.latex, cells)

    def _told(self, rule: Direct, o: int, i: int) -> Factor:
        """Return what a direct feedback carries from output o in the place of delta_{L,o}."""
        sweep, n, L = self.sweep, self.notation, self.sweep.layers
        delta, T = sweep.bp.deltas[L][i - 1, o - 1], sweep.samples.T[i - 1, o - 1]
        number = n.sign * float(rule.source(delta, T, 1.0, NUMPY))
        what = f"what feedback {rule.name} tells of output {o}, where delta = {_short(delta)}"
        what += f", {n.target.at(j=o).text} = {_short(T)}"
        symbol = n.delta.at(l=L, j=o)
        return Factor(f"{rule.name}({symbol.text})", what, number,
                      rf"\mathrm{{{rule.name.replace('_', '-')}}}({symbol.latex})")  # fmt: skip

    def delta(self, l: int, j: int, i: int, *, several: bool = False) -> Factor:
        """Return delta_{l,j} of observation i, in the notation's sign; `several` names i, too."""
        symbol = self.notation.delta.at(l=l, j=j)
        if several:
            symbol = Symbol(f"{symbol.text}({i})", rf"\left({symbol.latex}\right)_{{({i})}}")
        number = self.notation.sign * float(self.sweep.bp.deltas[l][i - 1, j - 1])
        return Factor(symbol.text, f"delta of node {j} of layer {l}", number, symbol.latex)

    def dE_dy(self, l: int, j: int, i: int) -> Factor:
        """Return dE/dy_{l,j} of observation i: the sum over all that node j feeds."""
        y, error = self.notation.output.at(l=l, j=j), self.notation.error
        number = float(self.sweep.bp.dE_dy[l][i - 1, j - 1])
        symbol = self._derivative(y)
        last = l == self.sweep.layers
        direct = not last and isinstance(self.sweep.objective.feedbacks[l + 1], Direct)
        what = "from the loss" if last else f"summed over the nodes of layer {l + 1}"
        what = "carried from the outputs, past the layers between" if direct else what
        return Factor(symbol.text, f"d{error.text} per change of {y.text}, {what}",
                      number, symbol.latex)  # fmt: skip

    def penalties(self, l: int, j: int, k: int) -> list[tuple[Factor, ...]]:
        """Return the factors of every penalty's derivative, such as l2 and w."""
        W = self.sweep.network.unpack(self.sweep.theta)[l - 1]["W"]
        w = self.notation.weight_symbol(l, j, k)
        return penalty_factors(self.sweep.objective, float(W[j - 1, k - 1]), w)

    def _derivative(self, of: Symbol, part: str = "") -> Symbol:
        error = self.notation.error
        name, latex = (part, part) if part else (error.text, error.latex)
        return Symbol(f"d{name}/d{of.text}", rf"\frac{{\partial {latex}}}{{\partial {of.latex}}}")

    def _end_symbol(self, o: int) -> Symbol:
        """Return the symbol at the end of a path: y - T where the delta is that, else de/dy."""
        sweep, n, L = self.sweep, self.notation, self.sweep.layers
        y, target = n.output.at(l=L, j=o), n.target.at(j=o)
        half = n.residual and sweep.objective.loss.name == "half_squared_error"
        if half or (sweep.fused and self._is_difference):
            a, b = (target, y) if n.sign == -1 else (y, target)
            return Symbol(f"({a.text} - {b.text})", f"({a.latex} - {b.latex})")
        part = "e" if sweep.scaled else ""
        found = self._derivative(n.net.at(l=L, j=o) if sweep.fused else y, part)
        if n.sign == -1:
            return Symbol(f"(-{found.text})", rf"\left(-{found.latex}\right)")
        return found

    def _end_words(self, o: int) -> str:
        sweep, n = self.sweep, self.notation
        y, target = n.output.at(l=sweep.layers, j=o).text, n.target.at(j=o).text
        name = sweep.objective.loss.name
        if sweep.fused:
            pair = f"{sweep.network.affine[-1].activation.name} with {name}, f' has cancelled"
            return f"{pair}: {_turned('y - T', n, y, target)}" if self._is_difference else pair
        return f"{name}: {_turned(self._loss, n, y, target)}" if self._loss else name

    @cached_property
    def _is_difference(self) -> bool:
        """Whether the fused pair's de/dnet is y - T everywhere (softmax: rows of T sum to 1)."""
        found = self.sweep.bp.outputs[-1] - self.sweep.samples.T
        return bool((found == self.sweep.ends).all())

    def _slope_words(self, l: int, net: str, y: str) -> str:
        formula = self._slopes[l]
        return _filled(formula, {"net": net, "y": y}) if formula else f"f'({net})"


def _turned(formula: str, notation: Notation, y: str, target: str) -> str:
    """Return a formula in y and T in the notation's symbols and sign."""
    if notation.sign == -1:
        formula = "T - y" if formula == "y - T" else f"-({formula})"
    return _filled(formula, {"y": y, "T": target})


def _plain_formula(latex: str) -> str:
    """Return a LaTeX formula that is plain text as it stands, else nothing."""
    return "" if re.search(r"[\\{}]", latex) else latex


def _filled(formula: str, symbols: dict[str, str]) -> str:
    return re.sub(r"\b(net|y|T)\b", lambda found: symbols.get(found[0], found[0]), formula)


def _short(value: float) -> str:
    return f"{float(value):.6g}"
