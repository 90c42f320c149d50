"""The interface to skorch: batches, schedules, callbacks, device, denormals, interruption."""

import os
import pickle
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Checkpoint, PrintLog
from threadpoolctl import threadpool_info

from sk_rnn import Panel, RNNClassifier, RNNRegressor
from sk_rnn.estimators.targets import NumberTarget
from sk_rnn.kernels._shards import n_threads
from sk_rnn.modules import Loss
from sk_rnn.sequences import Spans, Standardisation
from sk_rnn.training import (
    SCHEDULES,
    PairData,
    PredictionBatches,
    SequenceData,
    TrainingBatches,
    _runtime,
    resolve_backend,
    resolve_device,
    run_flushed,
    run_here,
)
from sk_rnn.training import _batches as batches_module
from sk_rnn.training._callbacks import (
    BestWeights,
    Patience,
    StopTraining,
    accuracy,
    subset_accuracy,
)
from sk_rnn.training._net import _weighted_fraction

CPU = torch.device("cpu")


def make_panel(rng, n=50, n_features=3, tokens=False):
    lengths = rng.integers(1, 12, size=n)
    if tokens:
        return Panel.from_sequences([rng.integers(0, 9, size=k) for k in lengths])
    return Panel.from_sequences(
        [rng.normal(size=(k, n_features)) for k in lengths], dtype="float32"
    )


@pytest.mark.parametrize("tokens", [False, True])
def test_resident_batches_equal_gathered_ones(rng, monkeypatch, tokens):
    # As on CUDA, but on the CPU: the data are on the device, and batches are gathered there.
    panel = make_panel(rng, tokens=tokens)
    rows = np.array([3, 3, 11, 40])
    gathered = SequenceData(Spans.of(panel), CPU).batch(rows)
    monkeypatch.setattr(batches_module, "_fits", lambda *arguments: True)
    data = SequenceData(Spans.of(panel), CPU)
    assert data.resident is not None
    resident = data.batch(rows)
    assert torch.equal(resident.X["x"], gathered.X["x"])
    assert torch.equal(resident.X["lengths"], gathered.X["lengths"])


def test_a_model_trained_on_resident_data_is_the_same(rng, monkeypatch):
    X = [rng.normal(size=(k, 2)) for k in rng.integers(2, 9, size=40)]
    y = np.arange(40) % 2
    model = RNNClassifier(hidden_size=4, max_epochs=3, random_state=0)
    expected = model.fit(X, y).predict_proba(X)
    monkeypatch.setattr(batches_module, "_fits", lambda *arguments: True)
    assert (model.fit(X, y).predict_proba(X) == expected).all()


def test_per_step_batches_pair_each_step_with_its_target(rng):
    panel = make_panel(rng, n_features=1)
    targets = panel.values[:, 0].copy()
    data = SequenceData(Spans.of(panel), CPU, y=targets, weights=targets * 2, per_step=True)
    batch = data.batch(np.array([7, 2, 30]))
    steps = batch.X["x"].flatten(0, 1)[batch.X["positions"]][:, 0]
    assert torch.equal(steps, batch.y.values)
    assert torch.equal(steps * 2, batch.y.weights)
    assert batch.n_targets == panel.lengths[[7, 2, 30]].sum()


def test_training_batches_use_samples_as_often_as_listed(rng):
    panel = make_panel(rng)
    rows = np.repeat(np.arange(50), np.arange(50) % 3)
    data = SequenceData(Spans.of(panel), CPU, y=np.arange(50))
    seen = [batch.y.values for batch in TrainingBatches(data, rows, 8, np.random.RandomState(0))]
    assert sorted(torch.cat(seen).tolist()) == rows.tolist()


def test_prediction_batches_are_bounded_and_complete(rng, monkeypatch):
    monkeypatch.setattr(batches_module, "PREDICT_STEPS", 40)
    panel = make_panel(rng)
    batches = PredictionBatches(SequenceData(Spans.of(panel), CPU, y=np.arange(50)), batch_size=6)
    seen = list(batches)
    assert sorted(torch.cat([b.y.values for b in seen]).tolist()) == list(range(50))
    assert max(b.X["x"].shape[1] for b in seen) <= 6
    assert max(b.X["x"].shape[0] * b.X["x"].shape[1] for b in seen) <= 40


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn_tanh"])
def test_a_prediction_does_not_depend_on_the_rest_of_the_batch(rng, cell):
    X, y = rng.normal(size=(50, 12, 3)), np.arange(50) % 2
    model = RNNClassifier(cell=cell, num_layers=2, max_epochs=1, random_state=0).fit(X, y)
    together = model.decision_function(X)
    for rows in (slice(0, 1), slice(3, 6), slice(10, 49)):
        assert (model.decision_function(X[rows]) == together[rows]).all()


