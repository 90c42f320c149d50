"""Results do not depend on batches, row order, neighbours, copies, threads or global state."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal
from skorch.callbacks import Callback
from torch import nn

from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.modules import CELLS, POOLINGS
from sk_rnn.training import _runtime

from .table import (
    RECORDS,
    Record,
    assert_same_model,
    assert_same_rows,
    each_estimator,
    each_record,
    everything,
    outputs,
    records_with,
    take,
    two_numbers,
    use,
)

_rng = np.random.default_rng(0)
N = 19
X = [_rng.normal(size=(n, 3)).astype(np.float32) for n in _rng.integers(1, 12, size=N)]
LABELS = np.arange(N) % 3
NUMBERS = _rng.normal(size=N)
TAGS = [(x[:, 0] > 0).astype(int) for x in X]
STEPS = [x[:, :2] for x in X]
IDS = [_rng.integers(0, 6, size=len(x)) for x in X]


class EchoCell(nn.Module):
    """A custom cell that draws from the global generator, when built and when trained."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.linear = nn.Linear(input_size, hidden_size)
        self.dropout = nn.Dropout(0.1)

    def forward(self, x):
        return self.dropout(torch.tanh(self.linear(x))).cumsum(0)


CASES = {
    **{f"cell={cell}": {"cell": cell} for cell in CELLS},
    "cell=EchoCell": {"cell": EchoCell},
    **{f"pooling={p}": {"pooling": p} for p in POOLINGS},
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
    "patches": {"patch_size": 3},
    "return_sequences, convolution": {"return_sequences": True, "conv_channels": 4},
}


def small(kind, **params):
    return kind(**{"hidden_size": 4, "max_epochs": 2, "random_state": 0, "lr": 0.02, **params})


def fitted(case: dict) -> tuple[object, Callable]:
    """Return a fitted model and a function from X to one float array per sequence."""
    if case.get("return_sequences"):
        model = small(RNNRegressor, **case).fit(X, STEPS)
        return model, lambda rows: list(model.predict(rows))
    # Without calibration, which makes the outputs for random labels small.
    model = small(RNNClassifier, calibrate=False, **case).fit(X, LABELS)
    return model, lambda rows: list(model.decision_function(rows))


def assert_close(found, expected, atol=1e-5):
    assert len(found) == len(expected)
    for i, (a, b) in enumerate(zip(found, expected, strict=True)):
        assert_allclose(a, b, rtol=0, atol=atol, err_msg=f"sequence {i}")


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
    # A much longer neighbour means much padding; with a shorter one the neighbour is padded.
    long, short = np.full((60, 3), 50.0, dtype=np.float32), np.full((1, 3), -50.0)
    assert_close(outputs([long, *X, short])[1:-1], expected)
    assert_close([outputs([x])[0] for x in X], expected)


