"""What pytest leaves out where an extra is not installed: a module's examples need it."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("sktime") else ["src/deltarule/series/estimators/sktime.py"]
