"""What the commands say about a plan, a training and a model, as sentences and tables."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.cli.screen import Screen

if TYPE_CHECKING:
    from deltarule.models import Fitted, Plan
    from deltarule.network import Network

_DIGITS = {"accuracy": ".4f", "r2": ".4f", "auc": ".4f"}
HEADS = {"r2": "R2", "rmse": "RMSE", "mae": "MAE", "auc": "AUC", "brier": "Brier"}
_MEANS = {"regression": "mean", "count": "mean"}
"""What the simplest baseline is called; of classes it is the most frequent one."""
_COLUMNS = 5
"""So many columns are named by their importance."""

_ENDED = {
    "epochs": "all epochs are done",
    "patience": "no improvement for {patience} epochs",
    "interrupted": "interrupted",
    "non_finite": "a number stopped being finite",
    "callback": "a callback ended it",
}


def show_plan(screen: Screen, plan: Plan) -> None:
    """Say what was understood, before training."""
    from deltarule.engine.choice import ENGINES
    from deltarule.optim import Optimiser

    table, prepared, recipe = plan.table, plan.prepared, plan.recipe
    columns = len(prepared.inputs.names)
    width = prepared.inputs.width
    inputs = f", encoded as {some(width, 'input')}" if width != columns else ""
    screen.say(
        "data", f"{table.source}: {table.rows:,} rows, {some(columns, 'input column')}{inputs}"
    )
    screen.say("", prepared.notes)
    show_network(screen, plan.network)
    screen.say("training", _how(plan.objective.to_dict(), recipe.to_dict()))
    rows, batch = len(prepared.parts["train"]), recipe.batch_size
    if (
        isinstance(plan.optimiser, Optimiser)
        and plan.optimiser.full_batch
        and batch
        and batch < rows
    ):
        screen.say(
            "",
            [
                f"{plan.optimiser.name} compares each gradient with the one before it, and batches "
                f"differ: --batch-size {rows} takes all rows at once"
            ],
        )
    engine, reason = plan.engine.engine, plan.engine.reason
    screen.say("engine", f"{engine} ({reason}): {ENGINES[engine]}")


def show_network(screen: Screen, network: Network) -> None:
    """Print the network's table."""
    first, *rows = repr(network).splitlines()
    screen.say("network", first.removeprefix("Network, "))
    screen.lines(["  " + row.strip("\n") for row in rows])


def show_results(screen: Screen, fitted: Fitted, out: Path) -> None:
    """Print the final table, the curve, and how it ended."""
    description = {**fitted.model.description, "judgement": fitted.judgement}
    show_metrics(screen, description, fitted.run.history)
    screen.say("stopped", how_it_ended(description))
    screen.say("folder", f"{out}: {_files(out)}")


def _files(out: Path) -> str:
    return ", ".join(sorted(path.name for path in out.iterdir()))


def show_metrics(
    screen: Screen, description: Mapping[str, Any], history: Mapping[str, Any]
) -> None:
    """Print the table of metrics and the learning curve."""
    from deltarule.cli.curve import draw_curve

    screen.line()
    head, rows = _metric_rows(description)
    screen.table(head, rows)
    said = _judged(description)
    if said:
        screen.line()
        screen.lines(said)
    show_groups(screen, description)
    best = description["training"]["best_epoch"]
    what = f"E, {description['objective']['loss']['name']},"
    curve = draw_curve(history, best, width=screen.width, marks=screen.marks, what=what)
    if curve:
        screen.line()
        screen.lines(curve)
    screen.line()


