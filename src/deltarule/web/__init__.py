"""The lab: a page on which a network trains, and every number of its backpropagation is seen.

`setup` says what is trained, `lane` holds one network with the states that it went through,
`session` is what one page looks at, `app` serves it, `guard` decides who may ask.
"""

from deltarule.core.views import bind

bind(
    __name__,
    {
        "session.Session._export": "export:exported",
    },
)
