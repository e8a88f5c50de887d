"""Folders of runs: which there are, and how good each is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.core.errors import FileError, UsageError, one_of
from deltarule.models.folder import RUN
from deltarule.models.read import FORECAST, read_description
from deltarule.training.keeping.checkpoint import CHECKPOINT, read_checkpoint

if TYPE_CHECKING:
    import polars as pl

_SCORES = ("loss", "accuracy", "auc", "brier", "r2", "rmse", "mae")
_BEST_FIRST = frozenset({"accuracy", "auc", "r2", "made"})
"""What is sorted from the largest on."""


def runs(folder: str | Path, sort: str = "folder") -> pl.DataFrame:
    """Return a row for every run in a folder and the folders in it: what it is, and its scores.

    The scores are those of the test rows, or, without any, of the validation rows. A training that
    has not ended is one, too; what cannot be read is said in `status`. Sorted by a column, the best
    or newest first.

    Raises `UsageError` for a column that there is not, and where there is no folder.
    """
    import polars as pl

    place = Path(folder)
    if not place.is_dir():
        raise UsageError(f"{place}: there is no such folder")
    kinds: dict[str, Any] = {
        "folder": pl.String, "status": pl.String, "data": pl.String, "network": pl.String,
        "epochs": pl.Int64, "seconds": pl.Float64, "part": pl.String,
        **dict.fromkeys(_SCORES, pl.Float64), "made": pl.String,
    }  # fmt: skip
    one_of("column", sort, kinds)
    rows = [{"folder": str(path.relative_to(place)), **_row(path)} for path in _found(place)]
    table = pl.DataFrame(rows, schema=kinds)
    return table.sort(sort, descending=sort in _BEST_FIRST, nulls_last=True, maintain_order=True)


def _found(place: Path) -> Iterator[Path]:
    """Yield the folders of runs, the place itself among them; hidden ones are passed over."""
    known = {path.parent for name in (RUN, CHECKPOINT) for path in place.rglob(name)}
    for path in sorted(known):
        if not any(part.startswith(".") for part in path.relative_to(place).parts):
            yield path


def _row(path: Path) -> dict[str, Any]:
    try:
        if not (path / RUN).exists():
            return _unfinished(path)
        said = read_description(path)
    except FileError as error:
        damage = str(error).removeprefix(f"{path}/").partition(":")
        return {"status": f"damaged: {damage[0]}"}
    if said.get("kind") == FORECAST:
        sources = {series["source"] for series in said["series"].values()}
        return {"status": "forecast", "data": ", ".join(sorted(sources)), "made": said.get("made"),
                "network": _sizes(said["network"])}  # fmt: skip
    training, metrics = said["training"], said["metrics"]
    parts = [p for p in ("test", "validation") if metrics.get(p, {}).get("loss") is not None]
    return {
        "status": said["status"].replace("_", " "),
        "data": said["data"]["source"],
        "network": _sizes(said["network"]),
        "epochs": training.get("epochs"),
        "seconds": training.get("seconds"),
        "made": said.get("made"),
        **({"part": parts[0], **metrics[parts[0]]} if parts else {}),
    }


def _unfinished(path: Path) -> dict[str, Any]:
    found = read_checkpoint(path)
    return {
        "status": "unfinished",
        "data": found.about.get("options", {}).get("data"),
        "network": _sizes(found.job["network"]),
        "epochs": found.values["epoch"],
        "seconds": found.values.get("seconds"),
    }


def _sizes(network: Mapping[str, Any]) -> str:
    """Return a network's sizes, 4-8-3; a layer without units by its name."""
    inputs = network["inputs"]
    first = "x".join(map(str, inputs)) if isinstance(inputs, list) else str(inputs)
    return "-".join([first, *(str(x.get("units", x["name"])) for x in network["layers"])])