def test_schedules_start_and_end_at_the_documented_values():
    one_cycle = SCHEDULES["one_cycle"]
    assert one_cycle(0.0) == pytest.approx(1 / 25)
    assert one_cycle(0.2) == pytest.approx(1.0)
    assert one_cycle(1.0) < 1e-4
    progress = np.linspace(0, 1, 101)
    assert np.argmax([one_cycle(p) for p in progress]) == 20
    for name in ("cosine", "linear"):
        rates = [SCHEDULES[name](p) for p in progress]
        assert rates[0] == 1.0
        assert rates[-1] == pytest.approx(0.0, abs=1e-9)
        assert np.all(np.diff(rates) <= 0)


def test_the_schedule_reaches_the_optimizer(rng):
    X, y = rng.normal(size=(32, 6)), np.arange(32) % 2
    model = RNNClassifier(
        hidden_size=4, max_epochs=2, batch_size=8, lr=0.1, lr_schedule=lambda p: 1 - p / 2
    )
    group = model.fit(X, y).net_.optimizer_.param_groups[0]
    assert group["lr"] == pytest.approx(0.05)


def test_only_matrices_decay(rng):
    X, y = rng.normal(size=(16, 6)), np.arange(16) % 2
    net = RNNClassifier(hidden_size=4, max_epochs=1, weight_decay=0.3).fit(X, y).net_
    decays = {
        p.ndim > 1: group["weight_decay"]
        for group in net.optimizer_.param_groups
        for p in group["params"]
    }
    assert decays == {True: 0.3, False: 0.0}


def optimizer_groups(**params):
    """The optimizer's eps and decays, as sets by kind of weight, after an epoch on tokens."""
    X, y = [[0, 1, 2], [2, 1], [1], [0, 0]], [0, 1, 0, 1]
    model = RNNClassifier(embedding_dim=3, hidden_size=4, max_epochs=1, **params).fit(X, y)
    table = model.module_.encoder.embedding.embedding.weight
    found = {}
    for group in model.net_.optimizer_.param_groups:
        for p in group["params"]:
            kind = "embedding" if p is table else "matrix" if p.ndim > 1 else "vector"
            found.setdefault(kind, set()).add((group.get("eps"), group["weight_decay"]))
    return found


def test_embeddings_have_a_larger_eps():
    others = {"matrix": {(1e-8, 0.01)}, "vector": {(1e-8, 0.0)}}
    assert optimizer_groups() == {"embedding": {(1e-4, 0.01)}, **others}
    # Including a frozen one, which an Unfreezer may unfreeze.
    frozen = optimizer_groups(embedding_weights=np.eye(3), freeze_embedding=True)
    assert frozen == optimizer_groups()
    assert optimizer_groups(weight_decay=0.0) == {
        "embedding": {(1e-4, 0.0)},
        "matrix": {(1e-8, 0.0)},
        "vector": {(1e-8, 0.0)},
    }


def test_embeddings_with_targets_per_token_have_the_default_eps():
    model = RNNClassifier(embedding_dim=3, hidden_size=4, max_epochs=1, return_sequences=True)
    net = model.fit([[0, 1, 2], [2, 1]], [[0, 1, 0], [0, 1]]).net_
    assert {group["eps"] for group in net.optimizer_.param_groups} == {1e-8}


def test_eps_of_the_user_is_used_for_all_weights():
    assert optimizer_groups(optimizer__eps=1e-6, weight_decay=0.0) == {
        kind: {(1e-6, 0.0)} for kind in ("embedding", "matrix", "vector")
    }


@pytest.mark.parametrize(
    ("optimizer", "eps"),
    [("sgd", None), ("rmsprop", 1e-4), (type("Own", (torch.optim.Adam,), {}), 1e-8)],
)
def test_only_known_optimizers_have_a_larger_eps(optimizer, eps):
    assert {found for found, _ in optimizer_groups(optimizer=optimizer)["embedding"]} == {eps}