def _judged(description: Mapping[str, Any]) -> list[str]:
    """Return what the scores are worth, in sentences."""
    from deltarule.models.judgement.judged import JUDGED

    judgement, metrics = description.get("judgement", {}), description["metrics"]
    if not judgement:
        return []
    task, part = description["data"]["task"], judgement["part"]
    name = JUDGED.get(task, "accuracy")
    said = []
    for target, values in judgement.get("targets", {}).items():
        said.append(f"{target}: {metric_words(values)} on the {part} rows")
    linear, own = judgement["baselines"].get("linear", {}).get(name), metrics[part][name]
    if linear is not None and own is not None and own <= linear:
        said.append(
            f"a linear model is no worse: {HEADS.get(name, name)} {_number(name, linear)} on the "
            f"{part} rows, the network's {_number(name, own)}"
        )
    said += _threshold(judgement.get("threshold"), description, part)
    for metric, values in judgement.get("cross_validation", {}).items():
        known = [value for value in values if value is not None]
        if known:
            mean, spread = statistics.fmean(known), statistics.pstdev(known)
            said.append(
                f"{len(values)} folds: {HEADS.get(metric, metric)} {_number(metric, mean)} on "
                f"average, deviating by {_number(metric, spread)}"
            )
    falls = list(judgement.get("importance", {}).items())[:_COLUMNS]
    if falls:
        each = ", ".join(f"{column} {_number(name, mean)}" for column, (mean, _) in falls)
        said.append(f"worth most, by the fall of {HEADS.get(name, name)} without: {each}")
    return said


def _threshold(
    found: Mapping[str, Any] | None, description: Mapping[str, Any], part: str
) -> list[str]:
    """Return what choosing a threshold has brought."""
    if found is None:
        return []
    what = {"f1": "F1 of the rarer class", "balanced": "mean of both classes' shares told right"}
    second = description["data"]["targets"]["classes"][1]
    return [
        f"{second!r} is said from a probability of {found['value']:.3g} on, as the validation rows "
        f"suit best: {what[found['rule']]} {found['score']:.4f} on the {part} rows, "
        f"{found['at_half']:.4f} from 0.5 on"
    ]


def show_groups(screen: Screen, description: Mapping[str, Any]) -> None:
    """Print a table of scores for every column that `--by` names."""
    from deltarule.models.judgement.judged import JUDGED

    judged = JUDGED.get(description["data"]["task"], "accuracy")
    for column, groups in description.get("judgement", {}).get("groups", {}).items():
        names = [n for n in next(iter(groups.values())) if n not in ("rows", "interval")]
        head = [
            column,
            "rows",
            *(HEADS.get(n, n) for n in names),
            f"95% of {HEADS.get(judged, judged)}",
        ]
        rows = [
            [
                group,
                f"{one['rows']:,}",
                *(_number(n, one[n]) for n in names),
                _span(one["interval"]),
            ]
            for group, one in groups.items()
        ]
        screen.line()
        screen.table(head, rows)


def metric_words(metrics: Mapping[str, float | None]) -> str:
    """Return metrics as words: "loss 0.1, accuracy 0.98"."""
    return ", ".join(f"{HEADS.get(n, n)} {_number(n, v)}" for n, v in metrics.items())


