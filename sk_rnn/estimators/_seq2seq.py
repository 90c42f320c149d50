"""Seq2SeqTransformer."""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple, Self, Unpack, overload

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import TransformerMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import (
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils.validation import (
    _generate_get_feature_names_out,
    check_array,
    check_is_fitted,
)

from ..decoding import sample
from ..metrics import sequence_accuracy_score
from ..modules import ATTENTIONS, CELLS, CellName, Seq2SeqModel
from ..sequences import (
    Float,
    Int,
    IntegerFrom,
    NumberIn,
    Panel,
    RandomState,
    Spans,
    available_if,
    fit_context,
    open_tensors,
    quote,
)
from ..training import Model, check_weights, draw_seed, float_type
from ._autos import auto_attention, auto_max_length, auto_tied_embeddings
from ._base import BaseRNN
from ._decoding import MARKS, PairDecoder
from ._modules import SEQ2SEQ_MODEL_PARAMETERS
from ._parameters import (
    SHARED,
    Constraints,
    check_boolean,
    check_conflicts,
    check_objects,
    encoder_conflicts,
)
from ._readings import Readable
from ._sampling import check_sampling
from ._scores import r_squared
from ._texts import BEGIN
from ._types import (
    Analyzer,
    Attention,
    Auto,
    Backend,
    Callbacks,
    Extras,
    Optimizer,
    Precision,
    Schedule,
    SourceKind,
    TargetKind,
    TransformMethod,
)
from ._validation import Validation
from .sources import Samples, Source, read_any_source
from .targets import (
    SeriesTarget,
    Target,
    TokenTarget,
    check_n_targets,
    open_target,
    read_any_target,
    to_object_array,
)

_positive_int = IntegerFrom(1)
_fraction = NumberIn(0, 1, closed="left")

_SEQ2SEQ_CONSTRAINTS: Constraints = {
    "cell": [StrOptions(set(CELLS))],
    "attention": [StrOptions({"auto", *ATTENTIONS}), None],
    "input_feeding": ["boolean"],
    "feedback": ["boolean", StrOptions({"auto"})],
    "scheduled_sampling": [NumberIn(0, 1, closed="both")],
    "source_kind": [StrOptions({"auto", "tokens", "series", "vectors"})],
    "target_kind": [StrOptions({"auto", "tokens", "series"})],
    "source_analyzer": [StrOptions({"char", "word"}), callable, None],
    "target_analyzer": [StrOptions({"char", "word"}), callable, None],
    "source_min_df": [_positive_int, StrOptions({"auto"})],
    "target_min_df": [_positive_int, StrOptions({"auto"})],
    "embedding_dim": [_positive_int],
    "embedding_dropout": [_fraction],
    "tied_embeddings": ["boolean", StrOptions({"auto"})],
    "label_smoothing": [_fraction],
    "max_length": [_positive_int, StrOptions({"auto"})],
    "beam_width": [_positive_int],
    "length_penalty": [NumberIn(None, None, closed="neither")],
    "autoencoder": ["boolean", StrOptions({"auto"})],
    "transform_method": [StrOptions({"predict", "encode"})],
}


class Alignment(NamedTuple):
    """Soft alignment of one target with its source.

    Attributes
    ----------
    source, target : list
        The steps: tokens, with ``"<end>"`` for the end of sequence, or indices of time steps.
    weights : ndarray of shape (len(target), len(source)), float32
        Attention weights; each row sums to one.
    """

    source: list[Any]
    target: list[Any]
    weights: np.ndarray


def _encodes(estimator: Any) -> bool:
    method = estimator.transform_method
    if not isinstance(method, str) or method != "encode":
        raise AttributeError(
            "Only available with transform_method='encode': predictions are not features."
        )
    return True


def _decodes(estimator: Any) -> bool:
    if not getattr(estimator, "_autoencoder", True):
        raise AttributeError("Only available for an autoencoder.")
    return _encodes(estimator)


class Seq2SeqTransformer(TransformerMixin, BaseRNN):
    r"""Encoder-decoder RNN with scikit-learn's transformer API (not a Transformer network).

    Maps sequences to other sequences, possibly of different lengths: words to pronunciations,
    sentences to translations, vectors to names, the past of a series to its future. Without y it
    is an autoencoder, which learns to reconstruct its input from a vector of fixed size.

    Sources and targets may be strings, sequences of hashable tokens, or sequences of numbers;
    sources may also be vectors. `predict` returns targets of the same kind as y.

    Parameters
    ----------
    cell : {"gru", "lstm", "rnn_tanh", "rnn_relu"}, default="gru"
        Type of the recurrent cell of encoder and decoder. The gated cells "gru" and "lstm" retain
        information over long time spans; the plain ones are smaller and forget sooner.

    hidden_size : int, default=128
        Size of the hidden state in each direction of the encoder, and in the decoder. Larger values
        increase the capacity of the model, the training time and the risk of overfitting.

    num_layers : int, default=1
        Number of stacked recurrent layers in encoder and decoder.

    bidirectional : bool, default=True
        Whether the encoder reads each source in both directions.

    attention : {"auto", "additive", "dot", "general"} or None, default="auto"
        Score function of the decoder's attention: a small feed-forward network ("additive";
        Bahdanau, Cho & Bengio, 2015), a dot product, or a bilinear form ("general"; Luong, Pham &
        Manning, 2015). If None, the decoder receives the encoding of the source at every step
        instead. "auto" uses "additive" for sources of tokens, "general", which is faster, for
        numbers, and None for an autoencoder, which with attention would not need to learn an
        encoding.

    input_feeding : bool, default=False
        Whether the attentional output of the previous step, context included, is an input of the
        decoder's recurrence (Luong et al., 2015, section 3.3), which informs it of past alignment
        decisions. Training then computes target steps sequentially, which is several times slower.

    feedback : bool or "auto", default="auto"
        Whether the decoder is autoregressive, that is, reads the previous target steps: the true
        ones in training (teacher forcing), its own predictions in `predict`. "auto" is True for
        tokens and False for numbers, which is faster and prevents errors from accumulating over the
        steps.

    scheduled_sampling : float in [0, 1], default=0.0
        Probability that the decoder reads its own prediction of a target step in training instead
        of the true one (Bengio et al., 2015; in two passes as in Duckworth et al., 2019). Makes
        training resemble `predict`, at the cost of a second pass through the decoder.

    source_kind : {"auto", "tokens", "series", "vectors"}, default="auto"
        How X is interpreted. "auto" treats strings, sequences of integers and sequences of anything
        that is not a number as tokens; the rows of a 2-D array or DataFrame as vectors
        (one-to-many); and all other numbers as series. With "series", the rows of a 2-D array are
        also series, with one number per time step.

    target_kind : {"auto", "tokens", "series"}, default="auto"
        How y is interpreted: as tokens or as numbers. "auto" applies the rules for X, except that
        the rows of a 2-D array are series. Set "series" for lists of integers that are quantities:
        "auto" treats them as tokens unless one of them has a fractional part, so a subset of the
        data may be interpreted differently. If y is a padded 2-D array of tokens, `padding_value`
        is dropped from it as from X.

    source_analyzer : {"char", "word"}, callable or None, default="char"
        How strings in X are split into tokens: into characters, into words with punctuation marks
        as separate tokens, or by a callable that takes a string and returns a list. Sequences of
        tokens are used unchanged; if None, X must consist of such sequences.

    target_analyzer : {"char", "word"}, callable or None, default="char"
        Same as `source_analyzer`, for y. Characters and words are joined exactly as they were
        split; the tokens of a callable are concatenated if that restores the strings passed to
        `fit`, and joined with spaces otherwise. An autoencoder uses `source_analyzer`.

    source_min_df : int or "auto", default="auto"
        Tokens that occur in fewer sequences of X than this are replaced by the unknown token.
        "auto" uses 2 with 1,000 sequences or more, so that the model learns to handle unknown
        tokens, and 1 otherwise.

    target_min_df : int or "auto", default="auto"
        Same as `source_min_df`, for y; tokens that are left out cannot be predicted. "auto" uses 2
        for words with 1,000 sequences or more, and 1 otherwise.

    embedding_dim : int, default=64
        Size of the embedding vectors of source and target tokens.

    embedding_weights : array-like of shape (n_tokens, n_embedded) or None, default=None
        Pretrained embedding vectors of source tokens, with row i for token id i. Requires X to be a
        Panel of token ids, such as `~sk_rnn.preprocessing.SequenceVectorizer` returns with a fixed
        vocabulary. Not supported for strings, whose vocabulary is learned in each `fit`, so rows
        would refer to different tokens in different folds.

    freeze_embedding : bool, default=False
        Whether to keep `embedding_weights` fixed during training.

    tied_embeddings : bool or "auto", default="auto"
        Whether the output layer shares its weights with the target embedding (Press & Wolf, 2017).
        This reduces the number of weights, which helps with a large vocabulary and little data.
        "auto" is True for a vocabulary of 1,000 tokens or more.

    embedding_dropout : float in [0, 1), default=0.2
        Dropout probability of individual values of the embedding vectors during training.

    word_dropout : float in [0, 1), default=0.0
        Probability of replacing a source token by the zero vector during training (Iyyer et al.,
        2015).

    padding_value : float or None, default=None
        The value that X is padded with. Time steps at the start or the end of a sequence are
        dropped if all of their features equal it. NaN is allowed. If None, no time step is dropped.

    conv_channels : int or None, default=None
        Number of output channels of a convolution over time, followed by a ReLU, before the
        recurrent layers. If None, there is no convolution. The kernel is centred if `bidirectional`
        is True, and causal otherwise.

    conv_kernel_size : int, default=5
        Number of time steps that the convolution kernel covers. Only used with `conv_channels`.

    conv_stride : int, default=1
        Keep every `conv_stride`-th time step after the convolution, for example for audio. This
        reduces the cost of recurrent layers and attention by this factor.

    dropout : float in [0, 1), default=0.2
        Dropout probability between recurrent layers and before the output layer during training.

    recurrent_dropout : float in [0, 1), default=0.0
        Dropout probability of the recurrent states during training, with the same mask at every
        time step (Gal & Ghahramani, 2016). Not supported with `input_feeding`.

    layer_norm : bool, default=False
        Whether to apply layer normalisation to the output of each recurrent layer (Ba, Kiros &
        Hinton, 2016).

    scale_inputs : bool, default=True
        Whether to standardise each feature by its mean and standard deviation over the training
        time steps, in float64, before numbers are rounded to float32. Token ids are never scaled.

    label_smoothing : float in [0, 1), default=0.1
        Fraction of the probability of each target token that is distributed uniformly over all
        tokens in the loss (Szegedy et al., 2016). Reduces overconfidence, which misleads beam
        search, and lowers the likelihoods of `score_samples`. Only used for tokens.

    max_length : int or "auto", default="auto"
        Maximum number of steps to decode if no end of sequence is predicted. "auto" uses twice the
        length of the longest target in `fit`. If all targets are numbers of the same length, they
        are never truncated, and a smaller value raises an error.

    beam_width : int, default=1
        Number of hypotheses that beam search keeps in `predict`; 1 is greedy decoding. 5 is often
        slightly better and about five times slower.

    length_penalty : float, default=1.0
        Exponent of the length by which log-probabilities are divided to rank the hypotheses of beam
        search (Wu et al., 2016). 0 ranks by probability, which favours short hypotheses.

    autoencoder : bool or "auto", default="auto"
        Whether the target is X itself and y is ignored. "auto" is True if `fit` is called without
        y. Set it to True in a pipeline, which passes y to every step.

    transform_method : {"predict", "encode"}, default="predict"
        What `transform` returns: predictions, or the encoding of each source, that is, the final
        states of the encoder in each direction, as features for another estimator.

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
        Number of epochs. "auto" uses about 30, more on small data sets (at most 150) and fewer on
        large ones (at least 10, or 20 for tokens).

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

    warm_start : bool, default=False
        Whether `fit` continues from the weights of the previous call.

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
        ``module__embedding_std`` and ``module__forget_bias`` (the initial bias of the forget gate
        of an LSTM, by default 1, or of the update gate of a GRU, by default 0). Type checkers only
        know the arguments of the built-in optimizers and cells; to satisfy them, set those of
        callbacks and user-defined optimizers with `set_params`.

    Attributes
    ----------
    source_vocabulary_ : dict or None
        Mapping from the tokens of X to their ids; ids 0 to 2 are reserved for the end token, the
        begin token and the unknown token. None for numbers, and for a Panel of token ids.
    target_vocabulary_ : dict or None
        Same as `source_vocabulary_`, for y. None for numbers.
    n_features_in_ : int
        Number of features per time step, which is one for tokens; for vectors, their size.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names. Only defined if X has column names that are all strings.
    n_iter_ : int
        Number of epochs trained.
    loss_curve_ : list of float
        Mean training loss of each epoch, per target step.
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
    RNNClassifier : Recurrent neural network classifier.
    RNNRegressor : Recurrent neural network regressor.
    sk_rnn.metrics : Scores and error rates of predicted sequences.

    Notes
    -----
    The decoder's recurrence reads the previous target steps. Its state :math:`h_t` and the context
    :math:`c_t`, the mean of the encoder states weighted by attention, determine the output (Luong
    et al., 2015, equation 5): :math:`o_t = V \tanh(W [h_t; c_t])`. Training can therefore process
    all steps of a target at once. Sequences much longer than those in `fit` are decoded poorly,
    because what was learned about order and length does not generalise to them.

    If all targets are numbers of the same length, predictions also have this length; otherwise the
    model predicts where they end. Numbers are standardised internally.

    Token ids, and therefore the initial weights, do not depend on the order of the samples: tokens
    that cannot be compared, such as frozensets, are sorted by their content. Only objects with the
    same content that are not equal are numbered in order of appearance.

    References
    ----------
    Sutskever, I., Vinyals, O. & Le, Q. (2014). Sequence to sequence learning with neural networks.
    NeurIPS.

    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical
    machine translation. EMNLP.

    Bahdanau, D., Cho, K. & Bengio, Y. (2015). Neural machine translation by jointly learning to
    align and translate. ICLR.

    Luong, T., Pham, H. & Manning, C. (2015). Effective approaches to attention-based neural machine
    translation. EMNLP.

    Bengio, S. et al. (2015). Scheduled sampling for sequence prediction with recurrent neural
    networks. NeurIPS. Duckworth, D. et al. (2019). Parallel scheduled sampling. arXiv 1906.04331.

    Press, O. & Wolf, L. (2017). Using the output embedding to improve language models. EACL.

    Szegedy, C. et al. (2016). Rethinking the Inception architecture for computer vision. CVPR.
    (label smoothing)

    Examples
    --------
    >>> from sk_rnn import Seq2SeqTransformer
    >>> words = ["cat", "dog", "cow", "hen", "pig", "owl", "bat", "emu", "ant", "fox"]
    >>> plurals = [word + "s" for word in words[:-1]] + ["foxes"]
    >>> model = Seq2SeqTransformer(hidden_size=32, lr=1e-2, random_state=0).fit(words, plurals)
    >>> model.predict(["cat", "fox"]).tolist()
    ['cats', 'foxes']

    Predictions of numbers are returned as an array:

    >>> import numpy as np
    >>> start = np.linspace(0.0, 6.0, 50)
    >>> X = np.column_stack([np.sin(start), np.cos(start)])
    >>> y = np.sin(start[:, None] + 0.1 * np.arange(1, 6))
    >>> wave = Seq2SeqTransformer(hidden_size=16, lr=1e-2, random_state=0).fit(X, y)
    >>> wave.predict(X[:3]).shape
    (3, 5)
    """

    _parameter_constraints: ClassVar[Constraints] = SHARED | _SEQ2SEQ_CONSTRAINTS
    _module_class: ClassVar[type[Model]] = Seq2SeqModel
    _module_parameters: ClassVar[tuple[str, ...]] = SEQ2SEQ_MODEL_PARAMETERS
    _data_parameters: ClassVar[tuple[str, ...]] = (
        "source_kind",
        "target_kind",
        "source_analyzer",
        "target_analyzer",
        "source_min_df",
        "target_min_df",
        "embedding_dim",
        "embedding_weights",
    )

    _target: TokenTarget | SeriesTarget
    _autoencoder: bool

    def __init__(
        self,
        *,
        cell: CellName = "gru",
        hidden_size: Int = 128,
        num_layers: Int = 1,
        bidirectional: bool = True,
        attention: Attention | None = "auto",
        input_feeding: bool = False,
        feedback: bool | Auto = "auto",
        scheduled_sampling: Float = 0.0,
        source_kind: SourceKind = "auto",
        target_kind: TargetKind = "auto",
        source_analyzer: Analyzer | None = "char",
        target_analyzer: Analyzer | None = "char",
        source_min_df: Int | Auto = "auto",
        target_min_df: Int | Auto = "auto",
        embedding_dim: Int = 64,
        embedding_weights: npt.ArrayLike | None = None,
        freeze_embedding: bool = False,
        tied_embeddings: bool | Auto = "auto",
        embedding_dropout: Float = 0.2,
        word_dropout: Float = 0.0,
        padding_value: Float | None = None,
        conv_channels: Int | None = None,
        conv_kernel_size: Int = 5,
        conv_stride: Int = 1,
        dropout: Float = 0.2,
        recurrent_dropout: Float = 0.0,
        layer_norm: bool = False,
        scale_inputs: bool = True,
        label_smoothing: Float = 0.1,
        max_length: Int | Auto = "auto",
        beam_width: Int = 1,
        length_penalty: Float = 1.0,
        autoencoder: bool | Auto = "auto",
        transform_method: TransformMethod = "predict",
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
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.attention = attention
        self.input_feeding = input_feeding
        self.feedback = feedback
        self.scheduled_sampling = scheduled_sampling
        self.source_kind = source_kind
        self.target_kind = target_kind
        self.source_analyzer = source_analyzer
        self.target_analyzer = target_analyzer
        self.source_min_df = source_min_df
        self.target_min_df = target_min_df
        self.embedding_dim = embedding_dim
        self.embedding_weights = embedding_weights
        self.freeze_embedding = freeze_embedding
        self.tied_embeddings = tied_embeddings
        self.embedding_dropout = embedding_dropout
        self.word_dropout = word_dropout
        self.padding_value = padding_value
        self.conv_channels = conv_channels
        self.conv_kernel_size = conv_kernel_size
        self.conv_stride = conv_stride
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.layer_norm = layer_norm
        self.scale_inputs = scale_inputs
        self.label_smoothing = label_smoothing
        self.max_length = max_length
        self.beam_width = beam_width
        self.length_penalty = length_penalty
        self.autoencoder = autoencoder
        self.transform_method = transform_method
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

    def __sklearn_tags__(self) -> Tags:
        """Declare that y is optional and that dtypes are not preserved."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = False
        tags.transformer_tags.preserves_dtype = []
        return tags

    # --- fitting --------------------------------------------------------------------------------

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: npt.ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: npt.ArrayLike | None = None,
        groups: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit the model to pairs of sequences, or to sequences alone.

        Parameters
        ----------
        X : list of str, sequences, or array of shape (n_samples, n_features)
            Sources: strings, sequences of tokens, sequences of numbers in any container that the
            data contract in the documentation lists, or vectors.
        y : list of str, sequences, or None, default=None
            Targets: strings, sequences of tokens, or sequences of numbers; a 2-D array has one
            series per row. None trains an autoencoder. If X is a Panel, a Series indexed by the ids
            of the Panel is aligned with it; the same holds for `sample_weight` and `groups`.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each pair. A weight of zero leaves the pair out; an integer weight k is
            equivalent to k copies.
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
            If X or y is not a container of sequences.
        """
        caller = f"{type(self).__name__}.fit"
        resume = self.warm_start and hasattr(self, "net_")
        autoencoder = y is None if self.autoencoder == "auto" else bool(self.autoencoder)
        if resume and autoencoder != self._autoencoder:
            kinds = ("a model with targets", "an autoencoder")
            raise ValueError(
                f"{caller}: the network was built for {kinds[self._autoencoder]}, but now y is "
                f"{'None' if y is None else 'given'} and autoencoder={self.autoencoder!r}, which "
                f"requires {kinds[autoencoder]}. Pass the same kind of data as to the first fit, "
                "or refit with warm_start=False."
            )
        if autoencoder and y_val is not None and (y is None or X_val is None):
            raise ValueError(
                f"{caller}: y_val was passed, but the target of an autoencoder is X_val itself. "
                "Pass X_val alone; or y with X_val and y_val for a model with targets."
            )
        if autoencoder:
            y, y_val = X, X_val
        return self._fit(
            X,
            y,
            sample_weight,
            Validation(X_val, y_val, sample_weight_val),
            groups=groups,
            resume=resume,
            known={"_autoencoder": autoencoder},
        )

    # --- prediction -----------------------------------------------------------------------------

    def predict(self, X: Any) -> np.ndarray:
        """Predict the target of each source.

        Parameters
        ----------
        X : as in `fit`
            Sources.

        Returns
        -------
        ndarray of shape (n_samples,), or as y
            Strings or lists of tokens, in an object array. Numbers are returned in the format of y:
            a 2-D or 3-D array, an array of videos, or an object array with one array per target.
        """
        spans = self._read_sources(X, "predict")
        return self._predict_spans(spans)

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
        """Predict the `n` best targets of each source by beam search.

        Parameters
        ----------
        X : as in `fit`
            Sources.
        n : int
            Number of targets per source. The beam is at least this wide.
        return_log_proba : bool, default=False
            Whether to also return their log-probabilities.

        Returns
        -------
        y : ndarray of object of shape (n_samples, n)
            Targets, best first, as ranked with `length_penalty`; None if fewer than `n` were found.
        log_proba : ndarray of float64 of shape (n_samples, n)
            Log-probabilities; -inf if fewer than `n` targets were found. Only returned if
            `return_log_proba` is True.

        Raises
        ------
        ValueError
            If `n` is less than 1, or if targets are numbers, which have a single prediction.
        """
        caller = "predict_n_best"
        spans = self._read_sources(X, caller)
        target = self._token_target(caller)
        if not _positive_int.is_satisfied_by(n):
            raise ValueError(
                f"{type(self).__name__}.{caller}: n is {n!r}. Pass a positive integer."
            )
        check_boolean(return_log_proba, "return_log_proba", f"{type(self).__name__}.{caller}")
        n = int(n)
        decoder = self._decoder()
        width = max(n, decoder.beam_width)
        decoded = decoder.decode_tokens(spans, decoder.search(n), width=width)
        y = np.full((len(spans), n), None, dtype=object)
        log_proba = np.full((len(spans), n), -np.inf)
        for i, row in enumerate(decoded):
            for j, tokens in enumerate(target.decode(row.ids)):
                y[i, j] = tokens
            log_proba[i, : len(row.ids)] = row.log_probs
        return (y, log_proba) if return_log_proba else y

    def sample(
        self,
        X: Any,
        *,
        temperature: Float = 1.0,
        top_k: Int | None = None,
        top_p: Float | None = None,
        random_state: RandomState = None,
    ) -> np.ndarray:
        """Sample a target for each source from the distribution that the model predicts.

        Parameters
        ----------
        X : as in `fit`
            Sources.
        temperature : float, default=1.0
            Values below 1 sharpen the distribution, values above 1 flatten it; 0 always selects the
            most probable token.
        top_k : int or None, default=None
            Sample only from the `top_k` most probable tokens.
        top_p : float or None, default=None
            Sample only from the smallest set of most probable tokens whose total probability is at
            least `top_p` (nucleus sampling).
        random_state : int, RandomState instance or None, default=None
            Controls the sampling. Each source has a separate stream of random numbers, determined
            by its position in X, so its result does not depend on the other sources.

        Returns
        -------
        ndarray of object of shape (n_samples,)
            Strings or lists of tokens.
        """
        options = check_sampling(
            f"{type(self).__name__}.sample",
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            random_state=random_state,
        )
        spans = self._read_sources(X, "sample")
        target = self._token_target("sample")
        decoder = self._decoder()
        search = partial(
            sample,
            max_length=decoder.max_length,
            **{name: options[name] for name in ("temperature", "top_k", "top_p")},
            **MARKS,
        )
        seed = draw_seed(random_state)
        decoded = decoder.decode_tokens(spans, search, width=1, seed=seed)
        return to_object_array(target.decode(row.ids[0] for row in decoded))

    def score_samples(self, X: Any, y: Any = None) -> np.ndarray:
        """Compute the log-likelihood of each target given its source.

        Parameters
        ----------
        X : as in `fit`
            Sources.
        y : as in `fit`, default=None
            Targets. If None, the predicted targets, whose likelihood measures the confidence of the
            model: that of `predict_n_best`, without the end token if `max_length` truncated the
            target. For an autoencoder, the target is always X itself: sequences with low scores are
            unlike those in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Log-likelihood of all tokens and the end token; for numbers, the log-density with errors
            of unit variance in the standardised targets. Longer targets have lower values.
        """
        caller = f"{type(self).__name__}.score_samples"
        check_is_fitted(self)
        if self._autoencoder and y is not None and y is not X:
            raise ValueError(
                f"{caller}: y was passed, but the target of an autoencoder is X itself. Leave y "
                "out."
            )
        if y is None and not self._autoencoder:
            spans = self._read_sources(X, "score_samples")
            target = self._predict_encoded(spans)
        else:
            spans, target = self._read_pairs(X, y, "score_samples")
        return self._decoder().log_likelihood(spans, target, caller)

    def score(self, X: Any, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return the exact-match accuracy of `predict`; for numbers, R².

        Parameters
        ----------
        X : as in `fit`
            Sources.
        y : as in `fit`, default=None
            True targets; not needed by an autoencoder.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each pair.

        Returns
        -------
        float
            The best possible score is 1.0. For tokens, the fraction of targets that are predicted
            exactly. For numbers, R² as in `sklearn.metrics.r2_score`, in the units of y: if all
            targets in `fit` had the same length, the mean R² of all time steps and features, as
            with ``scoring="r2"``; otherwise the mean R² of all features over the time steps of all
            targets, with predictions decoded to the true lengths.
        """
        caller = f"{type(self).__name__}.score"
        check_is_fitted(self)
        target, decoder = self._target, self._decoder()
        if isinstance(target, SeriesTarget):
            spans, encoded = self._read_pairs(X, y, "score")
            weights = check_weights(sample_weight, spans, caller, purpose="score")
            true = encoded.values
            if target.n_steps is not None:
                predicted = target.unscaled(decoder.decode_numbers(spans)).values
                shape = (len(spans), -1)  # a column for each time step and feature
                true, predicted = true.reshape(shape), predicted.reshape(shape)
            else:
                decoded = decoder.decode_numbers(spans, lengths=encoded.lengths)
                predicted = target.unscaled(decoded).values
                weights = None if weights is None else np.repeat(weights, encoded.lengths)
            return r_squared(true, predicted, weights, caller)
        spans = self._read_sources(X, "score")
        where = f"{caller}: y"
        y = open_target(self._resolve_target(X, y, caller), spans, where, caller)
        rows = target.contents(y, where).rows or []
        check_n_targets(len(rows), len(spans), caller)
        weights = check_weights(sample_weight, spans, caller, purpose="score")
        return sequence_accuracy_score(rows, self._predict_spans(spans), sample_weight=weights)

    def align(self, X: Any, y: Any = None) -> list[Alignment]:
        """Return the attention weights of each target step over the steps of its source.

        This is the soft alignment of Bahdanau, Cho & Bengio (2015). The method is not called
        `attention` because this is the parameter that selects the score function.

        Parameters
        ----------
        X : as in `fit`
            Sources.
        y : as in `fit`, default=None
            Targets. If None, the predicted targets.

        Returns
        -------
        list of Alignment
            One named tuple per sample: `source` and `target` are lists of tokens, and `weights` is
            an array of shape (len(target), len(source)) whose rows sum to one.

        Raises
        ------
        ValueError
            If the model has no attention.
        """
        caller = f"{type(self).__name__}.align"
        spans = self._read_sources(X, "align")
        if self.module_.decoder.attention is None:
            raise ValueError(
                f"{caller}: the model was fitted without attention. Fit with "
                "attention='additive', 'dot' or 'general'."
            )
        if y is None:
            target = self._predict_encoded(spans)
        else:
            target = self._target.encode(self._target.read(y, X, spans, caller), caller)
        decoder = self._decoder()
        weights = decoder.align(spans, target, caller)
        sources = self._source.step_labels(spans, decoder.stride)
        targets = self._target.step_labels(target)
        return [Alignment(*parts) for parts in zip(sources, targets, weights, strict=True)]

    # --- scikit-learn's transformer -------------------------------------------------------------

    def transform(self, X: Any) -> np.ndarray:
        """Predict targets or encode sources, depending on `transform_method`.

        Parameters
        ----------
        X : as in `fit`
            Sources.

        Returns
        -------
        ndarray
            Same as `predict`; or with ``transform_method="encode"``, an array of shape (n_samples,
            n_encoded), float32: the final states of the encoder, `hidden_size` per direction.
        """
        # An invalid value that was set after fit raises an error when X is read.
        if isinstance(self.transform_method, str) and self.transform_method == "predict":
            return self.predict(X)
        spans = self._read_sources(X, "transform")
        return self._decoder().encode(spans)

    @available_if(_decodes)
    def inverse_transform(self, X: Any) -> np.ndarray:
        """Decode encodings with the decoder of an autoencoder.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_encoded)
            Encodings, as `transform` returns them with ``transform_method="encode"``.

        Returns
        -------
        ndarray
            Same as `predict`.

        Raises
        ------
        ValueError
            If the model has attention, whose decoder requires the sources themselves.
        """
        caller = f"{type(self).__name__}.inverse_transform"
        check_is_fitted(self)
        if self.module_.decoder.attention is not None:
            raise ValueError(
                f"{caller}: the attention of the decoder requires the sources, which encodings do "
                "not contain. Fit with attention=None."
            )
        size = self.module_.encoder.output_size
        self._check_decoding(caller)
        try:
            X = open_tensors(X, f"{caller}: X")
            with np.errstate(over="ignore"):  # overflow raises an error, as infinity
                X = check_array(X, dtype=float_type(self._precision), input_name="X")
        except Exception as error:  # any exception: conversion may run user code
            raise ValueError(
                f"{caller}: X does not contain encodings: {quote(error)}. Pass an "
                f"array of shape (n_samples, {size}), as transform returned it."
            ) from error
        if X.shape[1] != size:
            raise ValueError(
                f"{caller}: X has {X.shape[1]} features, but encodings of this model have {size}. "
                "Pass what transform returned."
            )
        spans = Spans.of(Panel(X, np.arange(len(X) + 1)))
        return self._predict_spans(spans, encoded=True)

    @available_if(_encodes)
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Get output feature names for the encoding.

        Parameters
        ----------
        input_features : None, default=None
            Not used, present for API consistency.

        Returns
        -------
        ndarray of object of shape (n_encoded,)
            ``seq2seqtransformer0``, ``seq2seqtransformer1`` and so on.
        """
        check_is_fitted(self)
        size = self.module_.encoder.output_size
        try:
            return _generate_get_feature_names_out(self, size, input_features=input_features)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{type(self).__name__}.get_feature_names_out: {quote(error)}. Pass None."
            ) from error

    @property
    def source_vocabulary_(self) -> dict[Hashable, int] | None:
        """The id of each token of X; None for numbers and ids."""
        vocabulary = self._source.vocabulary
        return None if vocabulary is None else vocabulary.ids

    @property
    def target_vocabulary_(self) -> dict[Hashable, int] | None:
        """The id of each token of y; None for numbers."""
        vocabulary = self._target.vocabulary
        return None if vocabulary is None else vocabulary.ids

    # --- hooks ----------------------------------------------------------------------------------

    def _check_combinations(self, params: Mapping[str, Any], caller: str) -> None:
        check_objects(params, caller)
        no_feedback = params["feedback"] in (False,)  # NumPy's False, too
        conflicts = [
            *encoder_conflicts(params),
            (
                params["input_feeding"] and params["recurrent_dropout"] > 0,
                f"recurrent_dropout={params['recurrent_dropout']} keeps one mask for a whole "
                "sequence, but input_feeding=True computes one step at a time. Set "
                "recurrent_dropout=0 or input_feeding=False.",
            ),
            (
                no_feedback and params["scheduled_sampling"] > 0,
                f"scheduled_sampling={params['scheduled_sampling']} has no effect with "
                "feedback=False, where the decoder reads no target. Set scheduled_sampling=0.",
            ),
            (
                no_feedback and params["tied_embeddings"] not in ("auto", False),
                "tied_embeddings=True has no effect with feedback=False, where the decoder does "
                "not embed tokens. Set tied_embeddings=False.",
            ),
        ]
        check_conflicts(conflicts, caller)

    def _make_source(
        self, X: Any, params: Mapping[str, Any], caller: str
    ) -> tuple[Source, Samples]:
        return read_any_source(X, self, params, caller)

    def _make_target(
        self, y: Any, X: Any, samples: Samples, params: Mapping[str, Any], caller: str
    ) -> tuple[Target, Any]:
        return read_any_target(
            y, X, samples, self._source, params, caller, autoencoder=self._autoencoder
        )

    def _choose_module(
        self, params: Mapping[str, Any], *, lengths: np.ndarray, caller: str
    ) -> dict[str, Any]:
        target = self._target
        numbers = isinstance(target, SeriesTarget)
        tied, attention = params["tied_embeddings"], params["attention"]
        feedback = not numbers if params["feedback"] == "auto" else bool(params["feedback"])
        conflicts = [
            (
                numbers and tied is True,
                "tied_embeddings=True has no effect if y consists of numbers, which are not "
                "embedded. Set tied_embeddings=False.",
            ),
            (
                not feedback and params["scheduled_sampling"] > 0,
                f"scheduled_sampling={params['scheduled_sampling']} has no effect if y consists "
                "of numbers, which the decoder does not read with feedback='auto'. Set "
                "feedback=True.",
            ),
            self._length_conflict(),
        ]
        check_conflicts(conflicts, caller)
        if attention == "auto":
            attention = auto_attention(tokens=self._source.is_tokens, autoencoder=self._autoencoder)
        if tied == "auto":
            n_tokens = 0 if target.vocabulary is None else len(target.vocabulary.tokens)
            tied = auto_tied_embeddings(n_tokens, feedback=feedback)
        return {
            "tied_embeddings": tied,
            "num_tokens": None if numbers else target.n_outputs,
            "n_target_features": target.n_features if isinstance(target, SeriesTarget) else 1,
            "begin": BEGIN,
            "feedback": feedback,
            "attention": attention,
            "target_embedding_dim": params["embedding_dim"],
            "target_embedding_dropout": params["embedding_dropout"],
        }

    # --- reading and decoding -------------------------------------------------------------------

    def _read_sources(self, X: Any, method: str) -> Spans:
        check_is_fitted(self)
        self._check_decoding(f"{type(self).__name__}.{method}")
        return self._read(X, method)

    def _read_pairs(self, X: Any, y: Any, method: str) -> tuple[Spans, Panel]:
        caller = f"{type(self).__name__}.{method}"
        spans = self._read_sources(X, method)
        y = self._resolve_target(X, y, caller)
        return spans, self._target.encode(self._target.read(y, X, spans, caller), caller)

    def _resolve_target(self, X: Any, y: Any, caller: str) -> Any:
        """Return the target: X itself for an autoencoder."""
        if self._autoencoder:
            return X
        if y is None:
            raise ValueError(
                f"{caller}: y is None, but the model was fitted with targets. Pass one target per "
                "sample."
            )
        return y

    def _check_decoding(self, caller: str) -> None:
        """Raise an error for invalid decoding parameters that were set after fit."""
        names = ("max_length", "beam_width", "length_penalty", "transform_method")
        validate_parameter_constraints(
            {name: self._parameter_constraints[name] for name in names},
            {name: getattr(self, name) for name in names},
            caller_name=type(self).__name__,
        )
        check_conflicts([self._length_conflict()], caller)

    def _length_conflict(self) -> tuple[Any, str]:
        """Return whether `max_length` would truncate targets of fixed length, and the message."""
        n_steps, limit = self._target.n_steps, self.max_length
        return (
            n_steps is not None and limit != "auto" and limit < n_steps,
            f"max_length={limit} is less than the {n_steps} time steps that every target in fit "
            "has, which is also the length of all predictions. Set max_length='auto', or fit on "
            "shorter targets.",
        )

    def _readable(
        self, X: Any, y: Any, caller: str, dtype: npt.DTypeLike | None = None
    ) -> Readable:
        readable = super()._readable(X, self._resolve_target(X, y, caller), caller, dtype)
        return replace(readable, task="pairs")

    def _summary_sizes(self) -> dict[str, int]:
        return {**super()._summary_sizes(), "n_target_timesteps": 8}

    def _summary_inputs(
        self, *, n_samples: int, n_timesteps: int = 1, n_target_timesteps: int = 1
    ) -> dict[str, Any]:
        inputs = super()._summary_inputs(n_samples=n_samples, n_timesteps=n_timesteps)
        inputs["target_lengths"] = torch.full((n_samples,), n_target_timesteps)
        inputs["positions"] = torch.arange(n_samples * n_target_timesteps)
        if self.module_.tokens:
            inputs["target"] = torch.zeros(n_target_timesteps, n_samples, dtype=torch.int64)
        else:
            n_features = self.module_.n_target_features
            inputs["target"] = self._zeros(n_target_timesteps, n_samples, n_features)
        return inputs

    def _decoder(self) -> PairDecoder:
        """Return the fitted network with the current decoding parameters."""
        limit = self.max_length
        return PairDecoder(
            net=self.net_,
            target=self._target,
            inputs=self._input_options(),
            run=self._compute,
            max_length=auto_max_length(self._target.longest) if limit == "auto" else int(limit),
            beam_width=int(self.beam_width),
            length_penalty=float(self.length_penalty),
            stride=self._module_arguments["conv_stride"],
        )

    def _predict_spans(self, spans: Spans, *, encoded: bool = False) -> np.ndarray:
        """Return predictions as `predict` does; with ``encoded``, for encodings."""
        decoder = self._decoder()
        if isinstance(self._target, SeriesTarget):
            return self._target.decode(decoder.decode_numbers(spans, encoded=encoded))
        decoded = decoder.decode_tokens(spans, encoded=encoded)
        return to_object_array(self._target.decode(row.ids[0] for row in decoded))

    def _predict_encoded(self, spans: Spans) -> Panel:
        """Return predictions as encoded targets."""
        decoder = self._decoder()
        if isinstance(self._target, SeriesTarget):
            return self._target.unscaled(decoder.decode_numbers(spans))
        decoded = decoder.decode_tokens(spans)
        ids, finished = [row.ids[0] for row in decoded], [row.finished[0] for row in decoded]
        return self._target.append_ends(ids, finished)

    def _token_target(self, method: str) -> TokenTarget:
        """Return the target; raise an error if it is numeric."""
        if isinstance(self._target, SeriesTarget):
            raise ValueError(
                f"{type(self).__name__}.{method}: targets are numbers, for which the model makes a "
                f"single prediction instead of a distribution over tokens. Call predict."
            )
        return self._target
