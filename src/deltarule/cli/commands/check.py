"""`deltarule check`: is this gradient right?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltarule.cli import options
from deltarule.cli.code.own import owned
from deltarule.cli.code.user_code import load_function, running
from deltarule.cli.grouped import grouped
from deltarule.cli.guard import guarded
from deltarule.cli.own_network import OwnNetwork, own_network
from deltarule.core.errors import UsageError

if TYPE_CHECKING:
    from deltarule.check.result import GradientCheck
    from deltarule.cli.code.apart import Verdict
    from deltarule.data.text.format import TextFormat

_ROWS, _RANDOM_ROWS = 100, 5

_TO_NAME_IT = (
    "  to name the mistake in a network's gradient, a function of (theta, X, T): "
    "deltarule diagnose MODULE:FUNCTION --network SIZES"
)


@guarded
@grouped(of=own_network(), form=options.first_row)
def check(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT",
            help="MODULE:FUNCTION, a function of a NumPy array that returns one number; MODULE is "
            "a .py file or a module's name. With --network, a function of (theta, X, T) that "
            "returns a network's gradient; left out, the numbers of --data are checked. Or a model "
            "folder.",
        ),
    ] = None,
    gradient: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FUNCTION",
            help="The gradient, a function of the same array. Without it: FUNCTION_gradient, or "
            "gradient, beside FUNCTION; else FUNCTION returns the pair (number, gradient).",
        ),
    ] = None,
    x: Annotated[
        str | None,
        typer.Option(
            "--x",
            metavar="FILE.npy|NUMBERS",
            help="The point: a .npy file, or numbers such as 0.1,0.2. Without it: x beside "
            "FUNCTION.",
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(help="auto, complex, central, forward, five_point or richardson."),
    ] = "auto",
    directions: Annotated[
        int | None,
        typer.Option(help="Check so many random directions in the place of every entry."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            help="Relative error, by the largest entry of an array or layer, above which an entry "
            "is wrong.",
            show_default="by method",
        ),
    ] = None,
    of: OwnNetwork = OwnNetwork(),  # noqa: B008 (its fields are options)
    seed: Annotated[int, options.of_network(help="Draws theta, X and T for --network.")] = 0,
    rows: Annotated[
        int | None,
        typer.Option(
            help="Of a model's data, check on the first so many rows; random ones for --network.",
            show_default=f"{_ROWS} of a model's, {_RANDOM_ROWS} random ones",
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="Data for a model, with the target; for --network an NPZ file with theta (or W1, "
            "b1, ...), X and T.",
            show_default="what it was trained on; random ones",
        ),
    ] = None,
    own: Annotated[Path | None, options.OWN] = None,
    form: Any = None,
    sweep: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Draw error against step for the worst entry."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the --sweep file, whatever it is.")
    ] = False,
    timeout: Annotated[float | None, options.TIMEOUT] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Check a gradient against numerical derivatives; exit 0 where it is right, 1 where not.

    The code named by MODULE:FUNCTION is run as it is, so name only code that you trust.
    """
    from deltarule.cli.code.apart import apart
    from deltarule.cli.code.function import check_code
    from deltarule.core.files import check_file
    from deltarule.core.style import is_picture

    if of.said and (of.network is None or x is not None or gradient is not None):
        raise UsageError(
            f"{of.said} speaks of a network: give --network 3-4-2 as well, and as WHAT its "
            "gradient, a function of (theta, X, T), without --x and --gradient"
        )
    if what is None:
        if of.network is None or data is None:
            raise UsageError(
                "WHAT is missing: MODULE:FUNCTION, a model folder, or --network 3-4-2 with --data "
                "FILE.npz, which holds weights, X, T and perhaps a gradient"
            )
        what = ""
    if what.endswith(".py") and not Path(what).is_dir():
        raise UsageError(f"name the function in it: {what}:FUNCTION")
    settings = {"method": method, "directions": directions, "tolerance": tolerance}

    def work() -> Verdict:
        if of.network is not None:
            found = _check_network(
                what, of, data, (seed, _RANDOM_ROWS if rows is None else rows), settings
            )
        elif theirs:
            found = check_code(what, gradient, x, settings)
        else:
            found = _check_model(
                Path(what), (data, form), _ROWS if rows is None else rows, own, settings
            )
        if sweep is not None:
            curve = running(found.sweep, what) if theirs else found.sweep()
            curve.plot(sweep, force=force)
        if as_json:
            text = json.dumps(found.to_dict(), allow_nan=False)
        else:
            text = "\n".join([str(found)] + [_TO_NAME_IT] * (not (found.passed or found.ours)))
        return text, 0 if found.passed else 1

    if sweep is not None:
        check_file(sweep, force=force, ours=is_picture, option="--sweep")
    theirs = ":" in what and not Path(what).is_dir()
    separate = theirs or timeout is not None
    text, status = apart(work, what, timeout, debug) if separate else work()
    typer.echo(text)
    raise typer.Exit(status)


