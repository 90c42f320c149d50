"""What must make no difference: batches, row order, neighbours, copies, threads, global state."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback
from torch import nn

from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.training import _runtime

_rng = np.random.default_rng(0)
N = 19
X = [_rng.normal(size=(n, 3)).astype(np.float32) for n in _rng.integers(1, 12, size=N)]
LABELS = np.arange(N) % 3
NUMBERS = _rng.normal(size=N)
TAGS = [(x[:, 0] > 0).astype(int) for x in X]
STEPS = [x[:, :2] for x in X]
IDS = [_rng.integers(0, 6, size=len(x)) for x in X]


class EchoCell(nn.Module):
    """A cell of a user: it draws from the global generator, when built and when trained."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.linear = nn.Linear(input_size, hidden_size)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        return self.dropout(torch.tanh(self.linear(x))).cumsum(0)


CASES = {
    **{f"cell={cell}": {"cell": cell} for cell in ("rnn_tanh", "rnn_relu", "gru", "lstm")},
    "cell=EchoCell": {"cell": EchoCell},
    **{f"pooling={p}": {"pooling": p} for p in ("last", "mean", "max", "attention", "concat")},
    "one direction": {"bidirectional": False},
    "convolution": {"conv_channels": 4, "conv_kernel_size": 3},
    "strided convolution": {"conv_channels": 4, "conv_kernel_size": 4, "conv_stride": 2},
    "causal strided convolution": {"conv_channels": 4, "conv_stride": 2, "bidirectional": False},
    "two layers": {"num_layers": 2},
    "layer norm": {"num_layers": 2, "layer_norm": True},
    "head norm layer": {"head_norm": "layer"},
    "no head norm": {"head_norm": None},
    "recurrent dropout": {"recurrent_dropout": 0.2},
    "return_sequences": {"return_sequences": True},
    "return_sequences, one direction": {"return_sequences": True, "bidirectional": False},
    "return_sequences, convolution": {"return_sequences": True, "conv_channels": 4},
}


def small(kind, **params):
    return kind(**{"hidden_size": 4, "max_epochs": 2, "random_state": 0, "lr": 0.02, **params})


def fitted(case: dict) -> tuple[object, Callable]:
    """A fitted model and a function from X to one float array a sequence."""
    if case.get("return_sequences"):
        model = small(RNNRegressor, **case).fit(X, STEPS)
        return model, lambda rows: list(model.predict(rows))
    model = small(RNNClassifier, **case).fit(X, LABELS)
    return model, lambda rows: list(model.decision_function(rows))


def assert_close(found, expected, atol=1e-5):
    assert len(found) == len(expected)
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert_allclose(a, b, rtol=0, atol=atol, err_msg=f"sequence {i}")


def assert_same_model(one, other):
    weights, others = one.module_.state_dict(), other.module_.state_dict()
    assert list(weights) == list(others)
    for name, value in weights.items():
        assert_array_equal(value.numpy(), others[name].numpy(), err_msg=name)


# --- predictions --------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_prediction_does_not_depend_on_the_batch(case):
    model, outputs = fitted(case)
    expected = outputs(X)
    assert np.std(np.concatenate([np.ravel(row) for row in expected])) > 1e-3
    for batch_size in (1, 7, 256):
        model.set_params(batch_size=batch_size)
        assert_close(outputs(X), expected)
    order = np.random.default_rng(1).permutation(N)
    assert_close(outputs([X[i] for i in order]), [expected[i] for i in order])
    # A far longer neighbour means much padding, a shorter one that it is itself padded.
    long, short = np.full((60, 3), 50.0, dtype=np.float32), np.full((1, 3), -50.0)
    assert_close(outputs([long, *X, short])[1:-1], expected)
    assert_close([outputs([x])[0] for x in X], expected)


