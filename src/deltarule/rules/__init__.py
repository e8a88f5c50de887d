"""The delta rule and its variants: what stands for f' and W, the order, which weights move."""

from deltarule.rules.backward_weights import (
    KolenPollack,
    MirrorFeedback,
    RandomFeedback,
    SignFeedback,
    SignFixedFeedback,
    SignRedrawnFeedback,
)
from deltarule.rules.choices import (
    CHOICES,
    AllWeights,
    ChoiceRule,
    LargestDelta,
    LargestGradient,
    RandomChoice,
)
from deltarule.rules.custom import Custom
from deltarule.rules.delta_rule import DeltaRule, LayerRule, RuleRun
from deltarule.rules.derivatives import DERIVATIVES, DerivativeRule, ExactDerivative, LayerPass
from deltarule.rules.direct import Direct, DirectFeedback, DirectSign, DirectTargets
from deltarule.rules.feedback import (
    FEEDBACKS,
    DrawnFeedback,
    ExactFeedback,
    FeedbackRule,
    NoFeedback,
)
from deltarule.rules.reading import RULES, as_rule
from deltarule.rules.stand_ins import (
    ClippedDerivative,
    ConstantDerivative,
    FlooredDerivative,
    OffsetDerivative,
    PowerDerivative,
    RandomDerivative,
    SymmetricDerivative,
)
from deltarule.rules.surrogates import (
    ArctanSurrogate,
    FastSigmoidSurrogate,
    StraightThrough,
    TriangularSurrogate,
)

__all__ = [
    "CHOICES",
    "DERIVATIVES",
    "FEEDBACKS",
    "RULES",
    "AllWeights",
    "ArctanSurrogate",
    "ChoiceRule",
    "ClippedDerivative",
    "ConstantDerivative",
    "Custom",
    "DeltaRule",
    "DerivativeRule",
    "Direct",
    "DirectFeedback",
    "DirectSign",
    "DirectTargets",
    "DrawnFeedback",
    "ExactDerivative",
    "ExactFeedback",
    "FastSigmoidSurrogate",
    "FeedbackRule",
    "FlooredDerivative",
    "KolenPollack",
    "LargestDelta",
    "LargestGradient",
    "LayerPass",
    "LayerRule",
    "MirrorFeedback",
    "NoFeedback",
    "OffsetDerivative",
    "PowerDerivative",
    "RandomChoice",
    "RandomDerivative",
    "RandomFeedback",
    "RuleRun",
    "SignFeedback",
    "SignFixedFeedback",
    "SignRedrawnFeedback",
    "StraightThrough",
    "SymmetricDerivative",
    "TriangularSurrogate",
    "as_rule",
]
