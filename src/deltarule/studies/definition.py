"""What a study is, as plain values: for its folder, its report, and to tell two apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deltarule.core.texts import differences, some

if TYPE_CHECKING:
    import polars as pl

_TOLD = ("title", "question", "baseline", "metric", "layers", "choose", "seeds")
"""What may change without the runs that are there becoming others."""


@dataclass(frozen=True)
class Definition:
    """A study as plain values.

    Its factors with their levels, its cells by their labels, what is fixed, seeds, what is held.
    """

    plain: Mapping[str, Any]

    @property
    def factors(self) -> dict[str, list[str]]:
        """The factors, and the labels of their levels."""
        return {name: list(levels) for name, levels in self.plain["factors"].items()}

    @property
    def compared(self) -> str | None:
        """The factor whose levels are compared; None where there is one level of each."""
        own = [name for name in self.plain["baseline"]
               if len(self.factors[name]) > 1 and name != self.plain.get("choose")]  # fmt: skip
        apart = [
            name
            for name, levels in self.plain["factors"].items()
            if len(levels) > 1 and not any("data" in level for level in levels.values())
        ]
        return next(iter([*own, *apart]), None)

    @property
    def runs(self) -> list[tuple[tuple[str, ...], int]]:
        """The labels and the seed of every run."""
        return [(tuple(cell), seed) for cell in self.plain["cells"] for seed in self.plain["seeds"]]

    @property
    def measures(self) -> list[str]:
        """What cells are compared by: solved and how soon, where there is a goal; the metric."""
        goal = ["solved", "epochs"] if self.plain["goal"] else []
        return [*goal, *filter(None, [self.plain["metric"]])]

    def with_seeds(self, others: Sequence[int]) -> Definition:
        """Return the definition with the seeds of an earlier one before its own."""
        own = [seed for seed in self.plain["seeds"] if seed not in set(others)]
        return Definition({**self.plain, "seeds": [*others, *own]})

    @property
    def epochs(self) -> dict[tuple[str, ...], int]:
        """Every cell's most epochs, by its labels."""
        cells = map(tuple, self.plain["cells"])
        return dict(zip(cells, self.plain["epochs"], strict=True))

    def ordered(self, table: pl.DataFrame) -> pl.DataFrame:
        """Return the runs of this study that a table holds, none twice, in the study's order.

        However the work was divided, and whichever part was done first.
        """
        import polars as pl

        names = list(self.factors)
        cells, seeds = self.plain["cells"], self.plain["seeds"]
        order = pl.DataFrame(
            {
                **{
                    name: pl.Series([cell[k] for cell in cells for _ in seeds], dtype=pl.String)
                    for k, name in enumerate(names)
                },
                "seed": pl.Series(list(seeds) * len(cells), dtype=pl.UInt64),
            }
        )
        once = table.unique([*names, "seed"], keep="first", maintain_order=True)
        return order.join(once, on=[*names, "seed"], how="inner", maintain_order="left")

    def size(self) -> str:
        """Return how large the study is, in words."""
        cells, seeds = len(self.plain["cells"]), len(self.plain["seeds"])
        most = max(self.plain["epochs"])
        runs = f"{some(cells, 'cell')} x {some(seeds, 'seed')} = {some(cells * seeds, 'run')}"
        return f"{runs} of at most {some(most, 'epoch')}"

    def differences(self, other: Definition) -> list[str]:
        """Return where another definition is another one, as sentences; seeds may be more."""
        mine, found = (
            {name: part for name, part in d.plain.items() if name not in _TOLD}
            for d in (self, other)
        )
        if self.plain["hold"]:  # the first seed stands for all others
            mine["first seed"], found["first seed"] = (d.plain["seeds"][0] for d in (self, other))
        return differences(mine, found)
