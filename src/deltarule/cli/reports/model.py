"""What the commands say about a plan, a training and a model, as sentences and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltarule.cli.reports.training import how_it_ended, how_trained
from deltarule.cli.screen import Screen, cell
from deltarule.core.texts import some

if TYPE_CHECKING:
    from deltarule.models import Fitted, Plan
    from deltarule.network import Network

_DIGITS = {"accuracy": ".4f", "r2": ".4f", "auc": ".4f"}
HEADS = {"r2": "R2", "rmse": "RMSE", "mae": "MAE", "auc": "AUC", "brier": "Brier"}
_MEANS = {"regression": "mean", "count": "mean"}
"""What the simplest baseline is called; of classes it is the most frequent one."""
_BASELINES = {
    "linear": "linear model",
    "nearest": "nearest rows",
    "boosting": "boosted trees",
}
_TOLD = 1_000_000
"""So many parameters may a network have for its rule's second derivatives to be looked at."""

_COLUMNS = 5
"""So many columns are named by their importance."""


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
    screen.say("training", how_trained(plan.objective.to_dict(), recipe.to_dict()))
    screen.say("", _of_the_rule(plan))
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


def _of_the_rule(plan: Plan) -> list[str]:
    """Say of what another rule than the chain rule is the gradient, and what one training shows."""
    from deltarule.core.errors import DeltaruleError

    rule, net = plan.objective.rule, plan.network
    if rule.exact or net.size > _TOLD:
        return []
    try:
        says = rule.is_gradient(net, plan.objective.loss).says
    except DeltaruleError:  # of layers over time it is not told
        return []
    return [
        f"what this rule computes: {says}",
        "one training is one draw of first weights: `deltarule study` compares rules over many",
    ]


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
    screen.folder(out)


def show_metrics(
    screen: Screen, description: Mapping[str, Any], history: Mapping[str, Any]
) -> None:
    """Print the table of metrics and the learning curve."""
    screen.line()
    screen.table(*_metric_rows(description))
    said = _judged(description)
    if said:
        screen.line()
        screen.lines(said)
    show_groups(screen, description)
    show_curve(screen, description, history)
    screen.line()


def show_curve(screen: Screen, description: Mapping[str, Any], history: Mapping[str, Any]) -> None:
    """Print the learning curve, where there is one."""
    from deltarule.cli.curve import draw_curve

    best = description["training"]["best_epoch"]
    what = f"E, {description['objective']['loss']['name']},"
    curve = draw_curve(history, best, width=screen.width, marks=screen.marks, what=what)
    if curve:
        screen.line()
        screen.lines(curve)


def _judged(description: Mapping[str, Any]) -> list[str]:
    """Return what the scores are worth, in sentences."""
    import statistics

    from deltarule.models.judgement.judged import JUDGED

    judgement, metrics = description.get("judgement", {}), description["metrics"]
    if not judgement:
        return []
    task, part = description["data"]["task"], judgement["part"]
    name = JUDGED.get(task, "accuracy")
    said = []
    for target, values in judgement.get("targets", {}).items():
        said.append(f"{target}: {metric_words(values)} on the {part} rows")
    own = metrics[part][name]
    others = {n: judgement["baselines"].get(n, {}).get(name) for n in _BASELINES}
    better = {n: v for n, v in others.items() if v is not None and own is not None and v >= own}
    if better:
        each = ", ".join(f"the {_BASELINES[n]} ({_number(name, v)})" for n, v in better.items())
        scored = f"{HEADS.get(name, name)} on the {part} rows, {_number(name, own)},"
        said.append(f"the network's {scored} is no better than that of {each}")
    said += _threshold(judgement.get("threshold"), description, part)
    for metric, values in judgement.get("cross_validation", {}).items():
        known = [value for value in values if value is not None]
        if known:
            mean, spread = statistics.fmean(known), statistics.pstdev(known)
            said.append(
                f"{len(values)} folds: {HEADS.get(metric, metric)} {_number(metric, mean)} on "
                f"average, deviating by {_number(metric, spread)}"
            )
    every, score = judgement.get("importance", {}), HEADS.get(name, name)
    falls = [(column, mean) for column, (mean, spread) in every.items() if mean > spread]
    if falls:
        each = ", ".join(f"{column} {_number(name, mean)}" for column, mean in falls[:_COLUMNS])
        said.append(f"worth most, by the fall of {score} without: {each}")
    elif every:
        said.append(f"without any one column {score} does not fall by more than chance moves it")
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
            mean = _MEANS.get(description["data"]["task"], "most frequent")
            label = mean if name == "mean" else _BASELINES[name]
            rows.append([label, judgement["part"], *(_number(n, values.get(n)) for n in names)])
    return ["", "rows", *(HEADS.get(name, name) for name in names)], rows


def _span(ends: Sequence[float] | None) -> str:
    return "" if ends is None else "..".join(f"{end:.3g}" for end in ends)


def _number(name: str, value: float | None) -> str:
    return cell(value, _DIGITS.get(name, ".4g"))


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
