"""Mistakes that are planted, the quiz about them, and what is said of them."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule.check.diagnose.planting import plantable
from deltarule.engine.reference import backprop
from deltarule.web.session import Session
from deltarule.web.setup import Setup

DEEP = {"data": "parity:3", "hidden": "3,3", "lanes": [{}, {"mistake": "missing_derivative"}]}


@pytest.mark.parametrize("setup", [DEEP, {"data": "iris", "hidden": "4", "activation": "tanh"}])
def test_a_planted_mistake_is_the_one_that_is_named(setup) -> None:
    lane = Session(Setup.read(setup)).lanes[0]
    objective, some = lane.job.objective, lane.samples
    found = plantable(objective, lane.theta, some)
    assert len(found) >= 15
    for code, planted in found.items():
        gradient = planted.backprop(objective, lane.theta, some.X, some.T).gradient
        diagnosis = dr.diagnose(
            gradient, objective.network, lane.theta, some.X, some.T, loss=objective.loss,
            up_to="nothing",
        )  # fmt: skip
        named = {m.code for m in (*diagnosis.mistakes, *diagnosis.candidates)}
        assert code in named, f"{code}: {diagnosis}"


def test_a_lane_follows_the_wrong_gradient_and_shows_its_deltas() -> None:
    session = Session(Setup.read(DEEP))
    right, wrong = session.lanes
    before = wrong.theta.copy()
    shown = session.shown_passes(1)
    session.answer({"do": "step"})
    gradient = (before - wrong.theta) / 0.5
    net, some = wrong.job.objective.network, wrong.samples
    ours = wrong.planted.backprop(wrong.job.objective, before, some.X, some.T)
    np.testing.assert_allclose(gradient, ours.gradient, atol=1e-12)
    without = dr.backprop(net, before, some.X, some.T, loss=wrong.job.objective.loss,
                          rule="hidden=constant output=constant")  # fmt: skip
    np.testing.assert_allclose(ours.gradient, without.gradient, rtol=1e-9)
    assert not np.allclose(right.theta, wrong.theta)
    one = backprop(wrong.job.objective, before, some.X[:1], some.T[:1]).deltas[3]
    assert shown["layers"][2]["delta"][0] != pytest.approx(float(one[0, 0]), rel=1e-3)


def test_it_goes_back_and_forth_in_time_like_any_lane() -> None:
    session = Session(Setup.read(DEEP))
    session.answer({"do": "step", "n": 5})
    there = session.lanes[1].theta.copy()
    session.answer({"do": "step", "n": 20})
    session.answer({"do": "back", "step": 5})
    np.testing.assert_array_equal(session.lanes[1].theta, there)


def test_what_is_said_of_a_lane_with_a_mistake() -> None:
    session = Session(Setup.read(DEEP))
    assert session.answer({"do": "check", "lane": 1})["check"]["right"] is False
    assert "missing_derivative" in session.answer({"do": "diagnose", "lane": 1})["diagnosis"]
    assert session.answer({"do": "diagnose", "lane": 0})["diagnosis"].startswith("correct")
    assert session.command(1) == ""
    with pytest.raises(dr.UsageError, match="mistake"):
        session.answer({"do": "explain", "lane": 1, "weight": [1, 1, 1]})


@pytest.mark.parametrize("mistake", ["missing", "softmax_diagonal", "learning_rate"])
def test_a_mistake_that_cannot_be_planted(mistake: str) -> None:
    with pytest.raises(dr.UsageError):
        Session(Setup.read({"hidden": "3", "lanes": [{"mistake": mistake}]}))


def test_a_mistake_is_planted_in_the_exact_rule_alone() -> None:
    setup = Setup.read({"lanes": [{"mistake": "sign", "rule": "hidden=constant"}]})
    with pytest.raises(dr.UsageError, match="exact rule"):
        Session(setup)


def test_the_quiz_has_one_right_answer_and_says_which() -> None:
    session = Session(Setup.read({**DEEP, "lanes": [{}]}))
    session.answer({"do": "step", "n": 3})
    with pytest.raises(dr.UsageError, match="no question"):
        session.answer({"do": "quiz", "guess": 0})
    asked = set()
    for number in range(8):
        question = session.answer({"do": "quiz", "number": number})["question"]
        assert len(question["rows"]) == session.lanes[0].plan.network.size
        given = np.array([[float(v) for v in row[1:]] for row in question["rows"]])
        assert np.abs(given[:, 0] - given[:, 1]).max() > 0
        answers = [session.answer({"do": "quiz", "guess": k})["answer"] for k in range(4)]
        assert sum(a["right"] for a in answers) == 1
        assert answers[0]["is"]["name"] in answers[0]["diagnosis"]
        asked.add(answers[0]["is"]["name"])
    assert len(asked) > 4


def test_the_v_of_step_lengths() -> None:
    session = Session(Setup.read({**DEEP, "lanes": [{}]}))
    v = session.answer({"do": "check", "weight": 3})["check"]["v"]
    errors = np.array(v["error"])
    assert v["name"] == "w[1,2,1]"
    lowest = errors.argmin()
    assert 1e-7 < v["h"][lowest] < 1e-3
    assert errors[lowest] < 1e-9 < errors[0]
    assert errors[-1] > 100 * errors[lowest]


def test_of_a_large_network_directions_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deltarule.web.judging._EVERY", 10)
    session = Session(Setup.read({"hidden": "3,3", "lanes": [{}, {"rule": "hidden=constant"}]}))
    right, wrong = (session.answer({"do": "check", "lane": k})["check"] for k in (0, 1))
    assert (right["right"], wrong["right"]) == (True, False)
    assert "20 random directions" in right["says"]
