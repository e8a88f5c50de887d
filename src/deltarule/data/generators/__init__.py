"""Problems that are made, not measured: by name and parameters, the same on every machine."""

from deltarule.data.generators.registry import GENERATED, generate, is_generated, usages

__all__ = ["GENERATED", "generate", "is_generated", "usages"]
