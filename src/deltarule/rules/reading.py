"""Rules by name, and rules as they are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deltarule.core.errors import UsageError, nearest
from deltarule.rules.delta_rule import DeltaRule

RULES: dict[str, DeltaRule] = {
    "exact": DeltaRule(),
    "sequential": DeltaRule(order="sequential"),
    "layerwise": DeltaRule(order="layerwise"),
}
"""Rules that have a name of their own."""


def as_rule(rule: str | Mapping[str, Any] | DeltaRule) -> DeltaRule:
    """Return the rule that a name, a text, a dictionary or a `DeltaRule` describes.

    >>> as_rule("exact") == DeltaRule()
    True
    >>> as_rule("hidden=constant") == DeltaRule(hidden="constant:1")
    True
    """
    if isinstance(rule, DeltaRule):
        return rule
    if isinstance(rule, str):
        return _named(rule) if "=" not in rule else _written(rule)
    if isinstance(rule, Mapping):
        return DeltaRule(**_known({k: v for k, v in rule.items() if k != "name"}))
    raise UsageError(f"a rule is a name or a DeltaRule, not {rule!r}")


def _named(rule: str) -> DeltaRule:
    if rule not in RULES:
        hint = nearest(rule, RULES)
        raise UsageError(
            f"unknown rule {rule!r}{hint}; it is one of {', '.join(RULES)}, or a text such as "
            "'hidden=offset:0.1 feedback=random'"
        )
    return RULES[rule]


def _known(parts: dict[str, Any]) -> dict[str, Any]:
    """Refuse what is no part of a rule."""
    for key in parts:
        if key not in DeltaRule.__dataclass_fields__:
            hint = nearest(str(key), DeltaRule.__dataclass_fields__)
            raise UsageError(
                f"DeltaRule has no parameter {key!r}{hint}; it has "
                f"{', '.join(DeltaRule.__dataclass_fields__)}"
            )
    return parts


def _written(text: str) -> DeltaRule:
    """Return the rule of a text such as `hidden=offset:0.1 layer2.feedback=random:3`."""
    parts: dict[str, Any] = {}
    layers: dict[str, dict[str, str]] = {}
    for word in text.split():
        key, _, value = word.partition("=")
        if not value:
            raise UsageError(f"the rule {text!r}: {word!r} is not written PART=VALUE")
        layer, dot, part = key.partition(".")
        into, place = (layers.setdefault(layer[5:], {}), part) if dot else (parts, key)
        if dot and not layer.startswith("layer"):
            raise UsageError(f"the rule {text!r}: write layer2.{part}={value}, not {word!r}")
        if place in into:
            raise UsageError(f"the rule {text!r} gives {key} twice")
        into[place] = value
    if "layers" in parts:
        raise UsageError(f"the rule {text!r}: write layer2.derivative=..., not layers=")
    return DeltaRule(**_known(parts | ({"layers": layers} if layers else {})))
