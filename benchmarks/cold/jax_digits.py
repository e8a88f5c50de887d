"""Digits by JAX, an epoch under jit, from the shell: `python jax_digits.py DATA.npz`."""

import functools
import sys
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

with np.load(sys.argv[1]) as data:
    X, label = data["X"].astype(np.float32), data["label"]
    train, validation, test = data["train"], data["validation"], data["test"]
mean, deviation = X[train].mean(0), X[train].std(0)
X = (X - mean) / np.where(deviation > 0, deviation, np.float32(1))
T = np.eye(10, dtype=np.float32)[label]
rng, sizes = np.random.default_rng(0), (64, 64, 32, 10)


def forward(layers, x):
    """Return the logits."""
    for W, b in layers[:-1]:
        x = jnp.tanh(x @ W.T + b)
    return x @ layers[-1][0].T + layers[-1][1]


def cross_entropy(layers, x, t):
    """Return E, the mean over the rows."""
    return -(t * jax.nn.log_softmax(forward(layers, x))).sum() / len(x)


def step(carry, batch):
    """Adam."""
    layers, m, v, n = carry
    g, n = jax.grad(cross_entropy)(layers, *batch), n + 1
    m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, g)
    v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, g)
    rate, root = 0.001 / (1 - 0.9**n), lax.rsqrt(1 - 0.999**n)
    layers = jax.tree.map(lambda p, a, b: p - rate * a / (jnp.sqrt(b) * root + 1e-8), layers, m, v)
    return (layers, m, v, n), None


@functools.partial(jax.jit, donate_argnums=0)
def epoch(carry, order, x, t, xv, tv):
    """Return the state after one epoch, and the validation error."""
    full = len(order) // 32 * 32
    rows = order[:full].reshape(-1, 32)
    carry, _ = lax.scan(lambda c, r: step(c, (x[r], t[r])), carry, rows)
    carry, _ = step(carry, (x[order[full:]], t[order[full:]]))  # the last, smaller batch
    return carry, cross_entropy(carry[0], xv, tv)


def uniform(n, k):
    """Return W (n, k), Glorot's."""
    bound = np.sqrt(6 / (n + k))
    return jnp.asarray(rng.uniform(-bound, bound, (n, k)), jnp.float32)


layers = [(uniform(n, k), jnp.zeros(n)) for k, n in pairwise(sizes)]
zeros = [jax.tree.map(jnp.zeros_like, layers) for _ in range(2)]
carry, best, waited = (layers, *zeros, jnp.zeros(())), float("inf"), 0
parts = [jnp.asarray(A[rows]) for rows in (train, validation) for A in (X, T)]
for _ in range(200):
    carry, error = epoch(carry, rng.permutation(len(train)), *parts)
    error = float(error)
    waited = 0 if error < best else waited + 1
    if error < best:
        best, kept = error, jax.tree.map(np.array, carry[0])
    if waited == 20:
        break
right = np.asarray(forward(kept, X[test])).argmax(1) == label[test]
print("accuracy", right.mean())
