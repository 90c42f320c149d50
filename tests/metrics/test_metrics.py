"""Metrics: plain references, weights as repetition, use in model selection, messages."""

import inspect
import subprocess
import sys

import awkward as ak
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sacrebleu
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score

from sk_rnn import metrics
from sk_rnn.metrics import (
    bleu_score,
    character_error_rate,
    chrf_score,
    edit_distance,
    sequence_accuracy_score,
    token_accuracy_score,
    token_error_rate,
    word_error_rate,
)

GREATER_IS_BETTER = {
    "bleu_score": True,
    "character_error_rate": False,
    "chrf_score": True,
    "edit_distance": False,
    "sequence_accuracy_score": True,
    "token_accuracy_score": True,
    "token_error_rate": False,
    "word_error_rate": False,
}
FUNCTIONS = {name: getattr(metrics, name) for name in GREATER_IS_BETTER}  # of sequences
EVERY = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)

TEXTS = [
    "the cat sat on the mat",
    "a quick brown fox jumps over the lazy dog",
    "it is raining",
    "where is the nearest railway station, please?",
]
GUESSES = [
    "the cat sat on a mat",
    "a quick brown fox jumped over the dog",
    "it is raining",
    "where is the railway station?",
]


def objects(sequences):
    """A 1-D object array of any elements."""
    array = np.empty(len(sequences), dtype=object)
    array[:] = sequences
    return array


