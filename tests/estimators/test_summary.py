"""The table of a fitted network's layers, and its place in the HTML representation."""

import pickle
import re

import numpy as np
import pytest
import sklearn
import torch
from numpy.testing import assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import estimator_html_repr

from sk_rnn import RNNClassifier, RNNForecaster, RNNRegressor, Seq2SeqTransformer

from .table import FORECASTERS, RECORDS, everything

X = np.random.default_rng(0).normal(size=(6, 9, 2))
SMALL = {"hidden_size": 3, "max_epochs": 1, "random_state": 0, "calibrate": False}

ALL = RECORDS | FORECASTERS


@pytest.fixture(scope="module", params=ALL.values(), ids=ALL)
def model(request):
    return request.param.fit()


def test_summary_counts_every_parameter_once(model):
    table = model.summary()
    assert table.index[-1] == "total"
    counts = table["n_parameters"]
    assert counts.iloc[:-1].sum() == counts.iloc[-1]
    assert counts.iloc[-1] == sum(p.numel() for p in model.module_.parameters())


def test_summary_names_submodules(model):
    table = model.summary()
    for name in table.index[:-1]:
        model.module_.get_submodule(name)  # raises AttributeError
    assert not table.index.duplicated().any()


def test_summary_changes_nothing(model):
    before = pickle.dumps(everything(model))
    table = model.summary()
    assert pickle.dumps(everything(model)) == before
    assert model.summary().equals(table)


def _seen(model, n_samples, n_timesteps, target_steps=None):
    """Shapes that forward hooks see on a batch, samples first."""
    module = model.module_
    inputs = model._summary_inputs(
        n_samples=n_samples,
        n_timesteps=n_timesteps,
        **({"n_target_timesteps": target_steps} if target_steps else {}),
    )
    shapes = {}

    def keep(name):
        def hook(part, args, output):
            output = output[0] if isinstance(output, tuple) else output
            shapes.setdefault(name, tuple(output.shape))

        return hook

    handles = [m.register_forward_hook(keep(name)) for name, m in module.named_modules()]
    with torch.no_grad():
        module.eval()(**inputs)
    for handle in handles:
        handle.remove()
    return shapes


@pytest.mark.parametrize(
    ("params", "y"),
    [
        ({"cell": "lstm", "num_layers": 2, "layer_norm": True}, None),
        ({"conv_channels": 4, "conv_stride": 2, "pooling": "attention"}, None),
        ({"patch_size": 3}, None),
        ({"return_sequences": True, "bidirectional": False}, [[0, 1, 1] * 3] * 6),
    ],
)
def test_summary_shapes_are_those_that_hooks_see(params, y):
    # In torch, because kernels skip the forward of recurrent layers.
    model = RNNClassifier(backend="torch", **SMALL, **params)
    model.fit(X, [0, 1] * 3 if y is None else y)
    sizes = {"n_samples": 16, "n_timesteps": 12}
    seen = _seen(model, **sizes)
    n_compared = 0
    for name, shape in model.summary()["output_shape"].iloc[:-1].items():
        axes = [eval(axis, {}, sizes) for axis in re.findall(r"[^(),]+", shape)]
        found = seen.get(name)
        if found is not None:
            if len(found) == 3:
                found = (found[1], found[0], found[2])  # the network computes with time first
            assert tuple(map(int, axes)) == found
            n_compared += 1
    assert n_compared >= 3


def test_summary_shows_axes_that_depend_on_the_data():
    model = RNNClassifier(conv_channels=4, conv_stride=3, **SMALL).fit(X, [0, 1] * 3)
    assert model.summary()["output_shape"].iloc[:-1].tolist() == [
        "(n_samples, n_timesteps / 3, 4)",
        "(n_samples, n_timesteps / 3, 3)",
        "(n_samples, n_timesteps / 3, 3)",
        "(n_samples, 18)",
        "(n_samples, 18)",
        "(n_samples, 2)",
    ]
    tagger = RNNRegressor(return_sequences=True, hidden_size=3, max_epochs=1)
    tagger.fit(X, X[:, :, :1])
    assert tagger.summary()["output_shape"]["head.linear"] == "(n_samples * n_timesteps, 1)"


def test_summary_of_the_decoder_has_target_steps():
    model = Seq2SeqTransformer(hidden_size=3, max_epochs=1).fit(["ab", "ba"] * 4, ["b", "aa"] * 4)
    shapes = model.summary()["output_shape"]
    assert shapes["decoder.attention"] == "(n_samples, n_target_timesteps, n_timesteps)"
    assert shapes["encoder.embedding"] == "(n_samples, n_timesteps, 64)"
    vectors = Seq2SeqTransformer(hidden_size=3, max_epochs=1).fit(X[:, 0], ["ab", "ba"] * 3)
    assert vectors.summary()["output_shape"].iloc[0] == "(n_samples, 1, 3)"


def test_summary_of_a_custom_cell_shows_its_class():
    class Mean(torch.nn.Module):
        def __init__(self, input_size, hidden_size):
            super().__init__()
            self.linear = torch.nn.Linear(input_size, hidden_size)

        def forward(self, x):
            return torch.tanh(self.linear(x)).cumsum(0), None

    model = RNNClassifier(cell=Mean, bidirectional=False, **SMALL).fit(X, [0, 1] * 3)
    row = model.summary().loc["encoder.recurrent.forward_layers.0"]
    assert row.tolist() == ["Mean", "(n_samples, n_timesteps, 3)", 3 * 2 + 3]


@pytest.mark.parametrize(
    "params", [{"precision": "float64"}, {"precision": "bf16"}, {"head_norm": None}]
)
def test_summary_works_in_every_precision(params):
    model = RNNClassifier(**SMALL, **params).fit(X, [0, 1] * 3)
    proba = model.predict_proba(X)
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.summary().equals(model.summary())
    assert_array_equal(model.predict_proba(X), proba)


@pytest.mark.parametrize("kind", [RNNClassifier, Seq2SeqTransformer, RNNForecaster])
def test_summary_requires_a_fitted_estimator(kind):
    with pytest.raises(NotFittedError):
        kind().summary()


# --- HTML -----------------------------------------------------------------------------------------


def test_html_shows_the_summary_below_the_diagram(model):
    html = model._repr_html_()
    diagram, table = html.split('<details class="sk-rnn-summary"')
    assert "sk-estimator" in diagram
    total = f"{model.summary()['n_parameters'].iloc[-1]:,}"
    assert f"Network of {type(model).__name__}: {total} parameters" in table
    assert model._repr_mimebundle_()["text/html"].endswith(table)


def test_html_of_an_unfitted_estimator_is_that_of_scikit_learn():
    clf = RNNClassifier()
    assert "sk-rnn-summary" not in clf._repr_html_()
    assert "sk-rnn-summary" not in clf._repr_mimebundle_()["text/html"]


def test_html_of_a_pipeline_is_that_of_scikit_learn():
    model = make_pipeline(FunctionTransformer(), RNNClassifier(**SMALL)).fit(X, [0, 1] * 3)
    assert "RNNClassifier" in estimator_html_repr(model)
    assert "sk-rnn-summary" not in model._repr_html_()
    assert "sk-estimator" in estimator_html_repr(model[-1])


def test_html_is_off_where_scikit_learn_displays_text():
    clf = RNNClassifier(**SMALL).fit(X, [0, 1] * 3)
    with sklearn.config_context(display="text"):
        assert not hasattr(clf, "_repr_html_")
        assert list(clf._repr_mimebundle_()) == ["text/plain"]
    assert repr(clf).startswith("RNNClassifier(")
