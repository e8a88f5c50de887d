"""The ground floor: errors, the registry, array namespaces, the layout of theta, notation."""

VERSION = "0.1.0"
"""Known to all rooms; `deltarule.__version__` is this one."""
