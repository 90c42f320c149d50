"""RNNLanguageModel."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any, Literal, Self, Unpack, cast

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import DensityMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import _generate_get_feature_names_out, check_is_fitted

from ..modules import CellName
from ..sequences import (
    Float,
    Int,
    RandomState,
    Spans,
    TokenRows,
    available_if,
    fit_context,
    plain,
    quote,
)
from ..training import check_weights, draw_seed
from ._language_stream import LanguageStream
from ._modeling import BaseLanguageModel
from ._sampling import check_sampling
from ._streaming import check_streams
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
from .language import NextToken, NextValue
from .targets import to_equal_layout, to_object_array

Kind = Literal["auto", "tokens", "binary", "numbers"]
Density = Literal["auto", "categorical", "bernoulli", "gaussian", "mixture", "squared_error"]


def _has_probabilities(estimator: Any) -> bool:
    """Whether steps have probabilities: before fit, only if `kind` determines it."""
    kind = estimator._target.kind if hasattr(estimator, "_target") else estimator.kind
    if kind == "auto":
        raise AttributeError("Only available after fit, unless X consists of numbers.")
    if kind == "numbers":
        raise AttributeError("Numbers have densities instead of probabilities: see score_samples.")
    return True


class RNNLanguageModel(DensityMixin, TransformerMixin, BaseLanguageModel):
    r"""Autoregressive generative model of sequences: text, tokens, notes or numbers.

    A recurrent network learns the distribution of each step given the previous ones. With it, the
    model generates new sequences (`sample`), continues given ones (`generate`), measures how likely
    sequences and their steps are (`score_samples`, `score_steps`), and predicts the next step
    (`predict`).

    X is a list of strings, or of sequences of tokens or numbers; the rows of a 2-D array are series
    of numbers. One long text is one sample: ``fit([text])``.

    Parameters
    ----------
    kind : {"auto", "tokens", "binary", "numbers"}, default="auto"
        What a time step is: a token; several values from 0 to 1, such as notes that are on or off,
        or the grey values of a frame; or numbers. "auto" treats strings, sequences of integers, and
        sequences of anything that is not a number as tokens; numbers as "binary" if all are 0 or 1,
        and as "numbers" otherwise. The choice is made in `fit` and kept.

    analyzer : {"char", "word"}, callable or None, default="char"
        How strings are split into tokens: into characters, into words with punctuation marks as
        separate tokens, or by a callable that takes a string and returns a list. Sequences of
        tokens are used unchanged; if None, X must consist of such sequences.

    min_df : int or "auto", default="auto"
        Tokens that occur in fewer sequences than this are replaced by the unknown token, which is
        never generated. "auto" uses 2 with 1,000 sequences or more, so that the model learns to
        handle unknown tokens, and 1 otherwise.

    ends : bool or "auto", default="auto"
        Whether sequences end. If True, the model also learns where they begin and end. If False,
        they are pieces of a stream, whose beginnings and ends have no meaning; training then
        carries the state from chunk to chunk. "auto" is False for a single sequence, and if
        sequences have on average more than 20 times `tbptt_steps` steps. Sequences of numbers that
        all have the same length in `fit` always end after this many steps.

    density : str, default="auto"
        Distribution of a step: "categorical" for tokens; "bernoulli", independent for each feature,
        for values from 0 to 1; for numbers "gaussian", which predicts mean and variance, "mixture",
        a mixture of `n_components` Gaussians (Bishop, 1994; Graves, 2013), which can express
        several alternatives, or "squared_error", a Gaussian with the same variance everywhere.
        "auto" uses the first of these for each kind.

    n_components : int, default=10
        Number of Gaussians of ``density="mixture"``.

    cell : {"gru", "lstm", "rnn_tanh", "rnn_relu"}, default="gru"
        Type of the recurrent cell. The gated cells "gru" and "lstm" retain information over long
        time spans; the plain ones are smaller and forget sooner.

    hidden_size : int or "auto", default="auto"
        Size of the hidden state. "auto" uses 256 with at least 100,000 time steps or 64 features,
        and 128 otherwise.

    num_layers : int, default=1
        Number of stacked recurrent layers.

    embedding_dim : int, default=64
        Size of the embedding vectors of tokens.

    tied_embeddings : bool or "auto", default="auto"
        Whether the output layer shares its weights with the embedding (Press & Wolf, 2017). This
        reduces the number of weights, which helps with a large vocabulary and little data. "auto"
        is True for a vocabulary of 1,000 tokens or more.

    embedding_dropout : float in [0, 1) or "auto", default="auto"
        Dropout probability of individual values of the embedding vectors during training. "auto"
        uses 0.2 with fewer than 100,000 time steps, and 0 otherwise.

    word_dropout : float in [0, 1), default=0.0
        Probability of replacing a token by the zero vector, as input, during training (Iyyer et
        al., 2015).

    dropout : float in [0, 1) or "auto", default="auto"
        Dropout probability between recurrent layers and before the output layer during training.
        "auto" uses 0.5 with fewer than 100,000 time steps, and 0.2 otherwise.

    recurrent_dropout : float in [0, 1) or "auto", default="auto"
        Dropout probability of the recurrent states during training, with the same mask at every
        time step of a sequence or chunk (Gal & Ghahramani, 2016). "auto" uses 0.25, or 0.4 for
        values from 0 to 1, with fewer than 100,000 time steps, and 0 otherwise.

    layer_norm : bool, default=False
        Whether to apply layer normalisation to the output of each recurrent layer (Ba, Kiros &
        Hinton, 2016).

    scale_inputs : bool, default=True
        Whether to standardise each feature by its mean and standard deviation over the training
        time steps, in float64, before numbers are rounded to float32. Token ids are never scaled.

    padding_value : float or None, default=None
        The value that X is padded with. Time steps at the start or the end of a sequence are
        dropped if all of their features equal it. NaN is allowed. If None, no time step is dropped.

    label_smoothing : float in [0, 1), default=0.0
        Fraction of the probability of each token that is distributed uniformly over all tokens in
        the loss (Szegedy et al., 2016). Makes likelihoods worse. Only for tokens.

    tbptt_steps : int, default=64
        Number of time steps per chunk of a stream (``ends=False``): the optimizer takes a step
        after each chunk, and gradients are truncated at chunk boundaries. For sequences that end,
        gradients are truncated after eight times this number of steps.

    max_length : int or "auto", default="auto"
        Maximum number of steps per sequence in `sample` and `generate`. "auto" uses twice the
        length of the longest sequence in `fit` if sequences end, and 1,000 otherwise. Sequences of
        numbers of a known length are generated up to that length.

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
        factor by which `lr` is multiplied. `partial_fit` always uses "constant".

    weight_decay : float, default=0.01
        Weight decay of the weight matrices (Loshchilov & Hutter, 2019). Biases and the weights of
        normalisation layers are not decayed.

    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient over all weights; larger gradients are rescaled to it (Pascanu,
        Mikolov & Bengio, 2013). If None, gradients are not clipped.

    max_epochs : int or "auto", default="auto"
        Number of epochs. "auto" uses as many as amount to about 3,000 optimizer steps on large
        data, at most 30 on medium-sized data, and more on small data (900 steps, at most 150
        epochs).

    batch_size : int or "auto", default="auto"
        Number of sequences per training batch, or of segments of a stream that are trained on in
        parallel. "auto" uses a sixteenth of the sequences, or of the chunks of a stream, but at
        least 8 and at most 32.

    early_stopping : bool, default=False
        Whether to hold out validation data, stop training when the validation score no longer
        improves, and keep the weights of the best epoch. With fewer than a few hundred sequences,
        the held-out data is worth more in training.

    validation_fraction : float in (0, 1), default=0.1
        Fraction of the sequences to hold out for early stopping; for a single stream, its end is
        held out. Not used if X_val is passed to `fit`.

    n_iter_no_change : int or "auto", default="auto"
        Number of epochs without an improvement in the validation score after which early stopping
        ends the training. "auto" uses half of the epochs, but at least 5.

    tol : float, default=1e-4
        Minimum improvement in the validation score for early stopping.

    warm_start : bool, default=False
        Whether `fit` continues from the weights of the previous call.

    callbacks : list, tuple or None, default=None
        skorch callbacks, or pairs (name, callback). `fit` uses shallow copies of them; objects that
        a callback refers to, such as an Optuna trial, are not copied. Arguments are set as
        ``callbacks__name__…``. Scoring callbacks receive token ids, or numbers in the units of X.

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
        the same number of threads. `sample` and `generate` have a `random_state` as well.

    verbose : int or bool, default=0
        Verbosity level. 1 shows a progress bar in terminals and notebooks, and about ten lines
        elsewhere; 2 prints one line per epoch. The last line reports how training ended.

    **extras : dict
        Parameters with double underscores, as in skorch: ``optimizer__…``, ``callbacks__…``,
        ``module__embedding_std`` and ``module__forget_bias`` (the initial bias of the forget gate
        of an LSTM, by default 1, or of the update gate of a GRU, by default in equal steps over the
        units, from -2 to the logarithm of half of the mean number of time steps, at least 1 and at
        most 4). Type checkers only know the arguments of the built-in optimizers and cells; to
        satisfy them, set those of callbacks and user-defined optimizers with `set_params`.

    Attributes
    ----------
    kind_ : {"tokens", "binary", "numbers"}
        What a time step is.
    ends_ : bool
        Whether sequences end, rather than being pieces of a stream.
    tokens_ : ndarray of object of shape (n_tokens,) or None
        The vocabulary, in the order of `predict_proba`. None for numbers.
    n_features_in_ : int
        Number of features per time step, which is one for tokens; for the rows of a 2-D array,
        their length.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Column names. Only defined if X has column names that are all strings.
    n_iter_ : int
        Number of epochs trained.
    loss_curve_ : list of float
        Mean training loss of each epoch, per time step: the negative log-likelihood with dropout,
        for numbers in standardised units; for ``density="squared_error"``, the squared error.
    validation_curve_ : list of float or None
        Negative validation loss after each epoch; None without validation data.
    best_epoch_ : int
        Epoch, counted from 1, whose weights were kept: the best one with early stopping, otherwise
        the last one with a finite loss.
    net_ : skorch.NeuralNet
        The trained net.
    module_ : torch.nn.Module
        The trained module, whose inputs are the steps before those that it predicts; numbers must
        already be standardised (see `scale_inputs`) and have the dtype that `precision` implies.
    device_ : str
        Device of the network, which can be moved with `to`.

    See Also
    --------
    RNNForecaster : Forecasts of time series, with quantiles.
    Seq2SeqTransformer : Sequences from other sequences.
    sk_rnn.datasets : Sequences with known likelihoods.

    Notes
    -----
    The log-likelihood of a sequence is the sum of those of its steps,

    .. math:: \log p(x) = \sum_t \log p(x_t \mid x_1, \ldots, x_{t-1}) + \log p(\text{end} \mid x),

    without the last term if ``ends_`` is False. `score` is its mean per predicted step, which is
    comparable between folds whatever their lengths, so `GridSearchCV` needs no `scoring`. It is not
    comparable between different values of `analyzer` or `min_df`, for which the steps differ, or
    between kinds. Bits per character, for any analyzer, are ``-model.score_samples(X).sum() /
    np.log(2) / sum(map(len, X))``.

    A single text is a single sample, which cross-validation cannot split: cut it into pieces, for
    example of 10,000 characters, and set ``ends=False``.

    Values between 0 and 1 of ``kind="binary"`` are scored by their cross-entropy, which is the
    expected log-likelihood of a draw.

    References
    ----------
    Mikolov, T. et al. (2010). Recurrent neural network based language model. Interspeech.

    Graves, A. (2013). Generating sequences with recurrent neural networks. arXiv 1308.0850.

    Bishop, C. (1994). Mixture density networks. Technical report, Aston University.

    Boulanger-Lewandowski, N., Bengio, Y. & Vincent, P. (2012). Modeling temporal dependencies in
    high-dimensional sequences. ICML.

    Press, O. & Wolf, L. (2017). Using the output embedding to improve language models. EACL.

    Examples
    --------
    >>> from sk_rnn import RNNLanguageModel
    >>> names = ["anna", "hanna", "johanna", "susanna", "rosanna", "marianna"] * 5
    >>> model = RNNLanguageModel(hidden_size=32, random_state=0).fit(names)
    >>> model.generate(["joh"], temperature=0)[0]
    'johanna'
    >>> model.predict(["ann", "anna"]).tolist()
    ['a', None]
    >>> bool(model.score_samples(["hanna"])[0] > model.score_samples(["hnnaa"])[0])
    True

    One long text is a stream, which does not end:

    >>> stream = RNNLanguageModel(hidden_size=32, random_state=0).fit(["to be or not " * 80])
    >>> stream.generate(["to be"], max_length=15, temperature=0)[0]
    'to be or not to be o'
    """

    _target: NextToken | NextValue

    def __init__(
        self,
        *,
        kind: Kind = "auto",
        analyzer: Analyzer | None = "char",
        min_df: Int | Auto = "auto",
        ends: bool | Auto = "auto",
        density: Density = "auto",
        n_components: Int = 10,
        cell: CellName = "gru",
        hidden_size: Int | Auto = "auto",
        num_layers: Int = 1,
        embedding_dim: Int = 64,
        tied_embeddings: bool | Auto = "auto",
        embedding_dropout: Float | Auto = "auto",
        word_dropout: Float = 0.0,
        dropout: Float | Auto = "auto",
        recurrent_dropout: Float | Auto = "auto",
        layer_norm: bool = False,
        scale_inputs: bool = True,
        padding_value: Float | None = None,
        label_smoothing: Float = 0.0,
        tbptt_steps: Int = 64,
        max_length: Int | Auto = "auto",
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
        self.kind = kind
        self.analyzer = analyzer
        self.min_df = min_df
        self.ends = ends
        self.density = density
        self.n_components = n_components
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.embedding_dim = embedding_dim
        self.tied_embeddings = tied_embeddings
        self.embedding_dropout = embedding_dropout
        self.word_dropout = word_dropout
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.layer_norm = layer_norm
        self.scale_inputs = scale_inputs
        self.padding_value = padding_value
        self.label_smoothing = label_smoothing
        self.tbptt_steps = tbptt_steps
        self.max_length = max_length
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
        """Declare 3-D arrays and strings as inputs, and that dtypes are not preserved."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
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
        sample_weight_val: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : list of str, or of sequences of tokens or numbers; array, DataFrame or Panel
            Sequences to learn from. With `kind`, X is read as such: the rows of a 2-D array or
            DataFrame are series of one feature, a 3-D array has shape (n_samples, n_timesteps,
            n_features), and a 4-D or 5-D array holds videos, whose frames are read pixel by pixel.
        y : None, default=None
            Not used, present for API consistency.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each sequence. A weight of zero leaves the sequence out; an integer weight k
            is equivalent to k copies.
        X_val : as X, default=None
            Validation data, which is scored after each epoch.
        sample_weight_val : array-like of shape (n_val_samples,) or None, default=None
            Sample weights of the validation data.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If X contains invalid values; the message states where.
        TypeError
            If X is not a container of sequences.
        """
        resume = self.warm_start and hasattr(self, "net_")
        return self._fit(X, sample_weight, X_val, sample_weight_val, resume=resume)

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: Any, y: Any = None, sample_weight: npt.ArrayLike | None = None
    ) -> Self:
        """Train for one epoch at the constant rate `lr`, starting from the current weights.

        The first call learns the vocabulary, or the scale of the features, from its X; later,
        unknown tokens are replaced by the unknown token, with a warning.

        Parameters
        ----------
        X : as in `fit`
            Sequences to train on.
        y : None, default=None
            Not used, present for API consistency.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each sequence.

        Returns
        -------
        self
        """
        return self._fit(X, sample_weight, method="partial_fit", resume=hasattr(self, "net_"))

    # --- likelihoods ----------------------------------------------------------------------------

    def score_samples(self, X: Any) -> np.ndarray:
        """Compute the log-likelihood of each sequence.

        Parameters
        ----------
        X : as in `fit`
            Sequences.

        Returns
        -------
        ndarray of shape (n_samples,), float64
            Log-likelihoods in nats, including that of the end if the model learned where sequences
            end. For numbers, log-densities in the units of X. Longer sequences have lower values.
        """
        steps, lengths = self._step_scores(X, "score_samples")
        return np.add.reduceat(steps, np.cumsum(lengths) - lengths)

    def score_steps(self, X: Any) -> np.ndarray:
        """Compute the log-likelihood of each step given the previous ones.

        Parameters
        ----------
        X : as in `fit`
            Sequences.

        Returns
        -------
        ndarray of object of shape (n_samples,)
            An array of float64 for each sequence, with one log-likelihood per time step, and if the
            model learned where sequences end, that of the end as the last one. Their sum is the
            value of `score_samples`.
        """
        steps, lengths = self._step_scores(X, "score_steps")
        return to_object_array(np.split(steps, np.cumsum(lengths)[:-1]))

    def score(self, X: Any, y: Any = None, sample_weight: npt.ArrayLike | None = None) -> float:
        """Compute the mean log-likelihood per predicted step.

        Parameters
        ----------
        X : as in `fit`
            Sequences.
        y : None, default=None
            Not used, present for API consistency.
        sample_weight : array-like of shape (n_samples,) or None, default=None
            Weight of each sequence.

        Returns
        -------
        float
            In nats; divide by ``-np.log(2)`` for bits per step. The end counts as a step if the
            model learned where sequences end.
        """
        caller = f"{type(self).__name__}.score"
        steps, lengths = self._step_scores(X, "score")
        if sample_weight is None:
            return float(steps.mean())
        n_samples = np.arange(len(lengths))
        spans = Spans(steps[:, None], np.cumsum(lengths) - lengths, lengths)
        weights = check_weights(sample_weight, spans.take(n_samples), caller, purpose="score")
        if weights is None:
            return float(steps.mean())
        return float(np.average(steps, weights=np.repeat(weights, lengths)))

    def perplexity(self, X: Any) -> float:
        """Compute the perplexity: the exponential of the mean negative log-likelihood per step.

        Parameters
        ----------
        X : as in `fit`
            Sequences.

        Returns
        -------
        float
            For tokens, the number of equally probable tokens that would be as hard to predict.
        """
        steps, _ = self._step_scores(X, "perplexity")
        return float(np.exp(-steps.mean()))

    # --- generation -----------------------------------------------------------------------------

    def sample(
        self,
        n_samples: Int = 1,
        *,
        max_length: Int | None = None,
        temperature: Float = 1.0,
        top_k: Int | None = None,
        top_p: Float | None = None,
        stop: Any = None,
        random_state: RandomState = None,
    ) -> np.ndarray:
        """Generate new sequences.

        Parameters
        ----------
        n_samples : int, default=1
            Number of sequences.
        max_length : int or None, default=None
            Maximum number of steps per sequence. If None, the model's parameter `max_length` is
            used.
        temperature : float, default=1.0
            Values below 1 sharpen the distribution, values above 1 flatten it, 0 always selects the
            most probable step. For 0/1 values, it divides their log odds; for numbers, it
            multiplies their variance and divides the logits of a mixture (Ha & Eck, 2018). Around
            0.8, text has fewer errors than at 1; below 0.3, it often repeats itself.
        top_k : int or None, default=None
            Sample only from the `top_k` most probable tokens.
        top_p : float or None, default=None
            Sample only from the smallest set of most probable tokens whose total probability is at
            least `top_p` (nucleus sampling), after `temperature` and `top_k`.
        stop : token, or set, list or tuple of tokens, default=None
            Tokens that end a sequence; they are included in it.
        random_state : int, RandomState instance or None, default=None
            Controls the sampling. Each sequence has a separate stream of random numbers, determined
            by its position, so it does not depend on the number of sequences.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_timesteps[, ...])
            Sequences of the same kind as in `fit`: strings or lists of tokens in an object array;
            or numbers.
        """
        caller = f"{type(self).__name__}.sample"
        check_is_fitted(self)
        options = check_sampling(
            caller,
            n_samples=n_samples,
            max_length=max_length,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            random_state=random_state,
        )
        chosen = self._options(options, stop, caller)
        target, seed = self._target, draw_seed(random_state)
        limit = target.n_steps if max_length is None else None
        limit = self._longest(options["max_length"]) if limit is None else limit
        position = self._begin(options["n_samples"])
        found = self._generate(position, chosen, seed, limit)
        if isinstance(target, NextToken):
            return to_object_array([target.join(target.names(ids)) for ids in found])
        return self._as_rows([target.unscaled(values) for values in found])

    def generate(
        self,
        X: Any,
        *,
        max_length: Int | None = None,
        temperature: Float = 1.0,
        top_k: Int | None = None,
        top_p: Float | None = None,
        stop: Any = None,
        include_prompt: bool = True,
        random_state: RandomState = None,
    ) -> np.ndarray:
        """Continue sequences.

        Parameters
        ----------
        X : as in `fit`
            Sequences to continue (prompts). If sequences end, an empty prompt starts a new one.
        max_length : int or None, default=None
            Maximum number of steps to add to each. If None, the model's parameter `max_length` is
            used.
        temperature : float, default=1.0
            As in `sample`.
        top_k : int or None, default=None
            As in `sample`.
        top_p : float or None, default=None
            As in `sample`.
        stop : token, or set, list or tuple of tokens, default=None
            As in `sample`.
        include_prompt : bool, default=True
            Whether the result begins with the prompt.
        random_state : int, RandomState instance or None, default=None
            As in `sample`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_timesteps[, ...])
            One sequence per prompt, of the kind of X.
        """
        caller = f"{type(self).__name__}.generate"
        check_is_fitted(self)
        options = check_sampling(
            caller,
            max_length=max_length,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            random_state=random_state,
        )
        if not isinstance(include_prompt, bool | np.bool_):
            raise TypeError(f"{caller}: include_prompt is {include_prompt!r}. Pass True or False.")
        chosen = self._options(options, stop, caller)
        target = self._target
        samples = self._read_samples(X, "generate")
        spans = self._encode(samples)
        self._check_rows(spans, caller)
        position = self._positions(target.prompts(spans))
        found = self._generate(
            position, chosen, draw_seed(random_state), self._longest(options["max_length"])
        )
        if isinstance(target, NextToken):
            rows = [list(target.names(ids)) for ids in found]
            if include_prompt:
                prompts = cast(TokenRows, samples).tokens
                rows = [[*prompt, *row] for prompt, row in zip(prompts, rows, strict=True)]
            return to_object_array([target.join(row) for row in rows])
        arrays = [target.unscaled(values) for values in found]
        if include_prompt:
            given = [np.asarray(row, dtype=np.float64) for row in spans]
            arrays = [np.concatenate(parts) for parts in zip(given, arrays, strict=True)]
        return self._as_rows(arrays)

    # --- prediction -----------------------------------------------------------------------------

    def predict(self, X: Any) -> np.ndarray:
        """Predict the step after each sequence.

        Parameters
        ----------
        X : as in `fit`
            Sequences.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_features)
            For tokens, the most probable one; None if the sequence most probably ends. For values
            of 0 or 1, the more probable one; otherwise the expected values. Frames of videos have
            their own shape.
        """
        target = self._target_after_check()
        position = self._positions(target.prompts(self._read(X, "predict")))
        predicted = target.predicted(torch.from_numpy(position.outputs))
        if isinstance(target, NextToken):
            return target.names(predicted)
        return self._as_steps(predicted)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict the probabilities of the step after each sequence.

        Parameters
        ----------
        X : sequences
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_tokens), (n_samples, n_tokens + 1) or (n_samples, n_features)
            For tokens, the probability of each in the order of `tokens_`, and if sequences end,
            that of the end last; they sum to one. For values of 0 or 1, the probability of each
            being 1, in the shape of a frame for videos.
        """
        target = self._target_after_check()
        position = self._positions(target.prompts(self._read(X, "predict_proba")))
        if isinstance(target, NextToken):
            return np.exp(target.log_proba(position.outputs))
        means = target.means(torch.from_numpy(position.outputs)).double().numpy()
        return self._as_steps(means)

    def predict_steps(self, X: Any) -> np.ndarray:
        """Predict each step from the previous ones, such as the next frame of a video.

        Parameters
        ----------
        X : as in `fit`
            Sequences.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_timesteps[, ...])
            For each time step of X, what `predict` returns for the previous steps: a list of tokens
            per sequence, or numbers in the format of X.
        """
        target = self._target_after_check()
        spans = self._read(X, "predict_steps")
        found: list[tuple[np.ndarray, np.ndarray]] = []

        def keep(outputs: torch.Tensor, labels: torch.Tensor, places: np.ndarray) -> None:
            found.append((places, target.predicted(outputs)))

        lengths = self._over_steps(spans, keep)
        predicted = np.concatenate([values for _, values in found])
        result = np.empty_like(predicted)
        result[np.concatenate([places for places, _ in found])] = predicted
        rows = np.split(result, np.cumsum(lengths)[:-1])
        if target.learned_end:
            rows = [row[:-1] for row in rows]
        if isinstance(target, NextToken):
            return to_object_array([target.names(row).tolist() for row in rows])
        return self._as_rows(rows)

    def transform(self, X: Any) -> np.ndarray:
        """Return the final hidden state of each sequence, as features for another estimator.

        Parameters
        ----------
        X : as in `fit`
            Sequences.

        Returns
        -------
        ndarray of shape (n_samples, hidden_size)
            The hidden state of the last layer.
        """
        target = self._target_after_check()
        position = self._positions(target.prompts(self._read(X, "transform")))
        return position.states[0, -1].copy()

    def stream(self, n_streams: Int | None = None) -> LanguageStream:
        """Start a stream: sequences that arrive step by step.

        Parameters
        ----------
        n_streams : int or None, default=None
            Number of parallel streams. Pushing them together is much faster than one after the
            other. If None, there is a single stream, and its steps and predictions have no axis for
            streams.

        Returns
        -------
        LanguageStream
            ``push(step)`` returns the prediction of the next step, and ``sample(n_steps)`` a random
            continuation.
        """
        check_is_fitted(self)
        check_streams(self, n_streams, f"{type(self).__name__}.stream")
        return LanguageStream(self, n_streams)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Get output feature names for `transform`.

        Parameters
        ----------
        input_features : None, default=None
            Not used, present for API consistency.

        Returns
        -------
        ndarray of object of shape (hidden_size,)
            ``rnnlanguagemodel0``, ``rnnlanguagemodel1`` and so on.
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
    def kind_(self) -> str:
        """What a time step is."""
        return self._target.kind

    @property
    def ends_(self) -> bool:
        """Whether sequences end."""
        return self._target.ends

    @property
    def tokens_(self) -> Any:
        """The vocabulary; None for numbers."""
        return self._target.tokens if isinstance(self._target, NextToken) else None

    # --- helpers of the methods -----------------------------------------------------------------

    def _target_after_check(self) -> NextToken | NextValue:
        check_is_fitted(self)
        return self._target

    def _step_scores(self, X: Any, method: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the log-likelihood of each predicted step, and their number per row."""
        target = self._target_after_check()
        spans = self._read(X, method)
        found: list[tuple[np.ndarray, np.ndarray]] = []

        def keep(outputs: torch.Tensor, labels: torch.Tensor, places: np.ndarray) -> None:
            found.append((places, target.log_likelihood(outputs, labels).cpu().numpy()))

        lengths = self._over_steps(spans, keep)
        scores = np.empty(int(lengths.sum()))
        for places, values in found:
            scores[places] = values
        return scores, lengths

    def _options(self, options: Mapping[str, Any], stop: Any, caller: str) -> dict[str, Any]:
        """Return the options of sampling for `_generate`."""
        target = self._target
        chosen = {name: options[name] for name in ("temperature", "top_k", "top_p")}
        if isinstance(target, NextToken):
            return {**chosen, "stops": self._stops(stop, target, caller)}
        given = {**{name: chosen[name] for name in ("top_k", "top_p")}, "stop": stop}
        for name, value in given.items():
            if value is not None:
                raise ValueError(
                    f"{caller}: {name}={plain(value)} is an option for tokens, but the model was "
                    "fitted with numbers. Leave it out; temperature works for both."
                )
        return chosen

    def _stops(self, stop: Any, target: NextToken, caller: str) -> list[int]:
        if stop is None:
            return []
        ids = cast(Any, self._source.vocabulary).ids
        single = isinstance(stop, Hashable) and not isinstance(stop, frozenset) and _in(stop, ids)
        several = isinstance(stop, Collection) and not isinstance(stop, str | bytes)
        tokens = [stop] if single or not several else list(stop)
        for token in tokens:
            if not _in(token, ids):
                raise ValueError(
                    f"{caller}: stop contains {token!r}, which is not a token of the model. Pass "
                    "one of tokens_, or a set of them."
                )
        return [ids[token] for token in tokens]

    def _as_rows(self, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """Return arrays (n_timesteps, n_features) in the format of X."""
        target = cast(NextValue, self._target)
        return to_equal_layout(list(arrays), target.layout, target.frame_shape)

    def _as_steps(self, values: np.ndarray) -> np.ndarray:
        """Return steps (n_samples, n_features) in the format of a step of X."""
        target = cast(NextValue, self._target)
        if target.frame_shape is not None:
            return values.reshape(len(values), *target.frame_shape)
        return values[:, 0] if target.layout in ("table", "series") else values


def _in(token: Any, ids: Mapping[Any, int]) -> bool:
    try:
        return token in ids
    except TypeError:  # not hashable
        return False
