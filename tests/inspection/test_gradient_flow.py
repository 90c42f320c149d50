"""Gradients of the states: against autograd by hand, and a recurrence whose decay is known."""

import numpy as np
import pytest
import torch

from sk_rnn import (
    RNNClassifier,
    RNNLanguageModel,
    RNNRegressor,
    RNNTranscriber,
    Seq2SeqTransformer,
)
from sk_rnn.inspection import GradientFlowDisplay, diagnose
from sk_rnn.inspection._half_life import describe_half_life

X = [np.random.default_rng(i).normal(size=(n, 2)) for i, n in enumerate([7, 4, 6, 7])]
Y = [0, 1, 0, 1]


def fitted(y=Y, kind=RNNClassifier, **params):
    options = {"hidden_size": 3, "max_epochs": 2, "bidirectional": False, "random_state": 0}
    return kind(**(options | params)).fit(X, y)


def linear_model(decay):
    """h_t = decay * h_{t-1} + x_t + 1, and the last state is the output: x and h are positive."""
    model = RNNRegressor(
        cell="rnn_relu", hidden_size=1, bidirectional=False, pooling="last", head_norm=None,
        scale_inputs=False, differences=False, max_epochs=1, random_state=0,
    )  # fmt: skip
    model.fit(np.ones((4, 12)), [1.0, 2.0, 3.0, 5.0])
    weights = model.module_.encoder.recurrent.recurrences(0)[0].weights
    with torch.no_grad():
        for weight, value in zip(weights, (1.0, decay, 1.0, 0.0), strict=True):
            weight.fill_(value)
        model.module_.head.linear.weight.fill_(2.0)
        model.module_.head.linear.bias.fill_(0.0)
    return model


@pytest.mark.parametrize("source", ["loss", "state"])
@pytest.mark.parametrize("decay", [0.5, 0.9, 1.0, 1.25])
def test_gradient_flow_of_a_linear_recurrence_is_its_decay(decay, source):
    model = linear_model(decay)
    display = GradientFlowDisplay.from_estimator(model, np.ones((2, 12)), [1.0, 2.0], source=source)
    expected = decay ** np.arange(12)
    np.testing.assert_allclose(display.norms[0] / display.norms[0, 0], expected, rtol=1e-6)
    if source == "state":
        np.testing.assert_allclose(display.norms[0, 0], 1.0)
    if decay == 1.0:
        assert display.half_lives[0] == np.inf
    else:
        np.testing.assert_allclose(display.half_lives[0], np.log(0.5) / np.log(decay), rtol=1e-5)


def by_hand(model, x, label, t):
    """Norm of the gradient of the loss with respect to the state after step t, which is a leaf."""
    module = model.module_
    rnn = module.encoder.recurrent.recurrences(0)[0].rnn
    scaling = model._source.scaling
    steps = torch.from_numpy(scaling.apply(x, np.dtype(np.float64)))[:, None]
    steps = module.prepare(steps, None)
    before, state = rnn(steps[: t + 1])
    leaf = state.detach().requires_grad_()
    states = [before[:-1].detach(), leaf]
    if t + 1 < len(x):
        states.append(rnn(steps[t + 1 :], leaf)[0])
    joined = torch.cat(states)[:, 0]  # (T, H)
    pooled = torch.cat([joined.mean(0), joined.amax(0), joined[-1]])[None]
    if model.pooling == "last":
        pooled = joined[-1:]
    loss = torch.nn.functional.cross_entropy(module.head(pooled), torch.tensor([label]))
    return float(torch.autograd.grad(loss, leaf)[0].norm())


@pytest.mark.parametrize("pooling", ["last", "concat"])
@pytest.mark.parametrize("cell", ["rnn_tanh", "gru"])
def test_gradient_flow_equals_autograd_by_hand(cell, pooling):
    model = fitted(cell=cell, pooling=pooling, precision="float32", backend="torch")
    model.module_.double()
    model.module_.eval()
    for x, label in zip(X[:2], Y, strict=False):
        display = GradientFlowDisplay.from_estimator(model, [x], [label])
        expected = [by_hand(model, x, label, len(x) - 1 - d) for d in range(len(x))]
        np.testing.assert_allclose(display.norms[0], expected, rtol=1e-9)


