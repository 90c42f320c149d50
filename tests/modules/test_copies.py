"""Copies of a module for looking into it, and what runs on them step by step."""

import pytest
import torch
from torch.testing import assert_close

from sk_rnn.modules import (
    CELLS,
    SequenceModel,
    ValidSteps,
    encode_steps,
    inspection_copy,
    layer_gates,
    set_backend,
    trace_layers,
)


def make_model(**params):
    options = {"n_features": 2, "n_outputs": 3, "hidden_size": 4, "cell": "gru"} | params
    generator = torch.Generator().manual_seed(0)
    return SequenceModel(**options, generator=generator)


def test_inspection_copy_shares_weights_of_the_same_dtype():
    model = make_model(pooling="last").train()
    set_backend(model, "numba")
    copied = inspection_copy(model)
    for one, other in zip(model.parameters(), copied.parameters(), strict=True):
        assert one is other
    assert model.training
    assert not copied.training
    assert model.encoder.recurrent.backend == "numba"
    assert copied.encoder.recurrent.backend == "torch"
    assert model.pooling.final_only
    assert not copied.pooling.final_only


@pytest.mark.parametrize("cell", CELLS)
def test_inspection_copy_in_float64_computes_the_same(cell):
    model = make_model(cell=cell, bidirectional=True, differences=True).eval()
    copied = inspection_copy(model, torch.float64)
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert {t.dtype for t in copied.state_dict().values() if t.is_floating_point()} == {
        torch.float64
    }
    x, lengths = torch.randn(5, 3, 2), torch.tensor([5, 2, 4])
    assert_close(copied(x.double(), lengths).float(), model(x, lengths))


@pytest.mark.parametrize("cell", CELLS)
def test_layers_that_are_traced_compute_the_same(cell):
    model = inspection_copy(
        make_model(cell=cell, bidirectional=True, num_layers=2, layer_norm=True), torch.float64
    )
    x, lengths = torch.randn(5, 3, 2, dtype=torch.float64), torch.tensor([5, 2, 4])
    valid = ValidSteps(lengths, x.device)
    stack = model.encoder.recurrent
    (states, _), traces = trace_layers(stack, lambda: encode_steps(model, x, lengths))
    again, _ = encode_steps(model, x, lengths)
    assert_close(states[valid.mask], again[valid.mask])
    assert [len(layer) for layer in traces] == [2, 2]
    for layer in traces:
        for trace in layer:
            hidden = trace.histories()[0]
            alone = trace.recurrence(trace.x, valid)  # no longer traced
            assert_close(hidden[valid.mask], alone[valid.mask])
            assert trace.lengths.tolist() == [5, 2, 4]


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_layer_gates_are_those_of_single_steps(cell):
    (recurrence,) = make_model(cell=cell).double().encoder.recurrent.recurrences(0)
    x = torch.randn(5, 3, 2, dtype=torch.float64)
    initial = tuple(torch.randn(3, 4, dtype=torch.float64) for _ in range(recurrence.cell.n_states))
    states = list(recurrence.each_state(x, initial))
    found = layer_gates(recurrence, x, torch.stack([state[0] for state in states]), initial)
    weight_ih, weight_hh, bias_ih, bias_hh = recurrence.weights
    before = initial
    for t, state in enumerate(states):
        projected = x[t] @ weight_ih.T + bias_ih
        gates = recurrence.cell.gates(projected, before[0] @ weight_hh.T + bias_hh)
        for name, gate in gates.items():
            assert_close(found[name][t], gate)
        before = state
