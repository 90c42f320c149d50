"""States and gates, against the network itself and NumPy."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from sk_rnn import RNNClassifier, RNNLanguageModel, RNNTranscriber, Seq2SeqTransformer
from sk_rnn.inspection import HiddenStateDisplay
from sk_rnn.modules import ValidSteps

X = [np.random.default_rng(i).normal(size=(n, 2)) for i, n in enumerate([5, 3, 6, 5])]
Y = [0, 1, 0, 1]


def fitted(**params):
    options = {"hidden_size": 3, "max_epochs": 1, "differences": False, "random_state": 0}
    return RNNClassifier(**(options | params)).fit(X, Y)


def layer_weights(model, layer=0, direction=0):
    recurrence = model.module_.encoder.recurrent.recurrences(layer)[direction]
    return [weight.detach().numpy().astype(np.float64) for weight in recurrence.weights]


def scaled(model, sample):
    return model._source.scaling.apply(X[sample], np.dtype(np.float64))


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn_tanh", "rnn_relu"])
def test_hidden_states_are_those_of_the_network(cell):
    model = fitted(cell=cell, num_layers=2, layer_norm=True)
    values = HiddenStateDisplay.from_estimator(model, X, sample=2).values
    inputs = torch.from_numpy(scaled(model, 2)).float()[:, None]
    stack = model.module_.encoder.recurrent
    for direction, name in enumerate(["forward", "backward"]):
        rnn = stack.recurrences(0)[direction].rnn
        given = inputs.flip(0) if direction else inputs
        with torch.no_grad():
            expected = rnn(given)[0][:, 0].numpy()
        expected = expected[::-1] if direction else expected
        np.testing.assert_allclose(values[1, name, "hidden state"], expected, atol=1e-6)
    with torch.no_grad():
        model.module_.eval()
        output, _ = model.module_.encoder(inputs, ValidSteps(torch.tensor([6]), inputs.device))
    joined = np.concatenate(
        [values[2, name, "hidden state"] for name in ("forward", "backward")], 1
    )
    with torch.no_grad():
        normalised = stack.norms[1](torch.from_numpy(joined).float()).numpy()
    np.testing.assert_allclose(normalised, output[:, 0].numpy(), atol=1e-5)


def test_gates_of_a_gru_equal_numpy():
    model = fitted(cell="gru")
    values = HiddenStateDisplay.from_estimator(model, X).values
    w, u, b, c = layer_weights(model)
    h = np.zeros(3)
    for t, x in enumerate(scaled(model, 0)):
        from_x, from_h = np.split(w @ x + b, 3), np.split(u @ h + c, 3)
        reset, update = expit(from_x[0] + from_h[0]), expit(from_x[1] + from_h[1])
        new = np.tanh(from_x[2] + reset * from_h[2])
        h = (1 - update) * new + update * h
        expected = {"reset gate": reset, "update gate": update, "new state": new, "hidden state": h}
        for name, value in expected.items():
            np.testing.assert_allclose(values[1, "forward", name][t], value, atol=1e-12)


def test_gates_of_an_lstm_equal_numpy():
    model = fitted(cell="lstm")
    values = HiddenStateDisplay.from_estimator(model, X).values
    w, u, b, c = layer_weights(model, direction=1)
    h = state = np.zeros(3)
    for t, x in reversed(list(enumerate(scaled(model, 0)))):
        i, f, g, o = np.split(w @ x + b + u @ h + c, 4)
        state = expit(f) * state + expit(i) * np.tanh(g)
        h = expit(o) * np.tanh(state)
        expected = {
            "input gate": expit(i),
            "forget gate": expit(f),
            "output gate": expit(o),
            "new state": np.tanh(g),
            "cell state": state,
            "hidden state": h,
        }
        for name, value in expected.items():
            np.testing.assert_allclose(values[1, "backward", name][t], value, atol=1e-12)


def test_hidden_states_are_drawn_and_listed():
    display = HiddenStateDisplay.from_estimator(fitted(), X, sample=1)
    table = display.to_frame()
    assert table.columns.tolist() == ["layer", "direction", "quantity", "step", "unit", "value"]
    assert len(table) == 2 * 4 * 3 * 3
    assert len(display.plot().axes_) == 8
    assert len(display.plot(direction="forward", quantity="update gate").images_) == 1
    with pytest.raises(ValueError, match=r"quantities \['hidden state', 'new state'"):
        display.plot(quantity="forget gate")


def test_hidden_states_of_tokens_have_their_labels():
    texts = ["abc", "ab", "bca"]
    language = RNNLanguageModel(hidden_size=3, max_epochs=1, random_state=0).fit(texts)
    display = HiddenStateDisplay.from_estimator(language, texts)
    assert display.tokens == ["<begin>", "a", "b", "c"]
    pairs = Seq2SeqTransformer(hidden_size=3, max_epochs=1, random_state=0).fit(texts, texts)
    display = HiddenStateDisplay.from_estimator(pairs, texts, sample=-1)
    assert display.tokens == ["b", "c", "a", "<end>"]
    labels = display.plot(quantity="hidden state").axes_[-1].get_xticklabels()
    assert [label.get_text() for label in labels] == display.tokens


def test_hidden_states_after_a_strided_convolution_have_their_steps():
    model = fitted(conv_channels=2, conv_stride=2)
    display = HiddenStateDisplay.from_estimator(model, X, sample=2)
    assert display.steps.tolist() == [0, 2, 4]
    assert display.values[1, "forward", "hidden state"].shape == (3, 3)
    display.plot()


def test_hidden_states_of_patches_have_their_first_steps():
    model = fitted(patch_size=4)
    display = HiddenStateDisplay.from_estimator(model, X, sample=2)
    assert display.steps.tolist() == [0, 4]
    assert display.values[1, "forward", "hidden state"].shape == (2, 3)
    display.plot()


def test_states_of_a_transcriber_are_those_of_its_strided_encoding():
    model = RNNTranscriber(
        hidden_size=3,
        num_layers=1,
        conv_stride=2,
        center_inputs=False,
        max_epochs=1,
        random_state=0,
    ).fit(X, ["a", "b", "ab", ""])
    display = HiddenStateDisplay.from_estimator(model, X, sample=2)
    inputs = torch.from_numpy(scaled(model, 2)).float()[:, None]
    with torch.no_grad():
        valid = ValidSteps(torch.tensor([6]), inputs.device)
        expected, _ = model.module_.eval().encoder(inputs, valid)
    found = [display.values[1, way, "hidden state"] for way in ("forward", "backward")]
    np.testing.assert_allclose(np.hstack(found), expected[:, 0].numpy(), atol=1e-6)
    assert display.steps.tolist() == [0, 2, 4]
