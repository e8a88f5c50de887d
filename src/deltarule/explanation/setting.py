"""What a pass was asked with, as plain values: what every explanation says of itself first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deltarule.explanation.sweep import Sweep
from deltarule.explanation.updates import told_penalties


def setting_of(passed: Sweep, more: Mapping[str, Any], exact: float | None) -> dict[str, Any]:
    """Return what a pass was asked with, `more` that was given, and the chain rule's number."""
    sizes = "-".join(map(str, passed.network.sizes))
    activations = [layer.activation.name for layer in passed.network.affine]
    weighted = passed.samples.weight is not None
    changes = passed.objective.rule.changes() or None
    more = {**more, "changes": changes, "exact": exact}
    given = {name: value for name, value in more.items() if value is not None}
    return {
        **given,
        "sizes": sizes,
        "activations": activations,
        "fused": passed.fused,
        "observations": len(passed.samples),
        "weighted": weighted,
        **told_penalties(passed.objective),
        **passed.objective.to_dict(),
    }