def levenshtein(first, second):
    """The textbook recurrence (Wagner & Fischer, 1974)."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        diagonal, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (a != b))
    return row[-1]


# Tokens that are equal in Python, whose hashes collide (-1 and -2), or that are code points ("a").
TOKENS = st.sampled_from([0, 1, -1, -2, 97, True, 1.0, "a", "b", "ab", "", None, ("a", 1)])
SEQUENCES = st.lists(TOKENS, max_size=6) | st.text("abA é", max_size=6)
PAIRS = st.lists(st.tuples(SEQUENCES, SEQUENCES), min_size=1, max_size=5)


# -- References --------------------------------------------------------------------------


@given(pairs=PAIRS)
def test_metrics_equal_plain_loops(pairs):
    y_true, y_pred = zip(*pairs, strict=True)
    right = [list(t) == list(p) for t, p in pairs]
    distances = [levenshtein(t, p) for t, p in pairs]
    longer = [max(len(t), len(p)) for t, p in pairs]
    agree = [sum(t[i] == p[i] for i in range(min(len(t), len(p)))) for t, p in pairs]
    assert sequence_accuracy_score(y_true, y_pred) == pytest.approx(np.mean(right))
    assert token_accuracy_score(y_true, y_pred) == pytest.approx(
        sum(agree) / sum(longer) if sum(longer) else 1.0
    )
    assert edit_distance(y_true, y_pred) == pytest.approx(np.mean(distances))
    assert edit_distance(y_true, y_pred, normalize=True) == pytest.approx(
        np.mean([d / n if n else 0.0 for d, n in zip(distances, longer, strict=True)])
    )
    n_tokens = sum(map(len, y_true))
    if n_tokens:
        rate = token_error_rate(y_true, y_pred)
        assert rate == pytest.approx(sum(distances) / n_tokens)


def test_error_rates_count_characters_words_and_tokens():
    y_true, y_pred = ["the cat sat", "a  dog\n"], ["the cat sat down", "a dog"]
    assert character_error_rate(y_true, y_pred) == pytest.approx((5 + 2) / (11 + 7))
    assert word_error_rate(y_true, y_pred) == pytest.approx(1 / 5)
    split = [text.split() for text in y_true], [text.split() for text in y_pred]
    assert token_error_rate(*split) == word_error_rate(*split) == word_error_rate(y_true, y_pred)
    assert token_error_rate(y_true, y_pred) == character_error_rate(y_true, y_pred)
    assert token_error_rate(["a"], ["bcd"]) == 3.0


def test_token_accuracy_of_aligned_tags_is_that_of_all_tags():
    rng = np.random.default_rng(0)
    y_true = [rng.integers(0, 3, n) for n in (4, 1, 7)]
    y_pred = [rng.integers(0, 3, len(tags)) for tags in y_true]
    expected = accuracy_score(np.concatenate(y_true), np.concatenate(y_pred))
    assert token_accuracy_score(y_true, y_pred) == pytest.approx(expected)


def test_bleu_and_chrf_equal_sacrebleu():
    assert bleu_score(TEXTS, GUESSES) == sacrebleu.corpus_bleu(GUESSES, [TEXTS]).score
    assert chrf_score(TEXTS, GUESSES) == sacrebleu.corpus_chrf(GUESSES, [TEXTS]).score
    plus = sacrebleu.corpus_chrf(GUESSES, [TEXTS], word_order=2).score
    assert chrf_score(TEXTS, GUESSES, word_order=2) == plus != chrf_score(TEXTS, GUESSES)
    split = sacrebleu.corpus_bleu(GUESSES, [TEXTS], tokenize="none").score
    assert bleu_score(TEXTS, GUESSES, tokenize="none") == split != bleu_score(TEXTS, GUESSES)


@pytest.mark.parametrize("function", [bleu_score, chrf_score])
def test_translation_scores_are_0_to_100_and_join_words(function):
    assert function(TEXTS, TEXTS) == pytest.approx(100.0)
    assert function(["abcd efgh"], ["xyzw vutq"]) == 0.0
    assert bleu_score(["abcd efgh"], ["abcd efgh"]) == 0.0  # as documented: no 4-gram
    assert function(["abc"], [""]) == function(["abc"], [""], sample_weight=[2.0]) == 0.0
    words = [text.split() for text in TEXTS], [tuple(text.split()) for text in GUESSES]
    assert function(*words) == function(TEXTS, GUESSES)


MANY = [
    ["the cat sat on the mat", "on a mat the cat sat"],
    ["a quick brown fox jumps over the lazy dog"],
    ["it is raining", "it rains", "rain is falling"],
    ["where is the nearest railway station, please?", "where is the railway station?"],
]


def corpus(many):
    """References as sacrebleu expects them: by rank, None if a sample has fewer."""
    return [[texts[i] if i < len(texts) else None for texts in many] for i in range(3)]


def test_several_references_are_scored_as_sacrebleu_does():
    bleu = sacrebleu.corpus_bleu(GUESSES, corpus(MANY)).score
    assert bleu_score(MANY, GUESSES, multi_reference=True) == bleu != bleu_score(TEXTS, GUESSES)
    chrf = sacrebleu.corpus_chrf(GUESSES, corpus(MANY)).score
    assert chrf_score(MANY, GUESSES, multi_reference=True) == chrf != chrf_score(TEXTS, GUESSES)
    plus = sacrebleu.corpus_chrf(GUESSES, corpus(MANY), word_order=2).score
    assert chrf_score(MANY, GUESSES, word_order=2, multi_reference=True) == plus != chrf


@pytest.mark.parametrize("function", [bleu_score, chrf_score])
def test_several_references_may_be_lists_of_words_and_have_weights(function):
    expected = function(MANY, GUESSES, multi_reference=True)
    words = [[text.split() for text in texts] for texts in MANY]
    assert function(words, GUESSES, multi_reference=True) == expected
    assert function(objects(MANY), GUESSES, multi_reference=True) == expected
    single = [[text] for text in TEXTS]
    assert function(single, GUESSES, multi_reference=True) == function(TEXTS, GUESSES)
    weighted = function(MANY, GUESSES, multi_reference=True, sample_weight=[2, 0, 1, 1])
    repeated = [[y[i] for i in (0, 0, 2, 3)] for y in (MANY, GUESSES)]
    assert weighted == pytest.approx(function(*repeated, multi_reference=True))


def test_a_tokenizer_that_is_not_installed_is_named(monkeypatch):
    def missing(**kwargs):
        raise RuntimeError("Please install it.")

    missing.TOKENIZERS = ["13a", "ja-mecab"]
    monkeypatch.setattr(sacrebleu, "BLEU", missing)
    with pytest.raises(ImportError) as caught:
        bleu_score(TEXTS, GUESSES, tokenize="ja-mecab")
    assert str(caught.value) == (
        "bleu_score: tokenize='ja-mecab' needs a package that is not installed. sacrebleu: Please "
        "install it. Install it, or pass another one, such as '13a'."
    )


# -- All metrics -------------------------------------------------------------------------


@EVERY
def test_integer_weights_are_repetition_and_zero_is_absence(function):
    weights = [2, 1, 0, 3]
    repeated = [np.repeat(objects(y), weights).tolist() for y in (TEXTS, GUESSES)]
    weighted = function(TEXTS, GUESSES, sample_weight=weights)
    assert weighted == pytest.approx(function(*repeated))
    assert weighted != pytest.approx(function(TEXTS, GUESSES))
    assert function(TEXTS, GUESSES, sample_weight=np.ones(4)) == pytest.approx(
        function(TEXTS, GUESSES)
    )
    assert isinstance(weighted, float)


@EVERY
def test_fractional_weights_shift_the_score_smoothly(function):
    scores = [function(TEXTS, GUESSES, sample_weight=[1, w, 1, 1]) for w in (0.5, 0.5 + 1e-6)]
    assert scores[0] != scores[1]
    assert scores[0] == pytest.approx(scores[1], rel=1e-5)


@EVERY
def test_containers_of_strings_give_equal_scores(function):
    expected = function(TEXTS, GUESSES)
    for container in (tuple, np.array, objects, pd.Series, pd.Index):
        assert function(container(TEXTS), container(GUESSES)) == expected
    index = [7, 5, 3, 1]
    assert function(pd.Series(TEXTS, index), pd.Series(GUESSES)) == expected  # by position


@pytest.mark.parametrize(
    "function", [sequence_accuracy_score, token_accuracy_score, edit_distance, token_error_rate]
)
def test_containers_of_tokens_give_equal_scores(function):
    y_true, y_pred = [[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4, 6, 5]]
    expected = function(y_true, y_pred)
    assert 0 < expected < 2
    for make in (
        np.array,
        torch.tensor,
        pd.DataFrame,
        lambda y: objects([np.array(row) for row in y]),
        lambda y: [np.array(row, dtype=np.float32) for row in y],
        lambda y: [torch.tensor(row) for row in y],
        lambda y: [pd.Series(row) for row in y],
        lambda y: [tuple(row) for row in y],
    ):
        assert function(make(y_true), y_pred) == function(y_true, make(y_pred)) == expected
    letters = [["a", "b"], ["c"]]
    assert function(letters, ["ab", "d"]) == function(["ab", "c"], ["ab", "d"])


def test_tokens_of_equal_hash_are_not_equal():
    # rapidfuzz alone treats the first two as equal.
    assert edit_distance([[97]], [["a"]]) == 1.0
    assert edit_distance([[-1]], [[-2]]) == 1.0


@EVERY
def test_works_as_a_scorer_of_object_arrays(function):
    name = function.__name__
    assert ("greater is better" in function.__doc__) == GREATER_IS_BETTER[name]
    assert ("smaller is better" in function.__doc__) != GREATER_IS_BETTER[name]
    scoring = make_scorer(function, greater_is_better=GREATER_IS_BETTER[name])
    X = np.zeros((8, 2))
    # Rows of equal and of different lengths, which NumPy treats differently.
    for y in (objects([*TEXTS, *TEXTS]), [*TEXTS, *GUESSES]):
        scores = cross_val_score(Echo(), X, y, cv=2, scoring=scoring, error_score="raise")
        assert scores.shape == (2,)
        assert np.isfinite(scores).all()
    if name != "character_error_rate":
        y = objects([text.split() for text in [*TEXTS, *GUESSES]])
        assert np.isfinite(cross_val_score(Echo(), X, y, cv=2, scoring=scoring)).all()
    search = GridSearchCV(
        Echo(), {"wrong": [True, False]}, scoring=scoring, cv=2, error_score="raise"
    )
    assert search.fit(X, ["one two three four"] * 8).best_params_ == {"wrong": False}


class Echo(BaseEstimator):
    """Predicts the first target for all samples, or something else."""

    def __init__(self, wrong=False):
        self.wrong = wrong

    def fit(self, X, y):
        self.first_ = "?" if self.wrong else y[0]
        return self

    def predict(self, X):
        return objects([self.first_] * len(X))


@EVERY
def test_signature_follows_scikit_learn(function):
    parameters = list(inspect.signature(function).parameters.values())
    assert [parameter.name for parameter in parameters[:2]] == ["y_true", "y_pred"]
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters[2:])
    assert parameters[-1].name == "sample_weight"
    assert parameters[-1].default is None


# -- Optional dependencies ---------------------------------------------------------------


def uninstall(package, monkeypatch):
    for module in list(sys.modules):
        if module.partition(".")[0] == package:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)  # Python's convention for a missing module


EDITS = [edit_distance, token_error_rate, character_error_rate, word_error_rate]


@pytest.mark.parametrize("function", EDITS)
def test_edits_are_the_same_without_rapidfuzz(function, monkeypatch):
    rng = np.random.default_rng(0)
    rows = [
        ["".join(rng.choice(list("ab é\0"), size=n)) for n in rng.integers(0, 12, size=60)]
        for _ in range(2)
    ]
    pairs = (
        [rows] if function is character_error_rate else [rows, [list(map(list, r)) for r in rows]]
    )
    expected = [function(*pair) for pair in pairs]
    uninstall("rapidfuzz", monkeypatch)
    assert [function(*pair) for pair in pairs] == expected
    assert min(expected) > 0.3


def test_tokens_are_compared_without_rapidfuzz_as_in_python(monkeypatch):
    uninstall("rapidfuzz", monkeypatch)
    assert edit_distance([[97], [-1], [1, "a"]], [["a"], [-2], [1.0, "a"]]) == pytest.approx(2 / 3)
    assert edit_distance([[("a", 1)], []], [[("a", 1)], [None]]) == 0.5


@pytest.mark.parametrize(
    ("name", "package"), [("bleu_score", "sacrebleu"), ("chrf_score", "sacrebleu")]
)
def test_missing_package_says_how_to_install_it(name, package, monkeypatch):
    uninstall(package, monkeypatch)
    with pytest.raises(ImportError) as caught:
        FUNCTIONS[name](["a b"], ["a b"])
    assert str(caught.value) == (
        f"{name} needs {package}, which is not installed. Run: pip install {package}"
    )
    assert sequence_accuracy_score(["a"], ["a"]) == token_accuracy_score(["a"], ["a"]) == 1.0


def test_extra_is_imported_only_when_used():
    code = (
        "import sys, sk_rnn.metrics; "
        "assert not {'rapidfuzz', 'sacrebleu'} & set(sys.modules), 'imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# -- Messages ----------------------------------------------------------------------------

AB = ["a", "b"]

# description: (call, type of error, full message)
MESSAGES = {
    "fewer predictions": (
        lambda: edit_distance(AB, ["a"]),
        ValueError,
        "edit_distance: y_true has 2 sequences, but y_pred has 1. Pass one prediction per true "
        "sequence.",
    ),
    "nothing": (
        lambda: sequence_accuracy_score([], []),
        ValueError,
        "sequence_accuracy_score: y_true has no sequences. Pass at least one.",
    ),
    "one string": (
        lambda: bleu_score(AB, "ab"),
        TypeError,
        "bleu_score: y_pred is a str. Pass a list of sequences, even for a single one.",
    ),
    "bytes of all": (
        lambda: chrf_score(b"ab", AB),
        TypeError,
        "chrf_score: y_true is a bytes. Pass a list of sequences, even for a single one.",
    ),
    "None": (
        lambda: token_accuracy_score(None, AB),
        TypeError,
        "token_accuracy_score: y_true is None, which is not a container of sequences. Pass a list, "
        "an object array or a Series of them.",
    ),
    "set": (
        lambda: token_accuracy_score({"c", "b", "d", "a"}, ["a"]),
        TypeError,
        "token_accuracy_score: y_true is {'a', 'b', 'c', 'd'}, which is not a container of "
        "sequences. Pass a list, an object array or a Series of them.",
    ),
    "None among sequences": (
        lambda: word_error_rate(AB, ["a", None]),
        TypeError,
        "word_error_rate: y_pred[1] is None, which is not a sequence of tokens. Pass a string or a "
        "list of tokens.",
    ),
    "missing text": (
        lambda: chrf_score(pd.Series(["a", np.nan]), AB),
        TypeError,
        "chrf_score: y_true[1] is nan, which is not a sequence of tokens. Pass a string or a list "
        "of tokens.",
    ),
    "one number per sample": (
        lambda: sequence_accuracy_score(np.array([3, 4]), AB),
        TypeError,
        "sequence_accuracy_score: y_true[0] is 3, which is not a sequence of tokens. Pass a string "
        "or a list of tokens.",
    ),
    "bytes": (
        lambda: character_error_rate([b"a"], ["a"]),
        TypeError,
        "character_error_rate: y_true[0] is b'a', which is not a sequence of tokens. Decode it.",
    ),
    "nested lists": (
        lambda: token_error_rate([["a"], ["a", ["b"]]], AB),
        TypeError,
        "token_error_rate: y_true[1] has ['b'] at position 1, which is not hashable. Pass "
        "tokens that are strings, numbers or tuples, in one sequence per sample.",
    ),
    "vectors": (
        lambda: sequence_accuracy_score(np.zeros((2, 3, 2)), AB),
        TypeError,
        "sequence_accuracy_score: y_true[0] has [0.0, 0.0] at position 0, which is not hashable. "
        "Pass tokens that are strings, numbers or tuples, in one sequence per sample.",
    ),
    "lists instead of strings": (
        lambda: character_error_rate(AB, ["a", ["b"]]),
        TypeError,
        "character_error_rate: y_pred[1] is not a string. Pass strings, or use token_error_rate "
        "for lists of tokens.",
    ),
    "numbers among words": (
        lambda: bleu_score([["a", 1]], ["a"]),
        TypeError,
        "bleu_score: y_true[0] has 1 at position 1, which is not a string. Pass a string or a list "
        "of strings.",
    ),
    "no true token": (
        lambda: token_error_rate([[], []], AB),
        ValueError,
        "token_error_rate: the sequences of y_true have no tokens, so the error rate is "
        "undefined. Use edit_distance.",
    ),
    "no true character": (
        lambda: character_error_rate([""], ["a"]),
        ValueError,
        "character_error_rate: the sequences of y_true have no characters, so the error rate is "
        "undefined. Use edit_distance.",
    ),
    "no true words with a positive weight": (
        lambda: word_error_rate([" ", "a"], AB, sample_weight=[1, 0]),
        ValueError,
        "word_error_rate: the sequences of y_true have no words, so the error rate is undefined. "
        "Use edit_distance.",
    ),
    "wrong number of weights": (
        lambda: edit_distance(AB, AB, sample_weight=[1.0]),
        ValueError,
        "edit_distance: sample_weight has shape (1,), but there are 2 sequences. Pass a 1-D array "
        "of 2 weights, one per sequence.",
    ),
    "negative weight": (
        lambda: chrf_score(AB, AB, sample_weight=[1.0, -2.0]),
        ValueError,
        "chrf_score: sample_weight[1] is -2. Weights are finite numbers, zero or positive; zero "
        "leaves a sequence out.",
    ),
    "weight NaN": (
        lambda: bleu_score(AB, AB, sample_weight=[np.nan, 1.0]),
        ValueError,
        "bleu_score: sample_weight[0] is nan. Weights are finite numbers, zero or positive; zero "
        "leaves a sequence out.",
    ),
    "weights zero": (
        lambda: token_accuracy_score(AB, AB, sample_weight=[0, 0]),
        ValueError,
        "token_accuracy_score: sample_weight is zero for all 2 sequences, which leaves none to "
        "score. Sample weights must contain at least one non-zero number.",
    ),
    "word_order": (
        lambda: chrf_score(AB, AB, word_order=-1),
        ValueError,
        "chrf_score: word_order is -1. Pass 0 for chrF, 2 for chrF++.",
    ),
    "word_order of another kind": (
        lambda: chrf_score(AB, AB, word_order="a"),
        ValueError,
        "chrf_score: word_order is 'a'. Pass 0 for chrF, 2 for chrF++.",
    ),
    "weights of another kind": (
        lambda: chrf_score(AB, AB, sample_weight=["x", "y"]),
        ValueError,
        "chrf_score: sample_weight holds strings where numbers are expected, for example 'x'. Pass "
        "a 1-D array of 2 weights, one per sequence.",
    ),
    "NaN among tokens": (
        lambda: token_error_rate([[1.0, np.nan]], [[1.0, np.nan]]),
        ValueError,
        "token_error_rate: y_true[0] has nan at position 1, which is not equal to itself. "
        "Represent missing tokens by a value such as None.",
    ),
    "references instead of words": (
        lambda: bleu_score([["a cat", "one cat"], ["b"]], AB),
        ValueError,
        "bleu_score: y_true[0] has 'a cat' at position 0, which is more than one word. Pass a "
        "string or a list of words; or multi_reference=True if y_true has a list of references per "
        "sample.",
    ),
    "a text instead of references": (
        lambda: chrf_score(AB, AB, multi_reference=True),
        TypeError,
        "chrf_score: y_true[0] is a string, but multi_reference=True requires a list of references "
        "per sample. Pass [text] for a single one.",
    ),
    "no reference": (
        lambda: chrf_score([["a"], []], AB, multi_reference=True),
        ValueError,
        "chrf_score: y_true[1] has no references. Pass at least one per sample.",
    ),
    "None among references": (
        lambda: chrf_score([["a"], ["b", None]], AB, multi_reference=True),
        TypeError,
        "chrf_score: y_true[1][1] is None, which is not a sequence of tokens. Pass a string or a "
        "list of tokens.",
    ),
    "multi_reference of another kind": (
        lambda: chrf_score(AB, AB, multi_reference="yes"),
        TypeError,
        "chrf_score: multi_reference is 'yes'. Pass True if y_true has a list of references per "
        "sample, else False.",
    ),
}


@pytest.mark.parametrize(("call", "kind", "message"), MESSAGES.values(), ids=MESSAGES)
def test_messages(call, kind, message):
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind
    assert str(caught.value) == message


def test_unknown_tokenizer_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"tokenize is '14a'. Pass one of '13a', .*'none'"):
        bleu_score(AB, AB, tokenize="14a")


@EVERY
@pytest.mark.parametrize("position", ["y_true", "y_pred"])
def test_every_metric_raises_for_none_with_its_index(function, position):
    pair = {"y_true": ["a b", "c"], "y_pred": ["a b", "c"], position: ["a b", None]}
    with pytest.raises(TypeError, match=rf"^{function.__name__}: {position}\[1\] is None"):
        function(**pair)


@pytest.mark.parametrize("make", [pl.Series, pa.array, ak.Array, pd.Series])
@pytest.mark.parametrize("y", [["ab", "c"], [["a", "b"], ["c"]], [[1, 2], [3]]])
def test_containers_of_other_libraries_hold_the_same_tokens(make, y):
    assert sequence_accuracy_score(make(y), y) == 1.0
    assert token_accuracy_score(y, make(y)) == 1.0
    assert token_error_rate(make(y), make(y)) == 0.0


def test_numbers_of_numpy_are_compared_with_tuples():
    true, predicted = [[np.complex64(1j), np.int64(2)]], [[(0, 1), 2]]
    assert token_accuracy_score(true, predicted) == 0.5
    assert sequence_accuracy_score(true, predicted) == 0.0
