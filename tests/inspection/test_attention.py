"""Attention weights are those of the network."""

import numpy as np
import pytest
import torch

from sk_rnn import RNNClassifier, RNNRegressor, Seq2SeqTransformer
from sk_rnn.inspection import AttentionDisplay
from sk_rnn.modules import ValidSteps

RNG = np.random.default_rng(0)
X = [RNG.normal(size=(n, 2)) for n in (5, 3, 6, 4)]
TINY = {"hidden_size": 3, "max_epochs": 1, "random_state": 0}


def test_alignment_is_that_of_the_estimator():
    texts, targets = ["ab", "bba", "a b"], ["BA", "ABB", "B A"]
    model = Seq2SeqTransformer(**TINY).fit(texts, targets)
    display = AttentionDisplay.from_estimator(model, texts, targets, sample=1)
    expected = model.align(texts, targets)[1]
    np.testing.assert_array_equal(display.weights, expected.weights)
    table = display.to_frame()
    assert table.index.tolist() == expected.target
    assert table.columns.tolist() == expected.source
    shown = display.plot(cmap="Greys").image_
    assert shown.get_cmap().name == "Greys"
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == expected.source
    AttentionDisplay.from_estimator(model, texts, sample=2).plot()
    with pytest.raises(ValueError, match="sample=3 is out of range"):
        AttentionDisplay.from_estimator(model, texts, sample=3)


@pytest.mark.parametrize("bidirectional", [True, False])
def test_weights_of_a_pooling_are_those_of_the_network(bidirectional):
    model = RNNRegressor(pooling="attention", bidirectional=bidirectional, **TINY)
    model.fit(X, [0.0, 1.0, 2.0, 3.0])
    display = AttentionDisplay.from_estimator(model, X, sample=2)
    assert display.weights.shape == (1, 6)
    np.testing.assert_allclose(display.weights.sum(), 1.0)
    scaled = model._source.scaling.apply(X[2], np.dtype(np.float32))
    valid = ValidSteps(torch.tensor([6]), torch.device("cpu"))
    module = model.module_.eval()
    with torch.no_grad():
        states, _ = module.encoder(module.prepare(torch.from_numpy(scaled)[:, None], valid), valid)
        pooled = module.pooling(states, valid)[0].numpy()
    np.testing.assert_allclose(display.weights[0] @ states[:, 0].numpy(), pooled, atol=1e-5)
    assert len(display.plot().axes_) == 2
    assert display.to_frame().columns.tolist() == ["step", "weight"]


def test_weights_of_a_pooling_over_tokens_are_bars():
    clf = RNNClassifier(pooling="attention", embedding_dim=2, **TINY).fit([[1, 2], [2]], [0, 1])
    display = AttentionDisplay.from_estimator(clf, [[2, 1, 1]])
    assert display.source == [2, 1, 1]
    assert len(display.plot().bars_) == 3


def test_attention_needs_attention():
    clf = RNNClassifier(pooling="mean", **TINY).fit(X, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="was fitted without attention"):
        AttentionDisplay.from_estimator(clf, X)
    model = Seq2SeqTransformer(attention=None, **TINY).fit(["ab", "b"], ["ba", "b"])
    with pytest.raises(ValueError, match="was fitted without attention"):
        AttentionDisplay.from_estimator(model, ["ab"])


def test_larger_weights_drawn_over_others_fit_into_the_axes():
    flat = AttentionDisplay(weights=np.full((1, 4), 0.25), source=list("abcd"))
    peaked = AttentionDisplay(weights=np.array([[0.9, 0.1, 0.0, 0.0]]), source=list("abcd"))
    ax = flat.plot().ax_
    assert peaked.plot(ax).ax_.get_ylim()[1] > 0.9
    assert ax.get_ylim()[0] == 0.0
