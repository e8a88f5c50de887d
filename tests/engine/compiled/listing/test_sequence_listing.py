"""What a printed program of sequences says."""

from __future__ import annotations

import deltarule as dr


def printed(*layers, **options):
    net = dr.Network((9, 2), [*layers])
    return net.compiled_source(optimizer=dr.optim.SGD(0.1), **options)


def test_every_sum_of_a_gru_is_there_with_its_way_back():
    text = printed(dr.GRU(3), dr.Last(), dr.Dense(1))
    for line in (
        "net_0 = b[0] + W[0] @ below[t] + U[0] @ y[t-1]",
        "net_2 = b[2] + W[2] @ below[t]",
        "net_3 = U[2] @ y[t-1]",
        "dE_dU_1[2] += outer(delta_3[t], y[t-1])",
        "dE_dc_1 += delta_3[t]",
        "U_1 = update(U_1, dE_dU_1)",
    ):
        assert line in text
    assert "net_4" not in text


def test_a_convolution_looks_back_and_its_errors_come_from_later():
    text = printed(dr.Elman(2), dr.Conv1d(3, 2, 4), dr.EachStep(dr.Dense(1)))
    assert "net_0 = b + W[..., 0] @ below[t-4] + W[..., 1] @ below[t]" in text
    assert "dE_dbelow[t] = delta_0[t+4] @ W[..., 0] + delta_0[t] @ W[..., 1]" in text


def test_a_truncated_way_back_says_so():
    text = printed(dr.LSTM(2, truncate=(2, 5)))
    assert "# layer 1, cut: a way back of 5 steps begins every 2, with the errors of these" in text
    assert "cut" not in printed(dr.LSTM(2))


def test_the_module_is_that_of_the_program():
    assert 'define void @"run"' in printed(dr.LSTM(2), llvm=True)