def _check_network(
    what: str,
    of: OwnNetwork,
    data: str | None,
    drawn: tuple[int, int],
    settings: dict[str, Any],
) -> GradientCheck:
    """Check somebody's gradient of a network, a function of (theta, X, T), against that of E."""
    import numpy as np

    from deltarule.check.diagnose.given import call
    from deltarule.check.network import check_gradient
    from deltarule.cli.code.surroundings import kept
    from deltarule.core.notation import as_notation
    from deltarule.engine import as_samples

    if not what:
        return _check_numbers(Path(str(data)), of, settings)
    net, point = of.at(data, *drawn)
    function, notation = load_function(what), as_notation(of.notation or "theory")
    loss = of.objective["loss"]

    def gradient(theta: Any, X: Any, T: Any) -> Any:
        return call(
            function, net, theta, as_samples(net, loss, X, T, None, np.float64), notation
        ).vector

    with kept(what):
        theta, X, T = point
        more = {**of.objective, **settings}
        return check_gradient(net, theta, X, T, gradient=gradient, **more)


def _check_numbers(path: Path, of: OwnNetwork, settings: dict[str, Any]) -> GradientCheck:
    """Check the gradient in a file; where it has none, ours, at its weights, X and T."""
    from deltarule.check.network import check_gradient
    from deltarule.cli.code.gradient_file import gradient_of, point_of
    from deltarule.core.arrays.files import ArrayFile

    arrays = ArrayFile(path)
    net = of.net(arrays)
    theta, X, T = point_of(path, arrays, net, of.notation or "theory")
    given = "gradient" in arrays or "dW1" in arrays
    if given and of.notation not in (None, "theory"):
        raise UsageError("a gradient in a file is in our notation: leave out --notation")
    gradient = gradient_of(path, arrays, net) if given else None
    return check_gradient(net, theta, X, T, gradient=gradient, **of.objective, **settings)


def _check_model(
    folder: Path,
    data: tuple[str | None, TextFormat],
    rows: int,
    own: Path | None,
    options: dict[str, Any],
) -> GradientCheck:
    """Check `dr.backprop` on a model's own network, weights, objective and data, in float64."""
    import numpy as np

    from deltarule.check.network import check_gradient
    from deltarule.core.arguments import whole
    from deltarule.models import load

    model = load(folder, owned(own))
    source, form = data
    source = source or model.source
    table = model.table(source, targets=True, form=form)
    used = np.arange(min(whole("--rows", rows, 1), table.rows))
    objective = model.objective
    if not objective.rule.exact:
        typer.echo(
            f"note: {folder} was trained by the rule {objective.rule.changes()}, whose deltas are "
            "not E's gradient; what is checked is the chain rule's",
            err=True,
        )
    return check_gradient(
        model.network,
        model.theta.astype(np.float64),
        model.inputs.transform(table, used, np.float64),
        model.targets.transform(table, used, np.float64),
        loss=objective.loss,
        reduction=objective.reduction,
        l2=objective.l2,
        penalty=objective.penalty,
        **options,
    )
