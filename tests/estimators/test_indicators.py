"""Multilabel y contains zeros and ones; other values raise an error."""

import re

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sk_rnn import RNNClassifier

rng = np.random.default_rng(0)
LENGTHS = [1, 2, 3, 2, 1, 2, 3, 2]
N = len(LENGTHS)
X = [rng.normal(size=(n, 1)) for n in LENGTHS]
ONES = np.array([[0, 1], [1, 0], [1, 1], [0, 0]] * 2)
STEP_ONES = [np.repeat(row[None], n, axis=0) for row, n in zip(ONES, LENGTHS, strict=True)]


def small(**params):
    return RNNClassifier(hidden_size=2, max_epochs=1, random_state=0, **params)


def coded(zero, one, ones=ONES):
    return np.where(ones == 1, one, zero)


def steps(zero, one):
    return [coded(zero, one, ones) for ones in STEP_ONES]


CONTAINERS = {
    "array": np.asarray,
    "floats": np.float64,
    "lists": lambda y: y.tolist(),
    "tuples": lambda y: tuple(map(tuple, y.tolist())),
    "objects": lambda y: y.astype(object),
    "frame": lambda y: pd.DataFrame(y, columns=["loud", "late"]),
    "mixed frame": lambda y: pd.DataFrame({"loud": y[:, 0].astype(object), "late": y[:, 1]}),
}
STEP_CONTAINERS = {
    "arrays": lambda y: y,
    "lists": lambda y: [row.tolist() for row in y],
    "frames": lambda y: [pd.DataFrame(row, columns=["loud", "late"]) for row in y],
}
CODES = {
    "minus one": (-1, 1, "-1", "0, column 0", "1"),
    "one and two": (1, 2, "2", "0, column 1", "2"),
    "zero and two": (0, 2, "2", "0, column 1", "2"),
    "zero and minus one": (0, -1, "-1", "0, column 1", "0"),
    "hundreds": (0, 100, "100", "0, column 1", "100"),
    "millions": (0, 123456789, "123456789", "0, column 1", "123456789"),
}
ADVICE = (
    "but a multilabel indicator is 1 where a label applies and 0 where it does not. Pass {} if "
    "{} means 1; for several outputs use one RNNClassifier each, as MultiOutputClassifier "
    "does."
)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("container", CONTAINERS)
def test_indicator_of_other_numbers_raises(container, code):
    zero, one, wrong, place, highest = CODES[code]
    y = CONTAINERS[container](coded(zero, one))
    advice = ADVICE.format(f"(y == {highest}).astype(int)", highest)
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError) as caught:
            getattr(small(), method)(X, y)
        start = f"RNNClassifier.{method}: y has {wrong} in row {place}"
        assert str(caught.value) == f"{start}, {advice}"


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("container", STEP_CONTAINERS)
def test_indicator_of_other_numbers_per_step_raises(container, code):
    zero, one, wrong, place, highest = CODES[code]
    y = STEP_CONTAINERS[container](steps(zero, one))
    advice = ADVICE.format(f"[(np.asarray(row) == {highest}).astype(int) for row in y]", highest)
    with pytest.raises(ValueError) as caught:
        small(return_sequences=True).fit(X, y)
    start = f"RNNClassifier.fit: y[0] has {wrong} at time step {place}"
    assert str(caught.value) == f"{start}, {advice}"


def test_message_states_the_position_of_an_invalid_number():
    y = np.ones((N, 2))
    y[5, 1] = 2
    with pytest.raises(ValueError, match="fit: y has 2 in row 5, column 1, but a multilabel"):
        small().fit(X, y)
    y = [row.copy() for row in STEP_ONES]
    y[6][2, 0] = -1
    with pytest.raises(ValueError, match=r"fit: y\[6\] has -1 at time step 2, column 0, but a"):
        small(return_sequences=True).fit(X, y)


def test_position_in_the_message_includes_padding():
    padded = [np.concatenate([[[9.0]] * 2, x, [[9.0]]]) for x in X]
    y = [np.concatenate([row[:1], row[:1], row, row[:1]]) for row in STEP_ONES]
    y[6][4, 0] = 2
    with pytest.raises(ValueError, match=r"fit: y\[6\] has 2 at time step 4, column 0, but a"):
        small(return_sequences=True, padding_value=9).fit(padded, y)


CALLS = {
    "y_val": (lambda model, y: model.fit(X, model.ones, X_val=X, y_val=y), "fit: y_val"),
    "partial_fit": (lambda model, y: model.partial_fit(X, y), "partial_fit: y"),
    "score": (lambda model, y: model.score(X, y), "score: y"),
    "a zero weight": (
        lambda model, y: model.fit(X, y, sample_weight=[0.0] + [1.0] * (N - 1)),
        "fit: y",
    ),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("per_step", [False, True])
def test_every_call_rejects_other_numbers(per_step, call):
    function, where = CALLS[call]
    ones = STEP_ONES if per_step else ONES
    model = small(return_sequences=per_step).fit(X, ones)
    model.ones = ones
    with pytest.raises(ValueError, match=f"RNNClassifier.{where}.* has -1 .*multilabel indicator"):
        function(model, steps(-1, 1) if per_step else coded(-1, 1))


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(
    "kind",
    [np.int64, np.int8, np.uint8, bool, np.float64, np.float32],
    ids=lambda kind: kind.__name__,
)
def test_zeros_and_ones_of_any_type_are_an_indicator(container, kind):
    expected = small().fit(X, ONES)
    model = small().fit(X, CONTAINERS[container](ONES.astype(kind)))
    assert_array_equal(model.predict_proba(X), expected.predict_proba(X))
    assert model.classes_.tolist() == [0, 1]
    assert model.predict(X).dtype == np.int64


@pytest.mark.parametrize("container", STEP_CONTAINERS)
@pytest.mark.parametrize("kind", [np.int64, bool, np.float32], ids=lambda kind: kind.__name__)
def test_zeros_and_ones_per_step_of_any_type_are_an_indicator(container, kind):
    expected = small(return_sequences=True).fit(X, STEP_ONES)
    y = STEP_CONTAINERS[container]([row.astype(kind) for row in STEP_ONES])
    model = small(return_sequences=True).fit(X, y)
    assert_array_equal(
        np.concatenate(model.predict_proba(X)), np.concatenate(expected.predict_proba(X))
    )
    assert model.score(X, y) == expected.score(X, STEP_ONES)


NO_INDICATORS = {
    "halves": (
        coded(0, 0.5),
        "y does not contain labels: Unknown label type: continuous-multioutput",
    ),
    "three numbers": (
        np.arange(2 * N).reshape(N, 2) % 3,
        "y has 2 columns of classes. Pass one column, or a multilabel indicator of 0 and 1.",
    ),
    "text": (coded("0", "1"), "y has 2 columns of classes. Pass one column, or a multilabel"),
    "missing": (coded(0.0, np.nan), "y[0] is nan: Input y contains NaN."),
}


@pytest.mark.parametrize("name", NO_INDICATORS)
def test_y_that_is_not_an_indicator_raises(name):
    y, message = NO_INDICATORS[name]
    with pytest.raises(ValueError, match=f"^RNNClassifier.fit: {re.escape(message)}"):
        small().fit(X, y)


def test_one_column_of_any_two_numbers_is_two_classes():
    for zero, one in [(-1, 1), (1, 2), (0, 2)]:
        y = coded(zero, one)[:, 0]
        assert small().fit(X, y).classes_.tolist() == [zero, one]
        assert set(small().fit(X, y).predict(X)) <= {zero, one}
