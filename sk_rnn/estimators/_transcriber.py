"""RNNTranscriber."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal, NamedTuple, Self, Unpack, overload

import numpy as np
import numpy.typing as npt
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import (
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.validation import check_is_fitted

from ..decoding import ctc_align, ctc_greedy, ctc_log_likelihood
from ..metrics import token_error_rate
from ..modules import CELLS, CellName, CTCModel
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
from ._readings import Readable
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
from .targets import (
    Target,
    TranscriptTarget,
    read_transcripts,
    stack_equal,
    to_object_array,
)

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
    # Checked before they are used.
    "lexicon": "no_validation",
    "separator": "no_validation",
    "language_model": "no_validation",
    "lm_weight": [NumberIn(0, None, closed="left")],
    "token_bonus": [NumberIn(None, None, closed="neither")],
}

# Number of rows that are decoded after fit to check whether the model predicts only blanks, and
# number of optimizer steps after which this is worth a warning: every model predicts only blanks at
# first.
_CHECKED_ROWS, _MIN_STEPS = 64, 200


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
    r"""Transcriber of speech, handwriting and other signals into sequences of tokens (CTC).

    A recurrent network predicts a token or *blank* at each time step. It is trained with
    connectionist temporal classification (CTC; Graves et al., 2006), which needs to know what was
    said or written, but not when: the loss sums over all alignments of the transcript.

    X is a list of sequences of numbers: spectra of speech
    (`~sk_rnn.preprocessing.LogMelSpectrogram`), pen strokes (`~sk_rnn.preprocessing.PenStrokes`) or
    sensor readings. y is a list of strings, or of sequences of tokens such as phonemes, that occur
    in X in the same order; there must be fewer tokens than time steps. For targets in another
    order, or longer than X, see `Seq2SeqTransformer`.

    Parameters
    ----------
    analyzer : {"char", "word"}, callable or None, default="char"
        How strings in y are split into tokens: into characters, into words with punctuation marks
        as separate tokens, or by a callable that takes a string and returns a list. Sequences of
        tokens are used unchanged; if None, y must consist of such sequences.

    min_df : int or "auto", default="auto"
        Tokens that occur in fewer transcripts than this are not predicted. "auto" uses 2 for words
        with 1,000 sequences or more, and 1 otherwise.

    cell : {"gru", "lstm", "rnn_tanh", "rnn_relu"}, default="gru"
        Type of the recurrent cell. The gated cells "gru" and "lstm" retain information over long
        time spans; the plain ones are smaller and forget sooner.

    hidden_size : int, default=96
        Size of the hidden state in each direction. Larger values increase the capacity of the
        model, the training time and the risk of overfitting.

    num_layers : int, default=2
        Number of stacked recurrent layers. On two speakers and four writers, each held out in turn,
        two layers of size 96 made 15 to 33 % fewer errors than one layer of size 128, and took 1.4
        times as long.

    bidirectional : bool, default=True
        Whether to read each sequence in both directions. Set it to False if predictions must not
        depend on later time steps: with `return_sequences` on streaming data, or if the target of a
        time step is a later value of X, which the backward direction would read.

    conv_channels : int or None, default=64
        Number of output channels of a convolution over time, followed by a ReLU, before the
        recurrent layers. If None, there is no convolution. The kernel is centred if `bidirectional`
        is True, and causal otherwise.

    conv_kernel_size : int, default=5
        Number of time steps that the convolution kernel covers. Only used with `conv_channels`.

    conv_stride : int or "auto", default="auto"
        Keep every `conv_stride`-th time step after the convolution, which reduces the cost of the
        recurrent layers by this factor. At least as many steps must remain as a transcript has
        tokens, plus one for each pair of equal neighbours. "auto" is the largest of 4, 2 and 1 that
        leaves 1.5 times as many for each transcript in `fit`, and 1 without a convolution.

    scale_inputs : bool, default=True
        Whether to standardise each feature by its mean and standard deviation over the training
        time steps, in float64, before numbers are rounded to float32. Token ids are never scaled.

    center_inputs : bool or "auto", default="auto"
        Whether to subtract from each feature of a sequence its mean over the time steps of that
        sequence, before any other processing. On spectra (cepstral mean normalisation; Atal, 1974)
        this removes the effect of the loudness, of the microphone and partly of the voice, and
        makes far fewer errors on speakers that are not in the training data. "auto" is True with 8
        features or more, that is for spectra rather than pen strokes.

    layer_norm : bool, default=False
        Whether to apply layer normalisation to the output of each recurrent layer (Ba, Kiros &
        Hinton, 2016).

    dropout : float in [0, 1), default=0.3
        Dropout probability between recurrent layers and before the output layer during training.

    recurrent_dropout : float in [0, 1), default=0.25
        Dropout probability of the recurrent states during training, with the same mask at every
        time step (Gal & Ghahramani, 2016).

    time_masking : int, default=15
        Maximum number of consecutive time steps that one mask covers during training (SpecAugment;
        Park et al., 2019): in each epoch, two masks of random lengths are placed at random
        positions in each sequence, each over at most a fifth of it. Masked values are replaced by
        the mean of their feature over the training data. Sequences of fewer than five time steps
        are not masked.

    feature_masking : float in [0, 1), default=0.15
        Maximum fraction of the features that one mask covers during training, in all time steps: as
        with `time_masking`, two masks per sequence, each over adjacent features. Only useful if
        neighbouring features are related, like the bands of a spectrogram.

    padding_value : float or None, default=None
        The value that X is padded with. Time steps at the start or the end of a sequence are
        dropped if all of their features equal it. NaN is allowed. If None, no time step is dropped.

    beam_width : int, default=1
        Number of hypotheses that prefix beam search keeps; 1 is greedy decoding, which selects the
        most probable token or blank of each step. Without a lexicon or a language model, wider
        beams are hardly better.

    lexicon : collection of str or of sequences of tokens, or None, default=None
        Words that transcripts consist of; only sequences of these words are predicted. Requires
        `beam_width` > 1; 16 is usually wide enough. Words whose characters did not occur in y raise
        an error.

    separator : hashable, default=" "
        Token between the words of `lexicon`. If it did not occur in y, a transcript is one word.

    language_model : RNNLanguageModel, callable or None, default=None
        Model of the transcripts, whose log-probabilities are added in beam search: a fitted
        `RNNLanguageModel` of the same tokens, or a function that takes a list of tokens and returns
        the log-probabilities of the next one in the order of `tokens_`, optionally followed by that
        of the end. Requires `beam_width` > 1. Copies of the estimator, as in GridSearchCV, contain
        an unfitted model, unless it is wrapped in `sklearn.frozen.FrozenEstimator`.

    lm_weight : float, default=0.5
        Factor of the log-probabilities of `language_model`.

    token_bonus : float, default=0.0
        Number that is added to the score of a hypothesis for each of its tokens in beam search. A
        positive value compensates for the preference of a language model for short transcripts.

    optimizer : {"adamw", "adam", "nadam", "radam", "rmsprop", "sgd"} or type, default="adamw"
        The optimizer, by name or as a subclass of `torch.optim.Optimizer`. Its arguments are set as
        ``optimizer__…``, for example ``optimizer__betas=(0.9, 0.99)``.

    lr : float, default=5e-3
        Learning rate; with a schedule, the maximum learning rate. Lower it if the loss oscillates
        or is no longer finite.

    lr_schedule : {"one_cycle", "cosine", "linear", "constant"} or callable, default="one_cycle"
        Learning rate schedule. "one_cycle" increases the rate during the first fifth of training
        and then decreases it to almost zero (Smith & Topin, 2019); "cosine" and "linear" decrease
        it from the start. A callable takes the progress of training in [0, 1] and returns the
        factor by which `lr` is multiplied.

    weight_decay : float, default=0.01
        Weight decay of the weight matrices (Loshchilov & Hutter, 2019). Biases and the weights of
        normalisation layers are not decayed.

    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient over all weights; larger gradients are rescaled to it (Pascanu,
        Mikolov & Bengio, 2013). If None, gradients are not clipped.

    max_epochs : int or "auto", default="auto"
        Number of epochs. "auto" uses about 2,500 optimizer steps, but at least 10 and at most 150
        epochs.

    batch_size : int or "auto", default="auto"
        Number of sequences per training batch. "auto" uses a sixteenth of the training sequences,
        but at least 4 and at most 16. Prediction uses batches as large as a fixed memory limit
        allows.

    early_stopping : bool, default=False
        Whether to hold out validation data, stop training when the validation score no longer
        improves, and keep the weights of the best epoch. With fewer than a few hundred sequences,
        the held-out data is worth more in training.

    validation_fraction : float in (0, 1), default=0.1
        Fraction of the sequences to hold out for early stopping. Not used if X_val is passed to
        `fit`.

    n_iter_no_change : int or "auto", default="auto"
        Number of epochs without an improvement in the validation score after which early stopping
        ends the training. "auto" uses 50 with fewer than 100 training sequences, and otherwise half
        of the epochs, but at least 10.

    tol : float, default=1e-4
        Minimum improvement in the validation score for early stopping.

    warm_start : bool, default=False
        Whether `fit` continues from the weights of the previous call.

    callbacks : list, tuple or None, default=None
        skorch callbacks, or pairs (name, callback). `fit` uses shallow copies of them; objects that
        a callback refers to, such as an Optuna trial, are not copied. Arguments are set as
        ``callbacks__name__…``. Scoring callbacks receive the loss of each sequence as its
        prediction, and zeros as true values.

    device : str, default="auto"
        Device of the network, for example "cpu", "cuda", "cuda:1" or "mps". "auto" selects CUDA if
        it is available, and the CPU otherwise.

    precision : {"float32", "float64", "bf16"}, default="float32"
        Floating point precision. "bf16" runs matrix multiplications in bfloat16 (faster on recent
        GPUs, slower on most CPUs) and keeps weights in float32; "float64" is meant for checking.

    backend : {"auto", "torch", "numba"}, default="auto"
        Implementation of the recurrent layers. "numba" uses the compiled kernels of this package,
        which are several times faster than torch on a CPU. They require Numba, which is installed
        with this package, and are compiled when they are first used on a machine, which takes a few
        seconds. "auto" selects them wherever they are supported: with Numba, on a CPU, for the
        built-in cells, unless ``precision="bf16"``. The selected backend is ``net_.backend``.

    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, the order of the data, dropout and the validation split. Pass
        an int for results that are reproducible across calls: bit for bit on the same machine with
        the same number of threads.

    verbose : int or bool, default=0
        Verbosity level. 1 shows a progress bar in terminals and notebooks, and about ten lines
        elsewhere; 2 prints one line per epoch. The last line reports how training ended.

    **extras : dict
        Parameters with double underscores, as in skorch: ``optimizer__…``, ``callbacks__…`` and
        ``module__forget_bias`` (the initial bias of the forget gate of an LSTM, by default 1, or of
        the update gate of a GRU, by default 0). Type checkers only know the arguments of the
        built-in optimizers and cells; to satisfy them, set those of callbacks and user-defined
        optimizers with `set_params`.

    Attributes
    ----------
    tokens_ : ndarray of object of shape (n_tokens,)
        The tokens, in the order of their probabilities, which follow that of blank.
    conv_stride_ : int
        Number of time steps of X per step of `predict_proba`.
    n_features_in_ : int
        Number of features per time step; for a 2-D table, which has one feature per time step, the
        number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names. Only defined if X has column names that are all strings.
    n_iter_ : int
        Number of epochs trained.
    loss_curve_ : list of float
        Mean training loss of each epoch: the negative log-likelihood of a transcript, divided by
        its number of tokens.
    validation_curve_ : list of float or None
        Negative validation loss after each epoch; None without validation data.
    best_epoch_ : int
        Epoch, counted from 1, whose weights were kept: the best one with early stopping, otherwise
        the last one with a finite loss.
    net_ : skorch.NeuralNet
        The trained net.
    module_ : torch.nn.Module
        The trained module. When it is called directly, numbers must already be standardised (see
        `scale_inputs`) and have the dtype that `precision` implies; `predict` does both.
    device_ : str
        Device of the network, which can be moved with `to`.

    See Also
    --------
    Seq2SeqTransformer : For targets in another order than their sources, or longer.
    RNNClassifier : With ``return_sequences=True``, for a known label of each time step.
    sk_rnn.metrics : Error rates of tokens, characters and words.

    Notes
    -----
    The probability of a transcript :math:`y` is the sum over all paths :math:`\pi` of tokens and
    blanks, one per step, that become :math:`y` when repetitions are merged and blanks removed:
    :math:`p(y \mid x) = \sum_\pi \prod_t p_t(\pi_t \mid x)`. The loss of a sequence is
    :math:`-\log p(y \mid x)` per token, so that long ones do not dominate.

    If y is an array or list of single numbers, such as one digit per sequence, each is a transcript
    of one token: predictions are also single tokens, the most probable ones.

    References
    ----------
    Graves, A., Fernández, S., Gomez, F. & Schmidhuber, J. (2006). Connectionist temporal
    classification: labelling unsegmented sequence data with recurrent neural networks. ICML.

    Hannun, A., Maas, A., Jurafsky, D. & Ng, A. (2014). First-pass large vocabulary continuous
    speech recognition using bi-directional recurrent DNNs. arXiv 1408.2873. (beam search)

    Park, D. et al. (2019). SpecAugment: A simple data augmentation method for automatic speech
    recognition. Interspeech. (masks)

    Atal, B. (1974). Effectiveness of linear prediction characteristics of the speech wave for
    automatic speaker identification and verification. JASA 55(6). (centred inputs)

    Gal, Y. & Ghahramani, Z. (2016). A theoretically grounded application of dropout in recurrent
    neural networks. NeurIPS.

    Examples
    --------
    Each letter is a tone of four time steps, with noise:

    >>> import numpy as np
    >>> from sk_rnn import RNNTranscriber
    >>> rng = np.random.default_rng(0)
    >>> tones = {letter: tone for letter, tone in zip("abc", np.eye(3))}
    >>> def sing(text):
    ...     parts = [np.repeat([tones[c], np.zeros(3)], [4, 2], axis=0) for c in text]
    ...     return np.concatenate(parts) + 0.2 * rng.normal(size=(6 * len(text), 3))
    >>> texts = ["".join(rng.choice(list("abc"), size=rng.integers(1, 5))) for _ in range(100)]
    >>> model = RNNTranscriber(hidden_size=16, max_epochs=30, random_state=0)
    >>> model = model.fit([sing(text) for text in texts], texts)
    >>> model.predict([sing("cab"), sing("bb")]).tolist()
    ['cab', 'bb']
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
        hidden_size: Int = 96,
        num_layers: Int = 2,
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
            stopping, and the calibration of classifiers and regressors, then hold out whole groups.
            Has no effect without either, or if X_val is passed. In a search that splits by groups,
            also pass them to `fit` with metadata routing: ``set_fit_request(groups=True)``.

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
            If the model still predicts no tokens after 200 optimizer steps or more.
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
        n_batches = -(-len(rows) // self.net_.batch_size)
        if self._target.single or self.n_iter_ * n_batches < _MIN_STEPS:
            return
        rows = rows[encoded.lengths[rows] > 1][:_CHECKED_ROWS]
        if not len(rows):
            return
        found = self._transcription().each(spans.take(rows), lambda lp, row: ctc_greedy(lp)[0])
        if not any(map(len, found)):
            warn_user(
                f"{caller}: the model predicts only blanks, even for its training data: it was not "
                "trained for long enough, or X does not contain what y describes. Increase "
                f"max_epochs (it was trained for {self.n_iter_} epochs), or change lr "
                f"(lr={self.lr}).",
                ConvergenceWarning,
            )

    # --- prediction -----------------------------------------------------------------------------

    def predict(self, X: Any) -> np.ndarray:
        """Predict the transcript of each sequence.

        Parameters
        ----------
        X : sequences
            As in `fit`.

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
            Number of targets per source. The beam is at least this wide.
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
        X : sequences
            As in `fit`.

        Returns
        -------
        ndarray of object of shape (n_samples,), or of shape (n_samples, n_steps, 1 + n_tokens)
            One array of shape (n_steps, 1 + n_tokens) per sequence, float64; a 3-D array if X was
            an array and all have the same number of steps. The first column is blank, the others
            are the tokens in the order of `tokens_`; an additional last column stands for the rare
            tokens that `min_df` excluded, if there were any. The number of steps is that of the
            sequence, divided by `conv_stride_` and rounded up.
        """
        spans = self._read(X, "predict_log_proba")
        return stack_equal(self._transcription().each(spans, lambda lp, row: lp.copy()), X)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Compute the probabilities of blank and tokens at each step of the encoding.

        Parameters
        ----------
        X : sequences
            As in `fit`.

        Returns
        -------
        ndarray of object of shape (n_samples,), or of shape (n_samples, n_steps, 1 + n_tokens)
            Same as `predict_log_proba`, as probabilities.
        """
        spans = self._read(X, "predict_proba")
        return stack_equal(self._transcription().each(spans, lambda lp, row: np.exp(lp)), X)

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
                f"{caller}: all transcripts in y are empty, so the token error rate is undefined. "
                "Use sk_rnn.metrics.edit_distance."
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
        Networks trained with CTC predict a token in one or two steps, and blank otherwise, so
        `start` is more meaningful than `stop`. With ``bidirectional=True``, tokens may also be
        predicted some steps early.
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
                    f"{caller}: y[{row}] contains tokens that did not occur in fit ({token}), and "
                    "cannot be aligned. Leave them out."
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
        """The tokens, in the order of their probabilities, which follow that of blank."""
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
        _refuse_raw(X, f"{caller}: X")
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
        self, params: Mapping[str, Any], *, lengths: np.ndarray, caller: str
    ) -> dict[str, Any]:
        self._search(caller)  # raises an error for words and models of other tokens
        return {"conv_stride": self._target.stride}

    def _plan(
        self, params: Mapping[str, Any], n_rows: int, *, one_epoch: bool, **data: bool
    ) -> Plan:
        return plan_transcription(params, n_rows, one_epoch=one_epoch)

    def _readable(
        self, X: Any, y: Any, caller: str, dtype: npt.DTypeLike | None = None
    ) -> Readable:
        if y is None:
            raise ValueError(
                f"{caller}: y is None, but the model was fitted with transcripts. Pass one per "
                "sequence."
            )
        return replace(super()._readable(X, y, caller, dtype), task="pairs")

    def _summary_inputs(
        self, *, n_samples: int, n_timesteps: int = 1, n_target_timesteps: int = 1
    ) -> dict[str, Any]:
        inputs = super()._summary_inputs(n_samples=n_samples, n_timesteps=n_timesteps)
        ones = torch.ones(n_samples, dtype=torch.int64)
        return {**inputs, "labels": ones, "label_lengths": ones}

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


def _refuse_raw(X: Any, where: str) -> None:
    """Raise an error for text, and for waveforms and strokes not converted to features."""
    if not isinstance(X, list | tuple) or not len(X):
        return
    first = X[0]
    if isinstance(first, str):
        raise TypeError(
            f"{where}[0] is {first!r}, a string, where a sequence of numbers is expected. For text "
            "to text, use Seq2SeqTransformer."
        )
    if not isinstance(first, list | tuple) or not len(first):
        return
    if len(first) == 2 and np.ndim(first[0]) == 0 and np.size(first[1]) > 2:
        raise TypeError(
            f"{where}[0] is a pair of a number and an array, as for a waveform with its sampling "
            "rate. Convert waveforms to spectra first: make_pipeline(LogMelSpectrogram(), "
            "RNNTranscriber())."
        )
    strokes = all(np.ndim(part) == 2 and np.shape(part)[1] == 2 for part in first)
    if strokes and len({len(part) for part in first}) > 1:
        raise TypeError(
            f"{where}[0] is a list of arrays of points, as for the strokes of a pen. Convert "
            "strokes to movements first: make_pipeline(PenStrokes(), RNNTranscriber()); or "
            "concatenate the arrays."
        )


def _search_conflicts(params: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Return the parameters that have no effect on greedy decoding, with their messages."""
    used = {
        "lexicon": params["lexicon"] is not None,
        "language_model": params["language_model"] is not None,
        "token_bonus": params["token_bonus"] != 0,
    }
    return [
        (
            is_used and params["beam_width"] == 1,
            f"{name} has no effect with beam_width=1, which decodes each step separately. Set "
            "beam_width, for example to 16.",
        )
        for name, is_used in used.items()
    ]


def _likelihood(log_probs: np.ndarray, labels: np.ndarray) -> float:
    if len(labels) and labels.min() < 0:  # a token that did not occur in fit
        return -np.inf
    return ctc_log_likelihood(log_probs, labels)
