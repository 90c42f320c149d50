"""The kernels against NumPy loops, finite differences and torch; threads, processes, other CPUs."""

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numba
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from joblib import Parallel, delayed

from sk_rnn import RNNClassifier
from sk_rnn.kernels import (
    DirectionWeights,
    _layer,
    _product,
    kernel_threads,
    mean_max_last,
    recurrent_layer,
)
from sk_rnn.kernels._activations import sigmoid, tanh
from sk_rnn.kernels._shards import run_all
from sk_rnn.modules import CELLS, POOLINGS, RecurrentStack, set_backend, set_generator
from sk_rnn.modules._steps import ValidSteps, last_states

KERNELS = sorted(cell for cell in CELLS if CELLS[cell].has_kernel)
N_GATES = {"rnn_tanh": 1, "rnn_relu": 1, "gru": 3, "lstm": 4}


# --- activations --------------------------------------------------------------------------------


@numba.njit(error_model="numpy")
def all_sigmoid(x):
    return np.array([sigmoid(value) for value in x])


@numba.njit(error_model="numpy")
def all_tanh(x):
    return np.array([tanh(value) for value in x])


@pytest.mark.parametrize(
    ("function", "exact", "bound"),
    [(all_sigmoid, lambda x: 1 / (1 + np.exp(-x)), 2.5), (all_tanh, np.tanh, 1.5)],
)
def test_activations_have_the_stated_accuracy(function, exact, bound):
    small = np.geomspace(1e-30, 1, 100_000)
    x = np.concatenate([np.linspace(-90, 90, 400_001), small, -small]).astype(np.float32)
    expected = exact(x.astype(np.float64))
    error = np.abs(function(x) - expected) / np.spacing(np.abs(expected).astype(np.float32))
    normal = np.abs(expected) > np.finfo(np.float32).tiny
    assert error[normal].max() < bound
    np.testing.assert_allclose(function(x[::97].astype(np.float64)), expected[::97], rtol=1e-13)


def test_activations_propagate_nan():
    x = np.float32([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.0])
    np.testing.assert_array_equal(all_tanh(x), np.float32([np.nan, 1, -1, 1, -1, 0]))
    np.testing.assert_allclose(all_sigmoid(x), [np.nan, 1, 0, 1, 0, 0.5], atol=1e-37)


# --- products -----------------------------------------------------------------------------------


@numba.njit
def call_multiply(result, left, row, column, n_rows, panels):
    _product.multiply(result, left, row, column, n_rows, panels)


@numba.njit
def call_add_outer(result, left, column, right, depth):
    _product.add_outer(result, left, column, right, depth)


@given(
    st.sampled_from([np.float32, np.float64]),
    st.integers(1, 70),
    st.integers(1, 140),
    st.integers(0, 3),
    st.integers(0, 5),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=60)
def test_multiply_is_a_matrix_product(dtype, depth, n_columns, row, column, seed):
    rng = np.random.default_rng(seed)
    left = rng.normal(size=(row + _product.ROWS, column + depth)).astype(dtype)
    weights = rng.normal(size=(depth, n_columns)).astype(dtype)
    _, panels = _product.pack_for_backward(weights, weights, 0)
    result = np.full((_product.ROWS, panels.shape[0] * panels.shape[2]), np.nan, dtype)
    call_multiply(result, left, row, column, _product.ROWS, panels)
    expected = left[row:, column:].astype(np.float64) @ weights
    np.testing.assert_allclose(
        result[:, :n_columns], expected, atol=depth * np.finfo(dtype).eps * 9
    )
    assert (result[:, n_columns:] == 0).all()
    # The result of a row is bitwise the same for any other rows, and any number of them.
    for n_rows in range(1, _product.ROWS + 1):
        others = left.copy()
        others[row + n_rows :] = rng.normal(size=others[row + n_rows :].shape)
        again = np.empty_like(result)
        call_multiply(again, others, row, column, n_rows, panels)
        np.testing.assert_array_equal(again[:n_rows], result[:n_rows])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden_size", [1, 5, 40])