def test_gradient_flow_of_an_lstm_equals_autograd_by_hand():
    model = fitted(cell="lstm", pooling="last")
    model.module_.double().eval()
    x = X[0]
    rnn = model.module_.encoder.recurrent.recurrences(0)[0].rnn
    steps = torch.from_numpy(model._source.scaling.apply(x, np.dtype(np.float64)))[:, None]
    steps = model.module_.prepare(steps, None)
    projected = steps[:, 0] @ rnn.weight_ih_l0.T + rnn.bias_ih_l0 + rnn.bias_hh_l0

    def run(t, h, c):
        i, f, g, o = (projected[t] + h @ rnn.weight_hh_l0.T).chunk(4)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid(), c

    found = GradientFlowDisplay.from_estimator(model, [x], [Y[0]]).norms[0]
    for d in range(len(x)):
        h = c = torch.zeros(3, dtype=torch.float64)
        leaf_h = leaf_c = None
        for t in range(len(x)):
            output, c = run(t, h, c)
            if t == len(x) - 1 - d:
                # Cell state and hidden state are independent leaves.
                h = leaf_h = (output * torch.tanh(c)).detach().requires_grad_()
                c = leaf_c = c.detach().requires_grad_()
            else:
                h = output * torch.tanh(c)
        logits = model.module_.head(h[None])
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([Y[0]]))
        parts = torch.autograd.grad(
            loss, [leaf_h, leaf_c], allow_unused=True, materialize_grads=True
        )
        expected = float(torch.sqrt(sum(part.square().sum() for part in parts)))
        np.testing.assert_allclose(found[d], expected, rtol=1e-9)


def test_gradient_flow_is_the_mean_over_sequences_that_are_long_enough():
    model = fitted(pooling="last")
    together = GradientFlowDisplay.from_estimator(model, X, Y)
    alone = [
        GradientFlowDisplay.from_estimator(model, [x], [label]).norms[0]
        for x, label in zip(X, Y, strict=True)
    ]
    assert together.n_sequences.tolist() == [4, 4, 4, 4, 3, 3, 2]
    for d in range(7):
        expected = np.mean([norms[d] for norms in alone if len(norms) > d])
        np.testing.assert_allclose(together.norms[0, d], expected, rtol=1e-9)


def test_gradient_flow_of_the_backward_direction_is_that_of_reversed_sequences():
    model = fitted(bidirectional=True, pooling="last", head_norm=None, differences=False)
    before = GradientFlowDisplay.from_estimator(model, X, Y)
    assert before.directions == ["forward", "backward"]
    stack, linear = model.module_.encoder.recurrent, model.module_.head.linear
    stack.forward_layers, stack.backward_layers = stack.backward_layers, stack.forward_layers
    with torch.no_grad():
        linear.weight.copy_(torch.cat([linear.weight[:, 3:], linear.weight[:, :3]], dim=1))
    swapped = GradientFlowDisplay.from_estimator(model, [x[::-1] for x in X], Y)
    np.testing.assert_allclose(swapped.norms, before.norms[::-1], rtol=1e-9)


def test_gradient_flow_per_time_step_is_of_the_last_step_of_each_direction():
    y = [[0] * len(x) for x in X]
    for i, labels in enumerate(y):
        labels[i % 4] = 1
    model = fitted(y, bidirectional=True, return_sequences=True, differences=False)
    display = GradientFlowDisplay.from_estimator(model, X, y)
    # The loss of the last step does not depend on the other targets.
    other = [[1 - label for label in labels] for labels in y]
    for labels, given in zip(other, y, strict=True):
        labels[0], labels[-1] = given[0], given[-1]
    again = GradientFlowDisplay.from_estimator(model, X, other)
    np.testing.assert_array_equal(display.norms, again.norms)
    assert (display.norms > 0).all()


