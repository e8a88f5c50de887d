"""`deltarule predict`: a model folder and data in, a CSV of predictions out."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from deltarule.cli import options
from deltarule.cli.code.own import owned
from deltarule.cli.commands.continued import continued, is_forecast
from deltarule.cli.grouped import grouped
from deltarule.cli.guard import guarded
from deltarule.cli.reports.model import metric_words
from deltarule.cli.screen import written_csv
from deltarule.core.errors import DataError, UsageError

if TYPE_CHECKING:
    from deltarule.data import Table
    from deltarule.data.text.format import TextFormat
    from deltarule.models import Model

_BLOCK = 4096


@guarded
@grouped(form=options.text_file)
def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The model folder.")],
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATA",
            help="A file as train takes it, - for standard input, or a bundled name.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The CSV file to write.", show_default="stdout")
    ] = None,
    unknown: Annotated[
        str,
        typer.Option(help="Categories unseen in training: error, or ignore (all zeros)."),
    ] = "error",
    series: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Which series of a panel's forecast is continued."),
    ] = None,
    text: Annotated[list[str] | None, options.TEXT_COLUMN] = None,
    form: Any = None,
    own: Annotated[Path | None, options.OWN] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No notes on stderr.")] = False,
) -> None:
    """Predict every row of a table, as CSV.

    One column per target, called predicted_NAME; for classes also the probability of each. Columns
    go by name and may stand in any order. If the target is among them, how good the predictions
    are is said on stderr.

    The folder of a forecast continues its series: DATA holds the rows after those of training, and
    what is written are the steps after them.
    """
    from deltarule.core.files import check_file
    from deltarule.data.sources.columnar import COLUMNAR
    from deltarule.data.sources.records import RECORDS
    from deltarule.data.sources.sheets import SHEETS
    from deltarule.data.sources.unpacked import COMPRESSED
    from deltarule.models import load

    if out is not None:
        if out.suffix.lower() in (*RECORDS, *SHEETS, *COLUMNAR, *COMPRESSED, ".npz"):
            raise UsageError(
                f"{out}: predictions are written as CSV, which a file with this ending does not "
                f"hold. Name one that ends in .csv."
            )
        check_file(out, force=force)
    if is_forecast(folder):
        written = {**form.to_dict(), "text": text or ()}
        continued(folder, data, written, series, (out, force, quiet))
        return
    if series is not None or text:
        raise UsageError(f"{folder}: it is a model's; --series and --text are for forecasts")
    model = load(folder, owned(own))
    table, notes = _read(model, data, form)
    outputs = model.outputs(table, unknown=unknown)
    spread = None if model.members is None else model.spread(table, unknown=unknown)
    expected = (*model.targets.names, *model.ids, *model.description["data"]["dropped"])
    read = table.notes if table.format is not None else ()
    notes = [*read, *model.inputs.notes(table, expected=expected), *notes]
    absent = [name for name in model.ids if name not in table]
    notes += [f"no column {name!r} in the data to carry along" for name in absent]
    with written_csv(out, force) as file:
        _write(file, model, table, outputs, spread)
    if not quiet:
        notes += _measured(model, table, unknown)
        notes += [f"{table.rows:,} predictions are in {out}"] if out is not None else []
        for note in notes:
            typer.echo(note, err=True)


def _read(model: Model, data: str, form: TextFormat) -> tuple[Table, list[str]]:
    """Return the table; a target that cannot be read is no reason not to predict it."""
    try:
        return model.table(data, targets=True, form=form), []
    except DataError as error:
        table = model.table(data, form=form)
        used = model.targets.present(table)
        return table, [f"the target in the data is not used: {error}"] if used else []


def _measured(model: Model, table: Table, unknown: str) -> list[str]:
    if not model.targets.present(table):
        return []
    try:
        metrics = model.score(table, unknown=unknown)
    except DataError as error:
        return [f"how good this is was not measured: {error}"]
    return [f"measured on {table.rows:,} rows: {metric_words(metrics)}"]


def _write(file: TextIO, model: Model, table: Table, outputs: Any, spread: Any) -> None:
    """Write the predictions as CSV, a block of rows at a time."""
    from deltarule.models.rows import answers

    writer = csv.writer(file, lineterminator="\n")
    text = "{:.9g}".format if outputs.dtype.itemsize == 4 else repr  # the digits of the type
    writer.writerow(answers(model, table, outputs, spread, slice(0)))
    for start in range(0, len(outputs), _BLOCK):
        said = answers(model, table, outputs, spread, slice(start, start + _BLOCK)).values()
        columns = [
            [text(v) for v in c.tolist()] if c.dtype.kind == "f" else c.tolist() for c in said
        ]
        writer.writerows(zip(*columns, strict=True))