def test_weights_are_packed_in_the_order_of_the_products(dtype, hidden_size):
    rng = np.random.default_rng(0)
    n_gates, n_features = 3 * hidden_size, 4
    weight_ih = rng.normal(size=(n_gates, n_features)).astype(dtype)
    weight_hh = rng.normal(size=(n_gates, hidden_size)).astype(dtype)
    bias_ih, bias_hh = rng.normal(size=(2, n_gates)).astype(dtype)

    def unpacked(panels, n_columns):
        whole = np.concatenate(list(panels), axis=1)
        assert (whole[:, n_columns:] == 0).all()
        return whole[:, :n_columns]

    into_gates = _product.pack_for_forward(weight_ih, weight_hh, bias_ih, bias_hh)
    for panels, weight, bias in zip(
        into_gates, (weight_ih, weight_hh), (bias_ih, bias_hh), strict=True
    ):
        np.testing.assert_array_equal(unpacked(panels, n_gates), np.vstack([weight.T, bias]))
    first = 2 * hidden_size
    to_input, to_state = _product.pack_for_backward(weight_ih, weight_hh, first)
    np.testing.assert_array_equal(
        unpacked(to_input, n_features), np.concatenate([weight_ih[first:], weight_ih[:first]])
    )
    np.testing.assert_array_equal(unpacked(to_state, hidden_size), weight_hh)


@given(
    st.sampled_from([np.float32, np.float64]),
    st.integers(1, 5),
    st.integers(1, 9),
    st.integers(1, 40),
    st.integers(0, 5),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40)
def test_add_outer_adds_a_product_with_a_transpose(dtype, rows, lanes, depth, column, seed):
    rng = np.random.default_rng(seed)
    n, m = rows * _product.ROWS, lanes * _product.lanes(np.dtype(dtype))
    left = rng.normal(size=(depth + 2, column + n + 1)).astype(dtype)
    right = rng.normal(size=(depth + 2, m)).astype(dtype)
    result = rng.normal(size=(n, m)).astype(dtype)
    expected = result + left[:depth, column : column + n].T.astype(np.float64) @ right[:depth]
    call_add_outer(result, left, column, right, depth)
    np.testing.assert_allclose(result, expected, atol=depth * np.finfo(dtype).eps * 9)


# --- one layer ----------------------------------------------------------------------------------


def make_weights(cell, n_features, hidden_size, generator, dtype=torch.float64):
    def draw(*shape):
        return (0.6 * torch.randn(*shape, generator=generator, dtype=dtype)).requires_grad_()

    width = N_GATES[cell] * hidden_size
    return DirectionWeights(
        draw(width, n_features), draw(width, hidden_size), draw(width), draw(width)
    )


def numpy_layer(cell, x, weights, state, keep):
    """One row in one direction: the equations of torch's documentation, step by step."""

    def sigma(a):
        return 1 / (1 + np.exp(-a))

    w_ih, w_hh, b_ih, b_hh = (tensor.detach().numpy() for tensor in weights)
    h, c = state[0], state[-1]
    outputs = []
    for step in x:
        a, b = w_ih @ step + b_ih, w_hh @ (h * keep) + b_hh
        if cell == "gru":
            (r, z, n), (r_h, z_h, n_h) = np.split(a, 3), np.split(b, 3)
            z = sigma(z + z_h)
            h = (1 - z) * np.tanh(n + sigma(r + r_h) * n_h) + z * h
        elif cell == "lstm":
            i, f, g, o = np.split(a + b, 4)
            c = sigma(f) * c + sigma(i) * np.tanh(g)
            h = sigma(o) * np.tanh(c)
        else:
            h = np.tanh(a + b) if cell == "rnn_tanh" else np.maximum(a + b, 0)
        outputs.append(h)
    return np.array(outputs), (h, c)


