"""To register is to enrol: the registries hold what the folders hold, in full."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re

import pytest

import deltarule.activations
import deltarule.layers
import deltarule.losses
import deltarule.optim
import deltarule.rules
from deltarule.activations import ACTIVATIONS, Activation
from deltarule.activations.consistent import Consistent
from deltarule.core.registry import Record
from deltarule.layers import INITIALISERS, LAYERS, Initialiser, Layer
from deltarule.losses import FUSED, LOSSES, PENALTIES, Loss, Penalty
from deltarule.optim import OPTIMISERS, SCHEDULES, Method, Schedule
from deltarule.rules import (
    CHOICES,
    DERIVATIVES,
    FEEDBACKS,
    RULES,
    ChoiceRule,
    Custom,
    DerivativeRule,
    FeedbackRule,
)

ROOMS = {
    "activation": (ACTIVATIONS, Activation, deltarule.activations),
    "loss": (LOSSES, Loss, deltarule.losses),
    "penalty": (PENALTIES, Penalty, deltarule.losses),
    "optimizer": (OPTIMISERS, Method, deltarule.optim),
    "schedule": (SCHEDULES, Schedule, deltarule.optim),
    "initialiser": (INITIALISERS, Initialiser, deltarule.layers),
    "layer": (LAYERS, Layer, deltarule.layers),
    "derivative rule": (DERIVATIVES, DerivativeRule, deltarule.rules),
    "feedback rule": (FEEDBACKS, FeedbackRule, deltarule.rules),
    "choice of weights": (CHOICES, ChoiceRule, deltarule.rules),
}
RECORDS = [(kind, cls) for kind, (registry, _, _) in ROOMS.items() for cls in registry]
each_room = pytest.mark.parametrize("kind", ROOMS)
each_record = pytest.mark.parametrize(
    ("kind", "cls"), RECORDS, ids=[f"{kind}-{cls.name}" for kind, cls in RECORDS]
)


def modules(package):
    """Import and return every module of a folder."""
    names = [m.name for m in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    assert names
    return [importlib.import_module(name) for name in names]


def concrete(package, base):
    """Return every concrete class of a kind that a folder defines."""
    return {
        cls
        for module in modules(package)
        for cls in vars(module).values()
        if inspect.isclass(cls) and issubclass(cls, base) and cls.__module__ == module.__name__
        if not inspect.isabstract(cls)
    }


@each_room
def test_registry_and_folder_hold_the_same(kind):
    registry, base, package = ROOMS[kind]
    mine = {m.Custom for m in (deltarule.activations, deltarule.losses, deltarule.optim)}
    made = {Consistent, Custom, Method, *mine}  # no name to be asked for by
    assert set(registry) == concrete(package, base) - made
    assert registry.kind == kind


@each_room
def test_names_are_lower_snake_case_and_unique(kind):
    registry = ROOMS[kind][0]
    assert len(set(registry.names())) == len(registry.names())
    for name in registry.names():
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)
        assert registry[name].name == name


@each_room
def test_every_record_is_public(kind):
    registry, _, package = ROOMS[kind]
    if kind not in ("initialiser",):  # given by name; the folder exports the base class
        assert {cls.__name__ for cls in registry} <= set(package.__all__)


@each_record
def test_required_class_variables_are_there(kind, cls):
    assert cls.equation.strip()
    needed = {
        "activation": ("derivative_equation", "reference"),
        "loss": ("derivative_equation", "reference"),
        "layer": (),
        "derivative rule": (),
        "feedback rule": (),
        "choice of weights": (),
    }.get(kind, ("reference",))
    for variable in needed:
        assert len(getattr(cls, variable).strip()) > 0, variable
    if kind in ("activation", "loss"):
        assert len(cls.probes) >= 2


@each_record
def test_records_are_frozen_dataclasses_with_documentation(kind, cls):
    assert issubclass(cls, Record)
    assert cls.__dataclass_params__.frozen
    assert cls.__dict__.get("__doc__"), "a docstring of its own"
    assert not cls.__doc__.startswith(f"{cls.__name__}("), "not dataclass's automatic one"


@each_record
def test_nothing_concrete_is_overridden(kind, cls):
    parents = [c for c in cls.__mro__[1:] if issubclass(c, Record)]
    assert all(p not in ROOMS[kind][0] for p in parents), "a registered record is final"


def test_every_fused_pair_names_a_known_activation_and_loss():
    assert FUSED
    for activation, loss in FUSED:
        assert activation in ACTIVATIONS.names()
        assert loss in LOSSES.names()


def test_every_fused_body_of_the_folder_is_declared():
    module = importlib.import_module("deltarule.losses.fused")
    bodies = {
        name
        for name, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__
        if list(inspect.signature(value).parameters) == ["xp"]
    }
    assert bodies == {f"{activation}_{loss}" for activation, loss in FUSED}
    assert bodies == {body.__name__ for body in FUSED.values()}


def test_rules_have_names_and_round_trip():
    assert {"exact", "sequential"} <= set(RULES)
    for rule in RULES.values():
        d = json.loads(json.dumps(rule.to_dict()))
        assert deltarule.rules.as_rule(d) == rule
    assert len(set(RULES.values())) == len(RULES)


def test_what_other_programs_do_is_a_sentence_with_its_source():
    notes = [note for _, cls in RECORDS for note in cls.elsewhere]
    assert len(notes) >= 14
    for program, says, source in notes:
        assert program
        assert says.endswith(".")
        assert "/" in source, "a file of a repository"