@pytest.mark.parametrize("backend", ["numba", "torch"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_row_is_computed_alone_only_where_its_bits_stay_the_same(case, backend):
    if backend == "numba" and _runtime.why_unavailable():
        pytest.skip("Numba is not there")
    if backend == "numba" and not isinstance(case.get("cell", "gru"), str):
        pytest.skip("a cell class is always torch's")
    model, outputs = fitted({**case, "backend": backend})
    rows = []
    model.module_.encoder.register_forward_pre_hook(lambda _, args: rows.append(args[0].shape[1]))
    alone = [outputs([x])[0] for x in X]
    # Attention sums over the padding of longer neighbours too: zeros, but in another order.
    assert_close(alone, outputs(X), atol=1e-6 if case.get("pooling") == "attention" else 0)
    apart = backend == "numba" and not (
        case.get("conv_channels") or case.get("pooling") in ("mean", "attention")
    )
    if case.get("pooling") != "last":  # which calls no forward of the encoder
        assert set(rows[: len(X)]) == {1 if apart else 8}


def test_token_prediction_does_not_depend_on_the_batch():
    model = small(RNNClassifier, embedding_dim=3).fit(IDS, LABELS)
    expected = model.decision_function(IDS)
    for batch_size in (1, 7, 256):
        model.set_params(batch_size=batch_size)
        assert_allclose(model.decision_function(IDS), expected, rtol=0, atol=1e-5)
    neighbours = [np.full(40, 5), *IDS]
    assert_allclose(model.decision_function(neighbours)[1:], expected, rtol=0, atol=1e-5)


CAUSAL = {
    **{f"cell={cell}": {"cell": cell} for cell in ("rnn_tanh", "rnn_relu", "gru", "lstm")},
    "cell=EchoCell": {"cell": EchoCell},
    "convolution": {"conv_channels": 4, "conv_kernel_size": 3},
    "wide convolution": {"conv_channels": 4, "conv_kernel_size": 8},
    "two layers with norm": {"num_layers": 2, "layer_norm": True},
}


@pytest.mark.parametrize("case", CAUSAL.values(), ids=CAUSAL)
def test_one_direction_does_not_see_the_future(case):
    model = small(RNNRegressor, return_sequences=True, bidirectional=False, **case).fit(X, STEPS)
    x = np.random.default_rng(2).normal(size=(10, 3))
    before = model.predict([x])[0]
    for step in range(9):
        future = x.copy()
        future[step + 1 :] += 3.0
        after = model.predict([future])[0]
        assert_allclose(after[: step + 1], before[: step + 1], rtol=0, atol=1e-5)
        assert abs(after[step + 1 :] - before[step + 1 :]).max() > 1e-4
        # Nor does it know that there is a future.
        assert_allclose(model.predict([x[: step + 1]])[0], before[: step + 1], rtol=0, atol=1e-5)


def test_two_directions_see_the_future():
    model = small(RNNRegressor, return_sequences=True).fit(X, STEPS)
    x = np.random.default_rng(2).normal(size=(10, 3))
    future = x.copy()
    future[9] += 3.0
    assert abs(model.predict([future])[0][0] - model.predict([x])[0][0]).max() > 1e-4


@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention", "concat"])
@pytest.mark.parametrize("cell", ["rnn_tanh", "rnn_relu", "gru", "lstm"])
def test_early_steps_and_their_order_matter(cell, pooling):
    # A net that is fed (n_timesteps, batch) with the axes swapped takes rows for steps.
    model = small(RNNClassifier, cell=cell, pooling=pooling, bidirectional=False).fit(X, LABELS)
    x = np.random.default_rng(3).normal(size=(8, 3))
    early = x.copy()
    early[0] += 2.0
    other = [np.ones((8, 3)), x, np.zeros((8, 3))]
    changed = [np.ones((8, 3)), early, np.zeros((8, 3))]
    expected = model.decision_function(other)
    difference = abs(model.decision_function(changed) - expected)
    assert difference[1].max() > 1e-5
    assert_array_equal(difference[[0, 2]] < 1e-5, True)
    assert abs(model.decision_function([x[::-1]]) - expected[1]).max() > 1e-5


# --- fits ---------------------------------------------------------------------------------------

MODELS = {
    "classifier": (RNNClassifier, {}, X, LABELS),
    "balanced": (RNNClassifier, {"class_weight": "balanced"}, X, LABELS),
    "multilabel": (RNNClassifier, {}, X, np.column_stack([LABELS > 0, LABELS > 1]).astype(int)),
    "tagger": (RNNClassifier, {"return_sequences": True}, X, TAGS),
    "tokens": (RNNClassifier, {"embedding_dim": 3}, IDS, LABELS),
    "regressor": (RNNRegressor, {"recurrent_dropout": 0.2}, X, NUMBERS),
    "two outputs": (RNNRegressor, {"cell": "lstm"}, X, np.column_stack([NUMBERS, LABELS])),
    "gaussian": (RNNRegressor, {"loss": "gaussian", "num_layers": 2}, X, NUMBERS),
    "per step": (RNNRegressor, {"return_sequences": True}, X, STEPS),
    "user's cell": (RNNClassifier, {"cell": EchoCell}, X, LABELS),
}
models = pytest.mark.parametrize(("kind", "params", "data", "y"), MODELS.values(), ids=MODELS)


def take(items, rows):
    return items[rows] if isinstance(items, np.ndarray) else [items[i] for i in rows]


@models
def test_fit_does_not_depend_on_row_order(kind, params, data, y):
    weight = np.linspace(0.5, 2.0, N)
    order = np.random.default_rng(4).permutation(N)
    for sample_weight in (None, weight):
        one = small(kind, batch_size=4, **params).fit(data, y, sample_weight)
        other = small(kind, batch_size=4, **params).fit(
            take(data, order),
            take(y, order),
            None if sample_weight is None else sample_weight[order],
        )
        assert_same_model(one, other)


def test_early_stopping_does_not_depend_on_row_order():
    order = np.random.default_rng(4).permutation(N)
    params = {"early_stopping": True, "validation_fraction": 0.3, "max_epochs": 4}
    one = small(RNNClassifier, **params).fit(X, LABELS)
    other = small(RNNClassifier, **params).fit(take(X, order), LABELS[order])
    assert_same_model(one, other)
    assert one.validation_curve_ == other.validation_curve_


@models
def test_integer_weight_is_repetition(kind, params, data, y):
    weight = np.random.default_rng(5).integers(0, 4, size=N)
    rows = np.repeat(np.arange(N), weight)
    for batch_size in (4, "auto"):
        weighted = small(kind, batch_size=batch_size, **params).fit(data, y, sample_weight=weight)
        repeated = small(kind, batch_size=batch_size, **params).fit(take(data, rows), take(y, rows))
        assert_same_model(weighted, repeated)
        assert weighted.loss_curve_ == repeated.loss_curve_
    unweighted = small(kind, batch_size=4, **params).fit(data, y)
    assert unweighted.loss_curve_ != weighted.loss_curve_


@models
def test_weight_of_zero_removes_the_row(kind, params, data, y):
    weight = np.where(np.arange(N) % 4 == 1, 0.0, np.linspace(0.5, 1.5, N))
    rows = np.flatnonzero(weight)
    weighted = small(kind, batch_size=4, **params).fit(data, y, sample_weight=weight)
    removed = small(kind, batch_size=4, **params).fit(
        take(data, rows), take(y, rows), sample_weight=weight[rows]
    )
    assert_same_model(weighted, removed)


def test_fractional_weights_pull_a_prediction():
    # Two copies of one sequence with two targets: the optimum is their weighted mean.
    data, y = np.ones((16, 4)), np.tile([0.0, 1.0], 8)
    weight = np.tile([0.25, 0.75], 8)
    model = RNNRegressor(
        hidden_size=4, max_epochs=60, batch_size=16, dropout=0.0, head_norm=None, random_state=0
    ).fit(data, y, sample_weight=weight)
    assert model.predict(data[:1])[0] == pytest.approx(0.75, abs=0.02)


@models
def test_partial_fit_does_not_depend_on_row_order(kind, params, data, y):
    order = np.random.default_rng(6).permutation(N)
    one, other = small(kind, **params), small(kind, **params)
    for _ in range(2):
        one.partial_fit(data, y)
        other.partial_fit(take(data, order), take(y, order))
    assert_same_model(one, other)


# --- random numbers -----------------------------------------------------------------------------


@models
def test_random_state_decides_all(kind, params, data, y):
    one = small(kind, **params).fit(data, y)
    np.random.seed(99)  # noqa: NPY002 - that it makes no difference is the point
    torch.manual_seed(99)
    other = small(kind, **params).fit(data, y)
    assert_same_model(one, other)
    assert_same_model(one, other.fit(data, y))  # nothing is left over from a fit
    different = small(kind, **{**params, "random_state": 1}).fit(data, y)
    assert different.loss_curve_ != one.loss_curve_


def test_random_state_object_is_drawn_from():
    state = np.random.RandomState(0)
    one = small(RNNClassifier, random_state=state).fit(X, LABELS)
    other = small(RNNClassifier, random_state=state).fit(X, LABELS)
    assert one.loss_curve_ != other.loss_curve_
    again = small(RNNClassifier, random_state=np.random.RandomState(0)).fit(X, LABELS)
    assert_same_model(one, again)


def test_no_random_state_differs_each_time_whatever_the_global_seed():
    curves = []
    for _ in range(2):
        np.random.seed(0)  # noqa: NPY002 - that it makes no difference is the point
        torch.manual_seed(0)
        curves.append(small(RNNClassifier, random_state=None).fit(X, LABELS).loss_curve_)
    assert curves[0] != curves[1]


@pytest.mark.parametrize("random_state", [0, None])
@models
def test_global_generators_are_left_alone(kind, params, data, y, random_state):
    def states():
        return np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002

    before = states()
    model = small(kind, **{**params, "random_state": random_state, "max_epochs": 1})
    model.fit(data, y)
    assert states() == before
    model.predict(data)
    model.partial_fit(data, y)
    assert states() == before


# --- threads and modes --------------------------------------------------------------------------


def denormal_survives() -> bool:
    product = torch.tensor([1e-30]) * torch.tensor([1e-10])
    return bool(product > 0) and np.float32(1e-30) * np.float32(1e-10) > 0


def test_denormals_and_thread_count_of_the_caller_are_left_alone():
    n_threads = torch.get_num_threads()
    assert denormal_survives()
    model = small(RNNClassifier).fit(X, LABELS)
    assert denormal_survives()
    model.predict(X)
    assert denormal_survives()
    assert torch.get_num_threads() == n_threads


def test_callers_own_flushing_is_left_alone():
    def fit_flushed():
        torch.set_flush_denormal(True)
        try:
            flushed = [not denormal_survives()]
            model = small(RNNClassifier).fit(X, LABELS)
            flushed.append(not denormal_survives())
            model.predict(X)
            return [*flushed, not denormal_survives()]
        finally:
            torch.set_flush_denormal(False)

    # In a thread, so that a failure does not reach other tests.
    assert Parallel(n_jobs=2, backend="threading")([delayed(fit_flushed)()])[0] == [True] * 3


def test_denormals_are_flushed_while_fitting():
    seen = []

    class Watching(EchoCell):
        def forward(self, x):
            seen.append(denormal_survives())
            return super().forward(x)

    model = small(RNNClassifier, cell=Watching).fit(X, LABELS)
    seen.clear()  # the trial of the cell before training is in the caller's mode
    model.predict(X)
    model.partial_fit(X, LABELS)
    assert seen
    assert not any(seen)


def test_gradient_mode_of_the_caller_is_left_alone():
    with torch.no_grad():
        expected = small(RNNClassifier).fit(X, LABELS)
        assert not torch.is_grad_enabled()
    assert_same_model(expected, small(RNNClassifier).fit(X, LABELS))
    assert torch.is_grad_enabled()


def test_fits_in_threads_equal_sequential_ones():
    def jobs():
        for name in ("classifier", "tagger", "tokens", "regressor", "gaussian"):
            kind, params, data, y = MODELS[name]
            for seed in range(3):
                model = small(kind, **{**params, "random_state": seed})
                yield delayed(model.fit)(data, y)

    alone = [fit(*arguments) for fit, arguments, _ in jobs()]
    together = Parallel(n_jobs=4, backend="threading")(jobs())
    for one, other in zip(alone, together, strict=True):
        assert_same_model(one, other)


def test_users_cells_in_threads_equal_sequential_ones():
    # They draw from torch's global generator, so fits take turns with it.
    def jobs():
        for seed in range(4):
            yield delayed(small(RNNClassifier, cell=EchoCell, random_state=seed).fit)(X, LABELS)

    before = torch.get_rng_state()
    alone = [fit(*arguments) for fit, arguments, _ in jobs()]
    together = Parallel(n_jobs=4, backend="threading")(jobs())
    for one, other in zip(alone, together, strict=True):
        assert_same_model(one, other)
    assert_array_equal(torch.get_rng_state().numpy(), before.numpy())


def test_users_cell_may_be_fitted_within_a_fit():
    class Nesting(Callback):
        def on_epoch_end(self, net, **kwargs):
            small(RNNClassifier, cell=EchoCell, max_epochs=1).fit(X, LABELS)

    model = small(RNNClassifier, cell=EchoCell, callbacks=[Nesting()]).fit(X, LABELS)
    assert_same_model(model, small(RNNClassifier, cell=EchoCell).fit(X, LABELS))


def test_predictions_in_threads_equal_sequential_ones():
    model = small(RNNClassifier).fit(X, LABELS)
    expected = model.predict_proba(X)
    together = Parallel(n_jobs=4, backend="threading")(
        delayed(model.predict_proba)(X) for _ in range(12)
    )
    for proba in together:
        assert_array_equal(proba, expected)


SERIES = [np.random.default_rng(n).normal(size=(n, 2)) for n in (2, 5, 3, 4)]
WORDS = ["ab", "bba", "a", "abab"]
FITTED = {
    "classifier": (RNNClassifier, SERIES, [0, 1, 0, 1]),
    "regressor": (RNNRegressor, SERIES, [0.0, 1.0, 0.5, 2.0]),
    "tokens": (Seq2SeqTransformer, WORDS, WORDS),
    "series": (Seq2SeqTransformer, SERIES, WORDS),
    "vectors": (Seq2SeqTransformer, np.eye(4), WORDS),
}


@pytest.mark.parametrize(("kind", "X", "y"), FITTED.values(), ids=FITTED)
def test_nothing_but_fit_sets_attributes(kind, X, y, monkeypatch):
    model = kind(hidden_size=2, max_epochs=1, random_state=0).fit(X, y)

    def refuse(self, name, value):
        raise AssertionError(f"{name} is set")

    monkeypatch.setattr(kind, "__setattr__", refuse)
    model.predict(X)
    model.score(X, y)
    if kind is RNNClassifier:
        model.predict_proba(X)
    if kind is Seq2SeqTransformer:
        model.transform(X)
        model.predict_n_best(X, 2)
        model.score_samples(X, y)
