"""The parameters with double underscores, for type checkers."""

from typing import TypedDict

from ..sequences import Float


class Extras(TypedDict, total=False):
    """What the built-in optimizers and cells take beside the estimators' own parameters.

    Type checkers know these names as keyword arguments of the constructors. What depends on the
    user's objects cannot be listed: arguments of callbacks (``callbacks__name__…``), of a
    user-defined cell (``module__cell__…``) or optimizer. `set_params` takes those.
    """

    optimizer__lr: Float
    optimizer__betas: tuple[Float, Float]
    optimizer__eps: Float
    optimizer__amsgrad: bool
    optimizer__momentum: Float
    optimizer__dampening: Float
    optimizer__nesterov: bool
    optimizer__alpha: Float
    optimizer__centered: bool
    optimizer__momentum_decay: Float
    optimizer__decoupled_weight_decay: bool
    optimizer__maximize: bool
    optimizer__foreach: bool | None
    optimizer__capturable: bool
    optimizer__differentiable: bool
    optimizer__fused: bool | None
    module__embedding_std: Float
    module__forget_bias: Float