def test_training_on_tokens_can_be_resumed():
    X, y = [[0, 1, 2], [2, 1], [1], [0, 0]], [0, 1, 0, 1]

    def trained(between):
        model = RNNClassifier(embedding_dim=3, hidden_size=4, random_state=0)
        for _ in range(3):
            model = between(model.partial_fit(X, y, classes=[0, 1]))
        return model

    whole = trained(lambda model: model)
    np.testing.assert_array_equal(
        trained(lambda model: pickle.loads(pickle.dumps(model))).predict_proba(X),
        whole.predict_proba(X),
    )
    steps = {int(state["step"]) for state in whole.net_.optimizer_.state.values()}
    assert steps == {3}


def fake_net(*epochs):
    """A net after some epochs of (score, loss)."""

    class History(list):
        def __getitem__(self, key):
            return super().__getitem__(key[0])[key[1]] if isinstance(key, tuple) else self[key]

    module = torch.nn.Linear(1, 1)
    rows = [{"valid_score": score, "valid_loss": loss} for score, loss in epochs]
    return SimpleNamespace(history=History(rows), module_=module)


def play(callback, epochs):
    """Run a callback on epochs of (score, loss); return their number."""
    net = fake_net()
    callback.on_train_begin(net)
    for number, epoch in enumerate(epochs, 1):
        net.history.append(dict(zip(("valid_score", "valid_loss"), epoch, strict=True)))
        torch.nn.init.constant_(net.module_.weight, number)
        try:
            callback.on_epoch_end(net)
        except StopTraining:
            break
    callback.on_train_end(net)
    return number, net.module_.weight.item()


def test_best_weights_are_of_the_best_score_and_then_the_lowest_loss():
    epochs = [(0.5, 1.0), (0.8, 0.9), (0.8, 0.7), (0.8, 0.8), (0.6, 0.1), (np.nan, 0.1)]
    assert play(BestWeights(), epochs) == (6, 3.0)


def test_patience_waits_the_given_number_of_epochs():
    epochs = [(0.5, 1.0), (0.6, 1.0), (0.6, 1.0), (0.6005, 1.0), (0.55, 1.0), (0.9, 1.0)]
    assert play(Patience(3, tol=0.001), epochs)[0] == 5
    assert play(Patience(3, tol=0.0), epochs)[0] == 6


def test_patience_sees_a_loss_that_falls_at_a_perfect_score():
    epochs = [(1.0, 1.0 / k) for k in range(1, 8)]
    assert play(Patience(2, tol=1e-4), epochs)[0] == 7


def test_scores_equal_scikit_learns_on_weighted_rows():
    outputs = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
    right = accuracy(outputs, torch.tensor([0, 0, 0]))
    assert right.tolist() == [True, False, True]
    assert _weighted_fraction([(right[:2], None), (right[2:], None)]) == pytest.approx(2 / 3)
    weights = torch.tensor([1.0, 2.0, 1.0])
    assert _weighted_fraction([(right[:2], weights[:2]), (right[2:], weights[2:])]) == 0.5
    labels = torch.tensor([[1, 0], [1, 1], [1, 1]])
    assert subset_accuracy(outputs - 0.5, labels).tolist() == [True, False, True]


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_flushing_reaches_every_thread_and_leaves_the_caller_alone(backend):
    small = torch.full((500_000,), 1e-30)

    def denormals(_=None):
        return int((small * 1e-10 != 0).sum())

    before = denormals()
    assert before == 500_000
    # torch uses all of its threads for a product of this size.
    assert run_flushed(denormals, backend=backend) == 0
    assert run_here(denormals) == 0
    assert denormals() == before


def test_run_flushed_hands_on_results_and_errors():
    assert run_flushed(lambda interrupted: 3, backend="torch") == 3

    def fail(interrupted):
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        run_flushed(fail, backend="torch")


def test_ctrl_c_is_passed_to_the_function():
    def press_and_wait(interrupted):
        time.sleep(0.2)  # until the main thread, which implements the signal, waits
        os.kill(os.getpid(), signal.SIGINT)
        return interrupted.wait(10)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert run_flushed(press_and_wait, backend="torch") is True
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("backend", "expected"), [("torch", 3), ("numba", 1)])
def test_torch_uses_the_given_number_of_threads(backend, expected):
    def look(_):
        time.sleep(0.1)  # until the caller has restored its number
        torch.ones(100_000).sum()  # a new thread's first operation sets its number
        return threadpool_info()  # the number that OpenMP will use

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        pools = run_flushed(look, backend=backend)
    finally:
        torch.set_num_threads(before)
    folder = str(Path(torch.__file__).parent)
    found = [pool["num_threads"] for pool in pools if pool["filepath"].startswith(folder)]
    if not found:
        pytest.skip("this torch is built without OpenMP")
    assert found == [expected] * len(found)


