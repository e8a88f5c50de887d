"""`deltarule explain`: one weight's gradient in full, of a network or of a trained model."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltarule.cli import options
from deltarule.cli.code.own import own_rule
from deltarule.cli.commands.explain_case import check_own, of_model, of_network, refuse
from deltarule.cli.grouped import grouped
from deltarule.cli.guard import guarded
from deltarule.cli.own_network import OwnNetwork, own_network
from deltarule.core.errors import UsageError, one_of

if TYPE_CHECKING:
    from deltarule.explanation import Explanation, WholePass
    from deltarule.network import Network

_model: Any = partial(typer.Option, rich_help_panel="A model")
_output: Any = partial(typer.Option, rich_help_panel="Output")
_FORMATS = ("text", "latex", "markdown", "json", "html")


@guarded
@grouped(
    of=own_network(
        loss="half_squared_error; a model's own", reduction="sum", l2="0; a model's own"
    ),
    written=options.first_row,
)
def explain(
    run: Annotated[
        Path | None,
        typer.Argument(metavar="RUN", help="A model folder; without it, give --network."),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            metavar="L,J,K",
            help="Layer, node that the weight leads into, node that it comes from; all from 1, "
            "K = 0 is the bias. Or a name as it is printed: w[2,1,1], w_{2,1,1}, w211, b[2,1]; "
            "W2[0,0] and b2[0] count from 0.",
        ),
    ] = None,
    node: Annotated[
        str | None,
        typer.Option(
            metavar="L,J", help="Explain the delta of a node instead: layer, node; or delta[2,1]."
        ),
    ] = None,
    of: OwnNetwork = OwnNetwork(),  # noqa: B008 (its fields are options)
    seed: Annotated[
        int | None,
        options.of_network(help="Draws the weights.", show_default="0"),
    ] = None,
    theta: Annotated[
        Path | None,
        options.of_network(
            metavar="FILE",
            help="The weights instead: .npy, .npz (theta, or W1, b1, ...), .json or text.",
        ),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        options.of_network("--input", metavar="X", help="One observation: .1,.2,.3. Repeatable."),
    ] = None,
    targets: Annotated[
        list[str] | None,
        options.of_network(
            "--target", metavar="T", help="Its targets: 1, or 0,1. As often as --input."
        ),
    ] = None,
    row: Annotated[
        list[int] | None,
        _model(help="A row of the model's data, from 1. Repeatable."),
    ] = None,
    data: Annotated[
        str | None,
        _model(help="A file or a bundled name.", show_default="what the model was trained on"),
    ] = None,
    own: Annotated[Path | None, options.OWN] = None,
    written: Any = None,
    rule: Annotated[
        str | None,
        options.of_objective(
            help=f"{options.RULE_HELP} The sequential one with --lr.",
            show_default="exact; a model's own",
        ),
    ] = None,
    lr: Annotated[float | None, options.of_objective(help="Of the sequential rule alone.")] = None,
    limit: Annotated[int, _output(help="Paths that are listed, at most.")] = 20,
    digits: Annotated[
        int | None,
        _output(help="Of rounded numbers.", show_default="6; all in LaTeX"),
    ] = None,
    form: Annotated[str, _output("--format", help="text, latex, markdown, json or html.")] = "text",
) -> None:
    """Explain one weight's gradient: every factor, every path, the deltas, the first updates.

    The weight of a network of your own (--network, --input, --target) or of a trained model (a
    model folder, --row). Without --weight or --node, every net, output, delta and gradient of a
    small network.
    """
    one_of("format", form, _FORMATS)
    given: dict[str, Any] = {"reduction": of.reduction or "sum", "limit": limit, "lr": lr}
    given |= {"notation": of.notation or "theory"}
    if run is not None:
        refuse(run, {"--network": of.network, "--activation": of.activation, "--output": of.output,
                      "--bias": of.bias, "--seed": seed, "--theta": theta, "--input": inputs,
                      "--target": targets})  # fmt: skip
        case = of_model(run, row, (data, written), (of, rule), own)
    else:
        check_own(of.network, {"--row": row, "--data": data, "--separator": written.separator,
                            "--encoding": written.encoding, "--header": written.header,
                            "--no-header": written.header is False,
                            "--columns": written.columns})  # fmt: skip
        case = of_network(of, (seed, theta), (inputs, targets))
        given |= {"loss": of.loss or "half_squared_error", "l2": of.l2 or 0.0}
        given |= {"penalty": of.penalty, "rule": own_rule(rule or "exact")}
    net, parameters, X, T, more = case
    more |= {} if lr is None else {"lr": lr}
    found = _explained(net, (parameters, X, T), weight, node, {**given, **more})
    typer.echo(_written(found, form, digits))
    if run is not None and rule is None and "changes" in found.setting:
        changes = found.setting["changes"]
        typer.echo(
            f"note: {run} was trained by the rule {changes}, and so are deltas carried back here; "
            "--rule exact is the chain rule",
            err=True,
        )


def _explained(
    net: Network, point: tuple[Any, Any, Any], weight: str | None, node: str | None, given: Any
) -> Explanation | WholePass:
    """Explain the weight or the node that was asked for; the whole pass where none was."""
    from deltarule.explanation import explain as explain_weight
    from deltarule.explanation import explain_network, explain_node

    if weight is not None and node is not None:
        raise UsageError("--weight and --node are two questions; ask one at a time")
    if node is not None:
        return explain_node(net, *point, node=node, **given)
    if weight is None:
        return explain_network(net, *point, **{k: v for k, v in given.items() if k != "limit"})
    return explain_weight(net, *point, weight=weight, **given)


def _written(found: Explanation | WholePass, form: str, digits: int | None) -> str:
    from deltarule.core.arguments import whole
    from deltarule.explanation import WholePass

    if digits is not None:
        whole("--digits", digits, 1, 17)
    if form == "json":
        return json.dumps(found.to_dict(), indent=2, allow_nan=False)
    if isinstance(found, WholePass):
        if form != "text":
            raise UsageError(f"--format {form} is of one weight: add --weight L,J,K, or --node L,J")
        return found.text(digits or 6)
    if form == "latex":
        return found.latex(digits)
    if form == "html":
        style = "table{border-collapse:collapse}td,th{padding:.2em .6em;text-align:left}"
        head = f'<!doctype html><meta charset="utf-8"><title>{found.name}</title>'
        return f"{head}<style>{style}</style>\n{found.html(digits or 6)}"
    return (found.markdown if form == "markdown" else found.text)(digits or 6)
