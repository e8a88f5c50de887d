"""Recurrent layers: the same weights at every time step, and a state from step to step.

A sample is a sequence (time, features), so y_{l-1} is (n, time, features) and y_l (n, time, units).
Every layer is `Recurrent` with a cell: what one step makes of its inputs and of the state.

    a_t = x_t W^T + b         v_t = h_{t-1} U^T         for t = 1..T; the first state is 0
    state_t = step(a_t, v_t, state_{t-1})               h_t, the first part of the state, is y_{l,t}

In theta, in this order, row by row; the rows of W, U and b are g gates of `units` rows each:

    layer   gates       state  W               U          b      further
    elman   net         h      (u, features)   (u, u)     (u,)
    jordan  net         y      (u, features)   (u, outs)  (u,)   V (outs, u), c (outs,)
    gru     r, z, n     h      (3u, features)  (3u, u)    (3u,)  c (u,)
    lstm    i, f, g, o  h, c   (4u, features)  (4u, u)    (4u,)

The gates stand in PyTorch's order. c of a GRU is PyTorch's b_hn; its other biases come in pairs of
which only the sum matters, which is b.
"""

from deltarule.layers.recurrent.elman import Elman
from deltarule.layers.recurrent.gru import GRU
from deltarule.layers.recurrent.jordan import Jordan
from deltarule.layers.recurrent.lstm import LSTM
from deltarule.layers.recurrent.recurrent import Deltas, Recurrent, Teacher, ThroughTime

__all__ = ["GRU", "LSTM", "Deltas", "Elman", "Jordan", "Recurrent", "Teacher", "ThroughTime"]
