"""RNNClassifier."""

from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar, Literal, Self, Unpack

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils import Tags, column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted

from ..modules import BinaryCrossEntropy, CrossEntropy, WeightedLoss
from ..sequences import (
    Float,
    Int,
    NumberIn,
    RandomState,
    Spans,
    as_numbers,
    fit_context,
    quote,
)
from ..training import Readout, accuracy, read_classes, read_labels, subset_accuracy
from ._aligned import AlignedRNN
from ._base import Validation
from ._parameters import CONSTRAINTS
from ._reading import float_type, read_sequences
from ._scores import share_right
from ._targets import check_classes, check_targets
from ._types import (
    Auto,
    Backend,
    Callbacks,
    Cell,
    Extras,
    HeadNorm,
    Optimizer,
    Pooling,
    Precision,
    Schedule,
)

_WEIGHT = NumberIn(0, None, closed="left")

# Class weights from here on are divided by the largest.
_LARGE = 1e100


class RNNClassifier(ClassifierMixin, AlignedRNN):
    """Recurrent neural network that classifies sequences, or each time step of them.

    Sequences may have any and differing lengths. Trained with softmax cross-entropy, or with a
    sigmoid per label for multilabel y.

    Parameters
    ----------
    cell : {"gru", "lstm", "rnn_tanh", "rnn_relu"} or type, default="gru"
        The recurrent cell. The gated cells "gru" and "lstm" keep information over long spans; the
        plain ones are smaller and forget sooner. A class of `torch.nn.Module` is built as
        ``cell(input_size, hidden_size)`` and called with a tensor of shape (n_timesteps, batch,
        input_size); it returns an output of shape (n_timesteps, batch, hidden_size), or a tuple
        that begins with it, in which each step depends on the steps up to it only.

    hidden_size : int, default=64
        Size of the hidden state, of each direction. More capacity, slower, easier to overfit.

    num_layers : int, default=1
        Number of stacked recurrent layers.

    bidirectional : bool, default=True
        Also read each sequence from its own end to its start. Set False where a prediction must not
        know later time steps, as in `return_sequences` on live data.

    pooling : {"auto", "concat", "last", "mean", "max", "attention"}, default="auto"
        From the hidden states of a sequence to one vector: the final state of each direction, their
        mean or maximum over time, a learned weighting, or mean, maximum and final state side by
        side ("concat"). "auto" uses "max" for tokens in sequences of 100 or more on average, and
        "concat" otherwise. Must be left at "auto" with ``return_sequences=True``, which pools
        nothing.

    return_sequences : bool, default=False
        Predict a label for each time step instead of one per sequence: y is then one label sequence
        per sample, as long as the sample. `predict` returns a 1-D object array of label arrays.

    conv_channels : int or None, default=None
        Channels of a convolution over time, with a ReLU, before the recurrence. None leaves it out.
        Centred on the step if `bidirectional`, else over the steps up to it.

    conv_kernel_size : int, default=5
        Time steps that the convolution covers; used with `conv_channels`.

    conv_stride : int, default=1
        Keep every `conv_stride`-th time step after the convolution. The recurrence costs that much
        less.
        Must be 1 with ``return_sequences=True``.

    embedding_dim : int or None, default=None
        Read X as token ids, one per time step, and learn a vector of this size for each token. None
        reads X as numbers. 64 is a good start for words and characters.

    num_embeddings : int or None, default=None
        Size of the vocabulary, so ids are 0 to ``num_embeddings - 1``. None takes it from the Panel
        or `embedding_weights`, else the highest id in fit plus one.

    embedding_weights : array-like of shape (num_embeddings, embedding_dim) or None, default=None
        Pretrained vectors, row i for token i. X is then read as token ids.

    freeze_embedding : bool, default=False
        Leave `embedding_weights` as they are.

    embedding_dropout : float in [0, 1) or "auto", default="auto"
        Share of the vectors' values set to zero while training. "auto" uses 0.5 for a vocabulary
        of 1,000 tokens or more, words mostly, and 0.3 for a smaller one, characters mostly.

    word_dropout : float in [0, 1), default=0.2
        Probability that a token is read as the zero vector while training (Iyyer et al., 2015).

    padding_value : float or None, default=None
        The number that X is padded with. Time steps at the start or the end of a sequence in which
        every feature equals it are dropped. NaN is allowed. None drops nothing.

    dropout : float in [0, 1), default=0.2
        Dropout between recurrent layers and before the last linear layer while training.

    recurrent_dropout : float in [0, 1), default=0.0
        Dropout of the recurrent state while training, with the same mask at every time step (Gal &
        Ghahramani, 2016). Not with a user-defined `cell`.

    layer_norm : bool, default=False
        Normalise the output of each recurrent layer over its features (Ba, Kiros & Hinton, 2016).

    head_norm : {"auto", "batch", "layer"} or None, default="auto"
        Normalisation before the last linear layer: over the training batch, over the features, or
        none. "auto" uses "batch" for sequences of numbers, and none for tokens.

    scale_inputs : bool, default=True
        Standardise each feature with its mean and standard deviation over the training time steps,
        in float64, before numbers are rounded to float32. Token ids are never scaled.

    optimizer : {"adamw", "adam", "nadam", "radam", "rmsprop", "sgd"} or type, default="adamw"
        The optimizer, by name or as a class of `torch.optim.Optimizer`. Its arguments are set as
        ``optimizer__…``, for example ``optimizer__betas=(0.9, 0.99)``. Unless ``optimizer__eps`` is
        set, the vectors of tokens get an eps of 1e-4, so that those of rare tokens change less; not
        with ``return_sequences=True``.

    lr : float, default=5e-3
        Learning rate; with a schedule, its highest value. Lower it if the loss jumps or stops being
        finite.

    lr_schedule : {"one_cycle", "cosine", "linear", "constant"} or callable, default="one_cycle"
        How the learning rate changes: up over the first fifth and down to almost nothing (Smith &
        Topin, 2019), down as a cosine, down as a line, or not at all. A callable gets progress in
        [0, 1] and returns the factor of `lr`. `partial_fit` always uses "constant".

    weight_decay : float, default=0.01
        Decay of weight matrices (Loshchilov & Hutter, 2019); biases and gains are left alone.

    gradient_clip : float or None, default=1.0
        Highest norm of the gradient over all weights; longer ones are shortened to it (Pascanu,
        Mikolov & Bengio, 2013). None clips nothing.

    tbptt_steps : int or None, default=None
        Truncated back-propagation through time (Williams & Peng, 1990): read training batches that
        are longer in chunks of this many time steps, counted after `conv_stride`. States are
        carried from chunk to chunk, and the loss is that of the whole sequences, but gradients end
        at chunk boundaries. Memory then hardly grows with the length. With chunks of a hundred
        steps or more a training step takes about 1.2 times as long, with two layers 1.5 times. What
        lies further apart than a chunk is learned only as far as the states happen to carry it.
        None backpropagates through whole sequences. Not with a user-defined `cell`.

    max_epochs : int or "auto", default="auto"
        "auto" means about 30 epochs, more on small data (up to 150) and fewer on large (down to 10,
        or 20 for tokens in sequences of less than 100).

    batch_size : int or "auto", default="auto"
        Sequences per training step. "auto" is a sixteenth of the data, at least 8 and at most 32.
        Predictions take as many at once as a bounded memory allows.

    early_stopping : bool, default=False
        Hold out validation data, stop when its score no longer rises, and keep the weights of the
        best epoch. With fewer than a few hundred sequences the held-out data is worth more in
        training.

    validation_fraction : float in (0, 1), default=0.1
        Share of the sequences to hold out for early stopping; not used if `fit` gets X_val.

    n_iter_no_change : int or "auto", default="auto"
        Epochs without a better validation score after which early stopping stops. "auto" is 50
        under 100 sequences, else half of the epochs, at least 10.

    tol : float, default=1e-4
        Minimum improvement in the validation score that counts for early stopping.

    warm_start : bool, default=False
        Let `fit` continue from the weights of the last call.

    class_weight : dict, "balanced" or None, default=None
        Weight of each class in the loss, by label; "balanced" weights classes inversely to their
        frequency. Weights are normalised over the data set. Not for multilabel y.

    callbacks : list, tuple or None, default=None
        skorch callbacks, or pairs (name, callback). `fit` works on shallow copies: what a callback
        refers to, such as a trial of Optuna, is the user's own. Arguments are set as
        ``callbacks__name__…``. Scorers see class indices (ids of tokens), or numbers in the unit of
        y.

    device : str, default="auto"
        "auto" selects CUDA if present and else the CPU; or "cpu", "cuda", "cuda:1", "mps".

    precision : {"float32", "float64", "bf16"}, default="float32"
        "bf16" runs matrix multiplications in bfloat16 (faster on recent GPUs, slower on most CPUs)
        and keeps weights in float32; "float64" is for checking.

    backend : {"auto", "torch", "numba"}, default="auto"
        What computes the recurrences. "numba" takes this package's compiled kernels, several times
        faster than torch on a CPU; they need Numba, which is installed with this package, and are
        compiled when a machine first uses them, which takes some seconds. "auto" selects them
        wherever they can run: with Numba, on a CPU, for the built-in cells, unless
        ``precision="bf16"``. What was selected is in ``net_.backend``.

    random_state : int, RandomState instance or None, default=None
        Decides initial weights, order of the data, dropout and validation split. An int gives the
        same model at each call, bit for bit on the same machine and number of threads.

    verbose : int or bool, default=0
        1 shows a bar in terminals and notebooks, and about ten lines elsewhere; 2 prints a line
        per epoch. The last line says how training ended.

    **extras : dict
        Parameters with double underscores, as in skorch: ``optimizer__…``, ``callbacks__…``,
        ``module__embedding_std``, ``module__forget_bias`` (LSTM) and ``module__cell__…`` (arguments
        of a user-defined cell). Type checkers know those of the named optimizers and cells; they
        take those of callbacks and user-defined classes in `set_params`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels; with multilabel y the numbers of the labels.
    n_features_in_ : int
        Features per time step; for a 2-D table, which has one, its columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X had string ones.
    n_iter_ : int
        Epochs trained.
    loss_curve_ : list of float
        Mean training loss of each epoch.
    validation_curve_ : list of float or None
        Validation accuracy after each epoch; None without validation data.
    best_epoch_ : int
        The epoch, from 1, whose weights the model has: the best with early stopping, else the last
        with a finite loss.
    net_ : skorch.NeuralNet
        The trained net.
    module_ : torch.nn.Module
        The trained module. Called directly, it takes sequences that are already standardised (see
        `scale_inputs`), as float32 or what `precision` says; `predict` does this itself.
    device_ : str
        Where the network is: `to` moves it.

    See Also
    --------
    RNNRegressor : The same for numbers.

    Notes
    -----
    Defaults were chosen by mean test accuracy over eleven public data sets. Rows are put in an
    order that depends on their content only, so a fit does not depend on the order of the data, and
    an integer sample weight is exactly that many copies. Denormal numbers are flushed to zero while
    fitting and predicting, in a thread of its own; the process is left as it was.

    References
    ----------
    Cho, K. et al. (2014). Learning phrase representations using RNN encoder-decoder for statistical
    machine translation. EMNLP. (the GRU)

    Hochreiter, S. & Schmidhuber, J. (1997). Long short-term memory. Neural Computation 9(8).

    Schuster, M. & Paliwal, K. (1997). Bidirectional recurrent neural networks. IEEE Transactions on
    Signal Processing 45(11).

    Saxe, A., McClelland, J. & Ganguli, S. (2014). Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks. ICLR. (orthogonal initial weights)

    Examples
    --------
    Two kinds of sequences of differing lengths, rising and falling:

    >>> import numpy as np
    >>> from sk_rnn import RNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> lengths = rng.integers(5, 20, size=40)
    >>> X = [np.linspace(0, 1, n) if i % 2 else np.linspace(1, 0, n) for i, n in enumerate(lengths)]
    >>> y = ["up" if i % 2 else "down" for i in range(40)]
    >>> clf = RNNClassifier(hidden_size=16, max_epochs=20, random_state=0).fit(X, y)
    >>> clf.predict([[0.0, 0.2, 0.4, 0.6], [0.9, 0.5, 0.1]]).tolist()
    ['up', 'down']
    """

    _parameter_constraints: ClassVar = {
        **CONSTRAINTS,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

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
        embedding_dim: Int | None = None,
        num_embeddings: Int | None = None,
        embedding_weights: npt.ArrayLike | None = None,
        freeze_embedding: bool = False,
        embedding_dropout: Float | Auto = "auto",
        word_dropout: Float = 0.2,
        padding_value: Float | None = None,
        dropout: Float = 0.2,
        recurrent_dropout: Float = 0.0,
        layer_norm: bool = False,
        head_norm: HeadNorm | None = "auto",
        scale_inputs: bool = True,
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
        warm_start: bool = False,
        class_weight: dict[Any, Any] | Literal["balanced"] | None = None,
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
        self.embedding_dim = embedding_dim
        self.num_embeddings = num_embeddings
        self.embedding_weights = embedding_weights
        self.freeze_embedding = freeze_embedding
        self.embedding_dropout = embedding_dropout
        self.word_dropout = word_dropout
        self.padding_value = padding_value
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.layer_norm = layer_norm
        self.head_norm = head_norm
        self.scale_inputs = scale_inputs
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
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.callbacks = callbacks
        self.device = device
        self.precision = precision
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose
        self._set_extras(extras)

    def __sklearn_tags__(self) -> Tags:
        """With ``return_sequences=True`` y is nested, which no scikit-learn classifier's is."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        # Junk, which fit refuses, may be neither true nor false.
        if isinstance(self.return_sequences, bool | np.bool_) and self.return_sequences:
            tags.estimator_type = None
        return tags

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
        """Train on sequences and their labels.

        Parameters
        ----------
        X : sequences
            A Panel, a 2-D or 3-D array, a list of arrays of shape (n_timesteps,) or
            (n_timesteps, n_features), a DataFrame, and more: see the data contract in the
            documentation.
        y : array-like of shape (n_samples,) or (n_samples, n_labels), or one sequence per sample
            Labels of any type, or a multilabel indicator of 0 and 1. With
            ``return_sequences=True`` one label sequence per sample. Beside a Panel, a Series or
            DataFrame that is indexed by the Panel's ids is aligned to it; so are `sample_weight`
            and `groups`.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each sequence. Zero leaves it out, k is the same as k copies.
        X_val, y_val : as X and y, default=None
            Validation data, scored after each epoch; with ``early_stopping=True`` it decides when
            to stop and which weights to keep.
        sample_weight_val : array-like of shape (n_val_samples,) or None, default=None
            Weights of the validation data.
        groups : array-like of shape (n_samples,) or None, default=None
            What belongs together, such as the person or the machine that a sequence is from: early
            stopping then holds out whole groups, a `validation_fraction` of them. Without
            ``early_stopping=True``, or with X_val, it changes nothing. In a search that splits by
            groups, pass them here too with metadata routing: ``set_fit_request(groups=True)``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X or y hold what cannot be trained on; the message says where.
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
    def partial_fit(
        self,
        X: Any,
        y: Any,
        classes: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Train one epoch, at the constant rate `lr`, from the weights there are.

        The first call learns the scale of the features from its X. ``net_.history`` is that of the
        last call; `loss_curve_` has the epochs of all.

        Parameters
        ----------
        X, y : as in `fit`
            The next sequences.
        classes : array-like of shape (n_classes,) or None, default=None
            All labels there will be; needed in the first call, unless its y holds all.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each sequence.

        Returns
        -------
        self
        """
        return self._fit(
            X, y, sample_weight, method="partial_fit", resume=hasattr(self, "net_"), classes=classes
        )

    def predict(self, X: Any) -> np.ndarray:
        """Predict the label of each sequence.

        Parameters
        ----------
        X : sequences
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels, or a multilabel indicator. With ``return_sequences=True`` a 1-D object array of
            one label array per sequence.
        """
        caller = f"{type(self).__name__}.predict"
        check_is_fitted(self)
        spans = read_sequences(self, X, caller, reset=False)
        return self._by_row(self._predict_spans(spans), spans)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the probability of each class.

        Parameters
        ----------
        X : sequences
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float32
            Columns as in `classes_`; with multilabel y each column's own probability. With
            ``return_sequences=True`` a 1-D object array of (n_timesteps, n_classes) arrays.
        """
        outputs, spans = self._outputs(X, "predict_proba")
        proba = expit(outputs) if self._multilabel else softmax(outputs, axis=1)
        return self._by_row(proba, spans)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : sequences
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), float32
            As `predict_proba`, but finite where that rounds to zero.
        """
        outputs, spans = self._outputs(X, "predict_log_proba")
        proba = log_expit(outputs) if self._multilabel else log_softmax(outputs, axis=1)
        return self._by_row(proba, spans)

    def decision_function(self, X: Any) -> np.ndarray:
        """Compute the network's outputs before the softmax or sigmoid.

        Parameters
        ----------
        X : sequences
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes, float32
            Higher is more likely; for two classes the log odds of the second. With
            ``return_sequences=True`` a 1-D object array of such arrays.
        """
        outputs, spans = self._outputs(X, "decision_function")
        if not self._multilabel and len(self.classes_) == 2:
            outputs = outputs[:, 1] - outputs[:, 0]
        return self._by_row(outputs, spans)

    def score(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the accuracy: the share of labels predicted right.

        Parameters
        ----------
        X, y : as in `fit`
            Sequences and their true labels.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each sequence.

        Returns
        -------
        float
            With ``return_sequences=True`` over all time steps; with multilabel y the share of
            samples with every label right.
        """
        caller = f"{type(self).__name__}.score"
        check_is_fitted(self)
        spans = read_sequences(self, X, caller, reset=False)
        truth, weights = self._read_truth(y, X, spans, sample_weight)
        self._check_kind(truth, caller, "y")
        return share_right(truth, self._predict_spans(spans), weights, caller)

    # --- hooks ----------------------------------------------------------------------------------

    def _check_target(self, y: Any, caller: str, input_name: str) -> np.ndarray:
        check_targets(y, caller, input_name, "label")
        array = np.asarray(y)
        if (
            array.ndim == 2
            and array.dtype == object
            and all(isinstance(value, Real | np.bool_) for value in array.flat)
        ):  # as of a frame of integers and booleans
            y = as_numbers(array, f"{caller}: {input_name}")
        _check_labels(y, caller, input_name)
        kind = type_of_target(y, input_name=input_name)
        if kind == "multilabel-indicator":
            return _indicator(y, caller, input_name)
        if kind == "multiclass-multioutput":
            raise ValueError(
                f"{caller}: {input_name} has {np.shape(y)[1]} columns of classes. Pass one column, "
                "or a multilabel indicator of 0 and 1."
            )
        return column_or_1d(y, warn=True)

    def _check_step_targets(
        self, y: np.ndarray, spans: Spans, caller: str, input_name: str
    ) -> np.ndarray:
        _check_labels(y, caller, input_name)
        return _indicator(y, caller, input_name, spans) if y.ndim == 2 else y

    def _encode_target(
        self,
        y: np.ndarray,
        caller: str,
        *,
        reset: bool,
        classes: Any = None,
        input_name: str = "y",
    ) -> np.ndarray:
        if reset:
            self._multilabel = y.ndim == 2
            self.classes_ = self._learn_classes(y, caller, classes)
        self._check_kind(y, caller, input_name)
        if self._multilabel:
            return y.astype(float_type(self))
        classes = None if classes is None else check_classes(classes, caller)
        if classes is not None and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"{caller}: classes={classes[:10].tolist()}, but the model has the "
                f"classes {self.classes_[:10].tolist()} of the first call. Pass the same, or none."
            )
        known = np.isin(y, self.classes_)
        if not known.all():
            raise ValueError(
                f"{caller}: {input_name} holds labels {np.unique(y[~known])[:5].tolist()}, which "
                f"the model does not know. Its classes are {self.classes_[:10].tolist()}. Leave "
                "these rows out, or refit with all labels."
            )
        return np.searchsorted(self.classes_, y).astype(np.int64)

    def _check_kind(self, y: np.ndarray, caller: str, input_name: str) -> None:
        """Refuse one label per target after a fit with several, and the other way round."""
        if self._multilabel != (y.ndim == 2) or (
            self._multilabel and y.shape[1] != len(self.classes_)
        ):
            raise ValueError(
                f"{caller}: {input_name} has shape {y.shape}, but the model was fitted with "
                + (f"{len(self.classes_)} labels" if self._multilabel else "one label")
                + f" per sample. Pass {input_name} of the same kind."
            )

    def _learn_classes(self, y: np.ndarray, caller: str, classes: Any) -> np.ndarray:
        if self._multilabel:
            return np.arange(y.shape[1])
        found = np.unique(y) if classes is None else check_classes(classes, caller)
        if len(found) < 2:
            raise ValueError(
                f"{caller}: y has only one class, {found.tolist()[0]!r}. A classifier needs at "
                "least two classes; check how y was made, or how the data was split."
            )
        return found

    def _fit_output_scale(self, encoded: np.ndarray, weights: np.ndarray | None) -> int:
        return len(self.classes_)

    def _scale_target(self, encoded: np.ndarray, where: str) -> np.ndarray:
        return encoded

    def _build_criterion(self) -> WeightedLoss:
        return BinaryCrossEntropy() if self._multilabel else CrossEntropy()

    def _readout(self) -> Readout:
        n_classes = len(self.classes_)
        return read_labels(n_classes) if self._multilabel else read_classes(n_classes)

    def _score_function(self) -> Any:
        return subset_accuracy if self._multilabel else accuracy

    def _predict_spans(self, spans: Spans) -> np.ndarray:
        """Labels of all targets; a batch's outputs are only as many as its rows times classes."""
        if self._multilabel:
            return self._outputs_of(spans, lambda outputs: outputs > 0).astype(np.int64)
        return self.classes_[self._outputs_of(spans, lambda outputs: outputs.argmax(axis=1))]

    def _split_labels(self, encoded: np.ndarray) -> np.ndarray | None:
        return None if self._multilabel or self._per_step else encoded

    def _class_factors(
        self, encoded: np.ndarray, train: np.ndarray, weights: np.ndarray | None, caller: str
    ) -> np.ndarray | None:
        if self.class_weight is None:
            return None
        if self._multilabel:
            raise ValueError(
                f"{caller}: class_weight={self.class_weight!r} is for one label per sample, but y "
                "is a multilabel indicator. Set class_weight=None and weight samples instead."
            )
        if isinstance(self.class_weight, Mapping):
            unknown = [label for label in self.class_weight if label not in self.classes_]
            if unknown:
                raise ValueError(
                    f"{caller}: class_weight names {unknown[0]!r}, which is not a class. Pass "
                    f"weights of classes only, which are {self.classes_[:10].tolist()}."
                )
            for label, weight in self.class_weight.items():
                if not _WEIGHT.is_satisfied_by(weight):
                    raise ValueError(
                        f"{caller}: class_weight[{label!r}] is {weight!r}. Weights are finite "
                        "numbers, zero or positive."
                    )
            chosen = [float(self.class_weight.get(label, 1.0)) for label in self.classes_]
            factors = np.array(chosen)
            if factors.max() > _LARGE:  # their sum would be infinite
                factors /= factors.max()
            if not factors[encoded[train]].any():
                raise ValueError(
                    f"{caller}: class_weight={self.class_weight!r} gives every sequence to train "
                    "on the weight zero. Give at least one class a positive weight."
                )
        else:
            counts = np.bincount(
                encoded[train],
                weights=None if weights is None else weights[train],
                minlength=len(self.classes_),
            )
            # A class that is only expected (partial_fit) or held out has no rows to weight.
            factors = counts.sum() / (np.count_nonzero(counts) * np.where(counts > 0, counts, 1))
        return factors[encoded]


