"""The letters of words: encoders against loops in NumPy, and distinct words of a batch."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sk_rnn.modules import set_backend, set_generator
from sk_rnn.modules._front import TokenEmbedding
from sk_rnn.modules._letters import LetterEncoder, SpelledEmbedding

KINDS = ["rnn", "cnn"]
WORDS = np.array([[2, 3, 4, 0, 0], [5, 0, 0, 0, 0], [4, 4, 2, 3, 1], [0, 0, 0, 0, 0]])


def encoder(kind, dtype=torch.float64, backend="torch"):
    module = LetterEncoder(6, kind, generator=torch.Generator().manual_seed(0)).to(dtype)
    set_backend(module, backend)
    return module


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gru_final_state(weights, steps):
    w_ih, w_hh, b_ih, b_hh = weights
    h = np.zeros(w_hh.shape[1])
    for x in steps:
        (ri, zi, ni), (rh, zh, nh) = (np.split(v, 3) for v in (w_ih @ x + b_ih, w_hh @ h + b_hh))
        r, z = sigmoid(ri + rh), sigmoid(zi + zh)
        h = (1 - z) * np.tanh(ni + r * nh) + z * h
    return h


def reference(module, word):
    """The vector of one word; without letters, it is one letter 0, a zero vector."""
    vectors = module.letters.embedding.weight.detach().numpy()
    steps = vectors[word[word > 0] if (word > 0).any() else [0]]
    if module.recurrent is not None:
        forward, backward = (
            [w.detach().numpy() for w in recurrence.weights]
            for recurrence in module.recurrent.recurrences(0)
        )
        parts = gru_final_state(forward, steps), gru_final_state(backward, steps[::-1])
        return np.concatenate(parts)
    weight, bias = module.weight.detach().numpy(), module.bias.detach().numpy()
    padded = np.pad(steps, ((1, 1), (0, 0)))
    windows = [
        sum(weight[:, :, k] @ padded[t + k] for k in range(3)) + bias for t in range(len(steps))
    ]
    return np.maximum(np.max(windows, axis=0), 0)


@pytest.mark.parametrize("backend", ["torch", "numba"])
@pytest.mark.parametrize("kind", KINDS)
def test_letter_encoder_equals_a_loop(kind, backend):
    module = encoder(kind, backend=backend)
    with torch.no_grad():  # no bias is zero
        for parameter in module.parameters():
            if parameter.ndim == 1:
                parameter.copy_(torch.linspace(-0.5, 0.5, len(parameter)))
    found = module(torch.from_numpy(WORDS)).detach().numpy()
    expected = [reference(module, word) for word in WORDS]
    assert found.shape == (4, module.output_size)
    assert_allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_letters_are_zero_vectors(kind):
    vectors = encoder(kind).letters.embedding.weight
    assert not vectors[:2].any()
    assert vectors[2:].all()


def test_vector_of_a_word_does_not_depend_on_the_others():
    module = encoder("rnn", torch.float32, "numba")
    assert module.rows_independent
    together = module(torch.from_numpy(WORDS)).detach()
    for word, expected in zip(WORDS, together, strict=True):
        alone = module(torch.from_numpy(word[None])).detach()[0]
        assert_array_equal(alone.numpy(), expected.numpy())
    assert not encoder("rnn", torch.float32).rows_independent
    assert not encoder("cnn", torch.float32, "numba").rows_independent


# --- words and their letters ----------------------------------------------------------------------

# Ids, of which those from 4 on are not in the vocabulary, and the letters of each.
LETTERS = {0: [0, 0], 2: [2, 3], 3: [4, 0], 4: [5, 5], 5: [5, 2]}
IDS = np.array([[2, 4], [3, 5], [2, 0]])  # (T, B)
BATCH = torch.tensor([[[i, *LETTERS[i]] for i in row] for row in IDS.tolist()])


def spelled(kind="rnn", **params):
    generator = torch.Generator().manual_seed(1)
    words = TokenEmbedding(4, 3, generator=generator, **params).double()
    module = SpelledEmbedding(words, encoder(kind))
    set_generator(module, generator)
    return module


@pytest.mark.parametrize("kind", KINDS)
def test_words_are_beside_their_letters(kind):
    module = spelled(kind)
    found = module(BATCH)
    assert found.shape == (3, 2, module.output_size)
    table = module.words.embedding.weight
    for t, b in np.ndindex(IDS.shape):
        i = int(IDS[t, b])
        vector = table[i if i < 4 else 1]  # 1: unknown
        letters = module.letters(torch.tensor([LETTERS[i]]))[0]
        assert_allclose(found[t, b].detach(), torch.cat([vector, letters]).detach(), atol=1e-12)


def test_letters_of_distinct_words_are_read_once():
    module, seen = spelled(), []
    module.letters.register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    module(BATCH)
    assert seen == [5]


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_those_of_all_occurrences(kind):
    module = spelled(kind)
    factors = torch.linspace(-1, 1, 6 * module.output_size).reshape(3, 2, -1).double()
    (module(BATCH) * factors).sum().backward()
    found = [parameter.grad.clone() for parameter in module.parameters()]
    assert all(grad.any() for grad in found)
    module.zero_grad()
    ids = torch.where(BATCH[:, :, 0] < 4, BATCH[:, :, 0], 1)
    letters = module.letters(BATCH[:, :, 1:].flatten(0, 1)).unflatten(0, (3, 2))
    (torch.cat([module.words.embedding(ids), letters], dim=2) * factors).sum().backward()
    for grad, parameter in zip(found, module.parameters(), strict=True):
        assert_allclose(grad, parameter.grad, atol=1e-12)


def test_word_dropout_leaves_the_letters():
    module = spelled(word_dropout=0.5).train()
    found = module(BATCH.repeat(20, 1, 1)).detach()
    dropped = (found[:, :, :3] == 0).all(dim=2)
    assert 0.2 < dropped.double().mean() < 0.8
    assert found[:, :, 3:].abs().sum(dim=2).all() or not found[2::3, 1, 3:].any()
    assert_array_equal(found[0::3, 0, 3:], found[2::3, 0, 3:])
