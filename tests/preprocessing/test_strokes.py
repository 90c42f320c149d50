"""PenStrokes: resampling to equidistant points, scaling, and the inverse transform."""

import pickle
import warnings
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from sk_rnn import Panel
from sk_rnn.preprocessing import PenStrokes, SequenceSummarizer

PLUS = [[[0.0, 10.0], [20.0, 10.0]], [[10.0, 0.0], [10.0, 20.0]]]
ANGLE = [[[0.0, 0.0], [0.0, 4.0], [3.0, 4.0]]]


def walk(stroke, distance):
    """Return the point at a distance along a stroke, computed from point to point."""
    for first, second in pairwise(stroke):
        step = np.hypot(*(second - first))
        if distance <= step and step > 0:
            return first + (second - first) * distance / step
        distance -= step
    return stroke[-1]


COORDINATES = st.integers(-9, 9)
STROKES = st.lists(
    st.lists(st.tuples(COORDINATES, COORDINATES), min_size=1, max_size=6), min_size=1, max_size=4
)


@given(strokes=STROKES, spacing=st.sampled_from([0.3, 1.0, 7.0]))
def test_points_are_at_equal_distances_along_the_strokes(strokes, spacing):
    pen = PenStrokes(spacing=spacing, unit=None)
    (out,) = pen.inverse_transform(pen.fit_transform([strokes]))
    assert len(out) == len(strokes)
    origin = np.array(strokes[0][0])
    for resampled, stroke in zip(out, strokes, strict=True):
        stroke = np.array(stroke, dtype=float)
        length = np.hypot(*np.diff(stroke, axis=0).T).sum()
        n_moves = max(1, round(length / spacing)) if length else 0
        expected = [walk(stroke, length * i / max(1, n_moves)) for i in range(n_moves + 1)]
        np.testing.assert_allclose(resampled + origin, expected, atol=1e-6)


@given(strokes=STROKES, scale=st.sampled_from([0.01, 1.0, 250.0]), shift=COORDINATES)
@pytest.mark.parametrize("unit", ["height", "extent"])
def test_movements_do_not_depend_on_size_position_and_speed(unit, strokes, scale, shift):
    pen = PenStrokes(spacing=0.13, unit=unit)
    other = [np.array(stroke) * scale + shift for stroke in strokes]
    # Points of a slower pen: each line in two halves.
    slow = [
        np.array([p for a, b in pairwise(s) for p in (a, (a + b) / 2)] + [s[-1]]) for s in other
    ]
    first = pen.fit_transform([strokes]).values
    for changed in (other, slow):
        second = pen.transform([changed]).values
        if len(second) == len(first):  # half a point more or less may be rounded otherwise
            np.testing.assert_allclose(second, first, atol=1e-6)
        assert abs(len(second) - len(first)) <= len(strokes)


def test_units_are_height_extent_and_none():
    for unit, size in (("height", 4.0), ("extent", 5.0), (None, 1.0)):
        strokes = [[[0.0, 0.0], [0.0, 4.0], [5.0, 4.0]]]
        pen = PenStrokes(unit=unit, spacing=0.1)
        (drawn,) = pen.inverse_transform(pen.fit_transform([strokes]))[0]
        assert np.ptp(drawn, axis=0) == pytest.approx([5.0 / size, 4.0 / size])
    dash = PenStrokes(spacing=0.5).fit_transform([[[[3.0, 7.0], [9.0, 7.0]]]])
    np.testing.assert_allclose(dash[0], [[0, 0, 0], [0.5, 0, 0], [0.5, 0, 1]])
    dot = PenStrokes().fit_transform([[[[3.0, 7.0]]]])
    np.testing.assert_array_equal(dot[0], [[0, 0, 1]])


def test_smaller_spacing_gives_more_steps_and_keeps_the_ends():
    for spacing, n_steps in ((1.0, 3), (0.5, 5), (0.1, 19), (50.0, 2)):
        pen = PenStrokes(spacing=spacing)
        out = pen.fit_transform([ANGLE])
        assert len(out[0]) == n_steps
        np.testing.assert_allclose(out[0][:, :2].sum(axis=0), [0.75, 1.0])
    assert PenStrokes().spacing == 0.05


def points(strokes, dtype=float):
    """One array (n_points, 3), with the end of each stroke marked."""
    rows = [[*p, p is stroke[-1]] for stroke in strokes for p in stroke]
    return np.array(rows, dtype=dtype)