def test_gradient_flow_has_one_curve_per_layer_and_direction():
    model = fitted(num_layers=2, bidirectional=True, conv_channels=2, conv_stride=2)
    display = GradientFlowDisplay.from_estimator(model, X, Y)
    assert display.layers == [1, 1, 2, 2]
    assert display.distances.tolist() == [0, 2, 4, 6]
    table = display.to_frame()
    assert table.columns.tolist() == ["layer", "direction", "distance", "norm", "n_sequences"]
    assert len(table) == 16
    display.plot()
    assert len(display.lines_) == 4
    assert display.ax_.get_yscale() == "log"


def test_gradient_flow_over_patches_has_distances_in_time_steps():
    display = GradientFlowDisplay.from_estimator(fitted(patch_size=3), X, Y)
    assert display.distances.tolist() == [0, 3, 6]


def test_gradient_flow_works_for_other_estimators():
    texts = ["abc", "ab", "bca", "cc"]
    language = RNNLanguageModel(hidden_size=3, max_epochs=1, random_state=0).fit(texts)
    display = GradientFlowDisplay.from_estimator(language, texts)
    assert display.n_sequences.tolist() == [4, 4, 4, 2]
    pairs = Seq2SeqTransformer(hidden_size=3, max_epochs=1, random_state=0).fit(texts, texts[::-1])
    display = GradientFlowDisplay.from_estimator(pairs, texts, texts[::-1])
    assert display.directions == ["forward", "backward"]
    assert np.isfinite(display.norms).all()


def words(n=20):
    return ["".join("abc"[(i * j) % 3] for j in range(2 + i % 5)) for i in range(n)]


def diagnosed(kind):
    """A fitted model, and up to 32 sequences, of which diagnose uses all."""
    tiny = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
    rng = np.random.default_rng(0)
    series, labels = [rng.normal(size=(n, 2)) for n in rng.integers(5, 25, size=24)], [0, 1] * 12
    texts = words()
    if kind == "seq2seq":
        return Seq2SeqTransformer(**tiny).fit(texts, texts[::-1]), texts, texts[::-1]
    if kind == "language":
        return RNNLanguageModel(**tiny).fit(texts), texts, None
    if kind == "transcriber":
        transcripts = ["ab", "ba", "a"] * 8
        return RNNTranscriber(conv_stride=2, **tiny).fit(series, transcripts), series, transcripts
    if kind == "tagger":
        y = [[int(value > 0) for value in x[:, 0]] for x in series]
        return RNNClassifier(return_sequences=True, **tiny).fit(series, y), series, y
    params = {"layers": {"num_layers": 2, "layer_norm": True, "cell": "lstm"}}.get(kind, {})
    if kind == "last":
        params = {"pooling": "last", "cell": "rnn_tanh", "bidirectional": False}
    return RNNClassifier(**tiny, **params).fit(series, labels), series, labels


@pytest.mark.parametrize(
    "kind", ["classifier", "last", "layers", "tagger", "seq2seq", "language", "transcriber"]
)
def test_gradient_flow_and_diagnose_agree_on_the_half_life(kind):
    model, sequences, y = diagnosed(kind)
    display = GradientFlowDisplay.from_estimator(model, sequences, y)
    halves = display.half_lives[np.array(display.layers) == max(display.layers)]
    # The report shows the direction that reaches farther.
    expected = halves[np.argmax(-1.0 / halves)]
    report = diagnose(model, sequences, y).to_frame().set_index("check")
    found = report.loc["gradient half-life"]
    np.testing.assert_allclose(found["value"], expected, rtol=1e-3)
    assert describe_half_life(expected) in found["measured"]


def test_gradient_flow_of_a_transcriber_is_that_of_its_loss():
    model, series, transcripts = diagnosed("transcriber")
    display = GradientFlowDisplay.from_estimator(model, series, transcripts)
    assert display.distances[:3].tolist() == [0, 2, 4]
    assert (display.norms[:, 0] > 0).all()
    with pytest.raises(ValueError, match="y is None, but the model was fitted with transcripts"):
        GradientFlowDisplay.from_estimator(model, series)
    state = GradientFlowDisplay.from_estimator(model, series, source="state")
    assert state.norms.shape == display.norms.shape


def test_gradient_flow_does_not_change_the_estimator():
    model = fitted()
    before = model.predict_proba(X)
    GradientFlowDisplay.from_estimator(model, X, Y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert not model.module_.training
