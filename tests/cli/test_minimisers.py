"""Optimisers of the whole vector on the command line."""

from __future__ import annotations

import json

import pytest


def test_all_rows_are_taken_and_the_end_is_said_in_words(cli, tmp_path):
    out = tmp_path / "m"
    done = cli("train", "diabetes", "--optimizer", "scg", "--patience", "0", "--hidden", "none",
                "--dtype", "float64", "--epochs", "2000", "--out", str(out))  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert "scaled_conjugate_gradient, full batches" in done.stdout
    assert "every |dE/dw| is below `tol`" in done.stdout
    run = json.loads((out / "run.json").read_text())
    assert run["training"]["stopped"] == "gradient"
    assert run["recipe"]["optimizer"]["name"] == "scaled_conjugate_gradient"
    shown = cli("show", str(out))
    assert shown.exit_code == 0
    assert "scaled_conjugate_gradient" in shown.stdout
    assert cli("explain", str(out), "--row", "5", "--weight", "1,1,1").exit_code == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["iris", "--optimizer", "lm"], "sums of squares, which the loss cross_entropy is not"),
        (["diabetes", "--optimizer", "cg", "--batch-size", "9"], "leave out --batch-size"),
        (["diabetes", "--optimizer", "cg", "--clip-norm", "1"], "leave out clip_norm"),
        (["diabetes", "--optimizer", "cg", "--lr", "0.1"], "leave out lr='0.1'"),
        (["diabetes", "--optimizer", "cg", "--rule", "hidden=offset:0.1"], "not hidden=offset:0.1"),
        (["diabetes", "--optimizer", "lbgfs"], "did you mean 'lbfgs'"),
        (["diabetes", "--optimizer", "lm:0"], "mu is above 0"),
    ],
)
def test_what_cannot_be_is_refused(cli, given, message, tmp_path):
    done = cli("train", *given, "--out", str(tmp_path / "m"))
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert not (tmp_path / "m").exists()