@pytest.mark.parametrize(
    "make",
    [
        lambda X: X,
        tuple,
        pd.Series,
        lambda X: [[np.array(s) for s in x] for x in X],
        lambda X: [[np.array(s, dtype=np.int16) for s in x] for x in X],
        lambda X: [[torch.tensor(s) for s in x] for x in X],
        lambda X: [[pd.DataFrame(s, columns=["x", "y"]) for s in x] for x in X],
        lambda X: [[list(map(tuple, s)) for s in x] for x in X],
        lambda X: [np.array([*map(np.array, x), None], dtype=object)[:-1] for x in X],
        lambda X: [points(x) for x in X],
        lambda X: [points(x, int) for x in X],
        lambda X: [points(x).tolist() for x in X],
        lambda X: [torch.tensor(points(x)) for x in X],
        lambda X: Panel.from_sequences([points(x) for x in X]),
    ],
)
def test_containers_give_equal_results(make):
    expected = PenStrokes().fit_transform([PLUS, ANGLE])
    out = PenStrokes().fit_transform(make([PLUS, ANGLE]))
    np.testing.assert_array_equal(out.values, expected.values)
    np.testing.assert_array_equal(out.offsets, expected.offsets)


def test_one_array_of_points_is_one_stroke():
    X = np.arange(24.0).reshape(3, 4, 2)
    expected = PenStrokes().fit_transform([[x] for x in X]).values
    for other in (X, list(X), X.tolist(), torch.tensor(X), Panel.from_sequences(X)):
        np.testing.assert_array_equal(PenStrokes().fit_transform(other).values, expected)


def test_index_and_names_are_kept():
    X = pd.Series([PLUS, ANGLE], index=["plus", "angle"])
    pen = PenStrokes(spacing=0.5)
    panel = pen.fit_transform(X)
    assert panel.index.tolist() == ["plus", "angle"]
    assert panel.feature_names == ("dx", "dy", "pen_up")
    assert pen.get_feature_names_out().tolist() == ["dx", "dy", "pen_up"]
    frames = clone(pen).set_output(transform="pandas").fit_transform(X)
    np.testing.assert_array_equal(frames[1], panel[1])
    assert frames[0].columns.tolist() == ["dx", "dy", "pen_up"]
    assert pickle.loads(pickle.dumps(pen)).transform(X).values.tolist() == panel.values.tolist()


def test_inverse_transform_restores_the_strokes():
    pen = PenStrokes(spacing=0.5, unit=None).fit([PLUS])
    drawn = pen.inverse_transform(pen.transform([PLUS, ANGLE]))
    assert [len(strokes) for strokes in drawn] == [2, 1]
    np.testing.assert_allclose(drawn[0][0][[0, -1]], [[0, 0], [20, 0]])
    np.testing.assert_allclose(drawn[0][1][[0, -1]], [[10, -10], [10, 10]])
    generated = [[[0.0, 0.0, 0.2], [1.0, 1.0, 0.7], [1.0, 0.0, 0.1]]]  # the last one is not lifted
    strokes = pen.inverse_transform(generated)[0]
    assert [stroke.tolist() for stroke in strokes] == [[[0, 0], [1, 1]], [[2, 1]]]


def test_pen_strokes_work_in_a_pipeline(rng):
    y = ["plus", "angle"] * 6
    shapes = {"plus": PLUS, "angle": ANGLE}
    X = [[np.array(s) + rng.normal(0, 0.3, (len(s), 2)) for s in shapes[label]] for label in y]
    pipeline = make_pipeline(PenStrokes(), SequenceSummarizer(), LogisticRegression(max_iter=1000))
    assert pipeline.fit(X, y).score(X, y) == 1.0


def test_check_estimator_runs_the_checks_of_count_vectorizer():
    def outcomes(estimator):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that two_d_array is False, which is true
            results = estimator_checks.check_estimator(estimator, on_fail=None)
        return {result["check_name"]: result["status"] for result in results}

    ours = outcomes(PenStrokes())
    assert set(outcomes(CountVectorizer())) <= set(ours)
    assert set(ours.values()) == {"passed"}