@pytest.mark.parametrize("cell", KERNELS)
def test_a_layer_equals_numpy_loops_row_by_row(cell):
    generator = torch.Generator().manual_seed(0)
    lengths, n_features, hidden_size = [7, 1, 4, 7, 2, 5, 6, 3, 7, 2, 1], 3, 5
    n_states = 2 if cell == "lstm" else 1
    x = torch.randn(7, 11, n_features, generator=generator, dtype=torch.float64)
    weights = [make_weights(cell, n_features, hidden_size, generator) for _ in range(2)]
    initial = torch.randn(n_states, 2, 11, 5, generator=generator, dtype=torch.float64)
    keep = torch.rand(11, 10, generator=generator, dtype=torch.float64)
    output, final = recurrent_layer(
        cell, x, torch.tensor(lengths), weights, initial=initial, keep=keep
    )
    output, final = output.detach().numpy(), final.detach().numpy()
    for row, length in enumerate(lengths):
        for direction in (0, 1):
            order = slice(None, None, -1) if direction else slice(None)
            columns = slice(5 * direction, 5 * direction + 5)
            states, (h, c) = numpy_layer(
                cell,
                x[:length, row].numpy()[order],
                weights[direction],
                initial[:, direction, row].numpy(),
                keep[row, columns].numpy(),
            )
            np.testing.assert_allclose(output[:length, row, columns], states[order], atol=1e-12)
            np.testing.assert_allclose(final[0, direction, row], h, atol=1e-12)
            np.testing.assert_allclose(final[-1, direction, row], c if n_states == 2 else h)
        assert (output[length:, row] == 0).all()


@pytest.mark.parametrize("n_directions", [1, 2])
@pytest.mark.parametrize("cell", KERNELS)
def test_gradients_equal_finite_differences(cell, n_directions):
    generator = torch.Generator().manual_seed(1)
    lengths = torch.tensor([3, 1, 2])
    x = torch.randn(3, 3, 2, generator=generator, dtype=torch.float64, requires_grad=True)
    weights = [make_weights(cell, 2, 3, generator) for _ in range(n_directions)]
    shape = (2 if cell == "lstm" else 1, n_directions, 3, 3)
    initial = torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True)
    keep = torch.rand(3, 3 * n_directions, generator=generator, dtype=torch.float64)

    def layer(x, initial, *flat):
        given = [DirectionWeights(*flat[i : i + 4]) for i in range(0, len(flat), 4)]
        return recurrent_layer(cell, x, lengths, given, initial=initial, keep=keep)

    flat = [tensor for direction in weights for tensor in direction]
    assert torch.autograd.gradcheck(layer, (x, initial, *flat))


def test_gradients_of_both_biases_do_not_share_memory():
    # Clipping gradients in place would scale a shared one twice.
    weights = make_weights("lstm", 2, 3, torch.Generator().manual_seed(0))
    output, _ = recurrent_layer(
        "lstm", torch.ones(2, 2, 2).double(), torch.tensor([2, 1]), [weights]
    )
    output.sum().backward()
    assert weights.bias_ih.grad.data_ptr() != weights.bias_hh.grad.data_ptr()


# --- stacks, on both backends -------------------------------------------------------------------


@st.composite
def stacks(draw):
    """A stack, a batch for it, and a seed."""
    seed = draw(st.integers(0, 1000))
    generator = torch.Generator().manual_seed(seed)
    lengths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=19))
    n_features = draw(st.integers(1, 5))
    stack = RecurrentStack(
        draw(st.sampled_from(KERNELS)),
        n_features,
        draw(st.integers(1, 20)),
        num_layers=draw(st.integers(1, 3)),
        bidirectional=draw(st.booleans()),
        dropout=draw(st.sampled_from([0.0, 0.4])),
        recurrent_dropout=draw(st.sampled_from([0.0, 0.4])),
        layer_norm=draw(st.booleans()),
        generator=generator,
    )
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    x = torch.randn(max(lengths), len(lengths), n_features, generator=generator)
    return stack.train(draw(st.booleans())), x, lengths, seed


def compute(stack, x, lengths, seed, backend, dtype):
    set_backend(stack, backend)
    set_generator(stack, torch.Generator().manual_seed(seed))
    stack.zero_grad()
    x = x.to(dtype).requires_grad_()
    valid = ValidSteps(torch.tensor(lengths), x.device)
    output, finals = stack.run(x, valid)
    inner = output.masked_fill(valid.padding, 0.0)
    flat_finals = [state for final in finals for state in final]
    weights = torch.linspace(-1, 1, inner.numel(), dtype=dtype).view_as(inner)
    ((inner * weights).sum() + sum((state**2).sum() for state in flat_finals)).backward()
    gradients = [parameter.grad.clone() for parameter in stack.parameters()]
    return [inner.detach(), *(state.detach() for state in flat_finals), x.grad, *gradients]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 2e-3)])
