"""A study's runs are those that `dr.train` would make, whatever they are trained beside."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import deltarule as dr
from deltarule.core.errors import DataError, SweepError, UsageError
from deltarule.studies.tables import summary_table

NUMBERS = ["rule", "seed", "solved", "stopped", "epochs", "error"]


def test_every_run_is_dr_train_s(small):
    study = small(vary={"lr": [0.5, 2.0]}, seeds=[3, 8])
    xor = dr.data.load("xor")
    net = dr.Network(2, [dr.Dense(2, "sigmoid"), dr.Dense(1, "sigmoid")], init="uniform:1")
    for row in study.run().runs.iter_rows(named=True):
        run = dr.train(net, xor.X, xor.T, reduction="sum", seed=row["seed"], epochs=600,
                       optimizer=dr.optim.SGD(float(row["lr"])), batch_size=None,
                       stop="all_within:0.4", engine="compiled")  # fmt: skip
        bp = dr.backprop(net, run.theta, xor.X, xor.T, reduction="sum")
        assert (row["epochs"], row["stopped"]) == (run.epochs, run.stopped)
        assert row["error"] == pytest.approx(bp.error, rel=1e-9)


def test_cells_are_the_product_in_order_without_the_excluded(small):
    study = small(vary={"rule": ["exact", "output=constant"], "lr": [1, 2]},
                  exclude=[{"rule": "exact", "lr": 2}])  # fmt: skip
    names = [tuple(label for _, label in cell.labels) for cell in study.cells]
    assert names == [("exact", "1"), ("output=constant", "1"), ("output=constant", "2")]
    back = small(vary={"rule": ["exact", "output=constant"], "lr": [1, 2]},
                 exclude=[{"rule": "exact"}], include=[{"rule": "exact", "lr": 2}])  # fmt: skip
    assert ("exact", "2") in [tuple(label for _, label in cell.labels) for cell in back.cells]


def test_a_factor_of_another_name_bundles_settings(small):
    study = small(data="-", hidden="-", vary={
        "problem": {"XOR": {"data": "xor", "hidden": 2}, "parity": {"data": "parity:3",
                                                                    "hidden": 5}}
    })  # fmt: skip
    assert [cell.settings.hidden for cell in study.cells] == [(2,), (5,)]
    assert study.run().runs["problem"].unique(maintain_order=True).to_list() == ["XOR", "parity"]
    assert study.definition.compared is None  # problems are not held against one another


def test_a_given_network_is_changed_where_a_factor_says_so(small):
    net = dr.Network(2, [dr.Dense(2, "tanh", init="normal:1"), dr.Dense(1, "sigmoid")])
    study = small(net=net, hidden="-", activation="-", output="-", init="-",
                  vary={"hidden": [[3], [4, 4]], "activation": ["tanh", "relu"]})  # fmt: skip
    from deltarule.studies.tasks import make

    made = [make(cell, 0).network for cell in study.cells]
    assert [m.sizes for m in made] == [(2, 3, 1)] * 2 + [(2, 4, 4, 1)] * 2
    assert made[3].layers[0].activation.name == "relu"
    assert made[0].layers[0].init == net.layers[0].init


def test_the_consistent_activation_has_the_rule_s_numbers_as_its_f(small):
    study = small(activation={"name": "sigmoid", "rule": "offset:0.1"}, vary=None)
    f = study.cells[0].settings.activation
    assert f.derivative(0.0) == pytest.approx(0.35)


def test_held_sources_of_chance_do_not_vary(small):
    loose = small(vary=None).run().runs
    held = small(vary=None, hold="weights").run().runs
    assert loose["epochs"].n_unique() > 1
    assert held["epochs"].n_unique() == 1  # full batches: there is nothing else to vary


def test_every_seed_has_a_split_of_its_own_unless_it_is_held():
    options = {"data": "iris", "hidden": 3, "validation": 0.3, "epochs": 20, "seeds": 4,
               "lr": 0.05}  # fmt: skip
    own = dr.Study(**options, hold=["weights", "order"]).run().runs
    assert own["validation_error"].n_unique() == 4
    held = dr.Study(**options, hold=["weights", "order", "split"]).run().runs
    assert held["validation_error"].n_unique() == 1
    assert set(own["validation_accuracy"].is_between(0.0, 1.0)) == {True}


def test_as_many_workers_as_one_likes_make_the_same_numbers(small):
    vary = {"rule": ["exact", "output=constant", "hidden=offset:0.1"], "lr": [1, 2]}
    alone = small(vary=vary, seeds=40).run(workers=1).runs
    spread = small(vary=vary, seeds=40).run(workers=2).runs
    assert alone.select(*NUMBERS, "lr").equals(spread.select(*NUMBERS, "lr"))


def test_a_diverged_run_is_a_failure_and_is_told(small):
    study = small(vary={"lr": [1.0, 1e200]}, optimizer="sgd", output="identity", epochs=50)
    results = study.run()
    summary = results.summary()
    assert summary["diverged"].to_list() == [0, 12]
    assert summary["solved"][1] == 0
    assert summary["error_mean"][1] is None
    assert results.runs.filter(pl.col("lr") == "1e+200")["message"].str.contains("epoch").all()


def test_cells_that_cannot_be_trained_do_not_stop_the_others(small):
    study = small(vary={"loss": ["half_squared_error", "cross_entropy"]})
    with pytest.raises(SweepError, match="loss cross_entropy: the loss cross_entropy needs") as e:
        study.run()
    assert len(e.value.results.runs) == 12
    assert e.value.exit_code == 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"vary": {"rul": ["exact"]}}, "rul is no setting of a study, did you mean 'rule'"),
        ({"vary": {"rule": ["exat"]}}, "did you mean 'exact'"),
        ({"vary": {"rule": []}}, "takes a list of values"),
        ({"vary": {"rule": "exact"}}, "takes a list of values"),
        ({"vary": {"lr": [0.1, 0.1]}}, "has the level '0.1' twice"),
        ({"epoch": 3}, "unknown setting of a study 'epoch', did you mean 'epochs'"),
        ({"epochs": 0}, "epochs is a whole number of at least 1"),
        ({"seeds": 0}, "seeds is a whole number of at least 1"),
        ({"seeds": [1, 1]}, "one is there twice"),
        ({"data": "xro"}, "did you mean 'xor'"),
        ({"data": 3}, "the data of a study are a name"),
        ({"hold": "weight"}, "did you mean 'weights'"),
        ({"baseline": {"rule": "nothing"}}, "unknown level of rule"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"exclude": [{"rule": ["exact", "output=constant"]}]}, "no cell left"),
        ({"vary": {"epochs": [1, 2]}}, "epochs has the name of a column"),
        ({"layers": "slopes"}, "did you mean 'slope'"),
        ({"vary": {"lr": [1], "opt": {"a": {"lr": 2}}}}, "both vary lr"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_before_anything_is_trained(small, changes, message):
    with pytest.raises((UsageError, DataError), match=message):
        small(**changes)


def test_methods_of_the_whole_vector_are_varied_as_any_other(small):
    found = small(vary={"optimizer": ["sgd:1", "scg"]}).run().runs
    scg = found.filter(found["optimizer"] == "scg")
    assert scg["solved"].sum() > 0
    assert set(scg["stopped"]) <= {"all_within", "gradient", "epochs"}
    with pytest.raises(SweepError, match="scaled_conjugate_gradient takes no learning rate"):
        small(optimizer="scg", vary={"lr": [0.1]}).run()


def test_problems_that_need_every_sample_are_not_split(small):
    with pytest.raises(SweepError, match="every sample is needed"):
        small(validation=0.3, vary=None).run()


def test_arrays_of_one_s_own():
    X = np.random.default_rng(0).normal(size=(60, 3))
    T = X[:, :1] - X[:, 1:2]
    study = dr.Study(data=(X, T), hidden=[], output="identity", optimizer="sgd:0.1", epochs=200,
                     seeds=3, validation=0.25, stop="error_below:1e-6")  # fmt: skip
    results = study.run()
    assert results.runs["solved"].all()
    assert results.runs["validation_error"].max() < 1e-4


def test_the_penalty_is_no_part_of_how_held_out_samples_are_met():
    from deltarule.studies.outcome import measured_at
    from deltarule.studies.tasks import make

    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(40, 3)), rng.normal(size=(40, 1))
    study = dr.Study(data=(X, T), hidden=[2], l2=0.5, validation=0.25, seeds=1)
    made = make(study.cells[0], 0)
    theta = made.network.init(3)
    found = measured_at(made, theta[None])
    parts, net = made.parts, made.network
    with_it = dr.backprop(net, theta, parts.X, parts.T, reduction="mean", l2=0.5).error
    without = dr.backprop(net, theta, parts.X_held, parts.T_held, reduction="mean").error
    assert found["error"][0] == pytest.approx(with_it)
    assert found["validation_error"][0] == pytest.approx(without)


def test_what_is_measured_of_every_layer(tmp_path):
    """|f'| of a network that is as it began, by its own nets; angles as `dr.alignment` has them."""
    study = dr.Study(data="iris", hidden=[4, 3], activation="tanh", optimizer="sgd:0.001", epochs=2,
                     seeds=3, alignment=True, layers=["slope", "delta_angle"],
                     vary={"rule": ["exact", "feedback=random", "feedback=kolen_pollack"]},
                     output="sigmoid", loss="binary_cross_entropy", batch_size=50)  # fmt: skip
    results = study.run(workers=1)
    from deltarule.studies.tasks import make

    made = make(study.cells[0], 0)
    for cell in study.cells:
        for row in results.cells[cell.labels[0][1],].iter_rows(named=True):
            run = dr.train(made.network, made.parts.X, made.parts.T, rule=cell.settings.rule,
                           loss="binary_cross_entropy", optimizer="sgd:0.001", epochs=2,
                           batch_size=50, seed=row["seed"])  # fmt: skip
            bp = dr.backprop(made.network, run.theta, made.parts.X, made.parts.T,
                             loss="binary_cross_entropy")  # fmt: skip
            assert row["slope"][0] == pytest.approx((1 - bp.outputs[1] ** 2).mean())
            found = dr.alignment(made.network, run.theta, made.parts.X, made.parts.T,
                                 cell.settings.rule, "binary_cross_entropy", seed=run.seed,
                                 learned=run.learned)  # fmt: skip
            assert row["delta_angle"] == pytest.approx([a.deltas for a in found.layers], abs=1e-6)
    told = summary_table(results)[0]
    assert told[-2:] == ["Mean |f'| by layer", "Angle of delta to the chain rule's by layer"]
    results.plot(tmp_path / "p.png")
    results.plot(tmp_path / "q.png", "layers 2")
    results.summary().write_csv(tmp_path / "s.csv")


