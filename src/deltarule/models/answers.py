"""What a model says of rows, as named columns: for CSV on the command line and JSON of a server."""

from __future__ import annotations

import numpy as np

from deltarule.core.arrays import Array
from deltarule.data.table import Table
from deltarule.models.metrics import class_numbers
from deltarule.models.model import Model


def answers(
    model: Model,
    table: Table,
    outputs: Array,
    spread: Array | None = None,
    rows: slice = slice(None),
) -> dict[str, Array]:
    """Return the columns for some `rows` of a table whose outputs are given.

    They are the model's ids, `predicted_NAME` for every target (a class as it is written),
    `probability_CLASS` (of a label, `probability_NAME`) and an ensemble's `spread_NAME`.
    """
    y, targets = outputs[rows], model.targets
    found = {}
    for name in model.ids:
        if name in table:
            column = table[name]
            texts = np.array([*column.categories, ""], object)  # as long as each is
            found[name] = texts[column.values[rows]]
    said = _said(model, y)
    found |= {f"predicted_{name}": said[:, k] for k, name in enumerate(targets.names)}
    heads = targets.classes if model.task == "multiclass" else targets.names
    if not targets.quantity:
        chances = targets.names if model.task == "multilabel" else targets.classes
        shares = model.probabilities(y)
        found |= {f"probability_{name}": shares[:, k] for k, name in enumerate(chances)}
    if spread is not None:
        found |= {f"spread_{name}": spread[rows, k] for k, name in enumerate(heads)}
    return found


def _said(model: Model, outputs: Array) -> Array:
    """Return what outputs mean, (n, targets): values, or classes as they are written."""
    if model.targets.quantity:
        return model.targets.inverse(outputs)
    classes = [np.array(names) for names in model.targets.classes_of]
    if model.task == "multilabel":
        several = zip(classes, outputs.T > 0.5, strict=True)
        return np.stack([names[said.astype(int)] for names, said in several], axis=1)
    return classes[0][class_numbers(outputs, model.targets.threshold)][:, None]
