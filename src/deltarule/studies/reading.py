"""Studies from TOML files, a person's own or one that comes along; errors name the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deltarule.core.places import Places, Shipped
from deltarule.studies.factors import Factor
from deltarule.studies.settings import checked, trained
from deltarule.studies.study import Study, seeds_of

_OURS = Shipped(Path(__file__).with_name("shipped"), "study")
shipped = _OURS.text

SHIPPED = _OURS.names
"""The studies that come along, by name."""

_TABLES = ("study", "settings", "grid", "baseline", "include", "exclude")
_STUDY = ("title", "question", "seeds", "hold", "metric", "layers", "choose")


def read_study(source: str | Path, **changes: Any) -> Study:
    """Return the study of a TOML file, or of the name of one that comes along.

    `changes` take the place of what `[study]` says, such as `seeds=20`. A file wins over a name.

    Raises `UsageError` with the line for what is no study, `DataError` for a file that is not
    there.

    >>> read_study("derivative-factor").definition.plain["question"]
    "What is the factor f'(net) for, and what happens without it?"
    """
    found, at = _OURS.read(source)
    at.known("table of a study", found, _TABLES)
    for table in ("study", "settings", "grid", "baseline"):
        at.is_table(table, found.get(table, {}))
    said = found.get("study", {})
    at.known("entry of [study]", said, _STUDY, "study")
    fixed = {key: at(("settings", key), checked, key, v) for key, v in _of(found, "settings")}
    vary = {key: at(("grid", key), _factor, at, key, v).levels for key, v in _of(found, "grid")}
    if "epochs" in fixed:
        at(("settings", "epochs"), trained, fixed["epochs"], fixed.get("reach", "reach" in vary))
    if "seeds" in said:
        at(("study", "seeds"), seeds_of, said["seeds"])
    for key, label in _of(found, "baseline"):
        at.known("factor in [baseline]", {key: label}, vary, "baseline")
        at(("baseline", key), Factor(key, vary[key]).find, label)
    options = {**said, **{key: v for key, v in changes.items() if v is not None}}
    several = {key: found[key] for key in ("include", "exclude", "baseline") if key in found}
    with at.placed(next((key for key in ("exclude", "include") if key in found), "study")):
        net, data = fixed.pop("network", None), fixed.pop("data", None)
        return Study(net, data, _values(vary), **options, **several, **fixed)


def _of(found: Mapping[str, Any], table: str) -> Iterator[tuple[str, Any]]:
    yield from found.get(table, {}).items()


def _factor(at: Places, name: str, values: Any) -> Factor:
    """Return a factor, every level of it checked at its own line."""
    if isinstance(values, Mapping):
        for label, value in values.items():
            at(("grid", name, str(label)), Factor.level, name, str(label), value)
    elif isinstance(values, list):
        for value in values:
            at(("grid", name, value), Factor.of, name, [value])
    return Factor.of(name, values)


def _values(levels: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """Return checked levels as `Study` takes them: of a setting its value, of others the bundle."""
    return {
        name: {label: level.get(name, level) for label, level in several.items()}
        for name, several in levels.items()
    }


TEMPLATE = """# A study: every list in [grid] multiplies, every cell is trained with `seeds` seeds.
# Run it:  deltarule study run {name}

[study]
title = "What the learning rate does"
question = "Which rule and rate solve XOR soonest?"
seeds = 50                      # from 0 on; a seed is chance, not a setting
# hold = ["split"]              # sources of chance that do not vary: weights, order, split
# metric = "error"              # what is compared where nothing is to be solved

[settings]                      # the same in all cells
data = "xor"                    # a bundled or generated name (parity:4, two_spirals), or a file
hidden = [4]                    # nodes of every hidden layer; [] for none
activation = "sigmoid"
output = "sigmoid"
init = "uniform:1"
loss = "half_squared_error"
reduction = "sum"
optimizer = "sgd"
epochs = 2000                   # at most
stop = "all_within:0.4"         # solved: every output within 0.4 of its target
# batch_size = 32               # else all samples at once
# validation = 0.2              # a share that is held out and measured (not of XOR)

[grid]                          # every list is a factor
rule = ["exact", "hidden=constant:1", "hidden=offset:0.1"]
lr = [0.3, 1.0, 3.0]

# A factor of another name bundles settings under labels:
# [grid.problem.small]
# data = "xor"
# hidden = [2]
# [grid.problem.large]
# data = "parity:4"
# hidden = [8]

[baseline]                      # what the other levels are compared with
rule = "exact"

# [[exclude]]                   # cells to leave out: a level of some factors
# rule = "hidden=constant:1"
# lr = 3.0
"""
"""A study to start from, as `deltarule study new` writes it."""
