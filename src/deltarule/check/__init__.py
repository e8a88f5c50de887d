"""Checks: is this gradient right, and how far can that be known?

Numerical derivatives stand beside any gradient: `deltarule.check.function` for functions,
`deltarule.check.network` for networks, `deltarule.check.frameworks` for the code of others.
`deltarule.check.diagnose` names the mistake in a wrong one.
"""

from deltarule.core.views import bind

bind(
    __name__,
    {
        "result.GradientCheck.verdict": "words:verdict",
        "result.GradientCheck.__str__": "words:table",
        "result.GradientCheck.to_dict": "words:as_dict",
    },
)