def test_a_level_is_chosen_by_some_seeds_and_told_by_the_others(small):
    """By hand: the rate with the most runs solved in the first half, its runs of the second."""
    rates = {"own": "auto", "/ 20": 0.05, "x 3": 3.0}
    study = small(seeds=20, vary={"rule": ["exact", "output=constant"], "rate": rates},
                  choose="rate", epochs=300)  # fmt: skip
    results = study.run(workers=1)
    told = results.told
    assert told.definition.factors["rate"] == ["own", "best of 3"]
    assert told.definition.plain["seeds"] == list(range(10, 20))
    for rule in ("exact", "output=constant"):
        solved = {k: results.cells[rule, k].head(10)["solved"].sum() for k in rates}
        best = told.cells[rule, "best of 3"]
        assert solved[best["chosen"][0]] == max(solved.values())
        assert best["epochs"].equals(results.cells[rule, best["chosen"][0]].tail(10)["epochs"])
    assert "chosen" in summary_table(told)[0]
    assert told.compare()["a"].unique().to_list() == ["output=constant"]
    assert results.told is not results
    assert told.told is told
    with pytest.raises(DataError, match="more seeds are needed"):
        _ = small(seeds=1, vary={"rate": rates}, choose="rate", epochs=3).run(workers=1).told
