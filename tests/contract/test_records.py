"""Records as text, dictionaries and objects; what is refused, and how the message reads."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from together import together

from deltarule import UsageError
from deltarule.activations import ACTIVATIONS, LeakyReLU, ReLU
from deltarule.core.registry import Record, Registry
from deltarule.layers import (
    GRU,
    INITIALISERS,
    LAYERS,
    LSTM,
    Conv1d,
    Dense,
    EachStep,
    Elman,
    Flatten,
    Jordan,
    Last,
    Steps,
)
from deltarule.losses import LOSSES, PENALTIES, Huber
from deltarule.optim import OPTIMISERS, SCHEDULES, SGD, Adam, Cosine
from deltarule.rules import CHOICES, DERIVATIVES, FEEDBACKS, RULES, DeltaRule, as_rule

REGISTRIES = [
    ACTIVATIONS,
    LOSSES,
    PENALTIES,
    OPTIMISERS,
    SCHEDULES,
    INITIALISERS,
    LAYERS,
    DERIVATIVES,
    FEEDBACKS,
    CHOICES,
]
REQUIRED = {("layer", name): {"units": 3} for name in LAYERS.names()}
REQUIRED |= {("layer", "each_step"): {"layer": {"name": "dense", "units": 2}}}
REQUIRED |= {("layer", name): {} for name in ("last", "flatten", "steps")}
REQUIRED |= {("schedule", name): {"lr": 0.75} for name in SCHEDULES.names()}
SHARED = {
    "init": "uniform:0.5",
    "recurrent_init": "normal:0.3",
    "truncate": (2, 5),
    "checkpoint": 4,
}
CHANGED = {
    "dense": Dense(5, LeakyReLU(0.3), bias=False, init="uniform:0.5", train_bias=False),
    "conv1d": Conv1d(5, 2, 3, LeakyReLU(0.3), bias=False, init="uniform:0.5"),
    "each_step": EachStep(Dense(5, LeakyReLU(0.3), init="uniform:0.5")),
    "elman": Elman(5, LeakyReLU(0.3), **SHARED),
    "gru": GRU(5, LeakyReLU(0.3), "tanh", **SHARED),
    "jordan": Jordan(5, 2, LeakyReLU(0.3), "tanh", **SHARED),
    "lstm": LSTM(5, LeakyReLU(0.3), "tanh", forget_bias=0.25, **SHARED),
    "last": Last(),
    "flatten": Flatten(),
    "steps": Steps(2, latest_first=True, lengths=True),
}
"""A layer of every type whose every field differs from that of `example`."""
EVERY = [(registry, name) for registry in REGISTRIES for name in registry.names()]
each_name = pytest.mark.parametrize(
    ("registry", "name"), EVERY, ids=[f"{registry.kind}-{name}" for registry, name in EVERY]
)
each_registry = pytest.mark.parametrize("registry", REGISTRIES, ids=lambda r: r.kind)


def required(registry: Registry, name: str) -> dict:
    return REQUIRED.get((registry.kind, name), {})


def example(registry: Registry, name: str) -> Record:
    return registry.get({"name": name, **required(registry, name)})


@each_name
def test_a_record_survives_json(registry, name):
    record = example(registry, name)
    text = json.dumps(record.to_dict(), allow_nan=False)
    again = registry.get(json.loads(text))
    assert again == record
    assert type(again) is registry[name]
    assert hash(again) == hash(record)
    assert record.to_dict()["name"] == name


@each_name
def test_every_parameter_survives_json(registry, name):
    """Change each number by a little: what comes back is the changed one, not the default."""
    record = example(registry, name)
    if registry is LAYERS:
        changed = CHANGED[name]
        for f in dataclasses.fields(record):
            assert getattr(changed, f.name) != getattr(record, f.name), f.name
    else:
        numbers = {
            f.name: other(getattr(record, f.name))
            for f in dataclasses.fields(record)
            if f.type != "str"
        }
        changed = dataclasses.replace(record, **numbers)
    assert (changed != record) == bool(dataclasses.fields(record))
    d = json.loads(json.dumps(changed.to_dict()))
    assert set(d) == {"name", *(f.name for f in dataclasses.fields(record))}
    assert registry.get(d) == changed


def other(value):
    """Return another number: whole where this one is, or may be left out."""
    if not isinstance(value, float):
        return (value or 2) + 1
    return 0.875 * value + 0.03125 if value < 1.0 else value + 0.03125


@each_name
def test_an_object_stands_for_itself(registry, name):
    record = example(registry, name)
    assert registry.get(record) is record


@each_name
def test_an_unknown_parameter_is_refused_with_the_known_ones(registry, name):
    with pytest.raises(UsageError, match="nonsense") as caught:
        registry.get({"name": name, **required(registry, name), "nonsense": 1.0})
    for f in dataclasses.fields(registry[name]):
        assert f.name in str(caught.value)
    assert name in str(caught.value)


@each_name
def test_too_many_numbers_are_refused(registry, name):
    fields = dataclasses.fields(registry[name])
    with pytest.raises(UsageError, match=name):
        registry.get(f"{name}:" + ",".join(["0.5"] * (len(fields) + 1)))


@each_name
def test_a_parameter_that_is_not_a_number_is_refused(registry, name):
    with pytest.raises(UsageError, match=r"'half'.* is not a number"):
        registry.get(f"{name}:half")


@each_registry
def test_an_unknown_name_lists_the_known_and_the_nearest(registry):
    known = registry.names()[0]
    with pytest.raises(UsageError, match=f"did you mean '{known}'") as caught:
        registry.get(known[:-1] + "x")
    assert registry.kind in str(caught.value)
    for name in registry.names():
        assert name in str(caught.value)
    with pytest.raises(UsageError, match="unknown"):
        registry["zzzz"]


@each_registry
@pytest.mark.parametrize("wrong", [3.5, None, ["sigmoid"], {"sigmoid"}], ids=repr)
def test_a_wrong_type_is_refused(registry, wrong):
    with pytest.raises(UsageError, match=r"is given by name .* or as an object, not as") as caught:
        registry.get(wrong)
    assert registry.kind in str(caught.value)
    for name in registry.names():
        assert name in str(caught.value)


@each_registry
def test_a_record_of_another_kind_is_refused(registry):
    stranger = Huber() if registry is not LOSSES else ReLU()
    with pytest.raises(UsageError, match=f"{registry.kind} is given by name"):
        registry.get(stranger)


@pytest.mark.parametrize(
    ("registry", "name"), [(SCHEDULES, n) for n in SCHEDULES.names()] + [(LAYERS, "dense")]
)
def test_a_missing_parameter_is_named(registry, name):
    for spec in (name, {"name": name}):
        with pytest.raises(UsageError, match=f"{name}.*'{next(iter(required(registry, name)))}'"):
            registry.get(spec)


@each_name
@together("wrong", ["a", [0.5], None, True, 1j])
def test_a_parameter_that_is_not_a_real_number_is_refused(registry, name, wrong):
    for f in dataclasses.fields(registry[name]):
        if registry is LAYERS or (f.name == "lr" and wrong == "a"):
            continue  # layers check their own; "a" would be the name of a schedule
        if f.type == "str":
            continue  # a choice of its own
        if wrong is None and "None" in str(f.type):
            continue  # it may be left out
        with pytest.raises(UsageError, match=f"{f.name} has to be"):
            registry.get({"name": name, **required(registry, name), f.name: wrong})


@each_name
def test_numpy_s_numbers_become_plain_ones(registry, name):
    """So that a record made with np.float32(0.5) is equal, and is written to JSON."""
    numbers = {k: v for k, v in example(registry, name).to_dict().items() if type(v) is float}
    fields = dataclasses.fields(registry[name])
    assert numbers or registry is LAYERS or not any(f.type == "float" for f in fields)
    record = registry.get({"name": name, **required(registry, name), **single(numbers)})
    assert {type(record.to_dict()[k]) for k in numbers} <= {float}
    json.dumps(record.to_dict())


def single(numbers):
    return {k: np.float32(v) for k, v in numbers.items()}


@each_registry
def test_a_name_is_registered_once(registry):
    cls = next(iter(registry))
    assert registry.register(cls) is cls  # again: nothing happens
    stranger = dataclasses.make_dataclass("Stranger", [], bases=(Record,), frozen=True)
    stranger.name = cls.name
    with pytest.raises(UsageError, match=f"'{cls.name}' is registered already"):
        registry.register(stranger)
    assert registry[cls.name] is cls


def test_text_gives_parameters_in_their_order():
    assert ACTIVATIONS.get("leaky_relu:0.25") == LeakyReLU(slope=0.25)
    assert ACTIVATIONS.get(" relu : 1 ") == ReLU(at_zero=1.0)
    assert LOSSES.get("huber:2.5") == Huber(threshold=2.5)
    assert OPTIMISERS.get("adam:0.5,0.25, 0.75,1e-3") == Adam(0.5, 0.25, 0.75, 1e-3)


def test_an_optimiser_keeps_its_schedule():
    optimiser = SGD(lr=Cosine(0.5, total=20.0, warmup=2.0))
    d = json.loads(json.dumps(optimiser.to_dict()))
    assert OPTIMISERS.get(d) == optimiser
    assert OPTIMISERS.get(d).schedule == Cosine(0.5, 20.0, 2.0)


def test_a_rule_by_name_dictionary_and_object():
    assert as_rule("exact") is RULES["exact"]
    assert as_rule("exact").exact
    assert not as_rule("exact").sequential
    assert as_rule({"order": "sequential"}) == DeltaRule(order="sequential")
    assert as_rule("sequential").sequential
    assert not as_rule("sequential").exact
    rule = DeltaRule(hidden="exact")
    assert as_rule(rule) is rule


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("exakt", "unknown rule 'exakt', did you mean 'exact'.*sequential"),
        ({"hiden": "exact"}, "no parameter 'hiden', did you mean 'hidden'"),
        ({"order": "sequentially"}, "did you mean 'sequential'.*simultaneous"),
        ({"hidden": "zzz"}, "unknown derivative rule 'zzz'.*exact"),
        ({"feedback": "zzz"}, "unknown feedback rule 'zzz'.*exact"),
        (7, "a name or a DeltaRule, not 7"),
    ],
)
def test_a_wrong_rule_is_refused(wrong, says):
    with pytest.raises(UsageError, match=says):
        as_rule(wrong)


def test_a_place_of_ones_own_formula_says_who_takes_it():
    with pytest.raises(UsageError, match=r"'mine.py:f': a formula of your own by its place is"):
        ACTIVATIONS.get("mine.py:f")
