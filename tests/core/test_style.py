"""What pictures have in common."""

from __future__ import annotations

from deltarule.core.style import new_figure, quiet_axes


def test_quiet_axes_keep_the_names_that_they_have():
    axes = new_figure(3, 2).subplots()
    axes.set_xlabel("seconds")
    axes.set_title("Speed", loc="left")
    quiet_axes(axes, y="rows")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("seconds", "rows")
    assert axes.get_title(loc="left") == "Speed"
