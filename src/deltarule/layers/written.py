"""Layers as they are written on the command line: `gru:8,dense:1`."""

from __future__ import annotations

import inspect

from deltarule.core.errors import UsageError
from deltarule.layers.dense import Dense
from deltarule.layers.each_step import EachStep
from deltarule.layers.last import Last
from deltarule.layers.layer import LAYERS, Layer, Shape


def written_layers(text: str) -> list[Layer]:
    """Return the layers of `gru:8,dense:4:relu,dense:1`: names, numbers and activations.

    What stands behind a name are the layer's first arguments, in their order, then others by name.

    Raises `UsageError` for an unknown name, and for what a layer does not take.

    >>> written_layers("conv1d:8:3,last,dense:2:tanh")[2]
    Dense(2, 'tanh')
    >>> written_layers("lstm:8:forget_bias=0:truncate=20")
    [LSTM(8, forget_bias=0.0, truncate=(20, 20))]
    """
    if not isinstance(text, str):
        raise UsageError(f"layers are written as text, such as gru:8,dense:1, not {text!r:.80}")
    found = []
    for part in text.split(","):
        name, *words = (word.strip() for word in part.split(":"))
        given = [word for word in words if "=" not in word]
        pairs = (word.partition("=") for word in words if "=" in word)
        named = {key.strip(): value.strip() for key, _, value in pairs}
        if not name:
            raise UsageError(
                f"the network {text!r} has a layer without a name; layers are written such as "
                "gru:8,dense:1"
            )
        kind = LAYERS[name]
        try:
            inspect.signature(kind).bind(*given, **named)
        except TypeError as error:
            takes = ", ".join(inspect.signature(kind).parameters) or "nothing"
            raise UsageError(f"the layer {part.strip()!r}: {name} takes {takes}; {error}") from None
        found.append(kind(*map(_value, given), **{k: _value(v) for k, v in named.items()}))
    return found


def joined(inputs: Shape, layers: list[Layer], per_step: bool) -> tuple[list[Layer], list[str]]:
    """Return layers with what has to stand between a sequence and a dense layer, and what was put.

    `EachStep` round a dense layer where there is an output for every step, else `Last` before it.
    """
    found: list[Layer] = []
    said: list[str] = []
    shape = inputs
    for layer in layers:
        one = layer
        if isinstance(layer, Dense) and len(shape) == 2:
            if per_step:
                one = EachStep(layer)
                said.append(f"{layer!r} acts at every step")
            else:
                found.append(Last())
                shape = found[-1].outputs(shape)
                said.append(f"{layer!r} sees the last step")
        shape = one.outputs(shape)
        found.append(one)
    return found, said


def _value(word: str) -> int | float | bool | str:
    """Return a number where a word is one, a truth value, else the word."""
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(word.lower(), word)
