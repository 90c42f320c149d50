"""span_f1_score: spans of each scheme by hand, and the properties of every metric."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV

from sk_rnn import RNNClassifier
from sk_rnn.metrics import _spans, span_f1_score


def spans(text, scheme):
    """Spans as "TYPE start stop", with the last token included."""
    tags = _spans._read(text.split(), {"O": _spans._OUTSIDE}, scheme, "y")
    found = _spans._spans(tags, _spans._SCHEMES[scheme])
    return [f"{kind or '-'} {start} {stop - 1}" for kind, start, stop in found]


# (tags, spans of each scheme), by hand. seqeval 1.2.2 finds the same.
CASES = [
    ("O O", [], [], [], []),
    ("B-P I-P O B-L", ["P 0 1", "L 3 3"], ["P 1 1"], ["P 0 1", "L 3 3"], []),
    ("I-P I-P O I-L", ["P 0 1", "L 3 3"], ["P 0 1", "L 3 3"], [], []),
    ("I-P B-P I-P", ["P 0 0", "P 1 2"], ["P 0 0", "P 1 2"], ["P 1 2"], []),
    ("B-P I-L", ["P 0 0", "L 1 1"], ["L 1 1"], ["P 0 0"], []),
    ("B-P B-P", ["P 0 0", "P 1 1"], ["P 1 1"], ["P 0 0", "P 1 1"], []),
    ("I-P B-P B-L", ["P 0 0", "P 1 1", "L 2 2"], ["P 0 0"], ["P 1 1", "L 2 2"], []),
    ("B I I", ["- 0 2"], ["- 1 2"], ["- 0 2"], []),
    ("B-a-b I-a-b", ["a-b 0 1"], ["a-b 1 1"], ["a-b 0 1"], []),
    ("B-P I-P E-P S-L", ["P 0 2", "L 3 3"], None, None, ["P 0 2", "L 3 3"]),
    ("B-P E-P E-P", ["P 0 1", "P 2 2"], None, None, ["P 0 1"]),
    ("B-P I-P S-P", ["P 0 1", "P 2 2"], None, None, ["P 2 2"]),
    ("S-P I-P E-P", ["P 0 0", "P 1 2"], None, None, ["P 0 0"]),
    ("B-P E-L", ["P 0 0", "L 1 1"], None, None, []),
    ("E-P", ["P 0 0"], None, None, []),
]


@pytest.mark.parametrize(("text", "conll", "iob1", "iob2", "iobes"), CASES)
def test_spans_of_each_scheme(text, conll, iob1, iob2, iobes):
    assert spans(text, "conll") == conll
    assert spans(text, "IOBES") == iobes
    if iob1 is not None:
        assert spans(text, "IOB1") == iob1
        assert spans(text, "IOB2") == iob2


def encode(kinds, scheme):
    """Encode spans that are given as (type or None, length), end to end."""
    tags, before = [], None
    for kind, length in kinds:
        if kind is None:
            tags += ["O"] * length
        elif scheme == "IOBES":
            inner = ["B", *"I" * (length - 2), "E"] if length > 1 else ["S"]
            tags += [f"{prefix}-{kind}" for prefix in inner]
        else:
            first = "I" if scheme == "IOB1" and before != kind else "B"
            tags += [f"{prefix}-{kind}" for prefix in (first, *"I" * (length - 1))]
        before = kind
    return tags


@given(kinds=st.lists(st.tuples(st.sampled_from([None, "P", "L"]), st.integers(1, 4)), max_size=6))
@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", "IOBES"])
def test_encoded_spans_are_read_back(scheme, kinds):
    stops = np.cumsum([length for _, length in kinds]).tolist()
    starts = [stop - length for stop, (_, length) in zip(stops, kinds, strict=True)]
    expected = [
        f"{kind} {start} {stop - 1}"
        for (kind, _), start, stop in zip(kinds, starts, stops, strict=True)
        if kind
    ]
    text = " ".join(encode(kinds, scheme))
    assert spans(text, scheme) == spans(text, "conll") == expected


# Random tags, and the micro, macro and weighted F1 of seqeval 1.2.2, strict but for "conll".
FIGURES = {
    "conll": (
        "I-P O O B-L|O|I-P I-P B-P O O B-L|B-P I-L B-P|B-L O I-L I-L O O B-P B-L",
        "I-P O B-P B-L|O|B-P I-P I-L O O B-L|B-L I-L B-P|B-L I-L I-P I-L I-P O B-P I-P",
        (0.4, 0.397436, 0.397436),
    ),
    "IOB1": (
        "I-P O O B-L|O|I-P I-P B-P O O B-L|B-P I-L B-P|B-L O I-L I-L O O B-P B-L",
        "I-P O B-P B-L|O|B-P I-P I-L O O B-L|B-L I-L B-P|B-L I-L I-P I-L I-P O B-P I-P",
        (0.285714, 0.291667, 0.283333),
    ),
    "IOB2": (
        "I-P O O B-L|O|I-P I-P B-P O O B-L|B-P I-L B-P|B-L O I-L I-L O O B-P B-L",
        "I-P O B-P B-L|O|B-P I-P I-L O O B-L|B-L I-L B-P|B-L I-L I-P I-L I-P O B-P I-P",
        (0.375, 0.375, 0.375),
    ),
    "IOBES": (
        "S-L O B-L B-P|B-L|S-L S-L E-L O O B-P|I-L E-L I-P|B-P B-L E-P E-P O B-L I-P I-L",
        "S-L O I-L B-P|B-L|E-L S-L E-P O O B-P|B-P E-L I-P|B-P E-P S-L E-P S-P B-L I-P S-P",
        (0.444444, 0.333333, 0.666667),
    ),
}


@pytest.mark.parametrize("scheme", FIGURES)
def test_scores_equal_those_of_seqeval(scheme):
    *texts, expected = FIGURES[scheme]
    true, guess = ([row.split() for row in text.split("|")] for text in texts)
    for average, score in zip(("micro", "macro", "weighted"), expected, strict=True):
        found = span_f1_score(true, guess, scheme=scheme, average=average)
        assert found == pytest.approx(score, abs=1e-6)


# Four true spans (P, P, L, L) and three predicted ones (P correct, P too long, M).
TRUE = [["B-P", "I-P", "O", "B-L"], ["O", "B-P", "O"], ["B-L", "O"]]
GUESS = [["B-P", "I-P", "O", "O"], ["O", "B-P", "I-P"], ["B-M", "O"]]


def test_averages_by_hand():
    assert span_f1_score(TRUE, GUESS) == pytest.approx(2 * 1 / (4 + 3))
    by_type = [0.0, 0.0, 2 * 1 / (2 + 2)]  # L, M, P
    np.testing.assert_allclose(span_f1_score(TRUE, GUESS, average=None), by_type)
    assert span_f1_score(TRUE, GUESS, average="macro") == pytest.approx(np.mean(by_type))
    assert span_f1_score(TRUE, GUESS, average="weighted") == pytest.approx((0.0 * 2 + 0.5 * 2) / 4)
    assert span_f1_score(TRUE, TRUE) == span_f1_score(TRUE, TRUE, average="macro") == 1.0


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
def test_integer_weights_are_repetition_and_zero_is_absence(average):
    weights = [2, 1, 0]
    repeated = [[y[0], y[0], y[1]] for y in (TRUE, GUESS)]
    weighted = span_f1_score(TRUE, GUESS, average=average, sample_weight=weights)
    assert weighted == pytest.approx(span_f1_score(*repeated, average=average))
    assert weighted != pytest.approx(span_f1_score(TRUE, GUESS, average=average))
    assert isinstance(weighted, float)


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
def test_score_without_spans_is_that_of_zero_division(average):
    nothing = [["O", "O"]]
    for value in (0.0, 1.0):
        score = span_f1_score(nothing, nothing, average=average, zero_division=value)
        assert score == value
    assert math.isnan(span_f1_score(nothing, nothing, average=average, zero_division=math.nan))
    assert span_f1_score(nothing, [["B-P", "O"]], average=average, zero_division=1.0) == 0.0
    assert len(span_f1_score(nothing, nothing, average=None)) == 0


@pytest.mark.parametrize(
    "make",
    [
        tuple,
        pd.Series,
        lambda y: [np.array(tags) for tags in y],
        lambda y: [np.array(tags, dtype=object) for tags in y],
        lambda y: [pd.Series(tags) for tags in y],
        lambda y: np.array([*map(np.array, y), None], dtype=object)[:-1],
    ],
)
def test_containers_give_equal_results(make):
    expected = span_f1_score(TRUE, GUESS)
    assert span_f1_score(make(TRUE), GUESS) == span_f1_score(TRUE, make(GUESS)) == expected


def test_score_works_in_a_search_over_taggers(rng):
    X = [rng.normal(size=(n, 1)) for n in rng.integers(4, 9, 40)]
    y = [np.where(x[:, 0] > 0, "B-P", "O").tolist() for x in X]
    search = GridSearchCV(
        RNNClassifier(return_sequences=True, hidden_size=4, random_state=0),
        {"max_epochs": [1, 30]},
        scoring=make_scorer(span_f1_score, scheme="IOB2"),
        cv=2,
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_ == {"max_epochs": 30}
    assert search.best_score_ > 0.9


REFUSED = {
    "tags of another scheme": (
        lambda: span_f1_score([["O", "E-P"]], [["O", "O"]], scheme="IOB2"),
        ValueError,
        "y_true[0] has 'E-P' at position 1, which is not a tag of scheme='IOB2': 'O', or one of "
        "'B', 'I', alone or with a type, such as 'B-P'.",
    ),
    "BILOU": (
        lambda: span_f1_score([["U-P"]], [["O"]]),
        ValueError,
        "y_true[0] has 'U-P' at position 0, which is not a tag of scheme='conll': 'O', or one of "
        "'B', 'I', 'E', 'S', alone or with a type, such as 'B-P'. In BILOU tags, replace L by E "
        "and U by S.",
    ),
    "parts of speech": (
        lambda: span_f1_score([["O"]], [["NOUN"]]),
        ValueError,
        "y_pred[0] has 'NOUN' at position 0, which is not a tag of scheme='conll': 'O', or one of "
        "'B', 'I', 'E', 'S', alone or with a type, such as 'B-P'.",
    ),
    "a dash without a type": (
        lambda: span_f1_score([["B-"]], [["O"]]),
        ValueError,
        "y_true[0] has 'B-' at position 0, which is not a tag of scheme='conll': 'O', or one of "
        "'B', 'I', 'E', 'S', alone or with a type, such as 'B-P'.",
    ),
    "class indices": (
        lambda: span_f1_score([["O"]], [[0]]),
        TypeError,
        "y_pred[0] has 0 at position 0, which is not a string. Pass tags such as 'B-PER' and 'O'.",
    ),
    "lengths that differ": (
        lambda: span_f1_score([["O"], ["O", "O"]], [["O"], ["O"]]),
        ValueError,
        "y_true[1] has 2 tags, but y_pred[1] has 1. Pass one predicted tag per true tag.",
    ),
    "numbers that differ": (
        lambda: span_f1_score([["O"]], [["O"], ["O"]]),
        ValueError,
        "y_true has 1 sequences, but y_pred has 2. Pass one prediction per true sequence.",
    ),
    "an unknown scheme": (
        lambda: span_f1_score([["O"]], [["O"]], scheme="BIO"),
        ValueError,
        "scheme must be one of ['conll', 'IOB1', 'IOB2', 'IOBES']; got 'BIO'.",
    ),
    "an unknown average": (
        lambda: span_f1_score([["O"]], [["O"]], average="binary"),
        ValueError,
        "average must be one of ['micro', 'macro', 'weighted'] or None; got 'binary'.",
    ),
    "zero_division": (
        lambda: span_f1_score([["O"]], [["O"]], zero_division="warn"),
        ValueError,
        "zero_division must be 0, 1 or NaN; got 'warn'.",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_invalid_input_raises(what):
    call, kind, message = REFUSED[what]
    with pytest.raises(kind) as error:
        call()
    message = message.replace("such as 'B-P'", "such as 'B-PER'")
    assert str(error.value) == f"span_f1_score: {message}"
