"""A training as the command line asks for it: anew, or again from its last checkpoint."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from deltarule.cli.reports import model as report
from deltarule.cli.screen import Screen
from deltarule.cli.signals import exit_status
from deltarule.core.errors import DataError, NumericError, UsageError
from deltarule.core.surroundings import COMMAND

if TYPE_CHECKING:
    from deltarule.data import Table
    from deltarule.data.text.format import TextFormat
    from deltarule.models import Fitted, Plan, Recipe
    from deltarule.training.keeping.keeper import Keeper

_FREE = frozenset(
    {"data", "resume", "more_epochs", "checkpoint_every", "threads", "force", "quiet", "as_json",
     "debug"}
)  # fmt: skip
"""What may differ between a training and its going on: no bit depends on it."""


@dataclass(frozen=True)
class Asked:
    """A training: its options by name, its folder, and what it goes on from."""

    options: Mapping[str, Any]
    folder: Path
    commands: tuple[str, ...]
    force: bool
    """Whether the folder may be replaced."""
    source: Path | None = None
    """The folder of the checkpoint to go on from."""
    ended: bool = False
    """Whether there is nothing left to do."""

    def keeper(self, recipe: Recipe) -> Keeper | None:
        """Return what keeps the checkpoints; None where the optimizer cannot be gone on with."""
        from deltarule.optim import OPTIMISERS
        from deltarule.training.keeping.checkpoints import EVERY, resumable
        from deltarule.training.keeping.keeper import Keeper

        every = self.options["checkpoint_every"]
        if every is None and not resumable(OPTIMISERS.get(recipe.optimizer)):
            return None
        about = {"options": dict(self.options), "commands": self.commands, "place": str(Path.cwd())}
        return Keeper(self.folder, every or EVERY, self.source, about, ends=False)


def anew(given: Mapping[str, Any], force: bool) -> Asked:
    """Return a training with these options.

    Raises `UsageError` where its folder is taken.
    """
    from deltarule.data.read import name_of
    from deltarule.models import check_destination
    from deltarule.models.folder import RUN
    from deltarule.training.keeping.checkpoint import CHECKPOINT

    said: dict[str, Any] = {n: list(v) if isinstance(v, tuple) else v for n, v in given.items()}
    folder = Path(said["out"] or f"{name_of(said['data'])}-model")
    if not force and (folder / CHECKPOINT).exists() and not (folder / RUN).exists():
        raise UsageError(
            f"{folder}: a training that has not ended is there. Go on with it: `deltarule train "
            f"--resume {shlex.quote(str(folder))}`; or replace it with `--force`, or choose "
            "another folder with `--out`."
        )
    check_destination(folder, force=force)
    return Asked(said, folder, (COMMAND.get(),), force)


def again(context: typer.Context, folder: Path, more_epochs: int | None) -> Asked:
    """Return the training that a folder's checkpoint is of.

    Raises `FileError` where there is none, and `UsageError` for options that are other ones.
    """
    from deltarule.training.keeping.checkpoint import read_checkpoint

    found = read_checkpoint(folder)
    if "options" not in found.about:
        raise UsageError(
            f"{folder}: the checkpoint is not of a training that the command line began. Go on "
            "with it from Python: dr.train(..., resume=...)."
        )
    said, commands = dict(found.about["options"]), list(found.about["commands"])
    given, out = _given(context), context.params["out"]
    if "out" in given and Path(out).resolve() != folder.resolve():
        raise UsageError(
            f"{folder}: a training goes on in its own folder, and --out names {out}. Leave --out "
            "out, or copy the folder and go on with the copy."
        )
    for name in given - {"out"}:
        value = context.params[name]
        value = list(value) if isinstance(value, tuple) else value
        if name not in _FREE and value != said[name]:
            raise UsageError(
                f"{folder}: --{name.replace('_', '-')} was {said[name]!r} there and is {value!r} "
                "here. Leave it out to go on, or train anew in another folder."
            )
        if name in ("data", "checkpoint_every", "threads"):
            said[name] = value
    here, there = Path(said["data"]), Path(found.about["place"], said["data"])
    if not here.exists() and there.is_file():
        said["data"] = str(there)
    ended, done = found.values["ended"], int(found.values["epoch"])
    if more_epochs is not None:
        if not ended:
            raise UsageError(
                f"{folder}: the training has not ended ({done:,} of {found.epochs:,} epochs are "
                "done). Go on with it first, without --more-epochs."
            )
        said["epochs"] = done + more_epochs
        commands.append(COMMAND.get())
    whole = ended and more_epochs is None and _is_of(folder)
    said["engine"] = found.job["engine"]  # more epochs might choose another
    return Asked(said, folder, tuple(commands), True, folder, whole)


def _is_of(folder: Path) -> bool:
    """Whether the model in a folder is what the checkpoint in it has led to."""
    import hashlib

    from deltarule.models.folder import RUN
    from deltarule.training.keeping.checkpoint import CHECKPOINT

    try:
        known = json.loads((folder / RUN).read_bytes())["sha256"][CHECKPOINT]
    except (OSError, ValueError, LookupError, TypeError):
        return False
    return bool(known == hashlib.sha256((folder / CHECKPOINT).read_bytes()).hexdigest())


def _given(context: typer.Context) -> set[str]:
    """Return the names of the parameters that the command line gives."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in sources.items() if source and source.name == "COMMANDLINE"}


