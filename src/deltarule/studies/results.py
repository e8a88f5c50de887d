"""What a study has found: the runs, a summary, comparisons, sentences, pictures, a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.core.errors import DataError, one_of
from deltarule.core.views import view
from deltarule.studies.definition import Definition
from deltarule.studies.folder import read_folder
from deltarule.studies.statistics.values import MEASURES

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False)
class Results:
    """The runs of a study, a row each, and what they show.

    `Results.load(folder)` reads a study's folder; `Study.run` returns one.
    """

    definition: Definition
    table: pl.DataFrame | None
    """Every run with its learning curve; None where there is none."""
    notes: tuple[str, ...] = ()
    """What was warned of, or found damaged."""

    @classmethod
    def load(cls, folder: str | Path) -> Results:
        """Return what is in a study's folder. Raises `FileError` where it is none."""
        definition, table, notes = read_folder(Path(folder))
        if table is not None:
            table = definition.ordered(table)
        return cls(definition, table, tuple(notes))

    @property
    def runs(self) -> pl.DataFrame:
        """A row per run: factors, seed, solved, diverged, stopped, epochs, error, seconds, ...

        `error` (E), `accuracy` and the same of held-out samples are measured at the weights that
        the run keeps; `saturated` is the share of saturated nodes of every layer.
        """
        return self._some.drop("curve")

    @property
    def _some(self) -> pl.DataFrame:
        if self.table is None or not len(self.table):
            why = f": {'; '.join(self.notes)}" if self.notes else ""
            raise DataError(f"the study has no finished run yet{why}")
        return self.table

    @cached_property
    def cells(self) -> dict[tuple[str, ...], pl.DataFrame]:
        """The runs by cell (the labels of all factors), in the study's order; seeds ascending."""
        factors = list(self.definition.factors)
        if not factors:
            return {(): self._some.sort("seed")}
        found = self._some.partition_by(factors, as_dict=True)
        order = map(tuple, self.definition.plain["cells"])
        return {key: found[key].sort("seed") for key in order if key in found}

    @property
    def told(self) -> Results:
        """The results as they are told: where the study chooses a factor's level, by other seeds.

        See `deltarule.studies.choice.chosen`. Without such a factor these are the results.
        """
        return view(Results.told)(self)

    @cached_property
    def _summary(self) -> pl.DataFrame:
        import polars as pl

        from deltarule.studies.statistics.summary import summarise

        factors, goal = list(self.definition.factors), self.definition.plain["goal"]
        rows = [
            {
                **dict(zip(factors, key, strict=True)),
                **summarise(cell, self.definition.epochs[key], goal),
            }
            for key, cell in self.cells.items()
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    def summary(self) -> pl.DataFrame:
        """Return a row per cell; see `deltarule.studies.statistics.summary.summarise`.

        NAME_low and NAME_high are the ends of 95 % intervals: Wilson's for shares, Greenwood's for
        the mean of epochs (unsolved runs count to the limit, Kaplan-Meier), bootstrap (BCa) for a
        middle half, Hall's for other means.
        """
        return self._summary

    def compare(
        self,
        factor: str | None = None,
        baseline: str | None = None,
        measures: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Return a row for every level of a factor beside the baseline, on common seeds.

        Args:
            factor: None takes the study's own: that of its baseline, or the first one that is not
                about data.
            baseline: the level that others are compared with; None takes the study's own.
            measures: "solved", "epochs", "error", ...; None takes solved and epochs where the
                study has a goal, and its metric.

        Columns: difference a - b with Hall's interval, in which share of pairs a is better, the
        p-value of the sign-flip test, adjusted over all rows (Holm), a verdict and a sentence.
        Raises `UsageError` for unknown names.
        """
        import polars as pl

        rows = self._comparisons(factor, baseline, measures)
        return pl.DataFrame(rows, infer_schema_length=None)

    def _comparisons(
        self, factor: str | None, baseline: str | None, measures: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        from deltarule.studies.statistics.comparison import comparisons

        d = self.definition
        chosen = factor or d.compared
        if chosen is None:
            return []
        one_of("factor", chosen, d.factors)
        level = baseline or d.plain["baseline"].get(chosen) or d.factors[chosen][0]
        one_of(f"level of {chosen}", level, d.factors[chosen])
        names = measures or d.measures
        for name in names:
            one_of("measure", name, MEASURES)
        return comparisons(self.cells, d.epochs, list(d.factors), chosen, level, names)

    @cached_property
    def _own(self) -> list[dict[str, Any]]:
        return self._comparisons(None, None, None)

    def sentences(self) -> list[str]:
        """Return what the comparisons show, a sentence each."""
        return [row["sentence"] for row in self._own]

    def answers(self) -> list[str]:
        """Return, for every level beside the baseline, where it is better, worse, or neither."""
        from deltarule.studies.statistics.answers import answers

        return answers(self._own)

    def power(self) -> str:
        """Return what differences so many seeds can show."""
        from deltarule.studies.statistics.answers import power

        return power(min((len(c) for c in self.cells.values()), default=0), len(self._own))

    def plot(self, path: str | Path, kind: str = "overview", *, force: bool = False) -> None:
        """Draw a picture: "overview", "curves", "solved", "epochs", or "map".

        Raises `UsageError` for another kind, or a file that is no picture of ours.
        """
        view(Results.plot)(self, Path(path), kind, force=force)

    def report(self, path: str | Path, *, command: str = "", force: bool = False) -> None:
        """Write one self-contained HTML page: question, answers, pictures, tables, definition."""
        view(Results.report)(self, Path(path), command=command, force=force)

    def to_dict(self) -> dict[str, Any]:
        """Return definition, summary and comparisons as plain values, ready for JSON."""
        plain: Mapping[str, Any] = self.definition.plain
        return {
            "definition": dict(plain),
            "runs": 0 if self.table is None else len(self.table),
            "summary": self.summary().to_dicts(),
            "comparisons": self._own,
            "answers": self.answers(),
            "notes": list(self.notes),
        }

    def __repr__(self) -> str:
        done = 0 if self.table is None else len(self.table)
        return f"Results: {done:,} runs of {self.definition.size()}"
