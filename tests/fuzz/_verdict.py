"""Acceptable results of a call, and errors that are not.

Acceptable are

- success without warnings, and without NaN or infinity in predictions;
- ValueError, TypeError, IndexError, NotFittedError or ImportError whose text begins with the
  caller, ``RNNClassifier.fit: ``, ``Panel: `` or ``pad_sequences: ``, and that gives advice;
- scikit-learn's own messages, which name the estimator or function in the text: of parameters
  ("The 'hidden_size' parameter of RNNClassifier must be …", "Invalid parameter …"), of feature
  names and numbers, of an estimator that is not fitted, and the AttributeError of a method that is
  available only with other parameters;
- Python's own messages about unknown or missing arguments, about files that cannot be
  opened (OSError with a number), about insufficient memory, and about objects that cannot be
  pickled;
- an error that a user function, callback, cell or optimizer raised itself;
- warnings whose text begins with the caller; ConvergenceWarning; and those that scikit-learn's own
  estimators issue: DataConversionWarning for a column vector y, UndefinedMetricWarning for R² of
  one sample, and UserWarning for feature names that only one of fit and predict has, for parameters
  that CountVectorizer does not use beside others, and of the user's transformers about their data.

Everything else is raw.
"""

import re
import traceback
from pathlib import Path
from pickle import PicklingError

import numpy as np
from sklearn.exceptions import (
    ConvergenceWarning,
    DataConversionWarning,
    NotFittedError,
    UndefinedMetricWarning,
)

from . import names

_CLASSES = (
    "RNNClassifier|RNNRegressor|RNNForecaster|RNNLanguageModel|RNNTranscriber|Seq2SeqTransformer|"
    "ForecastSplit|Panel|"
    "SequencePadder|SequenceSummarizer|SequenceVectorizer|TimeDistributed"
)
_FUNCTIONS = (
    "pad_sequences|make_windows|load_word_vectors|bleu_score|character_error_rate|chrf_score|"
    "edit_distance|interval_coverage|mean_absolute_scaled_error|mean_interval_score|"
    "symmetric_mean_absolute_percentage_error|sequence_accuracy_score|token_accuracy_score|"
    "token_error_rate|word_error_rate"
)
_CALLER = re.compile(rf"(?:(?:{_CLASSES})(?:\.\w+)?(?:\(\)\.push)?|{_FUNCTIONS}): ")
_EXTRA = re.compile(rf"(?:(?:{_CLASSES})(?:\.\w+)?|{_FUNCTIONS}) needs \w+, which is not installed")
# Advice as an imperative, or a list of allowed values.
_ADVICE = re.compile(
    r"(?:[.;:,] |\b(?:to|or|and) )(?:pass|set|use|leave|drop|give|convert|call|lower|fit|refit|"
    r"rescale|impute|map|clip|fill|scale|encode|decode|make|choose|raise|run|return|put|remove|check|"
    r"slice|build|shorten|wrap|install|split|write|select|download|read|name|rename|cut|"
    r"sort|repeat|correct|reshape|group|free|escape|represent)\b"
    r"|\bmust\b|\bneeds?\b|\bexpected\b|\bbelongs?\b|did you mean|known are|one of|none of \[|"
    r"is neither|"
    r"minimum of 1 is required|rejected the time steps|"
    r"a line is|positions are|which has \[|df has \[|download again|weights are finite",
    re.IGNORECASE,
)
_SCIKIT_LEARN = re.compile(
    r"The '\w+' parameter of \w+ must be "
    rf"|Invalid parameter .* for estimator (?:{_CLASSES})"
    r"|output config must be in "
    r"|The feature names should match those that were passed during fit"
    r"|Feature names are only supported if all input features have string names"
    rf"|X has \d+ features, but (?:{_CLASSES}) is expecting \d+ features as input"
    rf"|This (?:{_CLASSES}) instance is not fitted yet. Call 'fit'",
    re.DOTALL,
)
_PYTHON = re.compile(
    rf"(?:(?:{_CLASSES})\.)?\w+\(\) (?:got an unexpected keyword argument|missing \d+ required|"
    r"takes \d+ positional|got multiple values|takes from \d+)"
)
_OF_SCIKIT_LEARN = re.compile(
    r"X (?:does not have valid|has) feature names, but \w+ was fitted"
    r"|The parameter '\w+' will not be used since |Your stop_words may be inconsistent"
)
_TRANSFORMERS = re.compile(r"/sklearn/(?:preprocessing|impute)/")
_METHOD = re.compile(rf"This '(?:{_CLASSES})' has no attribute '\w+'")
_ERRORS = (ValueError, TypeError, IndexError, NotFittedError, ImportError, OSError)
_WARNINGS = (ConvergenceWarning, DataConversionWarning, UndefinedMetricWarning)
# Of a forecaster, the first observations have no score: these calls have no X.
_FINITE = re.compile(
    r"m\.(?:predict|predict_proba|predict_log_proba|decision_function|score_samples(?!\(None,))\("
)


def fault_of_error(error):
    """Return a description of what is wrong with an error, or None."""
    text = str(error)
    if _is_of_user(error) or (isinstance(error, AttributeError) and _METHOD.match(text)):
        return None
    if isinstance(error, PicklingError) or "cannot pickle" in text or "Can't pickle" in text:
        return None
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno):
        return None
    if not isinstance(error, _ERRORS):
        return "of another kind"
    if any(pattern.match(text) for pattern in (_SCIKIT_LEARN, _PYTHON, _EXTRA)):
        return None
    if not _CALLER.match(text):
        return "without the caller"
    if not _ADVICE.search(text):
        return "without what to do"
    if re.search(r"(?<![.\d])\.\.(?!\.)", text):
        return "with doubled full stops"
    return None


def _is_of_user(error):
    """Return whether an error was raised by an object of the program, not by this package."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return False
    innermost = frames[-1]
    is_lambda = innermost.filename == "<fuzz>" and innermost.name == "<lambda>"
    return is_lambda or Path(innermost.filename) == Path(names.__file__)


def fault_of_warning(warning):
    """Return a description of what is wrong with a warning, or None."""
    if issubclass(warning.category, _WARNINGS):
        return None
    text = str(warning.message)
    own = _CALLER.match(text) or _OF_SCIKIT_LEARN.match(text)
    if _TRANSFORMERS.search(Path(warning.filename).as_posix()):
        own = True
    return None if own and issubclass(warning.category, UserWarning) else "a warning"


def fault_of_result(line, result):
    """Return a description of what is wrong with a result, or None."""
    if not _FINITE.match(line):
        return None
    results = result if isinstance(result, tuple) else (result,)
    return None if all(map(_is_finite, results)) else "predictions that are not finite"


def _is_finite(values):
    if not isinstance(values, np.ndarray):
        return True
    if values.dtype == object:
        return all(map(_is_finite, values.ravel()))
    return values.dtype.kind not in "fc" or bool(np.isfinite(values).all())
