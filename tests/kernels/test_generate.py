"""The compiled loop that generates tokens, against a loop in NumPy and `decoding.sample`."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal

from sk_rnn.decoding import sample
from sk_rnn.kernels import DirectionWeights, generate_tokens, prepare_generation
from sk_rnn.modules import RecurrentStack, ValidSteps

N_TOKENS, SIZE = 7, 6


class Model:
    """Weights of two layers, with a step in torch."""

    def __init__(self, cell, num_layers=2):
        generator = torch.Generator().manual_seed(0)
        self.cell = cell
        self.stack = RecurrentStack(cell, 3, SIZE, num_layers=num_layers, generator=generator)
        self.embedding = torch.randn(N_TOKENS, 3, generator=generator)
        self.weight = 4 * torch.randn(N_TOKENS, SIZE, generator=generator)
        self.bias = torch.randn(N_TOKENS, generator=generator)

    def step(self, tokens, states):
        valid = ValidSteps(torch.ones(len(tokens), dtype=torch.int64), torch.device("cpu"))
        with torch.no_grad():
            output, states = self.stack.run(self.embedding[tokens][None], valid, states)
        return output[0] @ self.weight.T + self.bias, states

    def generate(self, logits, uniforms, **options):
        assert prepare_generation(self.cell, torch.float32) == ""
        n_states = self.stack.cell.n_states
        states = np.zeros((n_states, self.stack.num_layers, len(logits), SIZE), np.float32)
        layers = [
            DirectionWeights(*(w.detach().numpy() for w in layer.weights))
            for layer in self.stack.forward_layers
        ]
        head = self.weight.numpy(), self.bias.numpy()
        return generate_tokens(
            self.cell,
            self.embedding.numpy(),
            layers,
            head,
            states=states,
            logits=logits,
            uniforms=uniforms,
            **options,
        )


def first_logits(n_rows, seed=0):
    return np.random.default_rng(seed).normal(size=(n_rows, N_TOKENS)).astype(np.float32)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn_tanh", "rnn_relu"])
def test_greedy_loop_is_that_of_torch(cell):
    model, logits = Model(cell), first_logits(3)
    found, ended = model.generate(logits, np.zeros((3, 20)), temperature=0)
    assert not ended.any()
    for row, scores in zip(found, torch.from_numpy(logits), strict=True):
        states, expected = None, []
        for _ in range(20):
            expected.append(int(scores.argmax()))
            scores, states = model.step(torch.tensor(expected[-1:]), states)
            scores = scores[0]
        assert row == expected


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"temperature": 0.5},
        {"temperature": 3.0},
        {"top_k": 2},
        {"top_p": 0.6},
        {"top_k": 4, "top_p": 0.7, "temperature": 1.5},
        {"stops": [3]},
        {"forbidden": [1, 2]},
    ],
    ids=str,
)
def test_draws_are_those_of_sample(options):
    model, logits = Model("gru"), first_logits(40)
    uniforms = np.random.default_rng(1).random((40, 12))
    found, ended = model.generate(logits, uniforms, end=0, **options)
    first = torch.log_softmax(torch.from_numpy(logits), 1)
    started = []

    def step(tokens, state):
        rows, parts = state[0], state[1:]
        if not started:
            started.append(True)
            return first[rows], state
        scores, states = model.step(tokens, [(part,) for part in parts])
        return torch.log_softmax(scores, 1), (rows, *(state[0] for state in states))

    zeros = torch.zeros(40, SIZE)
    drawn = sample(
        step,
        (torch.arange(40), zeros, zeros.clone()),
        begin=0,
        end=0,
        max_length=12,
        uniform=lambda rows, position: torch.from_numpy(uniforms[rows.numpy(), position]),
        **options,
    )
    assert found == [row[0] for row in drawn.to_list()]
    assert_array_equal(ended, drawn.finished[:, 0].numpy())


def test_rows_do_not_depend_on_each_other():
    model, logits = Model("lstm"), first_logits(21)
    uniforms = np.random.default_rng(1).random((21, 30))
    together, _ = model.generate(logits, uniforms)
    alone = [model.generate(logits[i : i + 1], uniforms[i : i + 1])[0][0] for i in range(21)]
    assert together == alone


def test_logits_that_are_not_finite_are_reported():
    logits = first_logits(2)
    logits[1, 3] = np.nan
    with pytest.raises(FloatingPointError, match="outputs are not finite"):
        Model("gru").generate(logits, np.zeros((2, 5)))
