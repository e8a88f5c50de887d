"""The forms of an explanation: HTML that is closed, Markdown tables, notebooks, rounding."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from evaluate import from_latex

import deltarule as dr
from deltarule.core.notation import NOTATIONS

NET = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(3, "softmax")])
THETA = NET.init(seed=1)
X, T = [[0.5, -1.0], [2.0, 0.3]], [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]


class Closed(HTMLParser):
    """Counts open tags and keeps the text."""

    def __init__(self):
        super().__init__()
        self.open, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(params=NOTATIONS)
def explanation(request):
    return dr.explain(NET, THETA, X, T, weight=(1, 2, 1), limit=4, notation=request.param,
                      loss="half_squared_error", l2=0.1)  # fmt: skip


def test_html_is_closed_and_says_what_the_text_says(explanation):
    page = Closed()
    page.feed(explanation._repr_html_())
    assert page.open == []
    for path in explanation.paths:
        assert f"{path.product:.6g}" in page.text
        assert " * ".join(f.name for f in path.factors) in page.text
    assert explanation.formula in page.text
    assert repr(explanation.value) in page.text


def test_markdown_tables_have_as_many_cells_as_their_head(explanation):
    tables = re.findall(r"(?:^\|.*\|\n?)+", explanation.markdown(), flags=re.MULTILINE)
    assert len(tables) >= 4
    for table in tables:
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def test_latex_is_balanced_and_rounds_on_request_only(explanation):
    full, rounded = explanation.latex(), explanation.latex(4)
    assert full.count("{") == full.count("}")
    assert full.count(r"\left") == full.count(r"\right")
    assert "approx" not in full
    assert "approx" in rounded
    assert explanation._repr_latex_().startswith("$$")
    formula, value = from_latex(rounded.replace(r"\approx", "="))
    assert value == float(f"{explanation.value:.4g}")
    assert formula == pytest.approx(
        value, abs=1e-2 * max(abs(p.product) for p in explanation.paths)
    )


def test_the_text_shows_the_sum_over_observations_and_the_remainder(explanation):
    text = str(explanation)
    for part in explanation.contributions:
        assert f"{part.value:.6g}" in text
    assert f"remainder, 14 other paths: {explanation.remainder:.6g}" in text
    assert explanation.path_count == 18  # 2 observations, 3 nodes, 3 outputs
    assert explanation.notation.says in text
    assert text.splitlines()[0] == f"{explanation.name} = {explanation.value:.6g}"
