"""Tables whose rows are sequences: read, scaled by feature, trained, written, predicted."""

from __future__ import annotations

import numpy as np
import pytest

import deltarule as dr
from deltarule import DataError, UsageError
from deltarule.data import prepare, read_table
from deltarule.models import Recipe, fit, plan, save

N, T, F = 60, 5, 2


@pytest.fixture
def npz(tmp_path, rng):
    """Return a function that writes arrays and reads them as a table."""
    X = rng.normal(2.0, 3.0, size=(N, T, F))

    def write(**arrays):
        path = tmp_path / "steps.npz"
        np.savez(path, **({"X": X} | arrays))
        return read_table(path)

    write.X = X
    return write


def test_every_step_of_every_feature_is_a_column(npz):
    table = npz(T=npz.X[:, -1, 0])
    assert table.names == (
        *[f"x1({t})" for t in range(1, 6)],
        *[f"x2({t})" for t in range(1, 6)],
        "T",
    )
    assert np.array_equal(table["x2(3)"].values, npz.X[:, 2, 1])
    assert "row 4, x2(3)" in table.place(3, "x2(3)")


def test_all_steps_of_a_feature_are_scaled_alike(npz):
    found = prepare(npz(T=npz.X[:, -1, 0]), dtype=np.float64)
    rows = found["train"].rows
    for f in range(F):
        values = npz.X[rows][:, :, f]
        scaled = (values - values.mean()) / values.std()
        assert np.abs(found["train"].X[:, f * T : (f + 1) * T] - scaled).max() < 1e-12


def test_what_is_behind_an_end_is_not_scaled_by(npz):
    lengths = np.arange(N) % 3 + 1  # none reaches the fourth step
    found = prepare(npz(T=npz.X[:, 0, 0], lengths=lengths), dtype=np.float64)
    rows = found["train"].rows
    seen = np.concatenate([npz.X[row, : lengths[row], 1] for row in rows])
    offset, scale = found.inputs.scaler.offset, found.inputs.scaler.scale
    assert offset[T : 2 * T] == pytest.approx([seen.mean()] * T)
    assert scale[T : 2 * T] == pytest.approx([seen.std()] * T)


def test_what_is_behind_an_end_does_not_matter(npz):
    lengths = np.arange(N) % T + 1
    target = np.array([x[:n, 0].sum() for x, n in zip(npz.X, lengths, strict=True)])
    table = npz(T=target, lengths=lengths)
    assert table["length"].values.tolist() == lengths.tolist()
    model = fit(table, Recipe(network="gru:3,dense:1", epochs=3, dtype="float64")).model
    changed = npz.X.copy()
    changed[~(np.arange(T) < lengths[:, None])] = 1e6
    again = model.predict(npz(X=changed, T=target, lengths=lengths))
    assert np.array_equal(again, model.predict(table))
    offset, scale = model.inputs.scaler.offset, model.inputs.scaler.scale
    assert (offset[-1], scale[-1]) == (0.0, 1.0)
    scaled = (npz.X - offset[:-1].reshape(F, T).T) / scale[:-1].reshape(F, T).T
    net = dr.Network((T, F), model.network.layers[1:])
    outputs = net(model.theta, dr.Sequences(scaled, lengths))
    assert np.abs(outputs - model.outputs(table)).max() < 1e-12


def test_sequences_to_predict_may_be_shorter_where_lengths_were_learnt(npz):
    lengths = np.arange(N) % T + 1
    table = npz(T=npz.X[:, 0, 0], lengths=lengths)
    model = fit(table, Recipe(network="gru:3,dense:1", epochs=2, dtype="float64")).model
    whole = model.predict(npz(X=npz.X, lengths=np.full(N, T)))
    assert np.array_equal(model.predict(npz(X=npz.X)), whole)
    short = model.predict(npz(X=npz.X, lengths=np.minimum(lengths, 3)))
    assert np.array_equal(model.predict(npz(X=npz.X[:, :3], lengths=np.minimum(lengths, 3))), short)
    longer = np.concatenate([npz.X, npz.X], axis=1)
    assert np.array_equal(model.predict(npz(X=longer, lengths=lengths)), model.predict(table))
    with pytest.raises(DataError, match="sequence 1 has 10 steps, and those of training 5 at most"):
        model.predict(npz(X=longer))
    with pytest.raises(DataError, match="its steps have 4 features, and those of training 2"):
        model.predict(npz(X=np.concatenate([npz.X, npz.X], axis=2)))


@pytest.mark.parametrize(("steps", "lengths"), [(10, 10), (3, 3), (T, 4)])
def test_other_steps_than_those_of_training_are_refused(npz, steps, lengths):
    model = fit(npz(T=npz.X[:, 0, 0]), Recipe(network="gru:3,dense:1", epochs=1)).model
    X = np.concatenate([npz.X, npz.X], axis=1)[:, :steps]
    given = {"lengths": np.full(N, lengths)} if lengths != steps else {}
    with pytest.raises(DataError, match=f"sequence 1 has {lengths} steps, .* 5 each"):
        model.predict(npz(X=X, **given))
    assert np.array_equal(model.predict(npz(X=npz.X, lengths=np.full(N, T))), model.predict(npz()))