@pytest.mark.parametrize("backend", ["numba", "torch"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_batch_size_of_one_row_is_one_only_where_bits_stay_the_same(case, backend):
    if backend == "numba" and _runtime.why_unavailable():
        pytest.skip("Numba is not there")
    cell = case.get("cell", "gru")
    if backend == "numba" and not (isinstance(cell, str) and CELLS[cell].has_kernel):
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


@each_record
def test_outputs_do_not_depend_on_the_batch(record):
    model = record.fit()
    expected = outputs(model, record.X)
    order = np.random.default_rng(1).permutation(len(record.X))
    for batch_size in (1, 7, 256):
        model.set_params(batch_size=batch_size)
        assert_close_outputs(outputs(model, record.X), expected)
    shuffled = {name: [rows[i] for i in order] for name, rows in expected.items()}
    assert_close_outputs(outputs(model, take(record.X, order)), shuffled)
    for i in range(0, len(record.X), 4):
        alone = {name: rows[i : i + 1] for name, rows in expected.items()}
        assert_close_outputs(outputs(model, take(record.X, [i])), alone)


def assert_close_outputs(found, expected):
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        if np.asarray(rows[0]).dtype.kind == "f":
            assert_close(found[name], rows)
        else:
            assert_same_rows(found[name], rows, name)


CAUSAL = {
    **{f"cell={cell}": {"cell": cell} for cell in CELLS},
    "cell=EchoCell": {"cell": EchoCell},
    "convolution": {"conv_channels": 4, "conv_kernel_size": 3},
    "wide convolution": {"conv_channels": 4, "conv_kernel_size": 8},
    "two layers with norm": {"num_layers": 2, "layer_norm": True},
}


@pytest.mark.parametrize("case", CAUSAL.values(), ids=CAUSAL)
def test_unidirectional_outputs_are_causal(case):
    model = small(RNNRegressor, return_sequences=True, bidirectional=False, **case).fit(X, STEPS)
    x = np.random.default_rng(2).normal(size=(10, 3))
    before = model.predict([x])[0]
    for step in range(9):
        future = x.copy()
        future[step + 1 :] += 3.0
        after = model.predict([future])[0]
        assert_allclose(after[: step + 1], before[: step + 1], rtol=0, atol=1e-5)
        assert abs(after[step + 1 :] - before[step + 1 :]).max() > 1e-4
        # Nor do they depend on whether there are later steps.
        assert_allclose(model.predict([x[: step + 1]])[0], before[: step + 1], rtol=0, atol=1e-5)


def test_bidirectional_outputs_depend_on_the_future():
    model = small(RNNRegressor, return_sequences=True).fit(X, STEPS)
    x = np.random.default_rng(2).normal(size=(10, 3))
    future = x.copy()
    future[9] += 3.0
    assert abs(model.predict([future])[0][0] - model.predict([x])[0][0]).max() > 1e-4


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("cell", CELLS)
def test_early_steps_and_their_order_matter(cell, pooling):
    # A net with swapped axes (n_timesteps, batch) would use rows as steps.
    params = {"cell": cell, "pooling": pooling, "bidirectional": False, "calibrate": False}
    model = small(RNNClassifier, **params).fit(X, LABELS)
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

CLASSIFIER, REGRESSOR = RECORDS["classifier"], RECORDS["regressor"]
MODELS = RECORDS | {
    "balanced": CLASSIFIER.with_params(class_weight="balanced"),
    "recurrent dropout": REGRESSOR.with_params(recurrent_dropout=0.2),
    "layers": RECORDS["two outputs"].with_params(num_layers=2, cell="lstm"),
    "custom cell": CLASSIFIER.with_params(cell=EchoCell),
    "series to numbers": Record(Seq2SeqTransformer, two_numbers),
    "scheduled sampling": RECORDS["translator"].with_params(scheduled_sampling=0.5),
}
models = pytest.mark.parametrize("record", MODELS.values(), ids=MODELS)
partly_fitted = records_with("partial_fit", among=MODELS)


def weights_like(X):
    return np.linspace(0.5, 2.0, len(X))


@models
def test_fit_does_not_depend_on_row_order(record):
    X, y, weight = record.X, record.y, weights_like(record.X)
    order = np.random.default_rng(4).permutation(len(X))
    for sample_weight in (None, weight):
        one = record.make(batch_size=4).fit(X, y, sample_weight=sample_weight)
        other = record.make(batch_size=4).fit(
            take(X, order), take(y, order), sample_weight=take(sample_weight, order)
        )
        assert_same_model(one, other)


@each_estimator
def test_early_stopping_does_not_depend_on_row_order(record):
    order = np.random.default_rng(4).permutation(len(record.X))
    params = {"early_stopping": True, "validation_fraction": 0.3, "max_epochs": 4}
    one = record.fit(**params)
    other = record.make(**params).fit(take(record.X, order), take(record.y, order))
    assert_same_model(one, other)
    assert one.validation_curve_ == other.validation_curve_


@models
def test_integer_weight_is_repetition(record):
    X, y = record.X, record.y
    weight = np.random.default_rng(5).integers(0, 4, size=len(X))
    rows = np.repeat(np.arange(len(X)), weight)
    for batch_size in (4, "auto"):
        weighted = record.make(batch_size=batch_size).fit(X, y, sample_weight=weight)
        repeated = record.make(batch_size=batch_size).fit(take(X, rows), take(y, rows))
        assert_same_model(weighted, repeated)
        assert plain_attributes(weighted) == plain_attributes(repeated)
    assert record.fit(batch_size=4).loss_curve_ != weighted.loss_curve_


@models
def test_weight_of_zero_removes_the_row(record):
    X, y = record.X, record.y
    weight = np.where(np.arange(len(X)) % 4 == 1, 0.0, weights_like(X))
    rows = np.flatnonzero(weight)
    weighted = record.make(batch_size=4).fit(X, y, sample_weight=weight)
    removed = record.make(batch_size=4).fit(
        take(X, rows), take(y, rows), sample_weight=weight[rows]
    )
    assert_same_model(weighted, removed)
    assert plain_attributes(weighted) == plain_attributes(removed)


def plain_attributes(model):
    """Return learned state other than weights, such as vocabularies and scales."""
    return repr(everything(model)["attributes"])


@each_record
def test_fractional_weights_change_the_loss(record):
    weighted = record.make().fit(record.X, record.y, sample_weight=weights_like(record.X))
    assert weighted.loss_curve_ != record.fit().loss_curve_


def test_fractional_weights_shift_a_prediction():
    # Two copies of one sequence with two targets: the optimum is their weighted mean.
    data, y = np.ones((16, 4)), np.tile([0.0, 1.0], 8)
    weight = np.tile([0.25, 0.75], 8)
    model = RNNRegressor(
        hidden_size=4, max_epochs=60, batch_size=16, dropout=0.0, head_norm=None, random_state=0
    ).fit(data, y, sample_weight=weight)
    assert model.predict(data[:1])[0] == pytest.approx(0.75, abs=0.02)


@partly_fitted
def test_partial_fit_does_not_depend_on_row_order(record):
    order = np.random.default_rng(6).permutation(len(record.X))
    one, other = record.make(), record.make()
    for _ in range(2):
        one.partial_fit(record.X, record.y)
        other.partial_fit(take(record.X, order), take(record.y, order))
    assert_same_model(one, other)


# --- random numbers -----------------------------------------------------------------------------


@models
def test_random_state_determines_the_result(record):
    one = record.fit()
    np.random.seed(99)  # noqa: NPY002 - that it makes no difference is the point
    torch.manual_seed(99)
    other = record.fit()
    assert_same_model(one, other)
    assert_same_model(one, other.fit(record.X, record.y))  # no state remains from the first fit
    assert record.fit(random_state=1).loss_curve_ != one.loss_curve_


@each_estimator
def test_random_state_object_is_drawn_from(record):
    state = np.random.RandomState(0)
    one, other = record.fit(random_state=state), record.fit(random_state=state)
    assert one.loss_curve_ != other.loss_curve_
    assert_same_model(one, record.fit(random_state=np.random.RandomState(0)))


@each_estimator
def test_random_state_of_none_does_not_depend_on_the_global_seed(record):
    curves = []
    for _ in range(2):
        np.random.seed(0)  # noqa: NPY002 - that it makes no difference is the point
        torch.manual_seed(0)
        curves.append(record.fit(random_state=None).loss_curve_)
    assert curves[0] != curves[1]


@pytest.mark.parametrize("random_state", [0, None])
@models
def test_global_generators_are_unchanged(record, random_state):
    def states():
        return np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002

    before = states()
    model = record.fit(random_state=random_state, max_epochs=1)
    assert states() == before
    use(model, record.X, record.y)
    if hasattr(model, "partial_fit"):
        model.partial_fit(record.X, record.y)
    assert states() == before


# --- threads and modes --------------------------------------------------------------------------


def denormal_survives() -> bool:
    product = torch.tensor([1e-30]) * torch.tensor([1e-10])
    return bool(product > 0) and np.float32(1e-30) * np.float32(1e-10) > 0


@each_estimator
def test_denormal_mode_and_thread_count_of_the_caller_are_unchanged(record):
    n_threads = torch.get_num_threads()
    assert denormal_survives()
    model = record.fit()
    assert denormal_survives()
    outputs(model, record.X)
    assert denormal_survives()
    assert torch.get_num_threads() == n_threads


@each_estimator
def test_denormal_mode_of_the_caller_is_unchanged(record):
    def fit_flushed():
        torch.set_flush_denormal(True)
        try:
            flushed = [not denormal_survives()]
            model = record.fit()
            flushed.append(not denormal_survives())
            outputs(model, record.X)
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
    seen.clear()  # the test of the cell before training runs in the mode of the caller
    model.predict(X)
    model.partial_fit(X, LABELS)
    assert seen
    assert not any(seen)


@each_estimator
def test_gradient_mode_of_the_caller_is_unchanged(record):
    with torch.no_grad():
        expected = record.fit()
        assert not torch.is_grad_enabled()
    assert_same_model(expected, record.fit())
    assert torch.is_grad_enabled()


def test_fits_in_threads_equal_sequential_ones():
    def jobs():
        for record in RECORDS.values():
            yield delayed(record.make().fit)(record.X, record.y)

    alone = [fit(*arguments) for fit, arguments, _ in jobs()]
    together = Parallel(n_jobs=4, backend="threading")(jobs())
    for one, other in zip(alone, together, strict=True):
        assert_same_model(one, other)


def test_custom_cells_in_threads_equal_sequential_ones():
    # They draw from torch's global generator, which fits use one at a time.
    def jobs():
        for seed in range(4):
            yield delayed(small(RNNClassifier, cell=EchoCell, random_state=seed).fit)(X, LABELS)

    before = torch.get_rng_state()
    alone = [fit(*arguments) for fit, arguments, _ in jobs()]
    together = Parallel(n_jobs=4, backend="threading")(jobs())
    for one, other in zip(alone, together, strict=True):
        assert_same_model(one, other)
    assert_array_equal(torch.get_rng_state().numpy(), before.numpy())


def test_custom_cell_may_be_fitted_within_a_fit():
    class Nesting(Callback):
        def on_epoch_end(self, net, **kwargs):
            small(RNNClassifier, cell=EchoCell, max_epochs=1).fit(X, LABELS)

    model = small(RNNClassifier, cell=EchoCell, callbacks=[Nesting()]).fit(X, LABELS)
    assert_same_model(model, small(RNNClassifier, cell=EchoCell).fit(X, LABELS))


@each_estimator
def test_predictions_in_threads_equal_sequential_ones(record):
    model = record.fit()
    expected = model.predict(record.X)
    together = Parallel(n_jobs=4, backend="threading")(
        delayed(model.predict)(record.X) for _ in range(12)
    )
    for predicted in together:
        assert_same_rows(predicted, expected)


# --- side effects of predictions ----------------------------------------------------------------


@each_record
def test_only_fit_sets_attributes(record, monkeypatch):
    model = record.fit()
    before = repr(everything(model))

    def refuse(self, name, value):
        raise AssertionError(f"{name} is set")

    monkeypatch.setattr(record.estimator, "__setattr__", refuse)
    use(model, record.X, record.y)
    assert repr(everything(model)) == before


@each_record
def test_methods_do_not_modify_the_data(record):
    X, y = copy.deepcopy(record.X), copy.deepcopy(record.y)
    model = record.make().fit(X, y)
    use(model, X, y)
    assert_same_rows(X, record.X)
    if y is not None:
        assert_same_rows(y, record.y)
