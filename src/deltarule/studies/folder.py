"""The folder of a study: its definition, and a file for every finished part.

    study.json                  the definition, versions, the machine
    parts/NUMBER-DIGEST.parquet runs, a row each; the name holds the SHA-256 of the bytes

A part is there as a whole or not at all, and on the disk before it counts as done.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.core import VERSION
from deltarule.core.errors import FileError, UsageError
from deltarule.core.files import PARTIAL, new_file, unwritable
from deltarule.core.surroundings import surroundings
from deltarule.models.atomic import sync_folder
from deltarule.models.claim import claimed
from deltarule.studies.definition import Definition

if TYPE_CHECKING:
    import polars as pl

MANIFEST, PARTS = "study.json", "parts"
WITH = ("numpy", "scipy", "polars", "llvmlite", "joblib")
"""The packages whose versions are kept."""
_SCHEMA = 1


class StudyFolder:
    """A study's folder while a study writes to it."""

    def __init__(self, path: Path, definition: Definition) -> None:
        self.path = path
        self.definition = definition
        """The study, with the seeds that were there before."""
        self.notes: list[str] = []
        """What was found in it that was not as it should be."""

    @classmethod
    @contextmanager
    def opened(cls, path: Path, definition: Definition, fresh: bool) -> Iterator[StudyFolder]:
        """Take the folder for this process, and write the definition if it is not there.

        Raises `LockError` where somebody else has it, `UsageError` where it holds another study
        (unless `fresh`), or files of others.
        """
        with claimed(path, what="study"):
            folder = cls(path, definition)
            try:
                folder._prepare(fresh)
            except OSError as error:
                raise unwritable(path, error) from error
            yield folder

    def _prepare(self, fresh: bool) -> None:
        manifest = self.path / MANIFEST
        begun = [*self.path.glob(f".{MANIFEST}.*{PARTIAL}"), self.path / PARTS]  # and then killed
        others = set(self.path.iterdir()) - set(begun) if self.path.exists() else set()
        if others and not manifest.exists():
            raise UsageError(
                f"{self.path}: the folder holds other files, and no {MANIFEST}. Choose another "
                "folder with `--out`."
            )
        if manifest.exists():
            old = read_manifest(self.path)
            earlier = Definition(old["definition"])
            found = earlier.differences(self.definition)
            if old["versions"]["deltarule"] != VERSION:
                found.append(f"deltarule: {old['versions']['deltarule']} there, {VERSION} here")
            if found and not fresh:
                more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
                raise UsageError(
                    f"{self.path}: the folder has the results of another study ("
                    f"{'; '.join(found[:5])}{more}). Start anew with `--fresh`, or choose another "
                    "folder with `--out`."
                )
            if fresh:
                self._put_aside()
            else:
                self._keep_seeds(earlier.plain["seeds"])
        (self.path / PARTS).mkdir(parents=True, exist_ok=True)
        for unfinished in (*begun[:-1], *(self.path / PARTS).glob(f".*{PARTIAL}")):
            unfinished.unlink()  # a killed process's
        text = json.dumps(
            {"schema": _SCHEMA, "definition": self.definition.plain, **surroundings(*WITH)},
            indent=1,
        )
        with new_file(manifest, force=True) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
        sync_folder(self.path)

    def _keep_seeds(self, earlier: Sequence[int]) -> None:
        """Go on with the seeds that are there: fewer, or others, take none of them away."""
        asked = self.definition.plain["seeds"]
        if set(earlier) - set(asked):
            self.notes.append(
                f"{self.path} has {len(earlier):,} seeds already, and {len(asked):,} were asked "
                "for: what follows is of all that are there; `--fresh` or another folder is for "
                "fewer"
            )
        self.definition = self.definition.with_seeds(earlier)

    def _put_aside(self) -> None:
        """Give the parts of an earlier study another name: nothing is deleted."""
        number = 1
        while (aside := self.path / f"{PARTS}-old-{number}").exists():
            number += 1
        if any((self.path / PARTS).glob("*.parquet")):
            (self.path / PARTS).rename(aside)
            self.notes.append(f"the earlier results are kept in {aside}")

    def add(self, table: pl.DataFrame) -> None:
        """Write a finished part, and bring it to the disk."""
        packed = io.BytesIO()
        table.write_parquet(packed)
        content = packed.getvalue()
        digest = hashlib.sha256(content).hexdigest()[:16]
        number = sum(1 for _ in (self.path / PARTS).glob("*.parquet"))
        with new_file(self.path / PARTS / f"{number:05d}-{digest}.parquet") as temporary:
            temporary.write_bytes(content)
        sync_folder(self.path / PARTS)

    def read(self) -> pl.DataFrame | None:
        """Return all runs that are there; a damaged part is kept under another name, and said."""
        table, damaged = _read_parts(self.path)
        for part, why in damaged:
            with contextlib.suppress(OSError):
                part.rename(part.with_suffix(".damaged"))
            self.notes.append(
                f"{part}: the part is damaged ({why}) and its runs are done again; it is kept as "
                f"{part.with_suffix('.damaged').name}"
            )
        return table


def read_folder(path: Path) -> tuple[Definition, pl.DataFrame | None, list[str]]:
    """Return what is in a study's folder, and what was damaged; nothing is written.

    Raises `FileError` where it is none.
    """
    manifest = read_manifest(path)
    table, damaged = _read_parts(path)
    notes = [
        f"{part}: the part is damaged ({why}) and its runs are left out here; `deltarule study "
        "run` keeps it aside and does them again"
        for part, why in damaged
    ]
    return Definition(manifest["definition"]), table, notes


def read_manifest(path: Path) -> dict[str, Any]:
    """Return what `study.json` says. Raises `FileError`."""
    file = path / MANIFEST
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        complete = found["schema"] == _SCHEMA and isinstance(found["definition"]["factors"], dict)
    except FileNotFoundError:
        raise FileError(f"{path}: this is no study's folder: there is no {MANIFEST}.") from None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise FileError(f"{file}: it cannot be read ({type(error).__name__}: {error}).") from None
    if not complete:
        raise FileError(f"{file}: it is of another version of the format ({found['schema']}).")
    return dict(found)


def _read_parts(path: Path) -> tuple[pl.DataFrame | None, list[tuple[Path, str]]]:
    import polars as pl

    tables, damaged = [], []
    for part in sorted((path / PARTS).glob("*.parquet")):
        content = part.read_bytes()
        if hashlib.sha256(content).hexdigest()[:16] != part.stem.rpartition("-")[2]:
            damaged.append((part, "its bytes are not those that were written"))
            continue
        tables.append(pl.read_parquet(io.BytesIO(content)))
    return (pl.concat(tables, how="diagonal_relaxed") if tables else None), damaged
