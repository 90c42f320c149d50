"""Recurrent neural networks as ordinary scikit-learn estimators."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__ as __version__

__all__ = [
    "Panel",
    "RNNClassifier",
    "RNNForecaster",
    "RNNLanguageModel",
    "RNNRegressor",
    "RNNTranscriber",
    "Seq2SeqTransformer",
]

if TYPE_CHECKING:
    from . import datasets as datasets
    from . import estimators as estimators
    from . import inspection as inspection
    from . import metrics as metrics
    from . import model_selection as model_selection
    from . import preprocessing as preprocessing
    from . import sequences as sequences
    from .estimators import (
        RNNClassifier,
        RNNForecaster,
        RNNLanguageModel,
        RNNRegressor,
        RNNTranscriber,
        Seq2SeqTransformer,
    )
    from .sequences import Panel
else:
    # Names are imported on first access (PEP 562): the estimators need torch, which
    # takes seconds to import, and sequences, transformers and metrics do not.
    _HOMES = {
        "Panel": "sequences",
        "RNNClassifier": "estimators",
        "RNNForecaster": "estimators",
        "RNNLanguageModel": "estimators",
        "RNNRegressor": "estimators",
        "RNNTranscriber": "estimators",
        "Seq2SeqTransformer": "estimators",
    }
    _SUBPACKAGES = (
        "datasets",
        "estimators",
        "inspection",
        "metrics",
        "model_selection",
        "preprocessing",
        "sequences",
    )

    def __getattr__(name: str) -> Any:
        if name in _SUBPACKAGES:
            return import_module(f".{name}", __name__)
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
        globals()[name] = value  # later accesses bypass this function
        return value

    def __dir__() -> list[str]:
        own = (name for name in globals() if name.startswith("__"))
        return sorted({*own, *__all__, *_SUBPACKAGES})
