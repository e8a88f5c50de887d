"""The pictures of a model folder."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from deltarule.models.fit import Fitted
from deltarule.models.judgement.judged import JUDGED
from deltarule.models.pictures.asked import (
    draw_calibration,
    draw_dependence,
    draw_importance,
)
from deltarule.models.pictures.confusion import draw_confusion
from deltarule.models.pictures.curves import draw_curves
from deltarule.models.pictures.predictions import draw_predictions


def draw(fitted: Fitted, folder: Path) -> list[str]:
    """Draw curves.png and confusion.png or predictions.png, and say what did not go well.

    The second is of the test rows if there are any, else of the validation rows, else of the
    training rows. A picture that fails for another reason than the disk does not cost the model:
    it is left out, and the note says why.
    """
    name = next(n for n in ("test", "validation", "train") if len(fitted.plan.prepared[n]))
    part = fitted.plan.prepared[name]
    rows = "training" if name == "train" else name
    second = ("predictions.png", draw_predictions)
    if not fitted.model.targets.quantity:
        second = ("confusion.png", draw_confusion)
    drawers: dict[str, Callable[[Path], None]] = {
        "curves.png": partial(draw_curves, fitted),
        second[0]: partial(second[1], fitted.model, part.X, part.T, rows),
    }
    falls = fitted.judgement.get("importance")
    if falls:
        score = JUDGED.get(fitted.model.task, "accuracy").replace("r2", "R2")
        drawers["importance.png"] = partial(draw_importance, falls, score, rows)
    drawers |= _asked(fitted, rows)
    if fitted.model.task == "multilabel":  # each label has a confusion of its own
        del drawers[second[0]]
    return draw_all(drawers, folder)


def _asked(fitted: Fitted, rows: str) -> dict[str, Callable[[Path], None]]:
    """Return what draws the answers to `--pictures`."""
    judgement, targets = fitted.judgement, fitted.model.targets
    found: dict[str, Callable[[Path], None]] = {}
    single = targets.task == "binary"
    if judgement.get("dependence"):
        what = targets.names[0] if len(targets.names) == 1 else "predicted"
        said = targets.classes if targets.task == "multiclass" else targets.names
        if not targets.quantity:
            what = f"probability of {targets.classes[1]}" if single else "probability"
        dates = {c.name for c in fitted.plan.table.columns if c.written.startswith("date")}
        asked = judgement["dependence"], said, what
        found["dependence.png"] = partial(draw_dependence, *asked, dates=dates)
    if judgement.get("calibration"):
        of = {"multiclass": "the most probable class", "multilabel": "a label"}
        named = of.get(targets.task, targets.classes[1])
        found["calibration.png"] = partial(draw_calibration, judgement["calibration"], named, rows)
    return found


def draw_all(drawers: Mapping[str, Callable[[Path], None]], folder: Path) -> list[str]:
    """Draw every picture into a folder, by its name, and say what did not go well."""
    notes = []
    for picture, drawer in drawers.items():
        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                drawer(folder / picture)  # whole or not there: see `save_figure`
            notes += [f"{picture}: {said[0].message}"] if said else []
        except OSError:
            raise
        except Exception as error:  # a model is worth more than its picture
            notes.append(f"{picture} could not be drawn ({type(error).__name__}: {error})")
    return notes
