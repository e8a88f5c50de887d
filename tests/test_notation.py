"""The notations: index order, sign, and that the theory page's is the project's own."""

from __future__ import annotations

import re

import pytest

import deltarule as dr
from deltarule.core.notation import NOTATIONS, as_notation, entry_name

INDICES = {"l": 3, "j": 12, "k": 7}


def test_the_theory_page_s_names_are_those_of_theta():
    theory = NOTATIONS["theory"]
    assert theory.weight_name(2, 1, 3) == entry_name("W", 2, [0, 2])
    assert theory.weight_name(2, 1, 0) == entry_name("b", 2, [0])
    assert (theory.sign, theory.transposed) == (1, False)


@pytest.mark.parametrize("name", NOTATIONS)
def test_index_order_and_sign_are_what_the_record_says(name):
    notation = NOTATIONS[name]
    assert notation.name == name
    order = "3,7,12" if notation.transposed else "3,12,7"
    assert notation.weight_name(3, 12, 7) == f"w[{order}]"
    assert notation.sign == (-1 if name in ("negative_delta", "target_minus_output") else 1)
    assert "added" in notation.says or notation.sign == 1


@pytest.mark.parametrize("name", NOTATIONS)
def test_every_symbol_names_its_indices_in_text_and_in_latex(name):
    notation = NOTATIONS[name]
    for symbol in (notation.weight, notation.bias, notation.output, notation.net, notation.delta):
        found = symbol.at(**INDICES)
        wanted = {str(v) for key, v in INDICES.items() if f"{{{key}}}" in symbol.text}
        assert set(re.findall(r"\d+", found.text)) == wanted
        assert set(re.findall(r"\d+", found.latex)) == wanted
        assert found.latex.count("{") == found.latex.count("}")


def test_an_unknown_notation_lists_the_known_ones():
    with pytest.raises(dr.UsageError, match="did you mean 'nielsen'"):
        as_notation("nielson")
    with pytest.raises(dr.UsageError, match="a notation is a name"):
        as_notation(3)  # type: ignore[arg-type]
