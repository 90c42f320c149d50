"""RNNRegressor."""

from typing import Any, ClassVar, Literal, Self, Unpack, overload

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import RegressorMixin
from sklearn.utils import Tags
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.validation import check_array

from ..modules import (
    AbsoluteError,
    Gaussian,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
    WeightedLoss,
    gaussian_parts,
)
from ..sequences import (
    Float,
    Int,
    NumberIn,
    RandomState,
    Spans,
    fit_context,
    not_numbers,
    quote,
    weighted_statistics,
)
from ..training import Readout, torch_threads
from ._aligned import AlignedRNN
from ._base import Validation
from ._parameters import CONSTRAINTS
from ._reading import float_type
from ._scores import r_squared
from ._targets import check_targets, scale_targets
from ._types import (
    Auto,
    Backend,
    Callbacks,
    Cell,
    Extras,
    HeadNorm,
    Loss,
    Optimizer,
    Pooling,
    Precision,
    Schedule,
)

_PLAIN_LOSSES: dict[str, type[WeightedLoss]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "poisson": Poisson,
    "gaussian": Gaussian,
}


class RNNRegressor(RegressorMixin, AlignedRNN):
    """Recurrent neural network that predicts numbers from sequences, or for each time step of them.

    Sequences may have any and differing lengths; y may have one output or several. Targets are
    standardised inside, so their unit does not matter.

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
        Predict a number for each time step instead of one per sequence: y is then one sequence of
        numbers a sample, as long as the sample. `predict` returns a 1-D object array of arrays.

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

    loss : str, default="squared_error"
        "squared_error", "absolute_error", "huber", "quantile", "poisson" or "gaussian":
        what is minimised, which decides what is predicted: the mean, the median, a mean that
        outliers hardly move, a quantile, the mean of counts (y zero or positive), or mean and
        standard deviation (see `predict`).

    huber_delta : float, default=1.35
        Where the Huber loss turns from square to line, in standard deviations of y. 1.35 keeps 95 %
        of the efficiency on normal errors (Huber, 1981).

    quantile : float in (0, 1), default=0.5
        The quantile that ``loss="quantile"`` predicts.

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
    n_features_in_ : int
        Features per time step; for a 2-D table, which has one, its columns.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names, if X had string ones.
    n_iter_ : int
        Epochs trained.
    loss_curve_ : list of float
        Mean training loss of each epoch, of the standardised targets.
    validation_curve_ : list of float or None
        Minus the validation loss after each epoch; None without validation data.
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
    RNNClassifier : The same for labels.

    Notes
    -----
    Predictions are float64, so that they can be as far from zero as y is; the network behind them
    computes in float32 unless ``precision="float64"``. See `RNNClassifier` for what both share.

    References
    ----------
    Koenker, R. & Bassett, G. (1978). Regression quantiles. Econometrica 46(1).

    Nix, D. & Weigend, A. (1994). Estimating the mean and variance of the target probability
    distribution. ICNN. (the Gaussian loss)

    Huber, P. (1981). Robust statistics. Wiley.

    Examples
    --------
    The mean of sequences of differing lengths:

    >>> import numpy as np
    >>> from sk_rnn import RNNRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=n) for n in rng.integers(5, 20, size=200)]
    >>> y = [x.mean() for x in X]
    >>> reg = RNNRegressor(hidden_size=16, random_state=0).fit(X[:150], y[:150])
    >>> bool(reg.score(X[150:], y[150:]) > 0.9)
    True
    """

    _parameter_constraints: ClassVar = {
        **CONSTRAINTS,
        "loss": [StrOptions({*_PLAIN_LOSSES, "huber", "quantile"})],
        "huber_delta": [NumberIn(0, None, closed="neither")],
        "quantile": [NumberIn(0, 1, closed="neither")],
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
        loss: Loss = "squared_error",
        huber_delta: Float = 1.35,
        quantile: Float = 0.5,
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
        self.loss = loss
        self.huber_delta = huber_delta
        self.quantile = quantile
        self.callbacks = callbacks
        self.device = device
        self.precision = precision
        self.backend = backend
        self.random_state = random_state
        self.verbose = verbose
        self._set_extras(extras)

    def __sklearn_tags__(self) -> Tags:
        """Several outputs are predicted as well as one."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
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
        """Train on sequences and their numbers.

        Parameters
        ----------
        X : sequences
            A Panel, a 2-D or 3-D array, a list of arrays of shape (n_timesteps,) or
            (n_timesteps, n_features), a DataFrame, and more: see the data contract in the
            documentation.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), or one sequence per sample
            Targets. With ``return_sequences=True`` one sequence of numbers per sample. Beside a
            Panel, a Series or DataFrame that is indexed by the Panel's ids is aligned to it; so are
            `sample_weight` and `groups`.
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
    def partial_fit(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Train one epoch, at the constant rate `lr`, from the weights there are.

        The first call learns the scale of features and targets from its X and y. ``net_.history``
        is that of the last call; `loss_curve_` has the epochs of all.

        Parameters
        ----------
        X, y : as in `fit`
            The next sequences.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each sequence.

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
        """Predict the numbers of each sequence.

        Parameters
        ----------
        X : sequences
            As in `fit`.
        return_std : bool, default=False
            Also return the predicted standard deviation; needs ``loss="gaussian"``.

        Returns
        -------
        y : ndarray of float64 of shape (n_samples,) or (n_samples, n_outputs)
            Predictions. With ``return_sequences=True`` a 1-D object array of one array per
            sequence, (n_timesteps,) or (n_timesteps, n_outputs).
        std : ndarray of the same shape
            Only with ``return_std=True``.

        Raises
        ------
        ValueError
            If ``return_std=True`` with another loss.
        """
        if not isinstance(return_std, bool | np.bool_):
            raise TypeError(
                f"{type(self).__name__}.predict: return_std is {return_std!r}. Pass True or False."
            )
        outputs, spans = self._outputs(X, "predict")
        mean, std = self._decode_output(outputs)
        if not return_std:
            return self._by_row(mean, spans)
        if std is None:
            raise ValueError(
                f"RNNRegressor.predict: return_std=True needs a model fitted with loss='gaussian', "
                f"but this one was fitted with loss={self._fitted_loss!r}. Fit with "
                "loss='gaussian', or leave return_std=False."
            )
        return self._by_row(mean, spans), self._by_row(std, spans)

    def score(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute R², the share of the variance of y that the predictions explain.

        Parameters
        ----------
        X, y : as in `fit`
            Sequences and their true numbers.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each sequence.

        Returns
        -------
        float
            One is perfect, zero what the mean would reach. With ``return_sequences=True`` over all
            time steps.
        """
        outputs, spans = self._outputs(X, "score")
        truth, weights = self._read_truth(y, X, spans, sample_weight)
        predicted, _ = self._decode_output(outputs)
        return r_squared(truth, predicted, weights, f"{type(self).__name__}.score")

    # --- hooks ----------------------------------------------------------------------------------

    def _check_target(self, y: Any, caller: str, input_name: str) -> np.ndarray:
        check_targets(y, caller, input_name, "number")
        array = np.asarray(y)
        if array.dtype.kind in "Mm":
            raise ValueError(not_numbers(array.ravel()[0], f"{caller}: {input_name}"))
        try:
            y = check_array(
                y, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name=input_name
            )
        except Exception as error:  # of any kind: an object says itself which number it is
            raise ValueError(
                f"{caller}: {input_name} cannot be read as real numbers: {quote(error)}. Pass one "
                "number per sequence, or use RNNClassifier for labels."
            ) from error
        if y.ndim > 2:
            raise ValueError(
                f"{caller}: {input_name} has {y.ndim} dimensions. Pass (n_samples,) or (n_samples, "
                "n_outputs), or set return_sequences=True to learn one number per time step."
            )
        return y

    def _encode_target(
        self,
        y: np.ndarray,
        caller: str,
        *,
        reset: bool,
        classes: Any = None,
        input_name: str = "y",
    ) -> np.ndarray:
        if self._per_step:
            y = self._check_target(y, caller, input_name)
        if reset:
            self._target_shape = y.shape[1:]
            self._fitted_loss = self.loss
        if y.shape[1:] != self._target_shape:
            fitted = f"{self._target_shape[0]} outputs" if self._target_shape else "one output"
            raise ValueError(
                f"{caller}: {input_name} has shape {y.shape}, but the model was fitted with "
                f"{fitted} per target. Pass {input_name} of the same kind."
            )
        if self.loss != self._fitted_loss:
            raise ValueError(
                f"{caller}: loss={self.loss!r}, but the model was fitted with "
                f"loss={self._fitted_loss!r}, whose outputs mean something else. Set "
                "warm_start=False to refit."
            )
        if self.loss == "poisson" and y.min() < 0:
            raise ValueError(
                f"{caller}: loss='poisson' needs y zero or positive, but y holds {y.min():g}. Use "
                "another loss."
            )
        return y.reshape(len(y), -1)

    def _fit_output_scale(self, encoded: np.ndarray, weights: np.ndarray | None) -> int:
        with np.errstate(over="ignore", invalid="ignore"):
            mean, std = weighted_statistics(encoded, weights)
        if not np.isfinite(mean).all() or not np.isfinite(std).all():
            raise ValueError(
                f"{type(self).__name__}.fit: y holds values up to {abs(encoded).max():g}, whose "
                "variance is too large for a number. Rescale y."
            )
        if self.loss == "poisson":
            # A rate can only be divided by, or it would not stay positive.
            mean, std = np.zeros_like(mean), np.where(mean > 0, mean, 1.0)
        self._target_mean, self._target_scale = mean, std
        return encoded.shape[1] * (2 if self.loss == "gaussian" else 1)

    def _scale_target(self, encoded: np.ndarray, where: str) -> np.ndarray:
        mean, scale = self._target_mean, self._target_scale
        return scale_targets(encoded, mean, scale, float_type(self), where)

    def _readout(self) -> Readout:
        return Readout(
            "regressor",
            predict=lambda outputs: self._decode_output(outputs)[0],
            targets=lambda values: self._unscale(values).reshape(-1, *self._target_shape),
        )

    def _build_criterion(self) -> WeightedLoss:
        if self._fitted_loss == "huber":
            return Huber(float(self.huber_delta))
        if self._fitted_loss == "quantile":
            return Quantile(float(self.quantile))
        return _PLAIN_LOSSES[self._fitted_loss]()

    def _score_function(self) -> Any:
        return None

    def _predict_spans(self, spans: Spans) -> np.ndarray:
        return self._decode_output(self._outputs_of(spans))[0]

    def _decode_output(self, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Predictions and, with the Gaussian loss, standard deviations, in the unit of y."""
        std = None
        outputs = outputs.astype(np.float64)
        if self._fitted_loss == "gaussian":
            with torch_threads(1):
                means, log_variance = gaussian_parts(torch.from_numpy(outputs))
            outputs = means.numpy()
            std = self._shape_output(np.exp(0.5 * log_variance.numpy()) * self._target_scale)
        elif self._fitted_loss == "poisson":
            outputs = np.exp(outputs)
        return self._shape_output(self._unscale(outputs)), std

    def _unscale(self, values: np.ndarray) -> np.ndarray:
        """Put scaled numbers (N, n_outputs) in the unit of y."""
        return values.astype(np.float64) * self._target_scale + self._target_mean

    def _shape_output(self, values: np.ndarray) -> np.ndarray:
        """One column as it came in y."""
        return values if self._target_shape else values[:, 0]