@given(stacks())
@settings(max_examples=30)
def test_both_backends_agree(dtype, tolerance, drawn):
    stack, x, lengths, seed = drawn
    # Norms over one or two features amplify rounding errors of float32.
    assume(dtype == torch.float64 or isinstance(stack.norms[0], torch.nn.Identity))
    stack.to(dtype)
    by_torch, by_kernels = (
        compute(stack, x, lengths, seed, backend, dtype) for backend in ("torch", "numba")
    )
    for ours, theirs in zip(by_kernels, by_torch, strict=True):
        atol = tolerance * max(1.0, float(theirs.abs().max()))
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=atol)


@given(stacks())
@settings(max_examples=30)
def test_last_states_equal_those_of_all_states(drawn):
    stack, x, lengths, seed = drawn
    stack.double()
    valid = ValidSteps(torch.tensor(lengths), x.device)
    found = []
    for backend in ("torch", "numba"):
        set_backend(stack, backend)
        for last in (
            stack.last,
            lambda x, valid: last_states(stack(x, valid), valid, stack.bidirectional),
        ):
            set_generator(stack, torch.Generator().manual_seed(seed))
            stack.zero_grad()
            entering = x.double().requires_grad_()
            states = last(entering, valid)
            (states * torch.linspace(-1, 1, states.numel()).view_as(states)).sum().backward()
            found.append([states, entering.grad, *(p.grad.clone() for p in stack.parameters())])
    for others in found[1:]:
        for ours, theirs in zip(others, found[0], strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_pooling_in_one_pass_equals_the_three(bidirectional):
    generator = torch.Generator().manual_seed(0)
    valid = ValidSteps(torch.tensor([5, 1, 3]), torch.device("cpu"))
    states = torch.randn(5, 3, 4, generator=generator, dtype=torch.float64)
    weights = torch.randn(3, 12, generator=generator, dtype=torch.float64)
    found = []
    for pool in (
        lambda x: mean_max_last(x, valid.lengths, bidirectional=bidirectional),
        lambda x: POOLINGS["concat"](4, bidirectional=bidirectional)(x, valid),
    ):
        x = states.clone().requires_grad_()
        pooled = pool(x)
        (pooled * weights).sum().backward()
        found.append((pooled, x.grad))
    torch.testing.assert_close(found[0], found[1])


def test_pooling_propagates_nan():
    states = torch.zeros(3, 1, 3)
    states[1, 0, 1] = torch.nan
    pooled = mean_max_last(states, torch.tensor([3]), bidirectional=False)[0]
    assert torch.isnan(pooled).tolist() == [False, True, False, False, True, False] + 3 * [False]


@pytest.mark.parametrize("cell", KERNELS)
def test_nan_affects_only_its_row_and_padding_has_no_effect(cell):
    generator = torch.Generator().manual_seed(0)
    weights = make_weights(cell, 2, 3, generator, torch.float32)
    x = torch.randn(4, 3, 2, generator=generator)
    lengths = torch.tensor([4, 2, 3])
    clean, _ = recurrent_layer(cell, x, lengths, [weights])
    clean.sum().backward()
    gradient = weights.weight_ih.grad.clone()
    weights.weight_ih.grad = None
    x[2:, 1] = torch.nan  # padding
    same, _ = recurrent_layer(cell, x, lengths, [weights])
    same.sum().backward()
    torch.testing.assert_close(same, clean, rtol=0, atol=0)
    torch.testing.assert_close(weights.weight_ih.grad, gradient, rtol=0, atol=0)
    x[1, 0] = torch.nan
    spoilt, _ = recurrent_layer(cell, x, lengths, [weights])
    assert torch.isnan(spoilt[1:4, 0]).all()
    torch.testing.assert_close(spoilt[:, 1:], clean[:, 1:], rtol=0, atol=0)


# --- threads and processes ----------------------------------------------------------------------


def threaded_case(n, wants_input=True):
    generator = torch.Generator().manual_seed(0)
    weights = [make_weights("gru", 4, 9, generator, torch.float32) for _ in range(2)]
    x = torch.randn(12, 37, 4, generator=generator, requires_grad=wants_input)
    lengths = torch.randint(1, 13, (37,), generator=generator)
    lengths[5] = 12
    with kernel_threads(n):
        output, final = recurrent_layer("gru", x, lengths, weights)
        (output * output).sum().backward()
    gradients = [tensor.grad for direction in weights for tensor in direction]
    return [output.detach(), final.detach(), *gradients, *([x.grad] if wants_input else [])]


@pytest.mark.parametrize("wants_input", [False, True])
def test_threads_change_gradients_only_by_rounding(monkeypatch, wants_input):
    monkeypatch.setattr(_layer, "_MIN_WORK_PER_THREAD", 1)
    alone = threaded_case(1, wants_input)
    for n in (2, 3, 16):
        shared, again = threaded_case(n, wants_input), threaded_case(n, wants_input)
        for one, two in zip(shared, again, strict=True):
            torch.testing.assert_close(one, two, rtol=0, atol=0)
        for one, two in zip(shared[:2], alone[:2], strict=True):
            torch.testing.assert_close(one, two, rtol=0, atol=0)
        for one, two in zip(shared[2:], alone[2:], strict=True):
            torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-4)


