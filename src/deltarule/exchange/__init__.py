"""Networks out and in: models as files for other places, other libraries' networks as ours."""

from deltarule.exchange.export import TARGETS, Exported, export

__all__ = ["TARGETS", "Exported", "export"]
