"""center_inputs, time_masking and feature_masking of classifier and regressor."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sk_rnn import Panel, RNNClassifier, RNNRegressor

_rng = np.random.default_rng(0)
X = [_rng.normal(size=(n, 3)) for n in _rng.integers(1, 25, size=20)]
LEVELS = [10.0 * _rng.normal(size=3) for _ in X]
SHIFTED = [x + level for x, level in zip(X, LEVELS, strict=True)]
SMALL = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
MASKS = {"time_masking": 3, "feature_masking": 0.4}
Y = {
    RNNClassifier: (np.arange(20) % 2, [np.where(x[:, 0] > 0, "up", "down") for x in X]),
    RNNRegressor: (np.arange(20.0), [x[:, 0] for x in X]),
}
each_kind = pytest.mark.parametrize("kind", [RNNClassifier, RNNRegressor])
VARIANTS = {
    "usual": {},
    "steps": {"return_sequences": True},
    "one direction, convolution": {"bidirectional": False, "conv_channels": 2},
    "strides": {"conv_channels": 2, "conv_stride": 2},
    "chunks": {"tbptt_steps": 4},
    "chunks of steps": {"tbptt_steps": 4, "return_sequences": True},
    "unscaled": {"scale_inputs": False},
    "differences": {"differences": True},
    "patches": {"patch_size": 2},
    "two layers": {"num_layers": 2},
    "float64": {"precision": "float64"},
    "bf16": {"precision": "bf16"},
}
each_variant = pytest.mark.parametrize("params", VARIANTS.values(), ids=VARIANTS)


def fitted(kind, rows=X, **params):
    y = Y[kind][bool(params.get("return_sequences"))]
    if kind is RNNClassifier:  # temperatures depend on rounding errors more than weights do
        params = {"calibrate": False, **params}
    return kind(**{**SMALL, **params}).fit(rows, y)


def outputs(model, rows=X):
    method = "decision_function" if isinstance(model, RNNClassifier) else "predict"
    found = getattr(model, method)(rows)
    return np.concatenate(found) if found.dtype == object else found


@each_kind
@each_variant
def test_levels_of_sequences_change_nothing(kind, params):
    model = fitted(kind, **params, center_inputs=True)
    shifted = fitted(kind, SHIFTED, **params, center_inputs=True)
    # Rounding differs, and bfloat16 enlarges it.
    atol = 0.05 if params.get("precision") == "bf16" else 1e-4
    assert_allclose(outputs(shifted, SHIFTED), outputs(model), rtol=0, atol=atol)
    plain = fitted(kind, **params)
    assert abs(outputs(plain, SHIFTED) - outputs(plain)).max() > 10 * atol


@each_kind
@each_variant
def test_centred_inputs_equal_those_centred_before(kind, params):
    model = fitted(kind, SHIFTED, **params, center_inputs=True)
    before = [x - x.mean(axis=0) for x in SHIFTED]
    other = fitted(kind, before, **params)
    atol = 0.05 if params.get("precision") == "bf16" else 1e-4
    assert_allclose(outputs(model, SHIFTED), outputs(other, before), rtol=0, atol=atol)


@each_kind
def test_the_scale_is_that_of_centred_inputs(kind):
    _, std = fitted(kind, SHIFTED, center_inputs=True)._source._scaling
    centred = np.concatenate([x - x.mean(axis=0) for x in SHIFTED])
    assert_allclose(std, centred.std(axis=0))


@each_kind
@each_variant
def test_a_row_does_not_depend_on_the_others(kind, params):
    model = fitted(kind, SHIFTED, **params, center_inputs=True)
    together = outputs(model, SHIFTED)
    alone = np.concatenate([outputs(model, [x]) for x in SHIFTED])
    exact = model.module_.rows_independent and params.get("precision") != "bf16"
    assert_allclose(alone, together, rtol=0, atol=0 if exact else 0.05)


@each_kind
def test_padding_reaches_no_mean(kind):
    padded = np.full((len(X), 30, 3), -7.0)
    for row, x in zip(padded, SHIFTED, strict=True):
        row[: len(x)] = x
    model = fitted(kind, SHIFTED, center_inputs=True)
    other = fitted(kind, padded, center_inputs=True, padding_value=-7.0)
    assert_array_equal(outputs(other, padded), outputs(model, SHIFTED))


@each_kind
@each_variant
def test_masks_depend_on_random_state_only(kind, params):
    model, again = fitted(kind, **params, **MASKS), fitted(kind, **params, **MASKS)
    assert_array_equal(outputs(again), outputs(model))
    order = _rng.permutation(len(X))
    y = Y[kind][bool(params.get("return_sequences"))]
    shuffled = clone(model).fit([X[i] for i in order], [y[i] for i in order])
    assert_array_equal(outputs(shuffled), outputs(model))
    assert not np.array_equal(outputs(fitted(kind, **params)), outputs(model))
    assert not np.array_equal(
        outputs(fitted(kind, **params, **MASKS, random_state=1)), outputs(model)
    )


@each_kind
@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("scaled", [False, True])
def test_masked_values_are_means_of_the_training_data(kind, centered, scaled):
    model = fitted(kind, SHIFTED, **MASKS, center_inputs=centered, scale_inputs=scaled)
    mean = np.zeros(3) if centered or scaled else np.concatenate(SHIFTED).mean(axis=0)
    assert_allclose(model.module_.masking.fill, mean, rtol=1e-6, atol=1e-6)


@each_kind
def test_masks_without_effect_change_nothing(kind):
    # Fewer than five time steps, and less than one feature.
    rows = [x[:4] for x in X]
    y = Y[kind][0]
    plain = kind(**SMALL).fit(rows, y)
    for params in ({"time_masking": 3}, {"feature_masking": 0.3}):
        model = kind(**SMALL, **params).fit(rows, y)
        if "feature_masking" in params:
            assert_array_equal(outputs(model, rows), outputs(plain, rows))
        assert np.isfinite(outputs(model, rows)).all()


@each_kind
def test_tables_vectors_and_single_steps(kind):
    y = Y[kind][0]
    table = _rng.normal(size=(20, 6)) + 10.0 * _rng.normal(size=(20, 1))
    model = kind(**SMALL, center_inputs=True, **MASKS).fit(table, y)
    centred = table - table.mean(axis=1, keepdims=True)
    assert_allclose(outputs(model, table), outputs(model, centred), rtol=0, atol=1e-4)
    # Nothing remains of a single time step: all predictions are equal, and finite.
    single = kind(**SMALL, center_inputs=True).fit(table[:, :1], y)
    found = outputs(single, table[:, :1])
    assert np.isfinite(found).all()
    assert_array_equal(found, np.full_like(found, found[0]))


@each_kind
def test_round_trips(kind, tmp_path):
    params = {"center_inputs": True, **MASKS, "scale_inputs": False}
    model = fitted(kind, SHIFTED, **params)
    copy = pickle.loads(pickle.dumps(model))
    assert_array_equal(outputs(copy, SHIFTED), outputs(model, SHIFTED))
    assert_array_equal(copy.module_.masking.fill, model.module_.masking.fill)
    assert clone(model).get_params() == model.get_params()
    # Parameters that are set later do not change the fitted model.
    before = outputs(model, SHIFTED)
    model.set_params(center_inputs=False, time_masking=0)
    assert_array_equal(outputs(model, SHIFTED), before)


@each_kind
@pytest.mark.parametrize("name", ["center_inputs", *MASKS])
def test_parameters_must_not_change_while_training_continues(kind, name):
    on = {"center_inputs": True, **MASKS}
    model = fitted(kind, warm_start=True, **on).set_params(**{name: 0 if name in MASKS else False})
    with pytest.raises(ValueError, match=f"{name} was .* when the network was built and is now"):
        model.fit(X, Y[kind][0])
    model.set_params(**on).fit(X, Y[kind][0])
    assert model.n_iter_ == 4
    model.partial_fit(X, Y[kind][0])


@each_kind
def test_memory_mapped_panels_are_centred(kind, tmp_path):
    panel = Panel.from_sequences([x.astype(np.float32) for x in SHIFTED])
    values = np.memmap(tmp_path / "values", np.float32, "w+", shape=panel.values.shape)
    values[:] = panel.values
    model = fitted(kind, panel, center_inputs=True)
    mapped = Panel(values, panel.offsets)
    assert_array_equal(
        outputs(fitted(kind, mapped, center_inputs=True), mapped), outputs(model, panel)
    )


IDS = [[0, 1], [1, 0]]
REFUSED = [
    (
        {"embedding_dim": 2, "center_inputs": True},
        "center_inputs=True is not supported for token ids, which have no mean. Set "
        "center_inputs=False.",
    ),
    (
        {"embedding_dim": 2, "time_masking": 3},
        "time_masking=3 is not supported for token ids; word_dropout hides some of them. Set "
        "time_masking=0.",
    ),
    (
        {"embedding_dim": 2, "feature_masking": 0.5},
        "feature_masking=0.5 is not supported for token ids; word_dropout hides some of them. Set "
        "feature_masking=0.",
    ),
]


@each_kind
@pytest.mark.parametrize(("params", "message"), REFUSED)
def test_combinations_that_cannot_work_are_refused(kind, params, message):
    with pytest.raises(ValueError) as error:
        kind(**params).fit(IDS, [0, 1])
    assert str(error.value) == f"{kind.__name__}.fit: {message}"


@each_kind
def test_streams_need_whole_sequences(kind):
    model = fitted(kind, center_inputs=True, bidirectional=False)
    with pytest.raises(ValueError) as error:
        model.stream()
    assert str(error.value) == (
        f"{kind.__name__}.stream: the model was fitted with center_inputs=True, which subtracts "
        "the mean of the whole sequence, so its predictions need all time steps. Fit with "
        "center_inputs=False."
    )
    masked = fitted(kind, bidirectional=False, **MASKS, pooling="last")
    stream = masked.stream()
    found = [stream.push(step) for step in X[1]][-1]
    assert_allclose(found, masked.predict(X[1:2])[0] if kind is RNNRegressor else found)


@each_kind
def test_values_that_cannot_be_centred_are_named(kind):
    rows = [*X[:-1], np.array([[1e308] * 3, [-1e308] * 3])]
    with pytest.raises(ValueError, match=rf"{kind.__name__}.fit: X\[19\] has values whose range"):
        fitted(kind, rows, center_inputs=True)


def test_a_level_that_differs_between_speakers_is_ignored():
    """Rising or falling sequences, at levels that are not informative about new ones."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    slopes = np.where(y, 1.0, -1.0)[:, None] * np.linspace(-1, 1, 12)
    rows = slopes + 0.3 * rng.normal(size=(60, 12))
    level = 3.0 * y[:, None]
    scores = {}
    for center in (False, True):
        model = RNNClassifier(
            hidden_size=8, max_epochs=30, random_state=0, center_inputs=center, calibrate=False
        ).fit(rows + level, y)
        scores[center] = model.score(rows - level + 3.0, y)
    assert scores[True] == 1.0
    assert scores[False] < 0.9
