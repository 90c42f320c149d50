"""Type annotations of the constructors."""

from collections.abc import Callable
from typing import Any, Literal, TypedDict

import torch

from ..modules import CellName, PoolingName
from ..sequences import Float

Cell = CellName | type[torch.nn.Module]
Pooling = Literal["auto", PoolingName]
HeadNorm = Literal["auto", "batch", "layer"]
Optimizer = (
    Literal["adamw", "adam", "nadam", "radam", "rmsprop", "sgd"] | type[torch.optim.Optimizer]
)
Schedule = Literal["one_cycle", "cosine", "linear", "constant"] | Callable[[float], Any]
Scoring = str | Callable[..., Any] | None
Callbacks = list[Any] | tuple[Any, ...]
Precision = Literal["float32", "float64", "bf16"]
Backend = Literal["auto", "torch", "numba"]
Loss = Literal["squared_error", "absolute_error", "huber", "quantile", "poisson", "gaussian"]
Attention = Literal["auto", "additive", "dot", "general"]
SourceKind = Literal["auto", "tokens", "series", "vectors"]
TargetKind = Literal["auto", "tokens", "series"]
CharEmbedding = Literal["auto", "rnn", "cnn"]
Analyzer = Literal["char", "word"] | Callable[[str], Any]
TransformMethod = Literal["predict", "encode"]
Auto = Literal["auto"]


class Extras(TypedDict, total=False):
    """Arguments of the built-in optimizers and cells, in addition to the estimators' parameters.

    Type checkers accept these names as keyword arguments of the constructors. Arguments of
    callbacks (``callbacks__name__…``) and of user-defined cells (``module__cell__…``) or optimizers
    cannot be listed; set them with `set_params`.
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
    module__norm_eps: Float
