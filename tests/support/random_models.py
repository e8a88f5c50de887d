"""Models at random: tables of every kind of column, activations, depths."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deltarule.data import read_table
from deltarule.models import Model, Recipe, fit

__all__ = ["random_model"]

PEOPLE = "age,city,married,rich,income\n" + "".join(
    f"{20 + i if i % 9 else ''},{('Rome', 'Bonn', 'Oslo')[i % 3]},{('true', 'false')[i % 2]},"
    f"{('no', 'yes')[i // 7 % 2]},{1e6 + 1000 * (i % 17)}\n"
    for i in range(60)
)


def random_model(seed: int, folder: Path) -> Model:
    """Return a model that is the same for the same seed."""
    rng = np.random.default_rng(seed)
    people = folder / "people.csv"
    people.write_text(PEOPLE)
    tables = [("iris", None), ("diabetes", None), ("wine", None), (people, "rich")]
    name, target = [*tables, (people, "income")][seed % 5]
    activation = ["tanh", "relu", "elu", "gelu", "softplus", "sigmoid", "mish"][seed % 7]
    hidden = tuple(int(n) for n in rng.integers(1, 40, rng.integers(0, 3)))
    recipe = Recipe(hidden=hidden, activation=activation, epochs=2, seed=seed, missing="mean")
    return fit(read_table(name, target=target), recipe, target=target).model
