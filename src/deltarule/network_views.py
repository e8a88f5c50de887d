"""What rooms above a network show of it: its program, its picture."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, DTypeLike

from deltarule.core.errors import UsageError
from deltarule.core.views import view


class Views:
    """A network's methods that other rooms do the work of; those are found when they are asked."""

    def compiled_source(
        self,
        loss: Any = "half_squared_error",
        reduction: str = "mean",
        rule: Any = "exact",
        optimizer: Any = "adam",
        batch_size: int = 32,
        l2: float = 0.0,
        sample_weight: bool = False,
        clip_norm: float | None = None,
        clip_value: float | None = None,
        dtype: DTypeLike = "float64",
        llvm: bool = False,
        penalty: Any = None,
    ) -> str:
        """Return the training program that the compiled engine makes of this network.

        It is written in Python's notation, from the graphs that the machine's program is written
        from: shared terms have names (t1, t2, ...), comments say what lies in lanes, how large
        the products are, where threads meet. Sums over an epoch are `errors` (s e, before the
        reduction) and `penalties`; `c` is the reduction's factor, `t` the number of the update.

        Args:
            loss, reduction, rule, optimizer, batch_size, l2, clip_norm, clip_value, penalty: as
                in `deltarule.train`; each changes the program.
            sample_weight: whether samples have weights.
            dtype: float32 or float64.
            llvm: return the text of the LLVM module instead, before it is optimised.

        Raises `UsageError` for what does not fit together or cannot be compiled.

        >>> import deltarule as dr
        >>> net = dr.Network(1, [dr.Dense(1)])
        >>> print(net.compiled_source(optimizer=dr.optim.SGD(0.1), batch_size=1))
        # registers: float64, one observation after the other, every name a register
        for lr, batch in batches:
            x, T = batch[0]
            net[1,1] = b[1,1] + w[1,1,1] * x[1]
            delta[1,1] = net[1,1] - T[1]
            t1 = T[1] - net[1,1]
            errors += 0.5 * t1 * t1
            if learn:  # not where E alone is measured
                t2 = lr * delta[1,1]
                w[1,1,1] = w[1,1,1] - t2 * x[1]
                b[1,1] = b[1,1] - t2
        <BLANKLINE>
        """
        try:
            written = view(Views.compiled_source)
        except ImportError as error:
            raise UsageError(
                f"compiled_source needs llvmlite, which cannot be imported ({error}); install it "
                "with `pip install llvmlite`"
            ) from error
        return written(
            self, loss, reduction, rule, optimizer, batch_size, l2, sample_weight, clip_norm,
            clip_value, dtype, llvm, penalty,
        )  # fmt: skip

    def plot(self, theta: ArrayLike, bp: Any = None) -> Any:
        """Return a picture of the network with its weights, as SVG; a notebook shows it.

        A line is a weight: the thicker the larger, solid and blue above 0, broken and orange below.
        With `bp`, what `dr.backprop` returned, the nodes hold y (the mean over the rows) and delta
        (their sum). Layers of more than 12 nodes are cut short. `.save(path)` writes it.

        >>> import deltarule as dr
        >>> net = dr.Network(2, [dr.Dense(2, "tanh"), dr.Dense(1)])
        >>> net.plot(net.init(seed=0)).svg.count("<line")
        6
        """
        return view(Views.plot)(self, theta, bp)