def test_kernels_do_not_change_the_threads_of_torch():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        inside = run_flushed(lambda _: (torch.get_num_threads(), n_threads()), backend="numba")
        assert inside == (1, 3)
        assert torch.get_num_threads() == 3
        with ThreadPoolExecutor(1) as pool:  # a thread that starts later
            assert pool.submit(torch.get_num_threads).result() == 3
    finally:
        torch.set_num_threads(before)


CASE = {"bfloat16": False, "cell": "gru", "dtype": torch.float32, "training": True, "caller": "f"}


def test_auto_backend_is_numba_where_its_kernels_can_run(monkeypatch):
    monkeypatch.setattr(_runtime, "why_unavailable", lambda: "")
    monkeypatch.setattr(_runtime, "prepare", lambda *_, **__: "")
    assert resolve_backend("auto", CPU, **CASE) == "numba"
    assert resolve_backend("torch", CPU, **CASE) == "torch"
    for other in ({"bfloat16": True}, {"cell": torch.nn.GRU}):
        assert resolve_backend("auto", CPU, **{**CASE, **other}) == "torch"
    assert resolve_backend("auto", torch.device("cuda"), **CASE) == "torch"
    with pytest.raises(ValueError, match="run only on the CPU, and device is 'cuda'"):
        resolve_backend("numba", torch.device("cuda"), **CASE)


def test_without_numba_auto_is_torch(monkeypatch):
    monkeypatch.setattr(_runtime, "why_unavailable", lambda: "Numba is not installed")
    assert resolve_backend("auto", CPU, **CASE) == "torch"
    with pytest.raises(ImportError, match=r"f: .* Numba is not installed. .* pip install"):
        resolve_backend("numba", CPU, **CASE)
    # A saved model can still be used.
    assert resolve_backend("numba", CPU, **{**CASE, "caller": None}) == "torch"


def test_a_broken_numba_is_reported(monkeypatch):
    reason = "Numba cannot be imported (ImportError: needs NumPy 1)"
    monkeypatch.setattr(_runtime, "why_unavailable", lambda: reason)
    with pytest.warns(UserWarning, match=r"needs NumPy 1.*several times slower"):
        assert resolve_backend("auto", CPU, **CASE) == "torch"
    assert resolve_backend("auto", CPU, **CASE) == "torch"  # only one warning
    with pytest.raises(ImportError, match=r"f: .* needs NumPy 1.* --force-reinstall numba"):
        resolve_backend("numba", CPU, **CASE)


def test_auto_device_is_cuda_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert resolve_device("auto", "f").type == "cuda"
    assert resolve_device("cuda:0", "f") == torch.device("cuda:0")
    with pytest.raises(ValueError, match=r"'cuda:1' is not available .* 'cpu', 'cuda:0'"):
        resolve_device("cuda:1", "f")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_device("auto", "f") == CPU


@pytest.mark.parametrize("limit", [1 << 20, 1])
def test_large_and_small_data_are_standardised_alike(rng, monkeypatch, limit):
    monkeypatch.setattr(batches_module, "_CONVERT_VALUES", limit)
    panel = make_panel(rng)
    scaling = Standardisation(np.array([0.5, -1.0, 2.0]), np.array([2.0, 0.3, 1.0]))
    data = SequenceData(Spans.of(panel), CPU, scaling=scaling)
    assert data.converts == (limit == 1)  # each batch, instead of a copy of the data
    batch = data.batch(np.array([3, 11])).X["x"]
    for row, sample in enumerate((3, 11)):
        expected = ((panel[sample] - scaling.mean) / scaling.std).astype(np.float32)
        np.testing.assert_array_equal(batch[: len(expected), row].numpy(), expected)
        assert not batch[len(expected) :, row].any()


@pytest.mark.parametrize("limit", [1 << 20, 1])
def test_large_and_small_data_refuse_alike(rng, monkeypatch, limit):
    monkeypatch.setattr(batches_module, "_CONVERT_VALUES", limit)
    panel = make_panel(rng)
    panel.values[panel.offsets[7], 1] = 1e30
    scaling = Standardisation(np.zeros(3), np.array([1.0, 1e-20, 1.0]))
    with pytest.raises(ValueError, match=r"\[7\] has 1e\+30 .* it is too large for float32"):
        SequenceData(Spans.of(panel), CPU, scaling=scaling).batch(np.arange(20))


