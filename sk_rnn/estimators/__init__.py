"""The estimators: scikit-learn's contract is kept here and only here."""

from ._classifier import RNNClassifier
from ._forecaster import RNNForecaster
from ._language import RNNLanguageModel
from ._regressor import RNNRegressor
from ._seq2seq import Seq2SeqTransformer
from ._transcriber import RNNTranscriber

__all__ = [
    "RNNClassifier",
    "RNNForecaster",
    "RNNLanguageModel",
    "RNNRegressor",
    "RNNTranscriber",
    "Seq2SeqTransformer",
]
