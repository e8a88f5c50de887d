"""What a function's arguments are, by their names: inputs, targets, weights, a learning rate."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Role = str
"""`theta`, `X`, `T`, `pairs`, `output`, `rate`, `epochs`, `rows`, `sizes`, `seed`, `outputs` (how
many), `W`, or `""`."""

RATES = r"(lr|eta|alpha|learning_?rate|learning|rate|l_?rate|step_?size|coef|learnrate|gamma)"

_NAMES: tuple[tuple[Role, str], ...] = (
    ("rate", RATES),
    ("epochs", r"(n_?|num_?|max_?)?(epochs?|iter(s|ations?)?)|steps|times|rounds"),
    ("rows", r"(mini_?)?batch_?size|m|n_?(samples|rows)"),
    ("sizes", r"(layers?_?)?(sizes|dims?)|layers?|architecture|topology|structure|shape|units"
              r"|neurons"),
    ("seed", r"(random_?)?(seed|state)|rng_?seed"),
    ("outputs", r"(n|num|number)_?(of_?)?(outputs?|classes|labels)"),
    ("pairs", r"(training_?|train_?)?(data|set)|train(ing)?|mini_?batch|batch|samples|dataset"
              r"|examples"),
    ("theta", r"thetas?|params?|parameters|w|weights|nn_?params|coefs?|theta_?vec"
              r"|network|net|model|nn"),
    ("output", r"o|out|outputs?|y_?hat|yhat|y_?pred(icted)?|pred(ictions?)?|caches?|a2|al"
               r"|activations?|memory|forward|y_?out|result"),
    ("X", r"x(_?(train|batch|data|i|s|in))?|xs|inputs?(_?(list|data|vector|s|batch|arr|values))?"
          r"|train(ing)?_?(set_?|data_?)?(inputs?|x|features?)|inp|features?|row|pattern|a0|data_?in"),
    ("T", r"t|ts|y(_?(train|batch|true|real|i))?|ys|targets?(_?(list|data|vector|s|batch|arr))?"
          r"|labels?|expected(_?outputs?)?|desired(_?outputs?)?|d|truth|goals?|wanted|teacher|answers?|t_?batch"
          r"|train(ing)?_?(set_?|data_?)?(outputs?|targets?|labels?|y)|output_?values|gt"
          r"|one_?hot"),
    ("W", r"(w|b|v|u|syn|theta)_?\d+|[wb]_?[a-z]{1,3}|[buv]"
          r"|(weights?|bias(es)?|thetas?)(_[a-z0-9_]+|\d*)"
          r"|(w|b|hidden|out(put)?|in(put)?)_(weights?|bias(es)?|w|b|h|o|in|out|hidden|output)"),
)  # fmt: skip


def role_of(name: str) -> Role:
    """Return the role that a name speaks of; `""` for none.

    >>> [role_of(name) for name in ("X_train", "targets", "eta", "W1", "verbose")]
    ['X', 'T', 'rate', 'W', '']
    """
    plain = name.lower().strip("_")
    return next((role for role, pattern in _NAMES if re.fullmatch(pattern, plain)), "")


def is_rate(name: str) -> bool:
    """Whether a name is one that a learning rate has."""
    return re.fullmatch(RATES, name.lower().strip("_")) is not None


def parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the arguments that can be given by name, `self` left out; none for built-in code."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return []
    usual = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY,
             inspect.Parameter.KEYWORD_ONLY)  # fmt: skip
    return [p for p in signature.parameters.values() if p.kind in usual]


def roles_of(function: Callable[..., Any], first: Sequence[Role]) -> Mapping[str, Role] | None:
    """Return the role of every argument that has to be given, and of the known ones that need not.

    Where names do not tell, the arguments come in the order of `first`, such as theta, X, T.
    None where an argument is left without a role.
    """
    given = parameters(function)
    needed = [p.name for p in given if p.default is p.empty]
    found = {p.name: role_of(p.name) for p in given}
    doubled = [n for n in needed if list(found.values()).count(found[n]) > 1 and found[n] != "W"]
    unclear = [n for n in needed if not found[n] or n in doubled]
    if unclear:
        missing = [r for r in first if r not in [found[n] for n in needed if n not in unclear]]
        if len(missing) < len(unclear):
            return None
        found.update(zip(unclear, missing, strict=False))
    useful = {"rate", "epochs", "rows"} | ({"X", "T"} - {found[n] for n in needed})
    return {p.name: found[p.name] for p in given if p.name in needed or found[p.name] in useful}