def test_calls_from_several_threads_do_not_disturb_each_other(monkeypatch):
    monkeypatch.setattr(_layer, "_MIN_WORK_PER_THREAD", 1)
    alone = threaded_case(2)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(threaded_case, [2] * 12):
            for one, two in zip(found, alone, strict=True):
                torch.testing.assert_close(one, two, rtol=0, atol=0)


def test_an_error_in_a_thread_is_raised_after_all_have_ended():
    done = []

    def work(number):
        if number == 1:
            raise KeyError("lost")
        done.append(number)

    with pytest.raises(KeyError, match="lost"):
        run_all([partial(work, number) for number in range(4)])
    assert sorted(done) == [0, 2, 3]


X = [np.sin(np.arange(n))[:, None] for n in (5, 9, 3, 7, 8, 4, 6, 5)]
Y = [0, 1] * 4


def states_of_two_threads():
    _layer._MIN_WORK_PER_THREAD = 1  # in this process, which ends with the test
    return threaded_case(2)[0].numpy()


def test_a_forked_process_has_threads_of_its_own():
    # In a separate process, because Python warns about forking a process with threads.
    script = """
        import multiprocessing, sys, warnings
        import numpy as np, torch
        sys.path.insert(0, {folder!r})
        torch.set_num_threads(1)  # torch's own threads do not survive a fork
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking with threads: the point
        from test_kernels import states_of_two_threads
        here = states_of_two_threads()
        with multiprocessing.get_context("fork").Pool(2) as pool:
            there = pool.apply_async(states_of_two_threads).get(60)
        np.testing.assert_array_equal(here, there)
        print("same")
    """
    script = textwrap.dedent(script).format(folder=str(Path(__file__).parent))
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=False
    )
    assert result.stdout.strip() == "same", result.stderr


def test_workers_of_joblib_give_the_same(monkeypatch):
    fit = RNNClassifier(hidden_size=8, max_epochs=2, random_state=0)
    here = fit.fit(X, Y).predict_proba(X)
    calls = (delayed(lambda: fit.fit(X, Y).predict_proba(X))() for _ in range(2))
    for there in Parallel(n_jobs=2)(calls):
        np.testing.assert_allclose(there, here, atol=1e-6)  # torch's threads differ


# --- other processors -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("features", ["+avx2,+fma,+avx,+sse4.2", "+sse2"])
def test_vector_widths_of_other_processors(features, tmp_path):
    script = """
        import torch
        from sk_rnn.kernels import DirectionWeights, recurrent_layer
        from sk_rnn.kernels._product import VECTOR_BYTES
        rnn = torch.nn.GRU(5, 19)
        x = torch.randn(6, 7, 5)
        lengths = torch.full((7,), 6)
        theirs, _ = rnn(x)
        theirs.pow(2).sum().backward()
        expected = [p.grad.clone() for p in rnn.parameters()]
        rnn.zero_grad()
        ours, _ = recurrent_layer("gru", x, lengths, [DirectionWeights(*rnn.parameters())])
        ours.pow(2).sum().backward()
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)
        for p, grad in zip(rnn.parameters(), expected):
            torch.testing.assert_close(p.grad, grad, rtol=1e-3, atol=1e-4)
        print(VECTOR_BYTES)
    """
    environment = {
        **os.environ,
        "NUMBA_CPU_NAME": "generic",
        "NUMBA_CPU_FEATURES": features,
        "NUMBA_CACHE_DIR": str(tmp_path),
    }
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert result.stdout.strip() == ("32" if "avx2" in features else "16"), result.stderr
