"""Rules that cannot be: each is refused with its place and the nearest that can."""

from __future__ import annotations

import pytest

from deltarule import DeltaRule, UsageError
from deltarule.rules import as_rule
from deltarule.rules.delta_rule import LayerChange


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("leyer2.derivative=constant", r"write layer2\.derivative=constant, not 'leyer2\.deriv"),
        ("hidden=floor hidden=constant", "gives hidden twice"),
        ("layers=floor", r"write layer2\.derivative=\.\.\., not layers="),
        ("hidden=random:1,0", "random: low = 1 is above high = 0"),
        ("hidden=arctan:0", r"arctan: \w+ = 0 has to be above 0"),
        ("layer0.derivative=constant", "layers are numbered from 1; '0' is none"),
        ("layer2.derivatve=constant", "unknown part of a layer's rule 'derivatve', did you mean"),
    ],
)
def test_a_rule_in_words(text, said):
    with pytest.raises(UsageError, match=said):
        as_rule(text)


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ({"one": {"derivative": "constant"}}, "layers are numbered from 1; 'one' is none"),
        ({2: "floor:0.1"}, r"layers\[2\] is a dictionary such as .*, not 'floor:0\.1'"),
    ],
)
def test_layers_of_a_rule(layers, said):
    with pytest.raises(UsageError, match=said):
        DeltaRule(layers=layers)


def test_what_layers_do_otherwise_is_taken_in_any_order_and_as_it_is_written():
    rule = DeltaRule(layers={3: {"feedback": "random"}, "1": {"derivative": "floor:0.1"}})
    assert [change.layer for change in rule.layers] == [1, 3]
    assert all(isinstance(change, LayerChange) for change in rule.layers)
    assert DeltaRule(layers=rule.layers) == rule == as_rule(rule.to_dict())
