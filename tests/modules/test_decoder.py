"""The modules of sequence-to-sequence models: against plain loops, and invariances."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from torch.utils._python_dispatch import TorchDispatchMode

from sk_rnn.modules import (
    ATTENTIONS,
    CELLS,
    Attention,
    CrossEntropy,
    Seq2SeqModel,
    SquaredError,
    StepsAndEnd,
    ValidSteps,
    gaussian_log_density,
    set_generator,
)
from sk_rnn.modules._attention import MAX_MIXED

S_LENGTHS = torch.tensor([5, 2, 3])
L_LENGTHS = torch.tensor([2, 4, 1])


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def make_model(**params):
    defaults = {
        "n_features": 3,
        "num_tokens": 6,
        "n_target_features": 1,
        "n_outputs": 6,
        "begin": 1,
        "feedback": True,
        "cell": "gru",
        "hidden_size": 4,
        "bidirectional": True,
        "attention": "additive",
        "target_embedding_dim": 5,
        "generator": generator(),
    }
    return Seq2SeqModel(**{**defaults, **params}).double().eval()


def make_batch(n_target_features=None):
    x = torch.randn(5, 3, 3, generator=generator(1), dtype=torch.float64)
    if n_target_features is None:
        target = torch.randint(3, 6, (4, 3), generator=generator(2))
    else:
        shape = (4, 3, n_target_features)
        target = torch.randn(shape, generator=generator(2), dtype=torch.float64)
    is_step = np.arange(4) < L_LENGTHS.numpy()[:, None]
    return {
        "x": x,
        "lengths": S_LENGTHS,
        "target": target,
        "target_lengths": L_LENGTHS,
        "positions": torch.from_numpy(np.flatnonzero(is_step)),
    }


def stepwise(model, batch):
    """The outputs of `forward`, computed step by step."""
    memory = model.remember(batch["x"], batch["lengths"])
    state = model.decoder.flat_start(memory)
    outputs = []
    for inputs in model.shift(batch["target"]).unbind(0):
        output, state = model.decoder.step(inputs, state, memory)
        outputs.append(output)
    outputs = torch.stack(outputs, 1)  # (B, L, n_outputs)
    return outputs.flatten(0, 1)[batch["positions"]]


VARIANTS = {
    **{f"cell={cell}": {"cell": cell} for cell in CELLS},
    **{f"attention={kind}": {"attention": kind} for kind in (*ATTENTIONS, None)},
    "two layers": {"num_layers": 2, "cell": "lstm", "layer_norm": True},
    "one direction": {"bidirectional": False},
    "one direction, dot": {"bidirectional": False, "attention": "dot"},
    "input feeding": {"input_feeding": True},
    "input feeding without attention": {"input_feeding": True, "attention": None},
    "tied": {"tied_embeddings": True},
    "tied, input feeding": {"tied_embeddings": True, "input_feeding": True, "cell": "lstm"},
}
variants = pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS)


@variants
def test_whole_targets_equal_single_steps(params):
    model, batch = make_model(**params), make_batch()
    with torch.no_grad():
        assert_allclose(model(**batch).numpy(), stepwise(model, batch).numpy(), atol=1e-12)


@pytest.mark.parametrize("feedback", [True, False])
def test_targets_of_numbers_equal_single_steps(feedback):
    model = make_model(num_tokens=None, n_target_features=2, n_outputs=3, feedback=feedback)
    batch = make_batch(n_target_features=2)
    with torch.no_grad():
        assert_allclose(model(**batch).numpy(), stepwise(model, batch).numpy(), atol=1e-12)


@variants
def test_every_weight_gets_a_gradient(params):
    model = make_model(**params).train()
    model(**make_batch()).square().sum().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@variants
def test_outputs_do_not_depend_on_padding_or_later_steps(params):
    model, batch = make_model(**params), make_batch()
    expected = model(**batch)
    changed = {**batch, "x": batch["x"].clone(), "target": batch["target"].clone()}
    changed["x"][2:, 1], changed["x"][3:, 2] = torch.nan, 7.0
    changed["target"][1:, 0] = 5  # its last step is not used
    changed["target"][1:, 2] = 5
    assert_allclose(model(**changed).detach().numpy(), expected.detach().numpy(), atol=1e-12)


def test_a_row_does_not_depend_on_the_others():
    model, batch = make_model(), make_batch()
    first = {
        "x": batch["x"][:, :1],
        "lengths": batch["lengths"][:1],
        "target": batch["target"][:2, :1],
        "target_lengths": batch["target_lengths"][:1],
        "positions": torch.arange(2),
    }
    assert_allclose(
        model(**first).detach().numpy(), model(**batch)[:2].detach().numpy(), atol=1e-12
    )


def test_without_feedback_outputs_do_not_depend_on_the_target():
    model = make_model(num_tokens=None, n_outputs=1, feedback=False)
    batch = make_batch(n_target_features=1)
    other = {**batch, "target": batch["target"] + 1.0}
    assert_allclose(model(**other).detach().numpy(), model(**batch).detach().numpy())


@pytest.mark.parametrize("kind", ATTENTIONS)
def test_attention_equals_a_loop(kind):
    attention = Attention(kind, 4, 8, generator=generator()).double()
    states = torch.randn(5, 3, 8, generator=generator(1), dtype=torch.float64)  # (S, B, E)
    queries = torch.randn(3, 2, 4, generator=generator(2), dtype=torch.float64)  # (B, L, Q)
    valid = ValidSteps(S_LENGTHS, states.device)
    weights = attention(queries, attention.remember(states, valid, states[0])).detach().numpy()
    for b, n in enumerate(S_LENGTHS.tolist()):
        for t in range(2):
            q, scores = queries[b, t], []
            for m in states[:n, b]:
                if kind == "additive":
                    hidden = attention.query.weight @ q + attention.key.weight @ m
                    scores.append(attention.score @ torch.tanh(hidden + attention.key.bias))
                elif kind == "general":
                    scores.append(q @ attention.key.weight @ m)
                else:
                    scores.append(q @ (m[:4] + m[4:]))
            expected = torch.softmax(torch.stack(scores), 0).detach().numpy()
            assert_allclose(weights[b, t, :n], expected, atol=1e-12)
            assert (weights[b, t, n:] == 0).all()


def test_attention_of_a_given_target_equals_the_weights_used():
    model, batch = make_model(), make_batch()
    inputs = {name: value for name, value in batch.items() if name != "positions"}
    weights = model.align(**inputs).detach()
    assert weights.shape == (3, 4, 5)
    assert_allclose(weights.sum(2).numpy(), 1.0)


def test_tied_embeddings_share_one_tensor():
    model = make_model(tied_embeddings=True)
    assert model.decoder.output.weight is model.decoder.embedding.embedding.weight
    n_tied = sum(p.numel() for p in model.parameters())
    assert n_tied < sum(p.numel() for p in make_model().parameters())


def test_scheduled_sampling_reads_the_models_own_predictions():
    model, batch = make_model(scheduled_sampling=1.0), make_batch()
    model.train()
    set_generator(model, generator())
    with torch.no_grad():
        mixed = model(**batch)
        model.scheduled_sampling = 0.0
        forced = model(**batch)  # (N, V), row by row: 2, 4 and 1 steps
    starts = [0, 2, 6]
    assert_allclose(mixed[starts].numpy(), forced[starts].numpy())  # nothing to sample yet
    assert not np.allclose(mixed.numpy(), forced.numpy())
    # The inputs that replace the target are the most probable tokens of the first pass.
    own = forced[2:6].argmax(1)
    replaced = {**batch, "target": batch["target"].clone()}
    replaced["target"][:, 1] = own
    with torch.no_grad():
        assert_allclose(model(**replaced)[2:6].numpy(), mixed[2:6].numpy(), atol=1e-12)


def test_scheduled_sampling_is_for_training_only():
    batch = make_batch()
    assert_allclose(
        make_model(scheduled_sampling=1.0)(**batch).detach().numpy(),
        make_model()(**batch).detach().numpy(),
    )


# --- losses -------------------------------------------------------------------------------------


def test_label_smoothing_is_cross_entropy_with_smoothed_targets():
    outputs = torch.randn(4, 5, generator=generator(), dtype=torch.float64)
    targets = torch.tensor([0, 3, 4, 1])
    smoothed = torch.full((4, 5), 0.2 / 5, dtype=torch.float64)
    smoothed[torch.arange(4), targets] += 0.8
    expected = -(smoothed * outputs.log_softmax(1)).sum(1)
    assert_allclose(CrossEntropy(0.2).per_row(outputs, targets).numpy(), expected.numpy())


def test_steps_and_end_is_squared_error_and_cross_entropy():
    outputs = torch.tensor([[1.0, 2.0, 0.0]], dtype=torch.float64)
    targets = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64)
    assert_allclose(StepsAndEnd().per_row(outputs, targets).numpy(), [2.5 + np.log(2)])


@pytest.mark.parametrize("fixed", [True, False])
def test_density_equals_negative_loss(fixed):
    outputs = torch.randn(6, 2, generator=generator(), dtype=torch.float64)
    targets = torch.randn(6, 2, generator=generator(1), dtype=torch.float64)
    targets[:, 1] = (targets[:, 1] > 0).double()
    density = gaussian_log_density(outputs, targets, fixed=fixed)
    if fixed:
        expected = -SquaredError().per_row(outputs, targets) - np.log(2 * np.pi)
    else:
        error = SquaredError().per_row(outputs[:, :1], targets[:, :1])
        end = StepsAndEnd().per_row(outputs, targets) - error
        expected = -0.5 * error - 0.5 * np.log(2 * np.pi) - end
    assert_allclose(density.numpy(), expected.numpy())


class Largest(TorchDispatchMode):
    """Records the size of the largest tensor that is created."""

    n_values = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        if isinstance(made, torch.Tensor):
            self.n_values = max(self.n_values, made.numel())
        return made


def test_additive_attention_without_gradients_has_bounded_memory():
    attention = Attention("additive", 32, 16, generator=generator())
    states = torch.randn(100, 8, 16, generator=generator(1))
    memory = attention.remember(
        states, ValidSteps(torch.full((8,), 100), states.device), states[-1]
    )
    queries = torch.randn(8, 400, 32, generator=generator(2))
    whole = attention(queries, memory)
    with torch.no_grad(), Largest() as largest:
        parts = attention(queries, memory)
    assert largest.n_values <= MAX_MIXED < 8 * 400 * 100 * 32
    assert torch.equal(parts, whole)
    # The keys of one step are in memory anyway, so a block is never smaller.
    with torch.no_grad(), Largest() as largest:
        attention(queries[:, :1], memory)
    assert largest.n_values == 8 * 100 * 32
