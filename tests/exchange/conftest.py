"""Models of every task, on tables of every kind of column; nobody changes them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deltarule.data import read_table
from deltarule.models import Model, Recipe, fit

Make = Callable[..., Model]


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function that trains on a bundled table, or `people`: text, truth values, gaps."""
    folder = tmp_path_factory.mktemp("tables")
    lines = ["age,city,married,height,shoes,rich,income"]
    cities = ("Rome", "Bonn", '"O\'Brien, ""x"" \\ é"')
    for i in range(90):
        known = "" if i == 7 else str(20 + i % 50)
        lines.append(
            f"{known},{cities[i % 3]},{str(i % 2 == 0).lower()},{1.5 + i % 7 / 10},43,"
            f"{('no', 'yes')[i // 7 % 2]},{1e6 + 1000 * (i % 17) - i}"
        )
    (folder / "people.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def made(name: str, target: Any = None, **options: Any) -> Model:
        place: str | Path = folder / "people.csv" if name == "people" else name
        table = read_table(place, target=target)
        recipe = Recipe(**{"hidden": (5,), "epochs": 4, "lr": 0.02, "missing": "mean", **options})
        return fit(table, recipe, target=target).model

    return made
