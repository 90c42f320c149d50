"""RNNTranscriber."""

from collections.abc import Collection, Hashable, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, Self, Unpack, overload

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import (
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.validation import check_is_fitted

from ..decoding import ctc_align, ctc_greedy, ctc_log_likelihood
from ..metrics import token_error_rate
from ..modules import CELLS, CTCModel, CellName
from ..sequences import (
    Float,
    Int,
    IntegerFrom,
    NumberIn,
    RandomState,
    Spans,
    fit_context,
    unchanged_on_failure,
)
from ..training import Model, check_weights
from ._autos import Plan, auto_center_inputs, plan_transcription
from ._base import BaseRNN
from ._modules import TRANSCRIBER_PARAMETERS
from ._parameters import (
    COMPUTE,
    INPUTS,
    NETWORK,
    TRAINING,
    Constraints,
    check_boolean,
    check_conflicts,
    check_objects,
    encoder_conflicts,
)
from ._transcribing import Search, Transcription, make_search
from ._types import (
    Analyzer,
    Auto,
    Backend,
    Callbacks,
    Extras,
    Optimizer,
    Precision,
    Schedule,
)
from ._validation import Validation
from ._warnings import warn_user
from .sources import NumberSource, Samples, Source
from .targets import Target, TranscriptTarget, check_n_targets, read_transcripts, to_object_array

_positive_int = IntegerFrom(1)
_fraction = NumberIn(0, 1, closed="left")

_CONSTRAINTS: Constraints = {
    **NETWORK,
    **INPUTS,
    **TRAINING,
    **COMPUTE,
    "analyzer": [StrOptions({"char", "word"}), callable, None],
    "min_df": [_positive_int, StrOptions({"auto"})],
    "cell": [StrOptions(set(CELLS))],
    "conv_stride": [_positive_int, StrOptions({"auto"})],
    "center_inputs": ["boolean", StrOptions({"auto"})],
    "time_masking": [IntegerFrom(0)],
    "feature_masking": [_fraction],
    "beam_width": [_positive_int],
    "lexicon": [object],  # checked when it is compiled
    "separator": [object],
    "language_model": [object],
    "lm_weight": [NumberIn(0, None, closed="left")],
    "token_bonus": [NumberIn(None, None, closed="neither")],
}

# Rows that are decoded after fit to find out whether the model predicts blanks only.
_CHECKED_ROWS = 64


class Transcript(NamedTuple):
    """Tokens of a transcript and where they are in the sequence.

    Attributes
    ----------
    tokens : list
        The tokens, such as characters.
    start, stop : ndarray of int64 of shape (len(tokens),)
        First time step of X of each token, and the step after its last one.
    log_proba : ndarray of float64 of shape (len(tokens),)
        Confidence of each token: mean log-probability of its steps.
    """

    tokens: list[Any]
    start: np.ndarray
    stop: np.ndarray
    log_proba: np.ndarray


class RNNTranscriber(BaseRNN):
    r"""Read a shorter sequence of tokens off a longer one of numbers: speech, handwriting (CTC).
    """

    _parameter_constraints: ClassVar[Constraints] = _CONSTRAINTS
    _module_class: ClassVar[type[Model]] = CTCModel
    _module_parameters: ClassVar[tuple[str, ...]] = TRANSCRIBER_PARAMETERS
    _data_parameters: ClassVar[tuple[str, ...]] = ("analyzer", "min_df", "center_inputs")

    _target: TranscriptTarget

    def __init__(
        self,
        *,
        analyzer: Analyzer | None = "char",
        min_df: Int | Auto = "auto",
        cell: CellName = "gru",
        hidden_size: Int = 128,
        num_layers: Int = 1,
        bidirectional: bool = True,
        conv_channels: Int | None = 64,
        conv_kernel_size: Int = 5,
        conv_stride: Int | Auto = "auto",
        scale_inputs: bool = True,
        center_inputs: bool | Auto = "auto",
        layer_norm: bool = False,
        dropout: Float = 0.3,
        recurrent_dropout: Float = 0.25,
        time_masking: Int = 15,
        feature_masking: Float = 0.15,
        padding_value: Float | None = None,
        beam_width: Int = 1,
        lexicon: Collection[Any] | None = None,
        separator: Hashable = " ",
        language_model: Any = None,
        lm_weight: Float = 0.5,
        token_bonus: Float = 0.0,
        optimizer: Optimizer = "adamw",
        lr: Float = 5e-3,
        lr_schedule: Schedule = "one_cycle",
        weight_decay: Float = 0.01,
        gradient_clip: Float | None = 1.0,
        max_epochs: Int | Auto = "auto",
        batch_size: Int | Auto = "auto",
        early_stopping: bool = False,
        validation_fraction: Float = 0.1,
        n_iter_no_change: Int | Auto = "auto",
        tol: Float = 1e-4,
        warm_start: bool = False,
        callbacks: Callbacks | None = None,
        device: str = "auto",
        precision: Precision = "float32",
        backend: Backend = "auto",
        random_state: RandomState = None,
        verbose: int = 0,
        **extras: Unpack[Extras],
    ) -> None:
        self.analyzer = analyzer
        self.min_df = min_df
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.conv_channels = conv_channels
        self.conv_kernel_size = conv_kernel_size
        self.conv_stride = conv_stride
        self.scale_inputs = scale_inputs
        self.center_inputs = center_inputs
        self.layer_norm = layer_norm
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.time_masking = time_masking
        self.feature_masking = feature_masking
        self.padding_value = padding_value
        self.beam_width = beam_width
        self.lexicon = lexicon
        self.separator = separator
        self.language_model = language_model
        self.lm_weight = lm_weight
        self.token_bonus = token_bonus
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.gradient_clip = gradient_clip
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.device = device
        self.precision = precision
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose
        self._set_extras(extras)

    # --- fitting --------------------------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: npt.ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: npt.ArrayLike | None = None,
        groups: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit the model to sequences and their transcripts.

        Parameters
        ----------
        X : sequences
            Sequences of numbers in any container that the data contract in the documentation lists.
        y : list of str, or of sequences of tokens, or array-like of shape (n_samples,)
            One transcript per sequence. Empty ones are allowed. If X is a Panel, a Series indexed
            by the ids of the Panel is aligned with it; the same holds for `sample_weight` and
            `groups`.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each sequence. A weight of zero leaves the sequence out; an integer weight k
            is equivalent to k copies.
        X_val, y_val : as X and y, default=None
            Validation data, scored after each epoch. With ``early_stopping=True``, it determines
            when training stops and which weights are kept. Tokens that do not occur in y are left
            out.
        sample_weight_val : array-like of shape (n_val_samples,) or None, default=None
            Sample weights of the validation data.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each sequence, such as the person or the machine that it comes from. Early
            stopping, and the calibration of a classifier, then hold out whole groups. Has no effect
            without either, or if X_val is passed. In a search that splits by groups, also pass them
            to `fit` with metadata routing: ``set_fit_request(groups=True)``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or y contain invalid values, or if a transcript has more tokens than its sequence
            has steps; the message states where.
        TypeError
            If X or y is not a container of sequences.

        Warns
        -----
        ConvergenceWarning
            If the model predicts no token at all.
        """
        with unchanged_on_failure(self):
            self._fit(
                X,
                y,
                sample_weight,
                Validation(X_val, y_val, sample_weight_val),
                groups=groups,
                resume=self.warm_start and hasattr(self, "net_"),
            )
        return self

    def _finish(self, spans: Spans, encoded: Any, rows: np.ndarray, caller: str) -> None:
        """Warn if the model predicts nothing for sequences that have a transcript."""
        if self._target.single:
            return
        rows = rows[encoded.lengths[rows] > 1][:_CHECKED_ROWS]
        if not len(rows):
            return
        found = self._transcription().each(spans.take(rows), lambda lp, row: ctc_greedy(lp)[0])
        if not any(map(len, found)):
            warn_user(
                f"{caller}: the model predicts blanks only, also for its training data: it was not "
                "trained for long enough, or X does not contain what y says. Increase max_epochs "
                f"(it was trained for {self.n_iter_} epochs), or change lr (lr={self.lr}).",
                ConvergenceWarning,
            )

    # --- prediction -----------------------------------------------------------------------------

    def predict(self, X: Any) -> np.ndarray:
        """Predict the transcript of each sequence.

        Parameters
        ----------
        X : as in `fit`
            Sequences.

        Returns
        -------
        ndarray of shape (n_samples,)
            Strings or lists of tokens, as y in `fit`, in an object array; an array of single
            tokens if y was one.
        """
        spans = self._read(X, "predict")
        target = self._target
        found = target.decode(self._best(spans, "predict"))
        return np.array(found) if target.single else to_object_array(found)

    @overload
    def predict_n_best(
        self, X: Any, n: Int, return_log_proba: Literal[False] = False
    ) -> np.ndarray: ...

    @overload
    def predict_n_best(
        self, X: Any, n: Int, return_log_proba: Literal[True]
    ) -> tuple[np.ndarray, np.ndarray]: ...

    def predict_n_best(
        self, X: Any, n: Int, return_log_proba: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Predict the `n` best transcripts of each sequence by beam search.

        Parameters
        ----------
        X : as in `fit`
            Sequences.
        n : int
            Number of transcripts per sequence. The beam is at least this wide.
        return_log_proba : bool, default=False
            Whether to also return their log-probabilities.

        Returns
        -------
        y : ndarray of object of shape (n_samples, n)
            Transcripts, best first, with the language model if there is one; None if fewer than
            `n` were found.
        log_proba : ndarray of float64 of shape (n_samples, n)
            Log-probabilities given the sequence, without the language model: those of
            `score_samples`; -inf if fewer than `n` transcripts were found. Only returned if
            `return_log_proba` is True.

        Raises
        ------
        ValueError
            If `n` is less than 1.
        """
        caller = f"{type(self).__name__}.predict_n_best"
        spans = self._read(X, "predict_n_best")
        if not _positive_int.is_satisfied_by(n):
            raise ValueError(f"{caller}: n is {n!r}. Pass a positive integer.")
        check_boolean(return_log_proba, "return_log_proba", caller)
        n, target = int(n), self._target
        search = self._search(caller, n_best=n)

        def decode(log_probs: np.ndarray, row: int) -> list[tuple[np.ndarray, float]]:
            return [(ids, ctc_log_likelihood(log_probs, ids)) for ids in search(log_probs)]

        y = np.full((len(spans), n), None, dtype=object)
        log_proba = np.full((len(spans), n), -np.inf)
        for i, found in enumerate(self._transcription().each(spans, decode)):
            for j, tokens in enumerate(target.decode(ids for ids, _ in found)):
                y[i, j] = tokens
            log_proba[i, : len(found)] = [value for _, value in found]
        return (y, log_proba) if return_log_proba else y

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Compute the log-probabilities of blank and tokens at each step of the encoding.

        Parameters
        ----------
        X : as in `fit`
            Sequences.

        Returns
        -------
        ndarray of object of shape (n_samples,)
            One array of shape (n_steps, 1 + n_tokens) per sequence, float64. The first column is
            blank, the others are the tokens in the order of `tokens_`; a further last column stands
            for rare tokens that `min_df` left out, if there were any. The number of steps is that
            of the sequence, divided by `conv_stride_` and rounded up.
        """
        spans = self._read(X, "predict_log_proba")
        return to_object_array(self._transcription().each(spans, lambda lp, row: lp.copy()))

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probabilities of blank and tokens at each step of the encoding.

        Parameters
        ----------
        X : as in `fit`
            Sequences.

        Returns
        -------
        ndarray of object of shape (n_samples,)
            Same as `predict_log_proba`, as probabilities.
        """
        spans = self._read(X, "predict_proba")
        return to_object_array(self._transcription().each(spans, lambda lp, row: np.exp(lp)))

    def score_samples(self, X: Any, y: Any = None) -> np.ndarray:
        """Compute the log-likelihood of each transcript given its sequence.

        Parameters
        ----------
        X : as in `fit`
            Sequences.
        y : as in `fit`, default=None
            Transcripts. If None, those of `predict`, whose likelihood measures the confidence of
            the model.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Log-likelihoods, summed over all alignments. -inf for transcripts that have more tokens
            than steps, or tokens that did not occur in `fit`.
        """
        caller = f"{type(self).__name__}.score_samples"
        spans = self._read(X, "score_samples")
        labels = self._labels(X, y, spans, caller)
        return np.array(
            self._transcription().each(spans, lambda lp, row: _likelihood(lp, labels[row]))
        )

    def score(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return one minus the token error rate of `predict`.

        Parameters
        ----------
        X : as in `fit`
            Sequences.
        y : as in `fit`
            True transcripts.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each sequence.

        Returns
        -------
        float
            The best possible score is 1.0. It is negative if there are more errors (tokens to
            replace, insert or delete) than true tokens. See `~sk_rnn.metrics.token_error_rate`; for
            the error rate of words, pass `~sk_rnn.metrics.word_error_rate` to
            `~sklearn.metrics.make_scorer`.
        """
        caller = f"{type(self).__name__}.score"
        spans = self._read(X, "score")
        target = self._target
        rows = target.read(y, X, spans, caller).tokens
        weights = check_weights(sample_weight, spans, caller, purpose="score")
        predicted = target.tokens_of(self._best(spans, "score"))
        if not any(map(len, rows)):
            raise ValueError(
                f"{caller}: all transcripts in y are empty, so that the token error rate is "
                "undefined. Use sk_rnn.metrics.edit_distance."
            )
        return 1.0 - token_error_rate(rows, predicted, sample_weight=weights)

    def align(self, X: Any, y: Any = None) -> list[Transcript]:
        """Find the time steps of each token of the transcripts.

        Parameters
        ----------
        X : as in `fit`
            Sequences.
        y : as in `fit`, default=None
            Transcripts. If None, those of `predict`.

        Returns
        -------
        list of Transcript
            One named tuple per sequence: `tokens`; `start` and `stop`, the time steps of X that
            they span in the most probable alignment; and `log_proba`, the mean log-probability of
            these steps, as a confidence.

        Raises
        ------
        ValueError
            If a transcript cannot be aligned: it has more tokens than steps, or tokens that did not
            occur in `fit`.

        Notes
        -----
        Networks that are trained with CTC indicate a token in one or two steps, and blank otherwise,
        so that `start` is more meaningful than `stop`. With ``bidirectional=True`` tokens may also
        be indicated some steps early.
        """
        caller = f"{type(self).__name__}.align"
        spans = self._read(X, "align")
        labels = self._labels(X, y, spans, caller)
        stride = self._target.stride
        tokens = self._target.tokens_of(labels)

        def align(log_probs: np.ndarray, row: int) -> Transcript:
            ids = labels[row]
            if len(ids) and ids.min() < 0:
                token = tokens[row][int(ids.argmin())]
                raise ValueError(
                    f"{caller}: y[{row}] has tokens that did not occur in fit ({token}), and cannot "
                    "be aligned. Leave them out."
                )
            start, stop, log_proba = ctc_align(log_probs, ids)
            if not np.isfinite(log_proba).all():
                raise ValueError(
                    f"{caller}: y[{row}] has {len(ids)} tokens, which cannot be aligned with the "
                    f"{len(log_probs)} steps to which the {spans.lengths[row]} time steps of "
                    f"X[{row}] are encoded. Pass a shorter transcript."
                )
            stop = np.minimum(stop * stride, spans.lengths[row])
            return Transcript(tokens[row], start * stride, stop, log_proba)

        return self._transcription().each(spans, align)

    @property
    def tokens_(self) -> np.ndarray:
        """The tokens, in the order of the probabilities after blank."""
        check_is_fitted(self)
        names = self._target.vocabulary.tokens
        return np.fromiter(names, dtype=object, count=len(names))

    @property
    def conv_stride_(self) -> int:
        """Number of time steps of X per step of the encoding."""
        check_is_fitted(self)
        return self._target.stride

    # --- hooks ----------------------------------------------------------------------------------

    def _check_combinations(self, params: Mapping[str, Any], caller: str) -> None:
        check_objects(params, caller)
        check_conflicts(
            [
                *encoder_conflicts({**params, "conv_stride": _number(params["conv_stride"])}),
                *_search_conflicts(params),
            ],
            caller,
        )

    def _make_source(
        self, X: Any, params: Mapping[str, Any], caller: str
    ) -> tuple[Source, Samples]:
        source = NumberSource(params)
        spans = source.read(X, self, caller, reset=True)
        if params["center_inputs"] == "auto":
            source.centers = auto_center_inputs(spans.n_features)
        return source, spans

    def _make_target(
        self, y: Any, X: Any, samples: Samples, params: Mapping[str, Any], caller: str
    ) -> tuple[Target, Any]:
        return read_transcripts(y, X, samples, params, caller)

    def _choose_module(
        self, params: Mapping[str, Any], *, documents: bool, caller: str
    ) -> dict[str, Any]:
        self._search(caller)  # raises an error for words and models of other tokens
        return {"conv_stride": self._target.stride}

    def _plan(
        self, params: Mapping[str, Any], n_rows: int, *, one_epoch: bool, **data: bool
    ) -> Plan:
        return plan_transcription(params, n_rows, one_epoch=one_epoch)

    # --- decoding -------------------------------------------------------------------------------

    def _transcription(self) -> Transcription:
        return Transcription(self.net_, self._input_options(), self._compute)

    def _search(self, caller: str, n_best: int = 1) -> Search:
        """Return the function from log-probabilities to the labels of the best transcripts."""
        params = {name: getattr(self, name) for name in _DECODING}
        validate_parameter_constraints(
            {name: _CONSTRAINTS[name] for name in _DECODING},
            params,
            caller_name=type(self).__name__,
        )
        check_conflicts(_search_conflicts(params), caller)
        return make_search(self._target, params, caller, n_best=n_best)

    def _best(self, spans: Spans, method: str) -> list[np.ndarray]:
        """Return the labels of the best transcript of each sequence."""
        search = self._search(f"{type(self).__name__}.{method}")
        return self._transcription().each(spans, lambda lp, row: search(lp)[0])

    def _labels(self, X: Any, y: Any, spans: Spans, caller: str) -> list[np.ndarray]:
        """Return the labels of given transcripts, or of the predicted ones."""
        if y is None:
            return self._best(spans, caller.rpartition(".")[2])
        target = self._target
        return target.labels(target.encode(target.read(y, X, spans, caller), caller))


_DECODING = ("beam_width", "lexicon", "separator", "language_model", "lm_weight", "token_bonus")


def _number(conv_stride: Any) -> int:
    """Return the stride for the check whether it has an effect; "auto" is 1 if it has none."""
    return 1 if conv_stride == "auto" else int(conv_stride)


def _search_conflicts(params: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Return parameters without an effect on greedy decoding, with their messages."""
    used = {
        "lexicon": params["lexicon"] is not None,
        "language_model": params["language_model"] is not None,
        "token_bonus": params["token_bonus"] != 0,
    }
    return [
        (
            is_used and params["beam_width"] == 1,
            f"{name} has no effect with beam_width=1, which decodes each step on its own. Set "
            "beam_width, for example to 16.",
        )
        for name, is_used in used.items()
    ]


def _likelihood(log_probs: np.ndarray, labels: np.ndarray) -> float:
    if len(labels) and labels.min() < 0:  # a token that did not occur in fit
        return -np.inf
    return ctc_log_likelihood(log_probs, labels)
