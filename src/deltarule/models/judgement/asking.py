"""What is asked about a model once it is trained, beside its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deltarule.core.errors import DataError
from deltarule.models.fit import Fitted
from deltarule.models.judgement.calibration import calibration
from deltarule.models.judgement.folds import cross_validate, fold_of
from deltarule.models.judgement.groups import by_group, check_groups
from deltarule.models.judgement.importance import dependence, importance
from deltarule.models.plan import Plan

_SHOWN = 6
"""Of so many columns, those that are worth most, the dependence is drawn."""


@dataclass(frozen=True)
class Asked:
    """Questions about a model.

    Args:
        folds: of a cross-validation; 0 for none.
        importance: what each column is worth.
        by: columns by whose groups it is judged.
        pictures: how what it says depends on the columns that are worth most; of classes, whether
            its probabilities are what they say.
    """

    folds: int = 0
    importance: bool = False
    by: Sequence[str] = ()
    pictures: bool = False

    def check(self, plan: Plan) -> None:
        """Refuse, before the training, what cannot be answered after it."""
        check_groups(plan, self.by)
        if self.folds:
            fold_of(plan, 0, self.folds)

    def answer(self, fitted: Fitted) -> list[str]:
        """Add the answers to `fitted.judgement`.

        Returns notes on what could not be done: a model is worth more than that.
        """
        judgement: dict[str, Any] = fitted.judgement
        plan, model, notes = fitted.plan, fitted.model, []
        if self.by:
            judgement["groups"] = {name: by_group(plan, model, name) for name in self.by}
        if self.importance or self.pictures:
            judgement["importance"] = importance(plan, model)
        if self.pictures:
            judgement["dependence"] = dependence(
                plan, model, list(judgement["importance"])[:_SHOWN]
            )
            judgement["calibration"] = calibration(plan, model)
        if self.folds:
            try:
                judgement["cross_validation"] = cross_validate(plan, self.folds)
            except DataError as error:
                notes.append(f"the cross-validation could not be done: {error}")
            except KeyboardInterrupt as error:
                notes.append(f"the cross-validation was interrupted: {error}")
        return notes