def _check_labels(y: Any, caller: str, input_name: str) -> None:
    try:
        with np.errstate(invalid="ignore"):  # from looking whether huge numbers are integers
            check_classification_targets(y)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{caller}: {input_name} holds no labels: {quote(error)}. Pass labels, or use "
            "RNNRegressor for numbers."
        ) from error


def _indicator(y: Any, caller: str, input_name: str, spans: Spans | None = None) -> np.ndarray:
    """Multilabel y as integers, of the time steps of ``spans`` if there are some.

    scikit-learn calls any two values an indicator.
    """
    indicator = np.asarray(y)
    wrong = ~np.isin(indicator, (0, 1))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        value, highest = f"{indicator[row, column]:.17g}", f"{indicator.max():.17g}"
        if spans is None:
            place = f"{input_name} has {value} in row {row}, column {column}"
            advice = f"({input_name} == {highest}).astype(int)"
        else:
            sample, step = spans.locate(slice(0, len(spans)), int(row))
            if spans.untrimmed is not None:
                step += int(spans.untrimmed[0][sample])
            place = f"{input_name}[{sample}] has {value} at time step {step}, column {column}"
            advice = f"[(np.asarray(row) == {highest}).astype(int) for row in {input_name}]"
        raise ValueError(
            f"{caller}: {place}, but a multilabel indicator holds 1 where a label applies and 0 "
            f"where it does not. Pass {advice} if {highest} stands for 1; for several outputs use "
            "one RNNClassifier each, as MultiOutputClassifier does."
        )
    return indicator.astype(np.int64)
