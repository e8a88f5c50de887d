"""Shell completion of names, from the registries; they are imported when Tab is pressed."""

from __future__ import annotations


def _starting(names: object, incomplete: str) -> list[str]:
    return [str(name) for name in names if str(name).startswith(incomplete)]  # type: ignore[attr-defined]


def activations(incomplete: str) -> list[str]:
    """Return the activations for hidden layers that start so."""
    from deltarule.activations import ACTIVATIONS

    return _starting([a.name for a in ACTIVATIONS if not a.rowwise], incomplete)


def penalties(incomplete: str) -> list[str]:
    """Return the penalties that start so."""
    from deltarule.losses import PENALTIES

    return _starting(PENALTIES.names(), incomplete)


def losses(incomplete: str) -> list[str]:
    """Return the losses that start so."""
    from deltarule.losses import LOSSES

    return _starting(["auto", *LOSSES.names()], incomplete)


def notations(incomplete: str) -> list[str]:
    """Return the notations that start so."""
    from deltarule.core.notation import NOTATIONS

    return _starting(NOTATIONS, incomplete)


def optimizers(incomplete: str) -> list[str]:
    """Return the optimizers that start so."""
    from deltarule.optim import OPTIMISERS

    return _starting(OPTIMISERS.names(), incomplete)


def engines(incomplete: str) -> list[str]:
    """Return the engines that start so."""
    from deltarule.engine.choice import ENGINES

    return _starting(["auto", *ENGINES], incomplete)


def tasks(incomplete: str) -> list[str]:
    """Return the tasks that start so."""
    from deltarule.data.preparation.task import TASKS

    return _starting(["auto", *TASKS], incomplete)


def scalers(incomplete: str) -> list[str]:
    """Return the scalers that start so."""
    from deltarule.data.preparation.scale import SCALERS

    return _starting(SCALERS, incomplete)


def missing(incomplete: str) -> list[str]:
    """Return the policies for missing cells that start so."""
    from deltarule.data.preparation.encode import MISSING

    return _starting(MISSING, incomplete)


def studies(incomplete: str) -> list[str]:
    """Return the studies that come along and start so."""
    from deltarule.series.studies import SHIPPED as FORECASTS
    from deltarule.studies.reading import SHIPPED

    return _starting((*SHIPPED, *FORECASTS), incomplete)


def targets(incomplete: str) -> list[str]:
    """Return what a model can be written as and starts so."""
    from deltarule.exchange import TARGETS

    return _starting(TARGETS, incomplete)
