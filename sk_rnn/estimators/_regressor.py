"""RNNRegressor."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, Unpack, overload

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_is_fitted

from ..sequences import Float, Int, NumberIn, RandomState, fit_context
from ..training import check_weights
from ._autos import auto_calibrate
from ._base import BaseRNN
from ._calibration import HeldOut, learn_std_factors
from ._parameters import (
    PER_STEP,
    SCORING,
    SEQUENCE_MODEL,
    SHARED,
    Constraints,
    check_boolean,
)
from ._scores import r_squared
from ._streaming import PredictionStream, check_streams
from ._types import (
    Analyzer,
    Auto,
    Backend,
    Callbacks,
    Cell,
    CharEmbedding,
    Extras,
    HeadNorm,
    Loss,
    Optimizer,
    Pooling,
    Precision,
    Schedule,
    Scoring,
)
from ._validation import Validation
from .sources import Samples
from .targets import LOSSES, NumberTarget, Target


class RNNRegressor(RegressorMixin, BaseRNN):
    """Recurrent neural network regressor for sequences, or for each of their time steps.

    Sequences may differ in length, and y may have one or several outputs. Targets are standardised
    internally, so their unit does not matter.

    Parameters
    ----------
    cell : {"gru", "lstm", "rnn_tanh", "rnn_relu"} or type, default="gru"
        Type of the recurrent cell. The gated cells "gru" and "lstm" retain information over long
        time spans; the plain ones are smaller and forget sooner. A subclass of `torch.nn.Module` is
        instantiated as ``cell(input_size, hidden_size)`` and called with a tensor of shape
        (n_timesteps, batch, input_size). It must return an output of shape (n_timesteps, batch,
        hidden_size), or a tuple whose first item is that output, in which each time step depends
        only on the current and earlier ones.

    hidden_size : int, default=64
        Size of the hidden state in each direction. Larger values increase the capacity of the
        model, the training time and the risk of overfitting.

    num_layers : int, default=1
        Number of stacked recurrent layers.

    bidirectional : bool, default=True
        Whether to read each sequence in both directions. Set it to False if predictions must not
        depend on later time steps: with `return_sequences` on streaming data, or if the target of a
        time step is a later value of X, which the backward direction would read.

    pooling : {"auto", "concat", "last", "mean", "max", "attention"}, default="auto"
        How the hidden states of a sequence are reduced to a single vector: the final state of each
        direction ("last"), the mean or maximum over time, a learned weighted mean ("attention"), or
        the concatenation of mean, maximum and final state ("concat"). "auto" uses "max" for tokens
        in sequences of 100 or more time steps on average, and "concat" otherwise. Must be "auto"
        with ``return_sequences=True``, where nothing is pooled.

    return_sequences : bool, default=False
        Whether to predict a number for each time step instead of one per sequence. y then contains
        one sequence of numbers per sample, of the same length as the sample, and `predict` returns
        a 1-D object array of arrays.

    conv_channels : int or None, default=None
        Number of output channels of a convolution over time, followed by a ReLU, before the
        recurrent layers. If None, there is no convolution. The kernel is centred if `bidirectional`
        is True, and causal otherwise.

    conv_kernel_size : int, default=5
        Number of time steps that the convolution kernel covers. Only used with `conv_channels`.

    conv_stride : int, default=1
        Keep every `conv_stride`-th time step after the convolution, which reduces the cost of the
        recurrent layers by this factor. Must be 1 with ``return_sequences=True``.

    patch_size : int or "auto", default="auto"
        Number of successive time steps that the recurrent layers read as one: a patch, whose values
        are their features. This reduces the cost of a sequence by almost this factor, and the
        distances that the network must remember. If the last patch of a sequence is not full, its
        last time step is repeated. "auto" uses 2 for 100 or more sequences of numbers, if they have
        200 or more time steps on average, whose values are correlated by more than 0.7 two time
        steps apart; but 1 if `bidirectional` is False, so that `stream` works, or `conv_channels`
        is set. Must be 1 with ``return_sequences=True``, `conv_channels` or token ids.

    embedding_dim : int or None, default=None
        If not None, integers in X are token ids, one per time step, and an embedding vector of this
        size is learned for each token. If None, integers are treated as numbers unless
        `embedding_weights` is given, and words in X get embedding vectors of size 64.

    num_embeddings : int or None, default=None
        Size of the vocabulary: ids range from 0 to ``num_embeddings - 1``. If None, it is taken
        from the Panel or from `embedding_weights`, and otherwise it is the largest id in `fit` plus
        one.

    embedding_weights : array-like of shape (num_embeddings, embedding_dim) or None, default=None
        Pretrained embedding vectors, with row i for token id i. X then contains token ids.

    freeze_embedding : bool, default=False
        Whether to keep `embedding_weights` fixed during training.

    embedding_dropout : float in [0, 1) or "auto", default="auto"
        Fraction of the values of the embedding vectors that are set to zero during training. "auto"
        uses 0.5 for a vocabulary of 1,000 tokens or more (typically words) and 0.3 for a smaller
        one (typically characters).

    word_dropout : float in [0, 1), default=0.2
        Probability of replacing a token by the zero vector during training (Iyyer et al., 2015).

    analyzer : {"word", "char"}, callable or None, default="word"
        How strings in X are split into tokens, one time step each: into lowercase words of two or
        more characters, as `SequenceVectorizer` does by default; into characters; or by a callable
        that takes a string and returns a list. Lists of words are used unchanged; if None, X must
        consist of such lists. Only used if X contains text.

    min_df : int or "auto", default="auto"
        Words in X that occur in fewer sequences than this are replaced by the unknown token. "auto"
        uses 2 with 1,000 sequences or more, so that the model learns to handle unknown words, and 1
        otherwise, or if words are also read by character (see `char_embedding`). Only used if X
        contains text.

    char_embedding : {"auto", "rnn", "cnn"} or None, default="auto"
        How the characters of each word are read in addition: by a recurrent network ("rnn"), by a
        convolution ("cnn"), or not at all. The result is concatenated with the embedding vector of
        the word. This helps with unknown words, whose endings are often informative. Of words of
        more than 24 characters, only the beginning and the end are read. "auto" uses "rnn" for
        words with ``return_sequences=True``, and None otherwise. Only possible if X contains words.

    padding_value : float or None, default=None
        The value that X is padded with. Time steps at the start or the end of a sequence are
        dropped if all of their features equal it. NaN is allowed. If None, no time step is dropped.

    dropout : float in [0, 1), default=0.2
        Dropout probability between recurrent layers and before the output layer during training.

    recurrent_dropout : float in [0, 1), default=0.0
        Dropout probability of the recurrent state during training, with the same mask at every time
        step (Gal & Ghahramani, 2016). Not supported with a user-defined `cell`.

    layer_norm : bool, default=False
        Whether to apply layer normalisation to the output of each recurrent layer (Ba, Kiros &
        Hinton, 2016).

    head_norm : {"auto", "batch", "layer"} or None, default="auto"
        Normalisation before the output layer: batch normalisation, layer normalisation or none.
        Batch normalisation adds 0.01 to the variances, so that features that hardly differ between
        the training sequences are not magnified. "auto" uses "batch" for sequences of numbers and
        None for tokens.

    scale_inputs : bool, default=True
        Whether to standardise each feature by its mean and standard deviation over the training
        time steps, in float64, before numbers are rounded to float32. Token ids are never scaled.

    differences : bool or "auto", default="auto"
        Whether to add the differences between successive time steps to the features, scaled to half
        the standard deviation of the features. "auto" adds them to sequences of numbers if
        successive differences are correlated by more than 0.5, as in smooth curves; the differences
        of jagged series are mostly noise. Not supported for token ids.

    time_warping : float in [0, 2), default=0.0
        Strength of a random distortion of time during training (Um et al., 2017): each sequence is
        cut into four parts, whose durations are multiplied by random factors ``exp(time_warping *
        N(0, 1))`` and rescaled to the length of the sequence. 0.1 is a moderate value. Only useful
        if the target does not depend on durations or frequencies. Not supported for token ids, or
        with ``return_sequences=True``.

    center_inputs : bool, default=False
        Whether to subtract from each feature of a sequence its mean over the time steps of that
        sequence, before any other processing. On spectrograms (cepstral mean normalisation; Atal,
        1974) this removes the effect of the loudness, of the microphone and partly of the voice:
        try it if the model will be used with speakers or devices that are not in the training data.
        Not useful if the mean level of a sequence is informative. Not supported for token ids, or
        with `stream`. A memory-mapped Panel is copied.

    time_masking : int, default=0
        Maximum number of consecutive time steps that one mask covers during training (SpecAugment;
        Park et al., 2019): in each epoch, two masks of random lengths are placed at random
        positions in each sequence, each over at most a fifth of it. Masked values are replaced by
        the mean of their feature over the training data. Meant for spectrograms of whole
        utterances, where 15 is a moderate value; it did not help on single words. Sequences of
        fewer than five time steps are not masked. With ``return_sequences=True``, the targets of
        masked time steps remain in the loss. Not supported for token ids.

    feature_masking : float in [0, 1), default=0.0
        Maximum fraction of the features that one mask covers during training, in all time steps: as
        with `time_masking`, two masks per sequence, each over adjacent features. Only useful if
        neighbouring features are related, like the bands of a spectrogram; 0.15 is a moderate
        value. Nothing is masked if the fraction amounts to less than one feature. Not supported for
        token ids.

    optimizer : {"adamw", "adam", "nadam", "radam", "rmsprop", "sgd"} or type, default="adamw"
        The optimizer, by name or as a subclass of `torch.optim.Optimizer`. Its arguments are set as
        ``optimizer__…``, for example ``optimizer__betas=(0.9, 0.99)``. Unless ``optimizer__eps`` is
        set or ``return_sequences=True``, the embedding uses an eps of 1e-4, which makes the updates
        of rare tokens smaller.

    lr : float, default=5e-3
        Learning rate; with a schedule, the maximum learning rate. Lower it if the loss oscillates
        or is no longer finite.

    lr_schedule : {"one_cycle", "cosine", "linear", "constant"} or callable, default="one_cycle"
        Learning rate schedule. "one_cycle" increases the rate during the first fifth of training
        and then decreases it to almost zero (Smith & Topin, 2019); "cosine" and "linear" decrease
        it from the start. A callable takes the progress of training in [0, 1] and returns the
        factor by which `lr` is multiplied. `partial_fit` always uses "constant".

    weight_decay : float, default=0.01
        Weight decay of the weight matrices (Loshchilov & Hutter, 2019). Biases and the weights of
        normalisation layers are not decayed.

    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient over all weights; larger gradients are rescaled to it (Pascanu,
        Mikolov & Bengio, 2013). If None, gradients are not clipped.

    tbptt_steps : int or None, default=None
        Truncated backpropagation through time (Williams & Peng, 1990): training batches with more
        time steps are processed in chunks of this many, counted after `conv_stride` and
        `patch_size`. Hidden states are carried from chunk to chunk, and the loss is that of the
        whole sequences, but gradients are truncated at chunk boundaries, so memory use is nearly
        independent of the sequence length. With chunks of a hundred time steps or more, a training
        step takes about 1.2 times as long, or 1.5 times with two layers. Dependencies longer than a
        chunk are only learned as far as the hidden states happen to carry them. If None, gradients
        are backpropagated through whole sequences. Not supported with a user-defined `cell`.

    max_epochs : int or "auto", default="auto"
        Number of epochs. "auto" uses about 30, more on small data sets (at most 150) and fewer on
        large ones (at least 10, or 20 for tokens in sequences of fewer than 100 time steps on
        average).

    batch_size : int or "auto", default="auto"
        Number of sequences per training batch. "auto" uses a sixteenth of the training sequences,
        but at least 8 and at most 32. Prediction uses batches as large as a fixed memory limit
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

    scoring : str, callable or None, default="loss"
        Validation score for early stopping and `validation_curve_`: "loss" for the negative loss,
        the name of one of scikit-learn's scorers, such as "neg_mean_absolute_error", or a callable
        ``scoring(estimator, X, y)`` that returns a number. This X can only be passed to
        ``estimator.predict``. If None, R² is used. With ``return_sequences=True``, the score is
        computed over all time steps.

    warm_start : bool, default=False
        Whether `fit` continues from the weights of the previous call.

    loss : str, default="squared_error"
        Loss function, which determines what is predicted: "squared_error" (the mean),
        "absolute_error" (the median), "huber" (a mean that is robust to outliers), "quantile" (a
        quantile), "poisson" (the mean of counts; y must be zero or positive) or "gaussian" (mean
        and standard deviation, see `predict`).

    huber_delta : float, default=1.35
        Absolute error above which the Huber loss is linear instead of quadratic, in standard
        deviations of y. 1.35 has 95 % efficiency for normally distributed errors (Huber, 1981).

    quantile : float in (0, 1), default=0.5
        Quantile to predict with ``loss="quantile"``.

    calibrate : bool or "auto", default="auto"
        With ``loss="gaussian"``, whether to multiply the predicted standard deviations of each
        target by a factor that is learned on held-out data (Levi et al., 2022), so that they match
        the observed errors. Predicted means do not change. The held-out data is the validation data
        if there is any. Otherwise it is one of three folds (or several, with fewer than 150
        sequences), whose targets are predicted by another network trained on the remaining data,
        and `fit` takes 1.7 to 3 times as long. If sequences resemble each other, such as
        overlapping windows of a series, pass `groups` to `fit`, or the deviations will be too
        small. "auto" calibrates with at most 2,000 training sequences. `partial_fit` does not
        calibrate. Other losses have no standard deviations.

    callbacks : list, tuple or None, default=None
        skorch callbacks, or pairs (name, callback). `fit` uses shallow copies of them; objects that
        a callback refers to, such as an Optuna trial, are not copied. Arguments are set as
        ``callbacks__name__…``. Scoring callbacks receive class indices (token ids), or numbers in
        the units of y.

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
        Parameters with double underscores, as in skorch: ``optimizer__…``, ``callbacks__…``,
        ``module__embedding_std``, ``module__forget_bias`` (the initial bias of the forget gate of
        an LSTM, by default 1, or of the update gate of a GRU, by default in equal steps over the
        units, from -2 to the logarithm of half of the mean number of time steps, at least 1 and at
        most 4, or 0 with ``return_sequences=True`` and for tokens in sequences of 100 or more on
        average), ``module__norm_eps`` (added to variances by the norm of ``head_norm``, by default
        0.01 for "batch" and 1e-5 for "layer") and ``module__cell__…`` (arguments of a user-defined
        cell). Type checkers only know the arguments of the built-in optimizers and cells; to
        satisfy them, set those of callbacks and user-defined classes with `set_params`.

    Attributes
    ----------
    n_features_in_ : int
        Number of features per time step; for a 2-D table, which has one feature per time step, the
        number of columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names. Only defined if X has column names that are all strings.
    vocabulary_ : dict
        Mapping from words to their ids, if X contains text or words.
    n_iter_ : int
        Number of epochs trained.
    loss_curve_ : list of float
        Mean training loss of each epoch, on the standardised targets.
    validation_curve_ : list of float or None
        Validation score after each epoch, see `scoring`; None without validation data.
    best_epoch_ : int
        Epoch, counted from 1, whose weights were kept: the best one with early stopping, otherwise
        the last one with a finite loss.
    std_factor_ : float or ndarray of shape (n_outputs,)
        Factor of the predicted standard deviations, see `calibrate`; 1 without calibration. Only
        defined with ``loss="gaussian"``; an array if y has several outputs.
    net_ : skorch.NeuralNet
        The trained net.
    module_ : torch.nn.Module
        The trained module. When it is called directly, numbers must already be standardised (see
        `scale_inputs`) and have the dtype that `precision` implies; `predict` does both.
    device_ : str
        Device of the network, which can be moved with `to`.

    See Also
    --------
    RNNClassifier : Recurrent neural network classifier.

    Notes
    -----
    Predictions are float64, so that they cover the range of y; the network computes in float32
    unless ``precision="float64"``. The notes of `RNNClassifier` apply as well.

    While ``loss="gaussian"`` is minimised, and in `loss_curve_`, each target counts in proportion
    to its predicted standard deviation (Seitzer et al., 2022): the means would not be learned
    where large deviations explain the errors. Validation scores are not weighted.

    References
    ----------
    Koenker, R. & Bassett, G. (1978). Regression quantiles. Econometrica 46(1).

    Nix, D. & Weigend, A. (1994). Estimating the mean and variance of the target probability
    distribution. ICNN. (the Gaussian loss)

    Seitzer, M. et al. (2022). On the pitfalls of heteroscedastic uncertainty estimation with
    probabilistic neural networks. ICLR. (its weights while training)

    Levi, D., Gispan, L., Giladi, N. & Fetaya, E. (2022). Evaluating and calibrating uncertainty
    prediction in regression tasks. Sensors 22(15). (the factor of standard deviations)

    Huber, P. (1981). Robust statistics. Wiley.

    Atal, B. (1974). Effectiveness of linear prediction characteristics of the speech wave for
    automatic speaker identification and verification. JASA 55(6). (centred inputs)

    Park, D. et al. (2019). SpecAugment: A simple data augmentation method for automatic speech
    recognition. Interspeech. (masks)

    Examples
    --------
    The mean of sequences of different lengths:

    >>> import numpy as np
    >>> from sk_rnn import RNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=n) for n in rng.integers(5, 20, size=200)]
    >>> y = [x.mean() for x in X]
    >>> reg = RNNRegressor(hidden_size=16, random_state=0).fit(X[:150], y[:150])
    >>> bool(reg.score(X[150:], y[150:]) > 0.9)
    True
    """

    _parameter_constraints: ClassVar[Constraints] = (
        SHARED
        | SEQUENCE_MODEL
        | PER_STEP
        | SCORING
        | {
            "loss": [StrOptions(set(LOSSES))],
            "huber_delta": [NumberIn(0, None, closed="neither")],
            "quantile": [NumberIn(0, 1, closed="neither")],
            "calibrate": ["boolean", StrOptions({"auto"})],
        }
    )
    _calibrated_name = "standard deviations"

    def __init__(
        self,
        *,
        cell: Cell = "gru",
        hidden_size: Int = 64,
        num_layers: Int = 1,
        bidirectional: bool = True,
        pooling: Pooling = "auto",
        return_sequences: bool = False,
        conv_channels: Int | None = None,
        conv_kernel_size: Int = 5,
        conv_stride: Int = 1,
        patch_size: Int | Auto = "auto",
        embedding_dim: Int | None = None,
        num_embeddings: Int | None = None,
        embedding_weights: npt.ArrayLike | None = None,
        freeze_embedding: bool = False,
        embedding_dropout: Float | Auto = "auto",
        word_dropout: Float = 0.2,
        analyzer: Analyzer | None = "word",
        min_df: Int | Auto = "auto",
        char_embedding: CharEmbedding | None = "auto",
        padding_value: Float | None = None,
        dropout: Float = 0.2,
        recurrent_dropout: Float = 0.0,
        layer_norm: bool = False,
        head_norm: HeadNorm | None = "auto",
        scale_inputs: bool = True,
        differences: bool | Auto = "auto",
        time_warping: Float = 0.0,
        center_inputs: bool = False,
        time_masking: Int = 0,
        feature_masking: Float = 0.0,
        optimizer: Optimizer = "adamw",
        lr: Float = 5e-3,
        lr_schedule: Schedule = "one_cycle",
        weight_decay: Float = 0.01,
        gradient_clip: Float | None = 1.0,
        tbptt_steps: Int | None = None,
        max_epochs: Int | Auto = "auto",
        batch_size: Int | Auto = "auto",
        early_stopping: bool = False,
        validation_fraction: Float = 0.1,
        n_iter_no_change: Int | Auto = "auto",
        tol: Float = 1e-4,
        scoring: Scoring = "loss",
        warm_start: bool = False,
        loss: Loss = "squared_error",
        huber_delta: Float = 1.35,
        quantile: Float = 0.5,
        calibrate: bool | Auto = "auto",
        callbacks: Callbacks | None = None,
        device: str = "auto",
        precision: Precision = "float32",
        backend: Backend = "auto",
        random_state: RandomState = None,
        verbose: int = 0,
        **extras: Unpack[Extras],
    ) -> None:
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.pooling = pooling
        self.return_sequences = return_sequences
        self.conv_channels = conv_channels
        self.conv_kernel_size = conv_kernel_size
        self.conv_stride = conv_stride
        self.patch_size = patch_size
        self.embedding_dim = embedding_dim
        self.num_embeddings = num_embeddings
        self.embedding_weights = embedding_weights
        self.freeze_embedding = freeze_embedding
        self.embedding_dropout = embedding_dropout
        self.word_dropout = word_dropout
        self.analyzer = analyzer
        self.min_df = min_df
        self.char_embedding = char_embedding
        self.padding_value = padding_value
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.layer_norm = layer_norm
        self.head_norm = head_norm
        self.scale_inputs = scale_inputs
        self.differences = differences
        self.time_warping = time_warping
        self.center_inputs = center_inputs
        self.time_masking = time_masking
        self.feature_masking = feature_masking
        self.optimizer = optimizer
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.gradient_clip = gradient_clip
        self.tbptt_steps = tbptt_steps
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.scoring = scoring
        self.warm_start = warm_start
        self.loss = loss
        self.huber_delta = huber_delta
        self.quantile = quantile
        self.calibrate = calibrate
        self.callbacks = callbacks
        self.device = device
        self.precision = precision
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose
        self._set_extras(extras)

    def __sklearn_tags__(self) -> Tags:
        """Declare that y may have several outputs."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @property
    def std_factor_(self) -> float | np.ndarray:
        """Factor of the predicted standard deviations."""
        target = getattr(self, "_target", None)
        if target is None or target.loss != "gaussian":
            raise AttributeError(
                f"{type(self).__name__} has no std_factor_, which only exists after fit with "
                "loss='gaussian'."
            )
        return target.std_factor

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
        """Fit the model to sequences and their targets.

        Parameters
        ----------
        X : sequences
            Input sequences: a Panel, a 2-D or 3-D array, a list of arrays of shape (n_timesteps,)
            or (n_timesteps, n_features), a DataFrame or another supported container; or text, as a
            list of strings or of lists of words. See the data contract in the documentation.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or one sequence per sample
            Targets. With ``return_sequences=True``, one sequence of numbers per sample; time steps
            whose numbers are all None or NaN have no target (as if their weight were zero), and
            sequences without any target are left out. If X is a Panel, a Series or DataFrame
            indexed by the ids of the Panel is aligned with it; the same holds for `sample_weight`
            and `groups`.
        sample_weight : array-like of shape (n_samples,), or one sequence per sample, default=None
            Weight of each sequence. A weight of zero leaves the sequence out; an integer weight k
            is equivalent to k copies. With ``return_sequences=True``, it can also contain one
            weight per time step. A weight of zero then leaves the time step out of the loss, and of
            scores, but the network still reads it, and the label still counts as a class; a
            sequence whose weights are all zero is left out.
        X_val, y_val : as X and y, default=None
            Validation data, scored after each epoch. With ``early_stopping=True``, it determines
            when training stops and which weights are kept.
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
            If X or y contain invalid values; the message states where.
        TypeError
            If X is not a container of sequences.
        """
        return self._fit(
            X,
            y,
            sample_weight,
            Validation(X_val, y_val, sample_weight_val),
            groups=groups,
            resume=self.warm_start and hasattr(self, "net_"),
        )

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Train for one epoch at the constant rate `lr`, starting from the current weights.

        The first call learns the scale of features and targets from its X and y. ``net_.history``
        contains the last call only; `loss_curve_` contains the epochs of all calls.

        Parameters
        ----------
        X, y : as in `fit`
            Sequences to train on, and their targets.
        sample_weight : array-like of shape (n_samples,), or one sequence per sample, default=None
            Weight of each sequence, or of each time step, as in `fit`.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, method="partial_fit", resume=hasattr(self, "net_"))

    @overload
    def predict(self, X: Any, return_std: Literal[False] = False) -> np.ndarray: ...

    @overload
    def predict(self, X: Any, return_std: Literal[True]) -> tuple[np.ndarray, np.ndarray]: ...

    def predict(
        self, X: Any, return_std: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """Predict the targets of each sequence.

        Parameters
        ----------
        X : sequences
            As in `fit`.
        return_std : bool, default=False
            Whether to also return the predicted standard deviation. Requires ``loss="gaussian"``.

        Returns
        -------
        y : ndarray of float64 of shape (n_samples,) or (n_samples, n_outputs)
            Predictions. With ``return_sequences=True``, a 1-D object array with one array per
            sequence, of shape (n_timesteps,) or (n_timesteps, n_outputs); for videos, of their
            shape.
        std : ndarray of the same shape
            Predicted standard deviations. Only returned if `return_std` is True.

        Raises
        ------
        ValueError
            If `return_std` is True and the model was fitted with another loss.
        """
        caller = f"{type(self).__name__}.predict"
        check_boolean(return_std, "return_std", caller)
        spans = self._read(X, "predict")
        target = self._target
        if return_std and target.loss != "gaussian":
            raise ValueError(
                f"{caller}: return_std=True requires a model fitted with loss='gaussian', but this "
                f"one was fitted with loss={target.loss!r}. Fit with loss='gaussian', or "
                "leave return_std=False."
            )
        outputs = self._outputs(spans)
        mean = target.split(target.decode(outputs), spans)
        return (mean, target.split(target.decode_std(outputs), spans)) if return_std else mean

    def stream(self, n_streams: Int | None = None) -> PredictionStream:
        """Start a stream: sequences that arrive step by step.

        Parameters
        ----------
        n_streams : int or None, default=None
            Number of parallel streams. Pushing them together is much faster than one after the
            other. If None, there is a single stream, and its steps and predictions have no axis for
            streams.

        Returns
        -------
        PredictionStream
            ``push(step or chunk)`` returns the prediction after these time steps, the same as that
            for the whole sequence so far.

        Raises
        ------
        ValueError
            If predictions depend on later time steps, as with ``bidirectional=True``.
        """
        check_is_fitted(self)
        caller = f"{type(self).__name__}.stream"
        check_streams(self, n_streams, caller)
        return PredictionStream(self, n_streams)

    def score(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return R², the coefficient of determination of the predictions.

        Parameters
        ----------
        X, y : as in `fit`
            Sequences and their true targets.
        sample_weight : array-like of shape (n_samples,), or one sequence per sample, default=None
            Weight of each sequence, or of each time step, as in `fit`.

        Returns
        -------
        float
            The best possible score is 1.0; predicting the mean of y scores 0.0. With
            ``return_sequences=True``, computed over all time steps with a target.
        """
        caller = f"{type(self).__name__}.score"
        spans = self._read(X, "score")
        target = self._target
        truth = target.read(y, X, spans, caller)
        weights = check_weights(
            sample_weight, spans, caller, purpose="score", per_step=target.per_step
        )
        truth, weights, used = target.scored(truth, weights, spans, f"{caller}: sample_weight")
        predicted = target.decode(self._outputs(spans))
        return r_squared(truth, predicted[used], weights, caller)

    def _decode_outputs(self, outputs: np.ndarray, method: str) -> np.ndarray:
        """Convert outputs of the network to predictions."""
        return self._target.decode(outputs)

    def _make_target(
        self, y: Any, X: Any, samples: Samples, params: Mapping[str, Any], caller: str
    ) -> tuple[Target, Any]:
        target = NumberTarget(params)
        return target, target.read(y, X, samples, caller, reset=True)

    def _check_combinations(self, params: Mapping[str, Any], caller: str) -> None:
        super()._check_combinations(params, caller)
        if params["loss"] != "gaussian" and params["calibrate"] not in ("auto", False):
            raise ValueError(
                f"{caller}: calibrate={params['calibrate']} calibrates standard deviations, which "
                f"loss={params['loss']!r} does not predict. Set loss='gaussian', or leave "
                "calibrate at its default 'auto'."
            )

    def _is_calibrated(self, params: Mapping[str, Any], n_rows: int) -> bool:
        chosen = params["calibrate"]
        wanted = auto_calibrate(n_rows) if chosen == "auto" else chosen
        return wanted and self._target.loss == "gaussian"

    def _learn_calibration(self, held_out: list[HeldOut]) -> None:
        factors = learn_std_factors(held_out)
        if factors is not None:
            self._target.std_factors = factors
