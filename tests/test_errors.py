"""Errors: the classes, their exit codes, and the nearest name."""

from __future__ import annotations

import pytest

import deltarule as dr
from deltarule.core.errors import nearest, unknown_name

CODES = {
    dr.DeltaruleError: 70,
    dr.UsageError: 2,
    dr.DataError: 3,
    dr.NumericError: 4,
    dr.FileError: 5,
    dr.ResourceError: 6,
    dr.LockError: 7,
}


@pytest.mark.parametrize(("error", "code"), CODES.items())
def test_exit_codes_are_the_design_s(error, code):
    assert error.exit_code == code
    assert issubclass(error, dr.DeltaruleError)
    assert str(error("what was found")) == "what was found"


def test_errors_are_also_python_s_own():
    """So that `except ValueError` around a call works as with other libraries."""
    assert issubclass(dr.UsageError, ValueError)
    assert issubclass(dr.DataError, ValueError)
    assert issubclass(dr.NumericError, ArithmeticError)
    for error in (dr.FileError, dr.ResourceError, dr.LockError):
        assert issubclass(error, OSError)
    assert not issubclass(dr.DataError, dr.UsageError)


def test_a_numeric_error_holds_the_run_so_far():
    assert dr.NumericError("x", run="the run").run == "the run"
    assert dr.NumericError("x").run is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sigmod", ", did you mean 'sigmoid'?"),
        ("SIGMOID", ", did you mean 'sigmoid'?"),
        ("Tanh", ", did you mean 'tanh'?"),
        ("gelu", ", did you mean 'ReLU'?"),
        ("tanh_layer", ", did you mean 'tanh'?"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_nearest(name, hint):
    assert nearest(name, ["tanh", "sigmoid", "ReLU"]) == hint


@pytest.mark.parametrize(
    ("name", "known"),
    [("rprop", "rmsprop"), ("lion", "linear"), ("swish", "softmax"), ("mse", "sine"), ("a", "b")],
)
def test_another_thing_of_a_similar_name_is_not_offered(name, known):
    assert nearest(name, [known]) == ""


def test_an_unknown_name_lists_the_known_ones_in_order():
    error = unknown_name("loss", "hubr", iter(["poisson", "huber"]))
    assert isinstance(error, dr.UsageError)
    assert str(error) == "unknown loss 'hubr', did you mean 'huber'? Known: huber, poisson."
    assert str(unknown_name("loss", "zz", ["huber"])) == "unknown loss 'zz'. Known: huber."


def test_public_names_are_there_and_no_others():
    for name in dr.__all__:
        assert getattr(dr, name) is not None
        assert name in dir(dr)
    assert "__version__" in dir(dr)
    with pytest.raises(AttributeError, match="has no attribute 'Densee'"):
        dr.Densee  # noqa: B018