def taken(make: Callable[..., Any], options: Mapping[str, Any]) -> Any:
    """Return what a group of options makes, from all of a training's."""
    return make(**{name: options[name] for name in signature(make).parameters})


def carry_out(
    asked: Asked,
    recipe: Recipe,
    which: Mapping[str, Any],
    form: TextFormat,
    quiet: bool,
    as_json: bool,
) -> None:
    """Read the data, train, write the folder, report."""
    from deltarule.models import check_destination, claimed, plan
    from deltarule.training.keeping.checkpoint import CHECKPOINT

    folder = asked.folder
    if asked.ended:
        if not (quiet or as_json):
            typer.echo(
                f"{folder}: the training has ended; nothing is left to do. --more-epochs N goes on."
            )
        return
    columns = {name: names for name, names in which.items() if name != "ids"}
    with claimed(folder):
        try:
            table = _read(asked, **columns, **form.to_dict())
            ready = plan(
                table, recipe, target=which["target"], dropped=which["drop"], ids=which["ids"]
            )
            if asked.source is not None:
                ready = replace(ready, engine=replace(ready.engine, reason="as before"))
            ready.require_memory()
            check_destination(folder, force=asked.force, parameters=ready.network.size)
            _train(ready, asked, quiet, as_json)
        except KeyboardInterrupt:
            if (folder / CHECKPOINT).exists():
                raise KeyboardInterrupt(
                    f"{_next(folder)} goes on from the last checkpoint"
                ) from None
            raise


def _read(asked: Asked, **options: Any) -> Table:
    """Read the data; where a training goes on and its file is gone, say what to do."""
    from deltarule.data import read_table

    source = str(asked.options["data"])
    try:
        return read_table(source, **options)
    except DataError as error:
        if asked.source is None or Path(source.partition("::")[0]).exists():
            raise
        command = f"`deltarule train FILE --resume {shlex.quote(str(asked.folder))}`"
        raise DataError(f"{error} If the file has moved, say where it is: {command}.") from None


def _next(folder: Path) -> str:
    return shlex.join(["deltarule", "train", "--resume", str(folder)])


def _train(plan: Plan, asked: Asked, quiet: bool, as_json: bool) -> None:
    """Train, write the folder, report; a failure is raised when everything is written."""
    from deltarule.models import save
    from deltarule.models.folder import RUN
    from deltarule.models.judgement.asking import Asked as Questions

    out, keeper = asked.folder, asked.keeper(plan.recipe)
    said = asked.options
    by, drawn = said.get("by") or (), bool(said.get("pictures"))
    questions = Questions(said["cv"], said["importance"], by, drawn)
    questions.check(plan)
    screen = None if quiet or as_json else Screen()
    if screen is not None:
        report.show_plan(screen, plan)
        if keeper is not None and keeper.found is not None:
            done, most = keeper.found.values["epoch"], plan.recipe.epochs
            screen.say("resumed", f"after {done:,} of at most {most:,} epochs")
    fitted, failure = _fit(plan, keeper, progress=screen is not None and sys.stderr.isatty())
    notes = questions.answer(fitted) if fitted.status == "finished" else []
    # what is there without a description are our own checkpoints
    undrawn = notes + save(fitted, out, force=asked.force or not (out / RUN).exists(), rescue=True)
    if as_json:
        for note in undrawn:
            typer.echo(note, err=True)
        typer.echo(json.dumps(report.as_json(fitted, str(out)), allow_nan=False))
    if screen is not None:
        report.show_results(screen, fitted, out)
        screen.say("", undrawn)
        if fitted.status == "finished":
            from deltarule.core.own.code import own_file

            command = ["deltarule", "predict", str(out), asked.options["data"]]
            own = own_file([fitted.model.description[k] for k in ("network", "objective")])
            command += ["--own", own] if own else []
            screen.say("next", shlex.join(command))
        elif fitted.status == "interrupted" and fitted.checkpoint:
            screen.say("next", _next(out))
    if failure is not None:
        raise type(failure)(f"{failure} The weights are in {out}.")
    if fitted.status == "interrupted":
        raise typer.Exit(exit_status())


def _fit(
    plan: Plan, keeper: Keeper | None, *, progress: bool
) -> tuple[Fitted, NumericError | None]:
    from deltarule.models import Fitted, fit_plan

    try:
        return fit_plan(plan, progress=progress, keeper=keeper), None
    except NumericError as error:
        if not isinstance(error.run, Fitted):
            raise
        return error.run, error
