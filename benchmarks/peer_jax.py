"""JAX as its experts write it: data on the device, a whole epoch under jit, donated buffers.

`lax.scan` runs over the batches, `vmap` over networks; Python returns once per epoch. XLA uses
all cores. How a layer is written and how far the scan is unrolled change the time up to ten times;
every combination is tried on a few epochs and the fastest takes part.
"""

from __future__ import annotations

import functools
import itertools
import time

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax_forms import ProgramKey, forms
from work import Work

from layers import join, split

FORWARD = {
    "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "relu": jax.nn.relu, "identity": lambda net: net,
}  # fmt: skip


def _objective(work: Work, form: ProgramKey):
    """Return `E(layers, x, t)`: the batch's mean error (networks as an axis: their sum)."""

    def objective(layers, x, t):
        if work.networks > 1 and not form.vmapped:
            x, t = x[..., None], t[..., None]
        y = x
        for W, b in layers[:-1]:
            y = FORWARD[work.hidden](form.net(W, y, b))
        W, b = layers[-1]
        net = form.net(W, y, b)
        if work.loss == "cross_entropy":
            return -(t * jax.nn.log_softmax(net, axis=form.outputs)).sum() / work.batch
        return 0.5 * jnp.square(FORWARD[work.output](net) - t).sum() / work.batch

    return objective


def _adam(lr, state, layers, gradients):
    """Return the new layers and the new (m, v, t)."""
    m, v, t = state
    t = t + 1
    m = jax.tree.map(lambda a, g: 0.9 * a + 0.1 * g, m, gradients)
    v = jax.tree.map(lambda a, g: 0.999 * a + 0.001 * g * g, v, gradients)
    rate, root = lr / (1 - 0.9**t), lax.rsqrt(1 - 0.999**t)

    def move(p, a, b):
        return p - rate * a / (jnp.sqrt(b) * root + 1e-8)

    return jax.tree.map(move, layers, m, v), (m, v, t)


def _step(work: Work, form: ProgramKey):
    """Return the body of the scan over batches."""
    gradient = jax.value_and_grad(_objective(work, form))
    if work.networks > 1 and form.vmapped:
        gradient = jax.vmap(gradient, in_axes=(0, None, None))

    def step(carry, batch):
        layers, state = carry
        error, gradients = gradient(layers, *batch)
        if work.optimiser == "adam":
            layers, state = _adam(work.lr, state, layers, gradients)
        else:
            layers = jax.tree.map(lambda p, g: p - work.lr * g, layers, gradients)
        return (layers, state), error.sum() / work.networks

    return step


def _trainer(work: Work, form: ProgramKey, unroll: int, X, T, theta):
    """Return `train(epochs)` in one form."""
    batches = tuple(jnp.asarray(form.batches(A, work.steps)) for A in (X, T))

    @functools.partial(jax.jit, donate_argnums=0)
    def epoch(carry, batches):
        carry, errors = lax.scan(_step(work, form), carry, batches, unroll=unroll)
        return carry, errors.mean()

    def start():
        layers = split(work.sizes, theta if work.networks > 1 else theta[0])
        layers = jax.tree.map(
            lambda p: jnp.array(form.arrange(p, work.networks), copy=True), layers
        )
        zeros = [jax.tree.map(jnp.zeros_like, layers) for _ in range(2)]
        return layers, (*zeros, jnp.zeros((), jnp.float32)) if work.optimiser == "adam" else ()

    def train(epochs: int):
        carry = start()
        for _ in range(epochs):
            carry, error = epoch(carry, batches)
        layers = jax.block_until_ready(carry)[0]
        return join(jax.tree.map(lambda p: form.restore(p, work.networks), layers)), error

    train.note = f"{form.name}, unroll {unroll}"
    return train


def prepare(work: Work, X: np.ndarray, T: np.ndarray, theta: np.ndarray):
    """Return `train(epochs)`, the fastest of its forms."""
    small = max(work.sizes) < 64
    unrolled = (1, 8) if small else (1,)
    tried = [
        (train := _trainer(work, form, unroll, X, T, theta), _least_time(train))
        for form, unroll in itertools.product(forms(work.batch, small), unrolled)
    ]
    best, least = min(tried, key=lambda pair: pair[1])
    usual, taken = tried[0]
    if usual is not best:
        best.note += f"; as usually written ({usual.note}) {taken / least:.1f} times as long"
    return best


def _least_time(train) -> float:
    """Return the least seconds of several epochs, once it is compiled."""
    train(1)
    taken, began = [], time.perf_counter()
    while len(taken) < 3 or time.perf_counter() - began < 0.2:
        start = time.perf_counter()
        train(1)
        taken.append(time.perf_counter() - start)
    return min(taken)
