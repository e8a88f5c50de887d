"""The network of a table whose rows are sequences."""

from __future__ import annotations

from deltarule.core.errors import UsageError
from deltarule.data import Prepared, Table
from deltarule.layers import Dense, EachStep, Flatten, Layer, Steps, joined
from deltarule.layers import written_layers as layers_of
from deltarule.network import Network


def over_steps(
    written: str, table: Table, prepared: Prepared, output: str
) -> tuple[Network, list[str]]:
    """Return the network that is written, over the table's rows, and what was put into it.

    Rows of sequences are cut into steps first; `Last` stands before a dense layer after a
    sequence, or the dense layer acts at every step where there is a target for each. The last
    layer has the task's f where none is written.

    Raises `UsageError` where it does not end in the outputs that the target needs.
    """
    layers, width = layers_of(written), prepared.targets.width
    steps, per_step = table.steps, table.steps is not None and table.steps.per_step
    first: list[Layer] = []
    shape: tuple[int, ...] = (prepared.inputs.width,)
    if steps is not None and not isinstance(layers[0], Steps):
        first = [Steps(steps.features, lengths=steps.lengths)]
        shape = first[0].outputs(shape)
    last = layers[-1]
    needed = width // shape[0] if per_step else width
    own = per_step and last.fed_back and last.outputs((1, 1)) == (1, needed)
    if not own and (not isinstance(last, Dense) or last.units != needed):
        of = f" of {last.units}" if isinstance(last, Dense) else ""
        raise UsageError(
            f"the network {written} ends in the layer {last.name}{of}, and the target needs a "
            f"dense layer of {needed}: write ...,dense:{needed}"
        )
    if isinstance(last, Dense) and written.rsplit(",", 1)[-1].count(":") < 2:
        layers[-1] = Dense(last.units, output, last.bias, last.init, last.train_bias)
    if steps is None and not isinstance(layers[0], Steps) and _over_time(layers):
        raise UsageError(
            f"{table.source}: the columns of a table are no sequence. Begin the network with "
            f"steps:FEATURES, such as steps:1,{written}, where the columns are the steps of one "
            "feature after the other, or give an NPZ file with X of the shape (rows, time, "
            "features)"
        )
    layers, said = joined(shape, layers, per_step)
    found = [*first, *layers]
    if isinstance(found[-1], EachStep) or own:
        found.append(Flatten())
    network = Network(prepared.inputs.width, found)
    if network.sizes[-1] != width:
        raise UsageError(
            f"the network {written} gives {network.sizes[-1]} outputs a row, and {table.source} "
            f"has {width} targets, one for every step: leave out the layers that end the sequence"
        )
    return network, ["; ".join(said)] if said else []


def _over_time(layers: list[Layer]) -> bool:
    """Whether the first layer takes sequences alone."""
    try:
        layers[0].outputs((1,))
    except UsageError:
        return True
    return False
