"""What a lab begins with: a trained model's folder, its data and its weights; standard input."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltarule as dr
from deltarule.data import read_table
from deltarule.models import Recipe, fit, save
from deltarule.web.start import started


@pytest.fixture
def trained(tmp_path: Path) -> Callable[..., Path]:
    def make(data: str = "iris", target: str | None = None, **options: Any) -> Path:
        folder = tmp_path / "model"
        fitted = fit(
            read_table(data), Recipe(**{"epochs": 5, "hidden": "6,5", **options}), target=target
        )
        save(fitted, folder, force=True)
        return folder

    return make


def test_a_models_folder_opens_its_network_its_weights_and_its_data(
    trained: Callable[..., Path],
) -> None:
    folder = trained(activation="leaky_relu:0.2", optimizer="momentum", lr=0.05, seed=4, test=0.3)
    model, session = dr.load(folder), started(str(folder))
    shown = session.begin()
    assert (shown["model"], shown["sizes"], shown["target"]) == ("iris", [4, 6, 5, 3], ["species"])
    assert shown["setup"]["activation"] == "leaky_relu:0.2"
    assert shown["setup"]["lanes"][0]["lr"] == 0.05
    lane = session.lanes[0]
    np.testing.assert_array_equal(lane.theta, model.theta.astype(np.float64))
    assert len(lane.samples) == model.description["data"]["rows"]["train"]
    X = lane.plan.prepared["test"].X
    rows = lane.plan.prepared["test"].rows
    given = read_table("iris")
    want = model.predict_proba(given)[rows]
    np.testing.assert_allclose(lane.plan.network(lane.theta, X), want, atol=1e-5)
    assert shown["lanes"][0]["command"] == ""
    anew = session.answer({"do": "setup", "setup": {**shown["setup"], "weights": "drawn"}})
    assert not np.array_equal(session.lanes[0].theta, lane.theta)
    with pytest.raises(dr.UsageError, match="4-6-5-3"):
        session.answer({"do": "setup", "setup": {**shown["setup"], "hidden": "6"}})
    session.answer({"do": "setup", "setup": {"data": "xor"}})
    with pytest.raises(dr.UsageError, match="leave out --target and --hidden"):
        started(str(folder), hidden="8")
    json.dumps(anew, allow_nan=False)


def test_a_model_is_judged_there_as_it_was_after_its_training(trained: Callable[..., Path]) -> None:
    folder = trained(hidden="70", dtype="float64", patience=0)
    scores = dr.load(folder).description["metrics"]["train"]
    shown = started(str(folder)).begin()["lanes"][0]["scores"]
    assert shown["accuracy"] == pytest.approx(scores["accuracy"])
    assert shown["brier"] == pytest.approx(scores["brier"])


def test_what_the_lab_cannot_do_with_a_model_is_said(
    trained: Callable[..., Path], tmp_path: Path
) -> None:
    rows = "".join(f"{k},{k % 5},{'ab'[k % 2]}\n" for k in range(40))
    (tmp_path / "own.csv").write_text(f"p,q,kind\n{rows}")
    folder = trained(str(tmp_path / "own.csv"), "kind", l2=0.01, clip_norm=1.0, ensemble=2)
    notes = " ".join(started(str(folder)).begin()["notes"])
    assert "without l2=0.01, clip_norm=1.0" in notes
    assert "the first of the model's 2 networks" in notes
    (tmp_path / "own.csv").write_text(f"p,q,kind\n{rows}41,3,a\n")
    assert "is not what it was" in " ".join(started(str(folder)).begin()["notes"])
    (tmp_path / "own.csv").unlink()
    with pytest.raises(dr.DataError, match=r"own\.csv"):
        started(str(folder))


def test_what_the_lab_does_not_draw_is_refused(tmp_path: Path) -> None:
    net = dr.Network(2, [dr.Dense(3, "tanh"), dr.Dense(1)])
    dr.save(tmp_path / "net", net, net.init(seed=0))
    with pytest.raises(dr.UsageError, match="a network alone"):
        started(str(tmp_path / "net"))


@pytest.mark.parametrize(
    ("options", "lane", "says"),
    [
        ({"activation": "tanh relu", "rule": "hidden=offset:0.1"}, ("momentum:0.05,0.5", None), ""),
        ({"optimizer": "lbfgs"}, ("sgd", 0.1), "in the place of lbfgs"),
        ({"optimizer": "sgd", "lr": "cosine:0.2,50"}, ("sgd", 0.2), "constant learning rate 0.2"),
    ],
)
def test_a_models_rule_and_optimizer_go_on(
    trained: Callable[..., Path], options: dict[str, Any], lane: tuple[str, float | None], says: str
) -> None:
    session = started(str(trained(**{"optimizer": "momentum:0.05,0.5", **options})))
    own = session.setup.lanes[0]
    assert (own.optimizer, own.lr, own.rule) == (*lane, options.get("rule", "exact"))
    assert session.setup.activation == options.get("activation", "tanh")
    notes = " ".join(session.begin()["notes"])
    assert says in notes
    session.answer({"do": "step", "by": "epoch"})


def test_a_file_is_called_as_it_was_given(tmp_path: Path) -> None:
    (tmp_path / "stdin").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(dr.UsageError, match=r"^stdin: which column"):
        started(str(tmp_path / "stdin"), name="stdin")
    (tmp_path / "stdin").write_text("a,b\n" + "".join(f"{k},{k % 3}\n" for k in range(30)))
    assert started(str(tmp_path / "stdin"), "b", name="stdin").setup.data == "stdin"
    (tmp_path / "stdin").write_text("a,b\n1,2\n3\n")
    with pytest.raises(dr.DataError, match=r"^stdin:3:"):
        started(str(tmp_path / "stdin"), name="stdin")
