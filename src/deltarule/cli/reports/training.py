"""How a model is trained, and how that ended, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deltarule.core.texts import some

_ENDED = {
    "epochs": "all epochs are done",
    "patience": "no improvement for {patience} epochs",
    "interrupted": "interrupted",
    "non_finite": "a number stopped being finite",
    "callback": "a callback ended it",
}


def how_it_was_trained(description: Mapping[str, Any]) -> str:
    """Return loss, optimizer and the other options in one sentence."""
    return how_trained(description["objective"], description["recipe"])


def how_trained(objective: Mapping[str, Any], recipe: Mapping[str, Any]) -> str:
    """Return what a training was asked for, in one sentence."""
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
