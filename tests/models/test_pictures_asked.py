"""What was asked about a model, drawn: the axes that a reader sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from deltarule.models.pictures import asked


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Keep the figures that are saved."""
    kept: list[Figure] = []
    monkeypatch.setattr(asked, "save_figure", lambda figure, path: kept.append(figure))
    return kept


def bins(*shares: float) -> list[dict[str, float]]:
    return [{"p": p, "share": p, "low": p - 0.01, "high": p + 0.01, "rows": 50} for p in shares]


def test_a_rare_class_is_looked_at_closely(drawn: list[Figure]) -> None:
    for shares in ((0.02, 0.03, 0.08), (0.02, 0.5, 0.97)):
        asked.draw_calibration(bins(*shares), "yes", "test", Path("calibration.png"))
    near, whole = (figure.axes[0].get_xlim() for figure in drawn)
    assert near[0] < 0.01
    assert 0.09 < near[1] < 0.1
    assert whole == (-0.02, 1.02)


def test_dates_are_dates_on_an_axis(drawn: list[Figure]) -> None:
    day = [19000.0, 19200.0, 19400.0]  # 2022-01-08, ...
    found = {n: {"values": day, "means": [[0.1], [0.2], [0.3]]} for n in ("born", "paid")}
    asked.draw_dependence(found, ["y"], "y", Path("dependence.png"), dates={"born"})
    (figure,) = drawn
    for axes in figure.axes:
        figure.canvas.draw()
        texts = [label.get_text() for label in axes.get_xticklabels()]
        dated = axes.get_xlabel() == "born"
        assert any("2023" in text for text in texts) is dated, texts
        assert any("19200" in text for text in texts) is not dated, texts
