"""Seq2SeqTransformer."""

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple, Self, Unpack, overload

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import TransformerMixin
from sklearn.utils import Tags, _safe_indexing
from sklearn.utils._param_validation import StrOptions, make_constraint
from sklearn.utils.validation import (
    _generate_get_feature_names_out,
    check_array,
    check_is_fitted,
)

from ..decoding import sample
from ..metrics import sequence_accuracy_score
from ..modules import ATTENTIONS, CELLS, CellName
from ..sequences import (
    RANDOM_STATE,
    Float,
    Int,
    IntegerFrom,
    NumberIn,
    Panel,
    RandomState,
    Spans,
    align_to_samples,
    available_if,
    fit_context,
    is_awkward,
    open_foreign,
    open_tensors,
    quote,
    shape_of,
)
from ._base import Validation
from ._pair_targets import as_objects, check_one_each
from ._parameters import CONSTRAINTS
from ._reading import float_type
from ._rows import check_weights, draw_seed
from ._scores import r_squared
from ._translation import MARKS, Remember, Translation, recall
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

_positive_int = IntegerFrom(1)
_share = NumberIn(0, 1, closed="left")

_OWN_CONSTRAINTS: dict[str, list[Any]] = {
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
    "embedding_dropout": [_share],
    "tied_embeddings": ["boolean", StrOptions({"auto"})],
    "label_smoothing": [_share],
    "max_length": [_positive_int, StrOptions({"auto"})],
    "beam_width": [_positive_int],
    "length_penalty": [NumberIn(None, None, closed="neither")],
    "autoencoder": ["boolean", StrOptions({"auto"})],
    "transform_method": [StrOptions({"predict", "encode"})],
}

# What `sample` takes, and what to pass.
_SAMPLING: dict[str, tuple[list[Any], str]] = {
    "temperature": (
        [NumberIn(0, None, closed="neither")],
        "Pass a number above 0; near 0 is greedy.",
    ),
    "top_k": ([_positive_int, None], "Pass a whole number, 1 or more, or None for all tokens."),
    "top_p": (
        [NumberIn(0, 1, closed="right"), None],
        "Pass a probability above 0 and up to 1, or None for all tokens.",
    ),
    "random_state": (
        RANDOM_STATE,
        "Pass an int from 0 to 2**32 - 1, a numpy.random.RandomState, or None.",
    ),
}

# The smallest number that is no denormal one, and a little more.
_TINY = 1e-300

_NOT_HERE = ("pooling", "return_sequences", "head_norm", "num_embeddings", "tbptt_steps")


class Alignment(NamedTuple):
    """Where the decoder looked for each step of one target.

    Attributes
    ----------
    source, target : list
        The steps: tokens, with ``"<end>"`` where the end is, or numbers of steps.
    weights : ndarray of shape (len(target), len(source)), float32
        Attention; each row sums to one.
    """

    source: list[Any]
    target: list[Any]
    weights: np.ndarray


def _encodes(estimator: Any) -> bool:
    method = estimator.transform_method
    if not isinstance(method, str) or method != "encode":
        raise AttributeError(
            "Only with transform_method='encode'; predictions are no columns of features."
        )
    return True


def _decodes(estimator: Any) -> bool:
    if not getattr(estimator, "_autoencoder", True):
        raise AttributeError("Only an autoencoder decodes what it has encoded.")
    return _encodes(estimator)