REFUSED = {
    "a number": (3, TypeError, "X is an int, which is not a list of samples of strokes. "),
    "nothing": ([], ValueError, "X has 0 sample(s) while a minimum of 1 is required."),
    "numbers": ([1.0, 2.0], TypeError, "X[0] is a float, where strokes are expected. "),
    "text": (["ab"], TypeError, "X[0] is a str, where strokes are expected. "),
    "dicts": ([{"x": [1]}], TypeError, "X[0] is a dict, where strokes are expected. "),
    "no strokes": ([PLUS, []], ValueError, "X[1] has no strokes. Drop it, from y too."),
    "an empty stroke": (
        [[[[0, 1]], []]],
        ValueError,
        "X[0][1] is a stroke without points. Drop it.",
    ),
    "NaN": (
        [PLUS, [[[0, 1], [np.nan, 2]]]],
        ValueError,
        "X[1][0] contains NaN at point 1. Drop such points.",
    ),
    "infinity": ([[[[np.inf, 2]]]], ValueError, "X[0][0] contains infinity at point 0. Drop"),
    "strings": (
        [[[["a", "b"]]]],
        ValueError,
        "X[0][0] holds strings where numbers are expected, for example 'a'. ",
    ),
    "points of several lengths": (
        [[[[1, 2], [3]]]],
        ValueError,
        "X[0][0] has points of several lengths. ",
    ),
    "one coordinate": (
        [[[[1], [2]]]],
        ValueError,
        "X[0][0] has 1 number per point, where x and y are expected. Pass one list of strokes",
    ),
    "times in a stroke": (
        [[[[1, 2, 0.1], [3, 4, 0.2]]]],
        ValueError,
        "X[0][0] has 3 numbers per point, where x and y are expected. Pass x and y only: "
        "stroke[:, :2].",
    ),
    "times in an array": (
        [np.array([[1, 2, 0.1], [3, 4, 0.2]])],
        ValueError,
        "X[0] has 0.1 in its third column, where 1 at the last point of a stroke and 0 at others "
        "are expected. Drop times and pressure: x[:, :2], and pass one array per stroke.",
    ),
    "coordinates by axis": (
        [[[[0, 1, 2, 3], [4, 5, 6, 7]]]],
        ValueError,
        "X[0][0] has 4 numbers per point, where x and y are expected. If its rows are all x and "
        "all y, pass np.asarray(stroke)[:2].T.",
    ),
    "a level too deep": (
        [[PLUS]],
        ValueError,
        "X[0][0] has shape (2, 2, 2), where points of shape (n_points, 2) are expected. ",
    ),
    "an array of two dimensions": (
        np.zeros((3, 4)),
        TypeError,
        "X[0][0] is a float64, where strokes are expected. ",
    ),
    "token ids": (
        Panel.from_sequences([[1, 2], [3]]),
        ValueError,
        "X contains token ids where points are expected. ",
    ),
}


@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize("what", REFUSED)
def test_invalid_input_raises(what, method):
    X, kind, message = REFUSED[what]
    pen = PenStrokes() if method == "fit" else PenStrokes().fit([PLUS])
    with pytest.raises(kind) as error:
        getattr(pen, method)(X)
    assert str(error.value).startswith(f"PenStrokes.{method}: {message}"), str(error.value)


@pytest.mark.parametrize(
    ("name", "value"), [("spacing", 0.0), ("spacing", True), ("unit", "width"), ("unit", 1)]
)
def test_parameters_are_validated(name, value):
    message = f"The '{name}' parameter of PenStrokes must be"
    with pytest.raises(ValueError, match=message):
        PenStrokes(**{name: value}).fit([PLUS])
    with pytest.raises(ValueError, match=message):
        PenStrokes().fit([PLUS]).set_params(**{name: value}).transform([PLUS])


def test_too_many_points_raise():
    with pytest.raises(ValueError) as error:
        PenStrokes(unit=None, spacing=1e-6).fit_transform([ANGLE])
    assert str(error.value) == (
        "PenStrokes.transform: X[0] would have 7000000 points at spacing=1e-06. Increase spacing, "
        "or set unit='height'."
    )


@pytest.mark.parametrize("unit", ["height", None])
def test_coordinates_that_overflow_raise(unit):
    huge = [[[1e308, -1e308], [-1e308, 1e308]]]
    with pytest.raises(ValueError) as error:
        PenStrokes(unit=unit).fit_transform([ANGLE, huge])
    assert str(error.value) == (
        "PenStrokes.transform: X[1] has coordinates whose distances are too large for "
        "float64. Rescale them."
    )


def test_inverse_transform_requires_three_features():
    with pytest.raises(ValueError) as error:
        PenStrokes().fit([PLUS]).inverse_transform([[[1.0, 2.0]]])
    assert str(error.value) == (
        "PenStrokes.inverse_transform: X has 2 features per time step, where 3 are expected: dx, "
        "dy, pen_up. Pass movements as transform returns them."
    )
