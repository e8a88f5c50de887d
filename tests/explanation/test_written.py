"""Every name of a weight that is printed is read, and names the weight that it was printed for."""

from __future__ import annotations

import re

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.notation import NOTATIONS
from deltarule.explanation.place import check_node, check_weight

SMALL = dr.Network(3, [dr.Dense(3, "tanh"), dr.Dense(2, "tanh", bias=False), dr.Dense(2)])
WIDE = dr.Network(12, [dr.Dense(11), dr.Dense(12, bias=False), dr.Dense(1)])
DEEP = dr.Network(1, [dr.Dense(1) for _ in range(12)])
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def weights(net: dr.Network) -> list[tuple[int, int, int]]:
    """Return (l, j, k) in the order of theta, from W's shapes."""
    found = []
    for l, layer in enumerate(net.unpack(np.arange(net.size)), 1):
        found += [(l, j + 1, k + 1) for j, k in np.ndindex(layer["W"].shape)]
        found += [(l, j + 1, 0) for j in range(len(layer.get("b", ())))]
    return found


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("net", [SMALL, WIDE, DEEP], ids=["small", "wide", "deep"])
def test_every_form_of_every_parameter(net, notation):
    turned = notation == "in_out"
    for index, (l, j, k) in enumerate(weights(net)):
        a, b = (k, j) if turned else (j, k)
        if k:
            at = f"{a},{b}"
            forms = [f"w[{l},{at}]", f"w_{{{l},{at}}}", f"w_{l},{at}", f"w'[{l},{at}]"]
            forms += [f"W{l}[{a - 1},{b - 1}]", f"W{l}[{a - 1}][{b - 1}]", f"{{w'}}_{{{l},{at}}}"]
            forms += [f"w^{{{l}}}_{{{at}}}", f"w^{{({l})}}_{{{at}}}", f"w_{{{at}}}^{{{l}}}"]
            forms += [f"w{l},{at}".translate(SUBSCRIPT)]
        else:
            forms = [f"b[{l},{j}]", f"b_{{{l},{j}}}", f"b_{l},{j}", f"b{l}[{j - 1}]",
                     f"b^{{{l}}}_{{{j}}}", f"b^{{({l})}}_{j}", f"b^{l}_{j}"]  # fmt: skip
        symbol = NOTATIONS[notation].weight_symbol(l, j, k)
        forms += [symbol.text, symbol.latex, symbol.primed().text, symbol.primed().latex]
        forms += [f"dE/d{symbol.text}", rf"\frac{{\partial E}}{{\partial {symbol.latex}}}"]
        forms += [f"${symbol.latex}$", f"∂E/∂{symbol.text}", f" {l}, {j}, {k} ", f"[{l}, {j}, {k}]"]
        forms += [net.layout.where(index)] if not turned else []
        for form in forms:
            assert check_weight(net, form, NOTATIONS[notation]) == (l, j, k), form


@pytest.mark.parametrize("notation", NOTATIONS)
def test_what_an_explanation_prints(notation):
    theta, X, T = SMALL.init(seed=0), [0.1, 0.2, 0.3], [1.0, 0.0]
    for weight in weights(SMALL):
        said = dr.explain(SMALL, theta, X, T, weight, notation=notation)
        head = said.text().splitlines()[0].split(" = ")[0]
        page = re.search(r"\\begin{aligned}\n(.*?) &=", said.markdown())
        for name in (
            said.name,
            said.latex_name,
            head,
            page[1],
            str(said.setting["weight"]),
        ):
            again = dr.explain(SMALL, theta, X, T, name, notation=notation)
            assert (again.name, again.value) == (said.name, said.value)
        assert dr.why_small(SMALL, theta, X, T, said.name, notation=notation).name == said.name
    for l, j in ((1, 2), (2, 1), (3, 2)):
        said = dr.explain_node(SMALL, theta, X, T, (l, j), notation=notation)
        for name in (said.name, said.latex_name, f"net[{l},{j}]", f"\\mathrm{{net}}_{{{l},{j}}}"):
            assert dr.explain_node(SMALL, theta, X, T, name, notation=notation).value == said.value


def test_digits_that_run_together_are_split_where_there_is_one_way():
    assert check_weight(SMALL, "w211") == (2, 1, 1)
    assert check_weight(SMALL, "w^{2}_{13}") == (2, 1, 3)
    assert check_weight(SMALL, "b12") == (1, 2, 0)
    assert check_weight(WIDE, "w3111") == (3, 1, 11)  # layer 3 has one node
    with pytest.raises(dr.UsageError, match=r"read as w\[2,1,11\] \(`2,1,11`\) and w\[2,11,1\]"):
        check_weight(WIDE, "w2111")
    with pytest.raises(dr.UsageError, match=r"tried as w\[9,1,11\], w\[9,11,1\], w\[91,1,1\]"):
        check_weight(WIDE, "w9111")


@pytest.mark.parametrize(
    "name",
    ["w11", "2,1", "b[1,2,3]", "w2[0,0]", "W[2,1,1]", "W2[0]", "b2[0,0]", "y[2,1]", "dE/dy[1,1]",
     "delta[1,1]", "w[2,1,1", "w" + "1" * 4000, "1,1," + "1" * 9999, "",
     "w[2,1,1](3)", "B[2,1,1]", "w[02,1,1]"],
)  # fmt: skip
def test_what_is_no_name_is_refused_with_forms_that_are(name):
    with pytest.raises(dr.UsageError, match="in every form: ") as error:
        check_weight(SMALL, name)
    assert len(str(error.value)) < 700
    weight, bias = re.findall(r"3,1,[01], [^;]*?(?=[;.])", str(error.value))
    for form in re.split(r", (?=\D)", weight):
        assert check_weight(SMALL, form) == (3, 1, 1)
    for form in re.split(r", (?=\D)", bias):
        assert check_weight(SMALL, form) == (3, 1, 0)


def test_a_weight_that_does_not_exist_has_its_range():
    with pytest.raises(dr.UsageError, match="target node of layer 2 is 5, and can be 1 to 2"):
        check_weight(SMALL, "W2[4,0]")
    with pytest.raises(dr.UsageError, match=r"preceding node for layer 2 is 0.*\(no bias\)"):
        check_weight(SMALL, "b[2,1]")
    with pytest.raises(dr.UsageError, match="in every form: 3,1, delta"):
        check_node(SMALL, "y[2,1]")