class Seq2SeqTransformer(TransformerMixin, Translation):
    r"""Encoder-decoder RNN with the transform API; not an attention-only Transformer.

    Learns to turn sequences into other sequences, of other lengths: words into pronunciations,
    sentences into translations, vectors into names, the past of a series into its future. Without
    y it is an autoencoder, which learns to reconstruct its input from a vector of fixed size.

    Sources and targets may be strings, sequences of any hashable tokens, or sequences of numbers;
    sources also vectors. `predict` returns what y was made of.

    Parameters
    ----------
    cell : {"gru", "lstm", "rnn_tanh", "rnn_relu"}, default="gru"
        The recurrent cell of encoder and decoder. The gated cells "gru" and "lstm" keep information
        over long spans; the plain ones are smaller and forget sooner.

    hidden_size : int, default=128
        Size of the hidden state, of each direction of the encoder and of the decoder. More
        capacity, slower, easier to overfit.

    num_layers : int, default=1
        Number of stacked recurrent layers, in encoder and decoder.

    bidirectional : bool, default=True
        Let the encoder also read each source from its end to its start.

    attention : {"auto", "additive", "dot", "general"} or None, default="auto"
        How the decoder looks at the source's steps: with a small network (Bahdanau, Cho & Bengio,
        2015), with a product, or with a product through a matrix (Luong, Pham & Manning, 2015).
        None gives it the source's encoding at every step instead. "auto" is "additive" for
        sources of tokens and "general", which is faster, for numbers; but None for an autoencoder,
        which would pass everything through the attention and learn no encoding.

    input_feeding : bool, default=False
        Let the decoder's recurrence read what the last step put out, context included (Luong et
        al., 2015, section 3.3), so that it knows what has been attended to. Training then computes
        target steps one after the other, which is several times slower.

    feedback : bool or "auto", default="auto"
        Let the decoder read the target's steps so far: the true ones in training, its own in
        `predict`. "auto" does so for tokens. Numbers are decoded without, which is faster and
        keeps errors from growing from step to step.

    scheduled_sampling : float in [0, 1], default=0.0
        Probability that a target step which the decoder reads in training is its own prediction
        and not the true one (Bengio et al., 2015; in two passes as Duckworth et al., 2019). Trains
        for what `predict` does, at the cost of one more pass over the decoder.

    source_kind : {"auto", "tokens", "series", "vectors"}, default="auto"
        What X is. "auto" takes strings, sequences of whole numbers and sequences of anything that
        is not a number for tokens; the rows of a 2-D array or frame for vectors (one to many); and
        any other numbers for series. With "series" the rows of a 2-D array are series too, one
        number per time step.

    target_kind : {"auto", "tokens", "series"}, default="auto"
        What y is: tokens or numbers. "auto" decides as for X, but rows of a 2-D array are series.
        Lists of whole numbers that are amounts need "series": by "auto" they are tokens, unless
        one of them is a fraction, so that a subset of the data may be taken for something else.
        Of tokens in a 2-D array, which is padded if they are of several lengths, `padding_value` is
        dropped as from X.

    source_analyzer : {"char", "word"}, callable or None, default="char"
        How strings in X become tokens: by character, by word with punctuation marks for tokens of
        their own, or by a function from a string to a list. Sequences of tokens are taken as they
        are; None says that X must be such.

    target_analyzer : {"char", "word"}, callable or None, default="char"
        The same for y. Tokens of characters and words are put together exactly as they were; those
        of a function with nothing between them if that gives the strings in `fit` back, and else
        with spaces. An autoencoder uses `source_analyzer`.

    source_min_df : int or "auto", default="auto"
        Tokens in fewer sequences of X than this become the unknown token. "auto" is 2 from 1,000
        sequences on, so that the model learns what to make of it, and 1 below.

    target_min_df : int or "auto", default="auto"
        The same for y; such tokens can never be predicted. "auto" is 2 for words from 1,000
        sequences on, and else 1.

    embedding_dim : int, default=64
        Size of a token's vector, of sources and targets.

    embedding_weights : array-like of shape (n_tokens, n_embedded) or None, default=None
        Pretrained vectors of the source's tokens, row i for token id i. For X as a Panel of token
        ids, as `~sk_rnn.preprocessing.SequenceVectorizer` makes it with a vocabulary that is given.
        Not for strings: their vocabulary is learned in each `fit`, so that rows would belong to
        other tokens in another fold.

    freeze_embedding : bool, default=False
        Whether to keep `embedding_weights` fixed during training.

    tied_embeddings : bool or "auto", default="auto"
        Score target tokens by products with the vectors that embed them (Press & Wolf, 2017): fewer
        weights, which helps with many tokens and little data. "auto" does so from 1,000 tokens on.

    embedding_dropout : float in [0, 1), default=0.2
        Dropout of single values of the token vectors while training.

    word_dropout : float in [0, 1), default=0.0
        Probability that a source token is read as the zero vector while training (Iyyer et al.,
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
        Keep every `conv_stride`-th time step after the convolution. Recurrence and attention cost
        that much less, as for audio.

    dropout : float in [0, 1), default=0.2
        Dropout probability between recurrent layers and before the output layer during training.

    recurrent_dropout : float in [0, 1), default=0.0
        Dropout of the recurrent states while training, with the same mask at every time step (Gal &
        Ghahramani, 2016). Not with `input_feeding`.

    layer_norm : bool, default=False
        Whether to apply layer normalisation to the output of each recurrent layer (Ba, Kiros &
        Hinton, 2016).

    scale_inputs : bool, default=True
        Whether to standardise each feature by its mean and standard deviation over the training
        time steps, in float64, before numbers are rounded to float32. Token ids are never scaled.

    label_smoothing : float in [0, 1), default=0.1
        Share of each target token that is spread over all tokens in the loss (Szegedy et al.,
        2016). Guards against overconfidence, which misleads beam search; lowers the likelihoods of
        `score_samples`. For tokens only.

    max_length : int or "auto", default="auto"
        Maximum number of steps to decode if no end is predicted. "auto" is twice the longest target
        in `fit`. Targets of numbers that all have one length are never cut off, so less than that
        length is refused.

    beam_width : int, default=1
        Hypotheses that `predict` follows at a time; 1 is greedy decoding. 5 is often a little
        better and about five times slower.

    length_penalty : float, default=1.0
        Exponent of the length that log-probabilities are divided by to rank hypotheses of beam
        search (Wu et al., 2016). 0 ranks by probability and favours short ones.

    autoencoder : bool or "auto", default="auto"
        Whether the target is X itself and y is left alone. "auto" is True if `fit` gets no y. Set
        it True in a Pipeline, which hands every step its y.

    transform_method : {"predict", "encode"}, default="predict"
        What `transform` returns: predictions, or each source's encoding, the encoder's final states
        in each direction, which any other estimator can use.

    optimizer : {"adamw", "adam", "nadam", "radam", "rmsprop", "sgd"} or type, default="adamw"
        The optimizer, by name or as a class of `torch.optim.Optimizer`. Its arguments are set as
        ``optimizer__…``, for example ``optimizer__betas=(0.9, 0.99)``.

    lr : float, default=5e-3
        Learning rate; with a schedule, the maximum learning rate. Lower it if the loss oscillates
        or is no longer finite.

    lr_schedule : {"one_cycle", "cosine", "linear", "constant"} or callable, default="one_cycle"
        How the learning rate changes: up over the first fifth and down to almost nothing (Smith &
        Topin, 2019), down as a cosine, down as a line, or not at all. A callable gets progress in
        [0, 1] and returns the factor of `lr`.

    weight_decay : float, default=0.01
        Weight decay of the weight matrices (Loshchilov & Hutter, 2019). Biases and gains are not
        decayed.

    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient over all weights; larger gradients are rescaled to it (Pascanu,
        Mikolov & Bengio, 2013). If None, gradients are not clipped.

    max_epochs : int or "auto", default="auto"
        "auto" means about 30 epochs, more on small data (up to 150) and fewer on large (down to 10,
        or 20 for tokens).

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
        the unit of y.

    device : str, default="auto"
        Device of the network, for example "cpu", "cuda", "cuda:1" or "mps". "auto" selects CUDA if
        it is available, and the CPU otherwise.

    precision : {"float32", "float64", "bf16"}, default="float32"
        Floating point precision. "bf16" runs matrix multiplications in bfloat16 (faster on recent
        GPUs, slower on most CPUs) and keeps weights in float32; "float64" is meant for checking.

    backend : {"auto", "torch", "numba"}, default="auto"
        Implementation of the recurrent layers. "numba" uses the compiled kernels of this package,
        which are several times faster than torch on a CPU. They require Numba, which is installed
        with this package, and are compiled when a machine first uses them, which takes a few
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
        ``module__embedding_std`` and ``module__forget_bias`` (LSTM). Type checkers know those of
        the named optimizers and cells; they take those of callbacks and user-defined optimizers in
        `set_params`.

    Attributes
    ----------
    source_vocabulary_ : dict or None
        The id of each token of X; ids below 3 are the end mark, the begin mark and the unknown
        token. None for numbers, and for token ids of a Panel.
    target_vocabulary_ : dict or None
        The same for y.
    n_features_in_ : int
        Features per time step, one for tokens; for vectors, which are one step, their size.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names. Only defined if X has column names that are all strings.
    n_iter_ : int
        Number of epochs trained.
    loss_curve_ : list of float
        Mean training loss of each epoch, a step of a target.
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
    RNNClassifier : One label per sequence, or one per time step.
    RNNRegressor : The same for numbers.
    sk_rnn.metrics : Scores and error rates of predicted sequences.

    Notes
    -----
    The decoder's recurrence reads the target so far; its state :math:`h_t` and the context
    :math:`c_t`, the mean of the encoder's states weighted by attention, make the output (Luong et
    al., 2015, equation 5): :math:`o_t = V \tanh(W [h_t; c_t])`. So training runs over whole
    targets at once. Sequences far longer than those in `fit` are decoded badly: what has been
    learned of order and length does not carry over.

    Targets of numbers that all have one length have it in `predict` too; others end where the model
    says so. Numbers are standardised inside.

    The ids of tokens, and with them the initial weights, do not depend on the order of the rows:
    tokens without an order, such as frozensets, are put in one by what they hold. Only of objects
    that hold the same and are still not equal the first to appear comes first.

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

    The other way: what a model makes of numbers is an array.

    >>> import numpy as np
    >>> start = np.linspace(0.0, 6.0, 50)
    >>> X = np.column_stack([np.sin(start), np.cos(start)])
    >>> y = np.sin(start[:, None] + 0.1 * np.arange(1, 6))
    >>> wave = Seq2SeqTransformer(hidden_size=16, lr=1e-2, random_state=0).fit(X, y)
    >>> wave.predict(X[:3]).shape
    (3, 5)
    """

    _parameter_constraints: ClassVar = {
        **{name: allowed for name, allowed in CONSTRAINTS.items() if name not in _NOT_HERE},
        **_OWN_CONSTRAINTS,
    }

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
        """Strings come in as well as numbers; y may be left out; dtypes are the model's own."""
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
        """Train on pairs of sequences, or on sequences alone.

        Parameters
        ----------
        X : list of str, sequences, or array of shape (n_samples, n_features)
            Sources: strings, sequences of tokens, everything that the data contract in the
            documentation says of sequences of numbers, or vectors.
        y : list of str, sequences, or None, default=None
            Targets: strings, sequences of tokens, or sequences of numbers; a 2-D array has one
            series per row. None trains an autoencoder. Beside a Panel, a Series that is indexed by
            the Panel's ids is aligned to it; so are `sample_weight` and `groups`.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each pair. Zero leaves it out, k is the same as k copies.
        X_val, y_val : as X and y, default=None
            Validation data, scored after each epoch. With ``early_stopping=True``, it determines
            when training stops and which weights are kept.
        sample_weight_val : array-like of shape (n_val_samples,) or None, default=None
            Sample weights of the validation data.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each sequence, such as the person or the machine that it comes from. Early
            stopping then holds out whole groups, a `validation_fraction` of them. Has no effect
            without ``early_stopping=True``, or if X_val is passed. In a search that splits by
            groups, also pass them to `fit` with metadata routing:
            ``set_fit_request(groups=True)``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or y hold what cannot be trained on; the message says where.
        TypeError
            If X or y is not a container of sequences.
        """
        caller = f"{type(self).__name__}.fit"
        resume = self.warm_start and hasattr(self, "net_")
        autoencoder = y is None if self.autoencoder == "auto" else bool(self.autoencoder)
        if resume and autoencoder != self._autoencoder:
            kinds = ("a model of pairs", "an autoencoder")
            raise ValueError(
                f"{caller}: the network was built for {kinds[self._autoencoder]}, but now y is "
                f"{'None' if y is None else 'given'} and autoencoder={self.autoencoder!r}, which "
                f"asks for {kinds[autoencoder]}. Pass what the first fit got, or refit with "
                "warm_start=False."
            )
        if autoencoder and y_val is not None and (y is None or X_val is None):
            raise ValueError(
                f"{caller}: y_val was passed, but an autoencoder's target is X_val itself. Pass "
                "X_val alone; or y with y_val, and X_val, for a model of pairs."
            )
        if autoencoder:
            y, y_val = X, X_val
        if isinstance(X, Panel) and not autoencoder:
            y = align_to_samples(y, X, f"{caller}: y")
            sample_weight = align_to_samples(sample_weight, X, f"{caller}: sample_weight")
            groups = align_to_samples(groups, X, f"{caller}: groups")
        X, y, sample_weight, groups = _without_zeros(X, y, sample_weight, groups, caller)
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
            Strings or lists of tokens, in an object array. Numbers come as y did: in an array of
            two or three dimensions, or in an object array of one array per target.
        """
        spans = self._open(X, "predict")
        if self._target_form == "numbers":
            return self._shape_numbers(self._decode_numbers(spans))
        return self._predict_tokens(spans)

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
        """Predict the `n` best targets of each source, by beam search.

        Parameters
        ----------
        X : as in `fit`
            Sources.
        n : int
            How many; the beam is at least as wide.
        return_log_proba : bool, default=False
            Also return their log-probabilities.

        Returns
        -------
        y : ndarray of object of shape (n_samples, n)
            Best first, as `length_penalty` ranks them; None where there are no more.
        log_proba : ndarray of float64 of shape (n_samples, n)
            Only with ``return_log_proba=True``. -inf where there are no more.

        Raises
        ------
        ValueError
            If `n` is less than 1, or targets are numbers, of which there is one prediction.
        """
        caller = "predict_n_best"
        spans = self._open(X, caller)
        self._refuse_numbers(caller, "Call predict.")
        if not _positive_int.is_satisfied_by(n):
            raise ValueError(
                f"{type(self).__name__}.{caller}: n is {n!r}. Pass a whole number, 1 or more."
            )
        _check_switch(return_log_proba, "return_log_proba", f"{type(self).__name__}.{caller}")
        n = int(n)
        width = max(n, int(self.beam_width))
        decoded = self._decode_tokens(spans, self._search(n), width=width)
        y = np.full((len(spans), n), None, dtype=object)
        log_proba = np.full((len(spans), n), -np.inf)
        for i, row in enumerate(decoded):
            for j, target in enumerate(self._name_tokens(row.ids)):
                y[i, j] = target
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
        """Draw a random target for each source, with the probabilities that the model gives.

        Parameters
        ----------
        X : as in `fit`
            Sources.
        temperature : float, default=1.0
            Below 1 makes the probable more probable, above 1 evens out.
        top_k : int or None, default=None
            Draw each token from this many most probable ones only.
        top_p : float or None, default=None
            Draw each token from the fewest most probable ones that have this probability together.
        random_state : int, RandomState instance or None, default=None
            Decides what is drawn. Each row has random numbers of its own, by its place in X: what
            is drawn for it does not depend on what the other rows are.

        Returns
        -------
        ndarray of object of shape (n_samples,)
            Strings or lists of tokens.
        """
        _check_sampling(
            f"{type(self).__name__}.sample",
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            random_state=random_state,
        )
        spans = self._open(X, "sample")
        self._refuse_numbers("sample", "Call predict.")
        search = partial(
            sample,
            max_length=self._limit(),
            # Denormal numbers are taken for zero while decoding.
            temperature=max(float(temperature), _TINY),
            top_k=None if top_k is None else int(top_k),
            top_p=None if top_p is None else max(float(top_p), _TINY),
            **MARKS,
        )
        decoded = self._decode_tokens(spans, search, seed=draw_seed(random_state))
        return as_objects(self._name_tokens(row.ids[0] for row in decoded))

    def score_samples(self, X: Any, y: Any = None) -> np.ndarray:
        """Compute the log-likelihood of each target, given its source.

        Parameters
        ----------
        X : as in `fit`
            Sources.
        y : as in `fit`, default=None
            Targets; those predicted if None, whose likelihood says how sure the model is: that of
            `predict_n_best`, without the end where `max_length` cut one off. Of an autoencoder
            always X itself: sequences with low scores are unlike those in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Of all tokens and the end. Of numbers the density, with an error of variance one in
            units of the standardised target. Longer targets have lower ones.
        """
        check_is_fitted(self)
        if self._autoencoder and y is not None and y is not X:
            raise ValueError(
                f"{type(self).__name__}.score_samples: y was passed, but the target of an "
                "autoencoder is X itself. Leave y out."
            )
        if y is None and not self._autoencoder:
            spans = self._open(X, "score_samples")
            target = self._predict_encoded(spans)
        else:
            spans, target = self._open_pairs(X, y, "score_samples")
        return self._log_likelihood(spans, target)

    def score(self, X: Any, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compare `predict` with the true targets: the share that is right; of numbers, R².

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
            One is perfect. Of tokens the share of targets that are right from end to end. Of
            numbers R² as `sklearn.metrics.r2_score` has it, in the unit of y: if all targets of
            `fit` had one length, the mean of the R² of each time step and feature, as with
            ``scoring="r2"``; else the mean of the R² of each feature over the time steps of all
            targets, of which predictions then have the true number.
        """
        caller = f"{type(self).__name__}.score"
        check_is_fitted(self)
        if self._target_form == "numbers":
            spans, target = self._open_pairs(X, y, "score")
            weights = check_weights(sample_weight, spans, caller, purpose="score")
            true = target.values
            if self._target_steps is not None:
                predicted = self._unscale(self._decode_numbers(spans)).values
                shape = (len(spans), -1)  # a column for each time step and feature
                true, predicted = true.reshape(shape), predicted.reshape(shape)
            else:
                decoded = self._decode_numbers(spans, lengths=target.lengths)
                predicted = self._unscale(decoded).values
                weights = None if weights is None else np.repeat(weights, target.lengths)
            return r_squared(true, predicted, weights, caller)
        spans = self._open(X, "score")
        y = align_to_samples(self._own_target(X, y, caller), spans, f"{caller}: y")
        rows = self._open_target(y, f"{caller}: y", reset=False).rows or []
        check_one_each(len(rows), len(spans), caller)
        weights = check_weights(sample_weight, spans, caller, purpose="score")
        return sequence_accuracy_score(rows, self._predict_tokens(spans), sample_weight=weights)

    def align(self, X: Any, y: Any = None) -> list[Alignment]:
        """Show which steps of each source the decoder looked at for each step of its target.

        These are the weights of the attention, the soft alignment of Bahdanau, Cho & Bengio (2015).
        The method is not called after it because `attention` is the parameter that chooses it.

        Parameters
        ----------
        X : as in `fit`
            Sources.
        y : as in `fit`, default=None
            Targets; those predicted if None.

        Returns
        -------
        list of Alignment
            One named tuple a sample: `source` and `target` are lists of tokens, and `weights` is an
            array of shape (len(target), len(source)) whose rows sum to one.

        Raises
        ------
        ValueError
            If the model has no attention.
        """
        caller = f"{type(self).__name__}.align"
        spans = self._open(X, "align")
        if self.module_.decoder.attention is None:
            raise ValueError(
                f"{caller}: the model was fitted without attention. Fit with "
                "attention='additive', 'dot' or 'general'."
            )
        if y is None:
            target = self._predict_encoded(spans)
        else:
            target = self._read_target(y, X, spans, caller, reset=False)
        weights = self._align(spans, target)
        sources, targets = self._name_source(spans), self._name_target(target)
        return [Alignment(*parts) for parts in zip(sources, targets, weights, strict=True)]

    # --- scikit-learn's transformer -------------------------------------------------------------

    def transform(self, X: Any) -> np.ndarray:
        """Predict targets, or encode sources: see `transform_method`.

        Parameters
        ----------
        X : as in `fit`
            Sources.

        Returns
        -------
        ndarray
            As `predict`; or with ``transform_method="encode"`` of shape (n_samples, n_encoded),
            float32: the encoder's final states, `hidden_size` of each direction.
        """
        # What is neither, set after fit, is refused where X is read.
        if isinstance(self.transform_method, str) and self.transform_method == "predict":
            return self.predict(X)
        return self._encode(self._open(X, "transform"))

    @available_if(_decodes)
    def inverse_transform(self, X: Any) -> np.ndarray:
        """Decode encodings: the second half of an autoencoder.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_encoded)
            Encodings, as `transform` returns them with ``transform_method="encode"``.

        Returns
        -------
        ndarray
            As from `predict`.

        Raises
        ------
        ValueError
            If the model has attention, whose decoder needs the sources themselves.
        """
        caller = f"{type(self).__name__}.inverse_transform"
        check_is_fitted(self)
        if self.module_.decoder.attention is not None:
            raise ValueError(
                f"{caller}: the decoder's attention needs the sources, which encodings do not "
                "hold. Fit with attention=None."
            )
        size = self.module_.encoder.output_size
        self._check_decoding(caller)
        try:
            X = open_tensors(X, f"{caller}: X")
            X = check_array(X, dtype=float_type(self), input_name="X")
        except Exception as error:  # of any kind: an object says itself how it becomes an array
            raise ValueError(
                f"{caller}: X holds no encodings: {quote(error)}. Pass an "
                f"array of shape (n_samples, {size}), as transform returned it."
            ) from error
        if X.shape[1] != size:
            raise ValueError(
                f"{caller}: X has {X.shape[1]} features, but encodings of this model have {size}. "
                "Pass what transform returned."
            )
        spans = Spans.of(Panel(X, np.arange(len(X) + 1)))
        if self._target_form == "numbers":
            return self._shape_numbers(self._decode_numbers(spans, recall))
        return self._predict_tokens(spans, recall)

    @available_if(_encodes)
    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Name the features of the encoding.

        Parameters
        ----------
        input_features : None, default=None
            Ignored.

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

    # --- inside ---------------------------------------------------------------------------------

    def _open(self, X: Any, method: str) -> Spans:
        check_is_fitted(self)
        caller = f"{type(self).__name__}.{method}"
        self._check_decoding(caller)
        return self._read_source(X, caller, reset=False)

    def _open_pairs(self, X: Any, y: Any, method: str) -> tuple[Spans, Panel]:
        caller = f"{type(self).__name__}.{method}"
        spans = self._open(X, method)
        y = self._own_target(X, y, caller)
        return spans, self._read_target(y, X, spans, caller, reset=False)

    def _own_target(self, X: Any, y: Any, caller: str) -> Any:
        """What X is to become: X itself for an autoencoder."""
        if self._autoencoder:
            return X
        if y is None:
            raise ValueError(
                f"{caller}: y is None, but the model was fitted with targets. Pass one target per "
                "sample."
            )
        return y

    def _predict_tokens(self, spans: Spans, remember: Remember | None = None) -> np.ndarray:
        """The best target of each source, strings or lists of tokens."""
        decoded = self._decode_tokens(spans, self._search(), remember, width=int(self.beam_width))
        return as_objects(self._name_tokens(row.ids[0] for row in decoded))

    def _predict_encoded(self, spans: Spans) -> Panel:
        """Predict targets as `_read_target` would read them."""
        if self._target_form == "numbers":
            return self._unscale(self._decode_numbers(spans))
        decoded = self._decode_tokens(spans, self._search(), width=int(self.beam_width))
        ids, finished = [row.ids[0] for row in decoded], [row.finished[0] for row in decoded]
        return self._mark_ends(ids, finished)

    def _refuse_numbers(self, method: str, advice: str) -> None:
        if self._target_form == "numbers":
            raise ValueError(
                f"{type(self).__name__}.{method}: targets are numbers, of which the model makes "
                f"one prediction and no choice of tokens. {advice}"
            )


