"""The options: defaults, notations, refusals."""

import json

import pytest

import deltarule as dr
from deltarule.data import read_table
from deltarule.layers import Dense
from deltarule.models import Recipe, plan
from deltarule.models.recipe import hidden_sizes


def test_defaults_are_the_documented_ones() -> None:
    recipe = Recipe()
    assert recipe.hidden == (64, 32)
    assert recipe.optimizer == dr.optim.Adam(lr=0.001)
    assert (recipe.epochs, recipe.batch_size, recipe.patience) == (200, 32, 20)
    assert (recipe.validation, recipe.test, recipe.l2, recipe.seed) == (0.1, 0.2, 0.0, 0)
    assert (recipe.dtype, recipe.scale, recipe.missing) == ("float32", "standard", "error")


@pytest.mark.parametrize("given", ["", "0", "none", "None", ()])
def test_no_hidden_layer_has_several_spellings(given: object) -> None:
    assert hidden_sizes(given) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"lr": 0.5}, dr.optim.Adam(lr=0.5)),
        ({"lr": "0.5"}, dr.optim.Adam(lr=0.5)),
        ({"optimizer": "momentum:0.1,0.5"}, dr.optim.Momentum(0.1, 0.5)),
        ({"optimizer": dr.optim.SGD(2.0)}, dr.optim.SGD(2.0)),
        (
            {"optimizer": "sgd", "lr": "cosine:0.1,50"},
            dr.optim.SGD(dr.optim.Cosine(0.1, 50.0)),
        ),
    ],
)
def test_optimizer_and_rate(given: dict[str, object], found: object) -> None:
    assert Recipe(**given).optimizer == found  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hidden": "64,x"}, "numbers of nodes"),
        ({"hidden": (3, 0)}, "numbers of nodes"),
        ({"hidden": "-4"}, "numbers of nodes"),
        ({"activation": "tahn"}, "did you mean 'tanh'"),
        ({"loss": "huberr"}, "did you mean 'huber'"),
        ({"optimizer": "adm"}, "did you mean 'adam'"),
        ({"lr": -1.0}, "lr has to be"),
        ({"lr": "nan"}, "lr has to be"),
        ({"lr": "fast"}, "a number such as 0.001"),
        ({"lr": "cosin:0.1,5"}, "did you mean 'cosine'"),
        ({"optimizer": "sgd:0.1", "lr": 0.2}, "its own rate"),
        ({"epochs": -1}, "epochs is a whole number"),
        ({"batch_size": 0}, "batch_size is a whole number of at least 1"),
        ({"patience": -1}, "patience is a whole number"),
        ({"l2": -0.1}, "l2 has to be"),
        ({"l2": float("nan")}, "l2 has to be"),
        ({"dtype": "float16"}, "float32, float64"),
        ({"scale": "standart"}, "did you mean 'standard'"),
        ({"missing": "guess"}, "drop, error, mean"),
        ({"task": "regresion"}, "did you mean 'regression'"),
        ({"engine": "fast"}, "unknown engine"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, object], said: str) -> None:
    with pytest.raises(dr.UsageError, match=said):
        Recipe(**given)  # type: ignore[arg-type]


def test_a_recipe_is_plain_values() -> None:
    plain = Recipe(lr="cosine:0.1,50", class_weight={0: 2}).to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["optimizer"]["lr"] == {
        "name": "cosine", "lr": 0.1, "total": 50.0, "warmup": 0.0, "final": 0.0,
    }  # fmt: skip


def test_every_hidden_layer_has_its_own_f_where_several_are_given() -> None:
    recipe = Recipe(hidden="5,4", activation="tanh leaky_relu:0.1")
    layers = plan(read_table("iris"), recipe).network.layers
    found = [layer.activation for layer in layers if isinstance(layer, Dense)]
    assert [one.name for one in found] == ["tanh", "leaky_relu", "softmax"]
    assert Recipe(**recipe.to_dict()) == recipe
    with pytest.raises(dr.UsageError, match="2 activations for 3 hidden layers"):
        Recipe(hidden="5,4,3", activation="tanh relu")
    with pytest.raises(dr.UsageError, match="sigmiod"):
        Recipe(hidden="5,4", activation="tanh sigmiod")