@pytest.mark.cuda
def test_cuda_reaches_the_scores_of_the_cpu(rng):
    X = [rng.normal(size=(k, 2)) for k in rng.integers(5, 30, size=300)]
    y = np.array([x[:, 0].sum() > 0 for x in X])
    scores = {}
    for device in ("cpu", "cuda"):
        model = RNNClassifier(device=device, random_state=0).fit(X[:200], y[:200])
        assert model.device_.startswith(device)
        scores[device] = model.score(X[200:], y[200:])
    assert scores["cuda"] == pytest.approx(scores["cpu"], abs=0.05)


@pytest.mark.cuda
def test_cuda_moves_the_data_once(rng):
    panel = make_panel(rng)
    data = SequenceData(Spans.of(panel), torch.device("cuda"))
    assert data.resident is not None
    x = data.batch(np.array([3, 11])).X["x"]
    assert x.is_cuda
    assert torch.equal(x.cpu(), SequenceData(Spans.of(panel), CPU).batch(np.array([3, 11])).X["x"])


def test_non_finite_loss_restores_the_last_finite_weights(rng):
    X, y = rng.normal(size=(32, 6)), np.arange(32) % 2
    rates = iter([1.0] * 8 + [1e30] * 100)
    model = RNNClassifier(
        hidden_size=4, max_epochs=6, batch_size=8, optimizer="sgd", gradient_clip=None,
        lr_schedule=lambda progress: next(rates), random_state=0,
    )  # fmt: skip
    with pytest.warns(ConvergenceWarning, match=r"RNNClassifier.fit: .* Lower lr \(lr=0.005\)"):
        model.fit(X, y)
    assert model.best_epoch_ >= 2
    assert np.isfinite(model.predict_proba(X)).all()


def test_callbacks_of_skorch_find_their_history_keys(rng, tmp_path, capsys):
    X, y = rng.normal(size=(32, 6)), np.arange(32) % 2
    callbacks = [Checkpoint(dirname=str(tmp_path)), PrintLog()]
    model = RNNClassifier(hidden_size=4, max_epochs=2, callbacks=callbacks)
    model.fit(X, y, X_val=X, y_val=y)
    assert (tmp_path / "params.pt").exists()
    assert "valid_score" in capsys.readouterr().out


@pytest.mark.parametrize("choice", [{"optimizer__foreach": True}, {"optimizer__fused": False}])
def test_user_options_of_the_optimizer_are_kept(rng, choice):
    X, y = rng.normal(size=(16, 6)), np.arange(16) % 2
    optimizer = RNNClassifier(hidden_size=4, max_epochs=1, **choice).fit(X, y).net_.optimizer_
    for name, value in choice.items():
        assert optimizer.defaults[name.removeprefix("optimizer__")] is value


class MeanOfSequences(Loss):
    """Squared error averaged per sequence, so that short and long ones have the same weight."""

    def forward(self, outputs, targets):
        errors = (outputs - targets.values).square()[:, 0]
        parts = errors.split(targets.lengths.tolist())
        return torch.stack([part.mean() for part in parts]).mean()


class SequenceTarget(NumberTarget):
    def criterion(self):
        return MeanOfSequences()


class OfSequences(RNNRegressor):
    def _make_target(self, y, X, samples, params, caller):
        target = SequenceTarget(params)
        return target, target.read(y, X, samples, caller, reset=True)


@pytest.mark.parametrize("lengths", [[3, 3, 3], [1, 5, 9]])
def test_loss_may_depend_on_whole_sequences(rng, lengths):
    X = [rng.normal(size=(n, 2)) for n in lengths]
    y = [x[:, 0] for x in X]
    params = {"return_sequences": True, "hidden_size": 4, "max_epochs": 1, "random_state": 0}
    losses = [
        kind(lr=1e-12, head_norm=None, **params).fit(X, y).loss_curve_[0]
        for kind in (OfSequences, RNNRegressor)
    ]
    same = len(set(lengths)) == 1
    assert (losses[0] == pytest.approx(losses[1])) == same


def test_targets_of_pairs_have_lengths():
    target = Panel.from_sequences([[1, 2, 0], [3, 0]])
    spans = Spans.of(Panel.from_sequences([[0.5], [1.5]]))
    batch = PairData(spans, target, torch.device("cpu")).batch(np.array([1, 0]))
    assert batch.y.lengths.tolist() == [2, 3]
    assert batch.y.values.tolist() == [3, 0, 1, 2, 0]