def _check_switch(value: Any, name: str, caller: str) -> None:
    if not isinstance(value, bool | np.bool_):
        raise TypeError(f"{caller}: {name} is {value!r}. Pass True or False.")


def _check_sampling(caller: str, **options: Any) -> None:
    """Refuse options of `Seq2SeqTransformer.sample` that cannot be sampled with."""
    for name, value in options.items():
        allowed, advice = _SAMPLING[name]
        if not any(make_constraint(part).is_satisfied_by(value) for part in allowed):
            raise ValueError(f"{caller}: {name} is {value!r}. {advice}")


def _without_zeros(
    X: Any, y: Any, sample_weight: Any, groups: Any, caller: str
) -> tuple[Any, Any, Any, Any]:
    """Leave out what has no weight, so that no vocabulary holds its tokens.

    What is wrong with the weights or with the number of targets is left for `fit` to say, which
    must then see all of them.
    """
    everything = X, y, sample_weight, groups
    if sample_weight is None or np.isscalar(sample_weight):
        return everything
    itself = y is X
    X = open_foreign(X, f"{caller}: X")
    y = X if itself else open_foreign(y, f"{caller}: y")
    everything = X, y, sample_weight, groups
    try:
        weights = np.asarray(sample_weight)
        weights = weights.astype(np.float64 if weights.dtype.kind != "c" else complex)
    except Exception:  # of any kind: an object says itself how it becomes an array
        return everything
    if weights.ndim != 1 or weights.all() or not weights.any():
        return everything
    others = [data for data in (y, groups) if data is not None]
    if not all(_has_samples(data, len(weights)) for data in (X, *others)):
        return everything
    keep = np.flatnonzero(weights)
    if isinstance(X, Panel) and y is not X:
        kept: Any = Spans.of(X).take(keep)  # which copies nothing
    else:
        kept = _take(X, keep)
    kept_y, kept_groups = (None if data is None else _take(data, keep) for data in (y, groups))
    return kept, kept if y is X else kept_y, weights[keep], kept_groups


def _take(data: Any, rows: np.ndarray) -> Any:
    if isinstance(data, pd.Index | pd.api.extensions.ExtensionArray):
        return data.take(rows)  # scikit-learn takes these for lists
    if is_awkward(data):
        return data[rows]
    return _safe_indexing(data, rows)


def _has_samples(data: Any, n: int) -> bool:
    """Whether it is a container of so many samples, from which some can be taken."""
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        return False
    if shape_of(data) == ():  # a NumPy array that has no len
        return False
    return not isinstance(data, str | bytes | Mapping) and len(data) == n
