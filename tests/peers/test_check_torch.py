"""`dr.check_torch`, and the gradient checks of PyTorch as a second opinion."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is in the extra `peers`")
from torch import nn  # noqa: E402

import deltarule as dr  # noqa: E402
from deltarule.core.errors import UsageError  # noqa: E402

pytestmark = pytest.mark.peers

torch.set_num_threads(1)
N = 7
LOSSES = [
    (nn.MSELoss(), torch.linspace(-1, 1, 2 * N).reshape(N, 2)),
    (nn.MSELoss(reduction="sum"), torch.linspace(-1, 1, 2 * N).reshape(N, 2)),
    (nn.L1Loss(), torch.full((N, 2), 5.0)),
    (nn.HuberLoss(), torch.linspace(-3, 3, 2 * N).reshape(N, 2)),
    (nn.BCEWithLogitsLoss(), torch.linspace(0, 1, 2 * N).reshape(N, 2)),
    (nn.CrossEntropyLoss(), torch.arange(N) % 2),
    (nn.CrossEntropyLoss(reduction="sum"), torch.softmax(torch.randn(N, 2), 1)),
]
ACTIVATIONS = [
    nn.Tanh(), nn.Sigmoid(), nn.ReLU(), nn.LeakyReLU(0.2), nn.ELU(0.5), nn.SELU(), nn.SiLU(),
    nn.Mish(), nn.GELU(), nn.Softsign(), nn.Hardtanh(), nn.Identity(),
]  # fmt: skip


def inputs() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).normal(size=(N, 3))).float()


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize("loss", range(len(LOSSES)))
def test_plain_modules_are_right_and_become_ours(activation: nn.Module, loss: int) -> None:
    torch.manual_seed(loss)
    module = nn.Sequential(nn.Linear(3, 4), activation, nn.Linear(4, 2, bias=loss % 2 == 0))
    e, T = LOSSES[loss]
    check = dr.check_torch(module, inputs(), e, T)
    assert check.passed, str(check)
    assert module[0].weight.dtype == torch.float32, "the module itself is left alone"
    o = check.ours
    own = dr.backprop(o.net, o.theta, o.X, o.T, **o.options).gradient
    assert np.max(np.abs(own - check.got)) <= 1e-12 * np.max(np.abs(own))
    assert check.groups.entry(0) == "w[1,1,1]"


class Sine(torch.autograd.Function):
    factor = 1.0

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.sin(x)

    @staticmethod
    def backward(ctx, g):
        return Sine.factor * g * torch.cos(ctx.saved_tensors[0])


def test_a_function_right_and_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    assert dr.check_torch(Sine, inputs()).passed
    assert torch.autograd.gradcheck(Sine.apply, inputs().double().requires_grad_())
    monkeypatch.setattr(Sine, "factor", 1.0 + 1e-5)
    found = dr.check_torch(Sine, inputs())
    assert found.wrong.all()
    assert found.worst.got / found.worst.expected == pytest.approx(1.0 + 1e-5, abs=1e-8)
    assert torch.autograd.gradcheck(Sine.apply, inputs().double().requires_grad_()), "too lenient"


def test_a_module_of_any_kind() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(1, 2, 2), nn.Tanh(), nn.Flatten(), nn.LayerNorm(4))
    check = dr.check_torch(module, inputs()[:, None])
    assert check.passed
    assert check.ours is None
    assert "0.weight" in [layer.name for layer in check.layers]


def test_tensors_in_check_function() -> None:
    def slope(x):
        x = x.clone().requires_grad_()
        torch.tanh(x).pow(2).sum().backward()
        return x.grad

    found = dr.check_function(lambda x: torch.tanh(x).pow(2).sum(), slope, inputs())
    assert found.passed
    assert found.digits > 9


def test_bad_input() -> None:
    module = nn.Sequential(nn.Linear(3, 400), nn.Dropout(0.5))
    with pytest.raises(UsageError, match="is random"):
        dr.check_torch(module, inputs())
    with pytest.raises(UsageError, match="inputs are tensors, not ndarray"):
        dr.check_torch(module, np.ones((2, 3)))
    with pytest.raises(UsageError, match="no parameters"):
        dr.check_torch(nn.Tanh(), inputs())
    with pytest.raises(UsageError, match="not str"):
        dr.check_torch("module", inputs())


class TanhOfNet(torch.autograd.Function):
    """tanh, with 1 - net^2 for its derivative."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.tanh(x)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (1 - x * x)


class Applied(nn.Module):
    """A module without parameters, known by its values alone."""

    def forward(self, x):
        return TanhOfNet.apply(x)


def plain(activation: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), activation, nn.Linear(4, 4), nn.Sigmoid())


@pytest.mark.parametrize("directions", [None, 2])
def test_a_planted_mistake_is_named(directions: int | None) -> None:
    T = torch.linspace(-1, 1, 4 * N).reshape(N, 4)
    found = dr.check_torch(plain(Applied()), inputs(), nn.MSELoss(), T, directions=directions)
    assert [(m.code, m.layers) for m in found.diagnosis.mistakes] == [
        ("derivative_of_output", (1,))
    ]
    assert "the mistake is derivative_of_output in layer 1" in found.verdict


def test_a_wrong_hook_is_named() -> None:
    T = torch.linspace(-1, 1, 4 * N).reshape(N, 4)
    module = plain(nn.Tanh())
    module[1].register_full_backward_hook(lambda module, given, above: above)
    found = dr.check_torch(module, inputs(), nn.MSELoss(), T)
    assert [(m.code, m.layers) for m in found.diagnosis.mistakes] == [("missing_derivative", (1,))]
    module = plain(nn.Tanh())
    module[2].register_full_backward_hook(lambda module, given, above: (-given[0],))
    found = dr.check_torch(module, inputs(), nn.MSELoss(), T)
    assert [(m.code, m.layers) for m in found.diagnosis.mistakes] == [("sign", (1,))]


def test_what_is_only_called_like_a_known_one_is_not_taken_for_it() -> None:
    class Tanh(nn.Module):
        def forward(self, x):
            return torch.tanh(2 * x)

    T = torch.zeros(N, 4)
    found = dr.check_torch(plain(Tanh()), inputs(), nn.MSELoss(), T)
    assert (found.passed, found.ours) == (True, None)
    module = plain(nn.Tanh())
    module[1].register_forward_hook(lambda module, given, y: 3 * y)
    assert dr.check_torch(module, inputs(), nn.MSELoss(), T).ours is None
