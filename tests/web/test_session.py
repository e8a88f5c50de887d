"""What a page may ask for, and what it may not."""

from __future__ import annotations

import base64
import io
import json
import shlex
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import deltarule as dr
from deltarule.core.errors import UsageError
from deltarule.data import read_table
from deltarule.web.lessons import ORDER, lessons
from deltarule.web.session import DATA, Session
from deltarule.web.setup import Setup
from deltarule.web.worker import answer


@pytest.mark.parametrize("data", DATA)
def test_every_data_set_is_shown(data: str) -> None:
    shown = Session(Setup(data=data)).begin()
    json.dumps(shown, allow_nan=False)
    assert shown["setup"]["data"] == data
    assert len(shown["lanes"][0]["predictions"]) == min(64, shown["rows"])
    assert (shown["lanes"][0]["map"] is not None) == (shown["sizes"][0] <= 2)


def test_the_command_line_it_shows_trains_the_same_network(tmp_path) -> None:
    session = Session(Setup(data="iris", hidden="4", batch_size=16))
    session.answer({"do": "step", "by": "epoch", "n": 2})
    words = shlex.split(session.command(0))
    done = subprocess.run(
        [sys.executable, "-m", *words, "--out", str(tmp_path / "m")],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(dr.load(tmp_path / "m").theta, session.lanes[0].theta)


def test_a_lane_without_a_rate_has_that_of_its_optimizer() -> None:
    lanes = {"optimizer": "adam"}, {"optimizer": "momentum:0.2,0.9"}, {"rule": "order=layerwise"}
    session = Session(Setup.read({"lanes": [{**lane, "lr": None} for lane in lanes]}))
    assert [lane.job.optimiser.lr for lane in session.lanes[:2]] == [0.001, 0.2]
    assert "--lr" not in session.command(1)
    session.answer({"do": "step", "n": 1})
    assert session.answer({"do": "explain", "lane": 2, "weight": [1, 1, 1]})["explanation"]
    with pytest.raises(UsageError, match=r'a lane: lr is a number, not "abc"'):
        Setup.read({"lanes": [{"lr": "abc"}]})


HOSTILE = [
    "", "null", "[]", "7", '"do"', "{}", '{"do": 1}', '{"do": "fly"}', '{"do": "__class__"}',
    '{"do": "setup"}', '{"do": "setup", "setup": []}', '{"do": "step", "n": 0}',
    '{"do": "step", "n": 1e99}', '{"do": "step", "n": "1"}', '{"do": "step", "by": []}',
    '{"do": "back", "step": -1}', '{"do": "back", "step": 1.5}', '{"do": "look", "row": 4}',
    '{"do": "look", "row": "0"}', '{"do": "explain"}', '{"do": "explain", "weight": [0, 1, 1]}',
    '{"do": "explain", "weight": [9, 1, 1]}', '{"do": "explain", "weight": [1, 1]}',
    '{"do": "explain", "lane": 5, "weight": [1, 1, 1]}', '{"do": "check", "lane": -1}',
    '{"do": "look", "firsts": [0]}', '{"do": "look", "firsts": [0, 0, 1]}',
    '{"do": "look", "firsts": 3}', '{"do": "look", "firsts": [null, 0.5, 0]}',
    '{"do": "rate"}', '{"do": "rate", "lr": -1}', '{"do": "rate", "lr": "1"}',
    '{"do": "rate", "lr": 1e999}', '{"do": "rate", "lane": 1, "lr": 1}',
    '{"do": "explain", "node": [0, 1]}', '{"do": "explain", "node": [1, 9]}',
    '{"do": "explain", "node": [1]}', '{"do": "explain", "node": "delta[1,1]"}',
    '{"do": "task"}', '{"do": "task", "lesson": {"a": 1}}', "[" * 50_000,
    '{"do": "' + "x" * 70_000 + '"}', '{"do": "look", "row": 1', "\ud800",
]  # fmt: skip

HOSTILE_SETUPS = [
    '{"data": "../x"}', '{"data": "/etc/passwd"}', '{"data": 3}', '{"hidden": "1e9"}',
    '{"hidden": "99999999"}', '{"hidden": "2000,2000"}', '{"seed": -1}', '{"owner": "x"}',
    '{"activation": "mine.py:f"}', '{"loss": "mine.py:f"}', '{"batch_size": true}', '{"lanes": []}',
    '{"lanes": [{}, {}, {}, {}, {}]}', '{"lanes": [{"rule": "hidden=wild"}]}',
    '{"lanes": [{"rule": "choice=largest:9999"}]}', '{"lanes": [{"optimizer": "mine.py:opt"}]}',
    '{"lanes": [{"optimizer": "lbfgs"}]}', '{"lanes": [{"lr": 0}]}', '{"lanes": [{"lr": NaN}]}',
    '{"lanes": [{"lr": "1"}]}', '{"weights": "model"}', '{"weights": "mine"}',
    '{"lanes": [{"matched": 1}]}',
    '{"lanes": [{"rule": "hidden=random:0,1", "matched": true}]}',
]  # fmt: skip
HOSTILE += [f'{{"do": "setup", "setup": {setup}}}' for setup in HOSTILE_SETUPS]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_message_that_cannot_be_is_answered_in_words_and_changes_nothing(text: str) -> None:
    session = Session()
    before = json.dumps(session.begin())
    found = answer(session, text)
    assert set(found) == {"error", "id"}
    assert 10 < len(found["error"]) < 600
    assert json.dumps(session.begin()) == before


def test_files_of_the_page_are_never_opened(tmp_path, monkeypatch) -> None:
    (tmp_path / "own.csv").write_text("a,b\n" + "".join(f"{i},{i % 2}\n" for i in range(20)))
    monkeypatch.chdir(tmp_path)
    asked = {"do": "setup", "setup": {"data": "own.csv"}}
    with pytest.raises(dr.UsageError, match=r"own\.csv"):
        Session().answer(asked)
    started_with = {"own.csv": replace(read_table("own.csv"), targets=("b",))}
    session = Session(Setup(data="own.csv"), started_with)
    session.answer({"do": "setup", "setup": {"data": "xor"}})
    shown = session.answer(asked)
    assert (shown["rows"], shown["outputs"]) == (14, ["b"])
    assert "--target b" in shown["lanes"][0]["command"]


def test_every_lesson_can_be_done() -> None:
    for name in ORDER:
        session = Session()
        for step in lessons()[name]["steps"]:
            if "setup" in step:
                session.answer({"do": "setup", "setup": step["setup"]})
        assert session.answer({"do": "task", "lesson": name})["lacking"], name
        for _ in range(400):
            session.answer({"do": "explain", "weight": [1, 1, 1]})
            if name == "overfitting":  # a curve that has turned takes epochs
                assert session.answer({"do": "task", "lesson": name})["lacking"]
            session.answer({"do": "step", "by": "epoch", "n": 20 if name == "overfitting" else 50})
            session.answer({"do": "check"})
            if not session.answer({"do": "task", "lesson": name})["lacking"]:
                break
        assert not session.answer({"do": "task", "lesson": name})["lacking"], name


def test_the_lesson_on_the_factor_shows_what_it_says() -> None:
    """XOR: solved with f', not without; the encoder: both."""
    xor, encoder = (step["setup"] for step in lessons()["factor"]["steps"] if "setup" in step)
    for setup, both in ((xor, False), (encoder, True)):
        session = Session(Setup.read(setup))
        session.answer({"do": "step", "by": "epoch", "n": 6_000})
        from deltarule.web.lessons import _solved

        assert [_solved(lane) for lane in session.lanes] == [True, both]


def test_a_check_names_a_changed_rule_wrong() -> None:
    session = Session(Setup.read({"hidden": "3,3", "lanes": [{"rule": "hidden=constant"}]}))
    assert session.answer({"do": "check"})["check"]["right"] is False
    assert Session().answer({"do": "check"})["check"]["right"] is True
    session = Session(Setup.read({"hidden": "3,3", "lanes": [{"rule": "sequential"}]}))
    assert session.answer({"do": "check"})["check"]["right"] is False


def test_what_is_sent_of_a_large_network_is_what_is_visible() -> None:
    """A message does not grow with the layers: 64 cells along an edge, however many nodes."""
    sizes = {}
    for hidden in ("64,64", "200,200", "600,600"):
        session = Session(Setup(data="iris", hidden=hidden, batch_size=50))
        shown = session.answer({"do": "step"})
        sizes[hidden] = len(json.dumps(shown))
        firsts = [None, *(0 if int(n) > 64 else None for n in hidden.split(",")), None]
        near = session.answer({"do": "look", "firsts": firsts})
        assert len(json.dumps(near)) < 1.1 * sizes["64,64"]
    assert max(sizes.values()) < 1.1 * sizes["64,64"] < 250_000


def test_a_confusion_counts_every_training_row() -> None:
    session = Session(Setup(data="iris", hidden="4"))
    shown = session.answer({"do": "step", "by": "epoch", "n": 200})
    counts, rows = np.array(shown["lanes"][0]["confusion"]), session.begin()["rows"]
    assert session.begin()["classes"] == ["setosa", "versicolor", "virginica"]
    assert counts.sum() == rows
    assert np.trace(counts) / rows == pytest.approx(shown["lanes"][0]["scores"]["accuracy"])
    assert Session(Setup(data="diabetes")).begin()["lanes"][0]["confusion"] is None


def test_a_node_is_taken_apart_with_the_bend_of_its_f() -> None:
    session = Session(Setup(hidden="3,3"))
    session.answer({"do": "look", "row": 2})
    found = session.answer({"do": "explain", "node": [2, 3]})["explanation"]
    shown = session.begin()["lanes"][0]["passes"]["layers"][1]
    assert f"{shown['delta'][2]:.4g}"[:6] in found["text"]
    bend = found["bend"]
    (own,) = bend["own"]
    assert bend["net"][own] == pytest.approx(shown["net"][2], rel=1e-4)
    assert bend["slope"][own] == pytest.approx(shown["slope"][2], rel=1e-4)
    assert max(bend["slope"]) == pytest.approx(0.25)
    softmax = Session(Setup(data="iris")).answer({"do": "explain", "node": [2, 1]})
    assert softmax["explanation"]["bend"] is None


def test_a_changed_rate_has_no_command_and_says_so_in_the_model(tmp_path) -> None:
    session = Session()
    session.answer({"do": "step", "n": 3})
    assert session.answer({"do": "rate", "lr": 0.125})["lanes"][0]["rate"] == 0.125
    assert session.command(0) == ""
    with pytest.raises(UsageError, match="rate was changed"):
        session.answer({"do": "export", "what": "code"})
    packed = session.answer({"do": "export", "what": "model"})["export"]["base64"]
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))) as archive:
        archive.extractall(tmp_path)
    assert "changed at update 3" in dr.load(tmp_path / "xor-model").description["notes"][-1]


def test_a_rule_is_the_gradient_of_another_f() -> None:
    """The chain rule with F, F' = g, has the deltas that the rule g has, on the same nets."""
    rule = {"rule": "hidden=offset:0.1", "lr": 0.5}
    session = Session(Setup.read({"hidden": "3", "lanes": [rule, {**rule, "matched": True}]}))
    plain, matched = session.lanes
    np.testing.assert_array_equal(plain.theta, matched.theta)
    nets = matched.backprop().nets[1]
    f = plain.plan.network.layers[0].activation
    np.testing.assert_allclose(matched.backprop().outputs[1], f(nets) + 0.1 * nets, rtol=1e-12)
    assert session.answer({"do": "check", "lane": 0})["check"]["right"] is False
    assert session.answer({"do": "check", "lane": 1})["check"]["right"] is True
    session.answer({"do": "step", "n": 5})
    assert session.command(0)
    assert session.command(1) == ""
    with pytest.raises(UsageError, match="has no name"):
        session.answer({"do": "export", "what": "code", "lane": 1})
    assert session.answer({"do": "explain", "lane": 1, "node": [1, 2]})["explanation"]["bend"]
    json.dumps(session.answer({"do": "export", "what": "snapshot"}), allow_nan=False)