NETWORKS = ["lstm:3,dense:1", "elman:3:relu,last,dense:1", "jordan:3:2,dense:1"]
NETWORKS += ["conv1d:3:2,flatten,dense:1", "gru:3,gru:2,dense:4:relu,dense:1"]


@pytest.mark.parametrize("network", NETWORKS)
def test_a_model_comes_back_from_its_folder(npz, tmp_path, network):
    table = npz(T=npz.X[:, 0, 1])
    fitted = fit(table, Recipe(network=network, epochs=2))
    save(fitted, tmp_path / "model")
    model = dr.load(tmp_path / "model")
    assert np.array_equal(model.predict(table), fitted.model.predict(table))
    assert model.network == fitted.model.network


@pytest.mark.parametrize(("target", "activation"), [("binary", "sigmoid"), ("classes", "softmax")])
def test_classes_of_sequences(npz, target, activation):
    labels = (npz.X[:, -1, 0] > 2.0).astype(float)
    given = labels if target == "binary" else np.eye(3)[labels.astype(int) + (npz.X[:, 0, 1] > 4)]
    units = 1 if target == "binary" else 3
    model = fit(npz(T=given), Recipe(network=f"gru:4,dense:{units}", epochs=30, lr=0.03)).model
    assert model.network.output.activation.name == activation
    shares = model.predict_proba(npz(T=given))
    assert np.abs(shares.sum(axis=1) - 1.0).max() < 1e-6
    assert np.mean(shares.argmax(axis=1) == np.reshape(given, (N, -1)).argmax(axis=1) if units > 1
                   else shares.argmax(axis=1) == labels) > 0.6  # fmt: skip


def test_a_target_for_every_step(npz):
    table = npz(T=np.cumsum(npz.X, axis=1)[:, :, :1])
    assert table.targets == tuple(f"T1({t})" for t in range(1, T + 1))
    ready = plan(table, Recipe(network="gru:4,dense:1"))
    assert [layer.name for layer in ready.network.layers] == [
        "steps",
        "gru",
        "each_step",
        "flatten",
    ]
    assert "Dense(1, 'identity') acts at every step" in ready.prepared.notes
    model = fit(table, Recipe(network="gru:4,dense:1", epochs=40, lr=0.03)).model
    assert model.score(table)["r2"] > 0.5


def test_the_columns_of_a_table_as_steps():
    ready = plan(read_table("wine"), Recipe(network="steps:1,gru:4,dense:3"))
    assert ready.network.shapes == ((13,), (13, 1), (13, 4), (4,), (3,))


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"lengths": [1, 2]}, "lengths have the shape"),
        ({"lengths": np.zeros(N)}, "sequence 1 has the length 0"),
        ({"lengths": np.full(N, T + 1)}, "from 1 to 5"),
        ({"T": np.zeros((N, T + 1, 1))}, "T needs one row of values for each step of X"),
        ({"T": np.zeros((N, T, 1)), "lengths": np.ones(N)}, "trained from Python"),
        ({"T": np.zeros(N - 1)}, "T needs one value"),
        ({"X": np.zeros((N, 0, 2))}, r"the shape is \(60, 0, 2\)"),
        ({"X": np.full((N, T, F), "a")}, "not numbers"),
    ],
)
def test_arrays_that_fit_together_in_no_way_are_refused(npz, arrays, says):
    with pytest.raises(DataError, match=says):
        npz(**({"T": np.zeros(N)} | arrays))


@pytest.mark.parametrize(
    ("network", "says"),
    [
        (None, r"the rows are sequences\. Say by which layers, such as --network gru:8,dense:1"),
        ("gru:3", r"ends in the layer gru, and .* write \.\.\.,dense:1"),
        ("gru:3,dense:2", "ends in the layer dense of 2, and"),
        ("dense:3,gru:3,dense:1", "gru takes samples of the shape"),
        ("gru:3:softmax,dense:1", "couples a row"),
    ],
)
def test_networks_that_do_not_fit_the_rows_are_refused(npz, rng, network, says):
    with pytest.raises(UsageError, match=says):
        plan(npz(T=rng.normal(size=N)), Recipe(network=network))


def test_layers_that_end_a_sequence_whose_steps_have_targets_are_refused(npz):
    with pytest.raises(UsageError, match=r"gives 1 outputs a row, .* has 5 targets"):
        plan(npz(T=npz.X[:, :, :1]), Recipe(network="gru:3,last,dense:1"))


def test_a_table_without_steps_says_how_it_gets_them():
    with pytest.raises(UsageError, match=r"the columns of a table are no sequence.*steps:1,gru:3"):
        plan(read_table("wine"), Recipe(network="gru:3,dense:3"))
    with pytest.raises(UsageError, match="unknown layer 'gruu', did you mean 'gru'"):
        Recipe(network="gruu:3,dense:3")
