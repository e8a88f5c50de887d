"""The progress bar: what it says on a terminal, and that it stays off stdout."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import numpy as np
from jobs import network, regression
from rich.console import Console

import deltarule as dr
from deltarule.training import Epoch
from deltarule.training.progress import Bar


def test_the_bar_says_epoch_errors_speed_and_time_left(monkeypatch):
    monkeypatch.setattr("deltarule.training.progress.INTERVAL", 0.0)
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    with Bar(epochs=4, batches=2, samples=10, console=console) as bar:
        for epoch in range(1, 4):
            bar.tick(1)
            bar.tick(1)
            bar.epoch(Epoch(epoch, 4, 0.5 / epoch, 0.25, 0.1, 1.0, np.zeros(1)))
        bar.tick(1)
    said = screen.getvalue()
    assert "epoch 3/4" in said
    assert "error 0.1667  validation 0.25" in said
    assert "examples/s" in said
    assert ":" in said.split("examples/s")[-1]  # the time left


def test_progress_changes_nothing_and_prints_nothing_on_stdout(capsys):
    X, T = regression()
    plain = dr.train(network(), X, T, epochs=3)
    shown = dr.train(network(), X, T, epochs=3, progress=True, validation=(X, T))
    assert shown.theta.tobytes() == plain.theta.tobytes()
    assert capsys.readouterr().out == ""


def test_in_a_notebook_one_line_of_text_is_replaced_without_widgets(monkeypatch):
    monkeypatch.setattr("deltarule.training.progress.INTERVAL", 0.0)
    shown: list[str] = []

    def display(data, *, raw, display_id):
        shown.append(data["text/plain"])
        return SimpleNamespace(update=lambda data, raw: shown.append(data["text/plain"]))

    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=display))
    with Bar(epochs=4, batches=2, samples=10, console=Console(force_jupyter=True)) as bar:
        bar.epoch(Epoch(3, 4, 0.5, None, 0.1, 1.0, np.zeros(1)))
        bar.tick(6)
    assert shown[0] == shown[-1] == ""
    assert "epoch 3/4" in shown[1]
    assert "error 0.5" in shown[1]
    assert "\x1b" not in shown[1]