def _metric_rows(description: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of the table of metrics."""
    metrics, counts = description["metrics"], description["data"]["rows"]
    names = list(metrics["train"])
    rows = [
        [part, f"{counts[part]:,}", *(_number(name, values[name]) for name in names)]
        for part, values in metrics.items()
        if counts[part]
    ]
    judgement = description.get("judgement", {})
    if judgement:
        level = f"{judgement['level']:.0%}"
        spans = judgement["intervals"]
        rows.append(["", level, *(_span(spans.get(name)) for name in names)])
        for name, values in judgement["baselines"].items():
            label = (
                "linear model"
                if name == "linear"
                else _MEANS.get(description["data"]["task"], "most frequent")
            )
            rows.append([label, judgement["part"], *(_number(n, values.get(n)) for n in names)])
    return ["", "rows", *(HEADS.get(name, name) for name in names)], rows


def _span(ends: Sequence[float] | None) -> str:
    return "" if ends is None else "..".join(f"{end:.3g}" for end in ends)


def _number(name: str, value: float | None) -> str:
    return "-" if value is None else format(value, _DIGITS.get(name, ".4g"))


def how_it_was_trained(description: Mapping[str, Any]) -> str:
    """Return loss, optimizer and the other options in one sentence."""
    return _how(description["objective"], description["recipe"])


def _how(objective: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    from deltarule.rules import as_rule

    optimizer = dict(recipe["optimizer"])
    lr = optimizer.get("lr")
    rate = "" if lr is None else f" with lr {_spec(lr) if isinstance(lr, Mapping) else f'{lr:g}'}"
    batch = recipe["batch_size"]
    parts = [
        f"loss {_called(objective['loss'])}",
        f"{_called(optimizer)}{rate}",
        f"batches of {batch}" if batch else "full batches",
        f"at most {some(recipe['epochs'], 'epoch')}",
        f"patience {recipe['patience']}" if recipe["patience"] else "no patience",
    ]
    parts += [f"l2 {objective['l2']:g}"] if objective["l2"] else []
    parts += [_spec(objective["penalty"])] if objective.get("penalty") else []
    changes = as_rule(_with_titles(objective["rule"])).changes()
    parts += [f"rule {changes}"] if changes else []
    parts += [f"clip_norm {recipe['clip_norm']:g}"] if recipe["clip_norm"] else []
    parts += [f"class weights {recipe['class_weight']}"] if recipe["class_weight"] else []
    return ", ".join([*parts, recipe["dtype"], f"seed {recipe['seed']}"])


def _called(record: Mapping[str, Any]) -> str:
    """Return a record's name; of somebody's own, its title."""
    return str(record.get("title") or record["name"])


def _with_titles(rule: Any) -> Any:
    """Return a rule's description with stand-ins of somebody's own known by their titles alone."""
    from deltarule.rules import Custom

    if isinstance(rule, list):
        return [_with_titles(part) for part in rule]
    if not isinstance(rule, Mapping):
        return rule
    if rule.get("name") == "custom":
        return Custom(lambda net, y: y, _called(rule))
    return {key: _with_titles(part) for key, part in rule.items()}


def _spec(record: Mapping[str, Any]) -> str:
    values = ", ".join(f"{k} {v:g}" for k, v in record.items() if k != "name")
    return f"{record['name']} ({values})"


def how_it_ended(description: Mapping[str, Any]) -> str:
    """Return why training stopped, after how long, and which weights are kept."""
    from deltarule.optim import OPTIMISERS

    training, recipe = description["training"], description["recipe"]
    stopped, name = training["stopped"], recipe["optimizer"]["name"]
    ends = OPTIMISERS[name].ends if name in OPTIMISERS.names() else {}  # one of somebody's own
    why = ends.get(stopped) or _ENDED.get(stopped, stopped).format(patience=recipe["patience"])
    after = f"after {some(training['epochs'], 'epoch')} in {training['seconds']:.1f} s"
    watched = "validation" if description["data"]["rows"]["validation"] else "training"
    kept = "the last weights are kept"
    if training["kept"] == "best":
        when = "after" if watched == "validation" else "before"
        kept = (
            f"the weights {when} epoch {training['best_epoch']} are kept, the lowest {watched} "
            f"error ({training['best_error']:.4g})"
        )
    count = recipe.get("ensemble", 1)
    first = f"the first of {count} networks " if count > 1 else ""
    return f"{first}{after}: {why}; {kept}"


def some(count: int, what: str) -> str:
    """Return a number of things: "1 epoch", "2,000 epochs"."""
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def as_json(fitted: Fitted, out: str) -> dict[str, Any]:
    """Return what `--json` prints; a number that is not finite or not there is null."""
    rows = sum(len(part) for part in fitted.plan.prepared.parts.values())
    return {
        "task": fitted.model.task,
        "rows": rows,
        "network": fitted.plan.network.to_dict(),
        "epochs": fitted.run.epochs,
        "stopped": fitted.run.stopped,
        "seconds": round(fitted.run.seconds, 6),
        **fitted.metrics,
        "judgement": fitted.judgement,
        "out": out,
    }
