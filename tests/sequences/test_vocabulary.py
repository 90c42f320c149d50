"""The mapping between tokens and ids."""

import os
import random
import subprocess
import sys
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_rnn import Seq2SeqTransformer
from sk_rnn.preprocessing import SequenceVectorizer
from sk_rnn.sequences import Panel, Vocabulary, least_sequences

# The reserved tokens of both estimators, and the minimum.
PAIRS = ("<end>", "<begin>", "<unknown>")
TEXTS = ("<padding>", "<unknown>", "<begin>", "<end>")
orders = pytest.mark.parametrize("reserved", [PAIRS, TEXTS, ("<unknown>",)], ids=" ".join)
ended = pytest.mark.parametrize("reserved", [PAIRS, TEXTS], ids=" ".join)

hashable = st.one_of(
    st.text(max_size=3),
    st.integers(-3, 3),
    st.tuples(st.text(max_size=1), st.integers(0, 2)),
    st.frozensets(st.integers(0, 3), max_size=2),
    st.binary(max_size=2),
    st.sampled_from([2.5, -0.5]),
)
sequences = st.lists(st.lists(hashable, max_size=4), min_size=1, max_size=6)


def learned(rows, **options):
    return Vocabulary.learn(rows, PAIRS, **options).tokens


# --- learn ----------------------------------------------------------------------------------------


def test_learned_tokens_are_sorted_and_counted_by_sequence():
    assert learned(["bba", "b", "c"]) == ["a", "b", "c"]
    assert learned(["bba", "b", "cc"], min_df=2) == ["b"]
    assert learned([[("x", 1)], ["x"], [2]]) == [2, "x", ("x", 1)]  # by type and repr


def test_learned_tokens_do_not_depend_on_the_order_of_sequences():
    rows = [["b", 1], [("a",), "b"], [None, 2.5]]
    assert learned(rows) == learned(rows[::-1])


class Plain:
    """An object with the default repr; equal to others with the same name."""

    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return isinstance(other, Plain) and self.name == other.name

    def __hash__(self):
        return hash(self.name)


class Slotted:
    __slots__ = ("name",)

    def __init__(self, name):
        self.name = name


@dataclass(frozen=True)
class Record:
    tags: frozenset


ORDERLESS = {
    "sets": [frozenset(part) for n in range(4) for part in combinations("abcd", n)],
    "tuples of sets": [(1, frozenset(part)) for part in combinations("abcdef", 3)],
    "objects": [Plain(name) for name in "hgfedcba"],
    "objects with slots": [Slotted(name) for name in "hgfedcba"],
    "records": [Record(frozenset(part)) for part in combinations("abcdef", 3)],
    "several kinds": [
        frozenset("ab"),
        Plain("a"),
        Plain("b"),
        ("a", None),
        None,
        1,
        "a",
        frozenset(),
    ],
}


@pytest.mark.parametrize("tokens", ORDERLESS.values(), ids=ORDERLESS)
def test_order_of_tokens_without_an_order_depends_on_data_only(tokens):
    rows = [[token] for token in tokens]
    expected = learned(rows)
    assert len(expected) == len(tokens)
    for seed in range(5):
        shuffled = random.Random(seed).sample(rows, len(rows))
        assert learned(shuffled) == expected
        assert learned(shuffled * 2, min_df=2) == expected


def test_recursive_tokens_keep_the_order_of_appearance():
    tokens = [Slotted("b"), Slotted("a")]
    for token in tokens:
        token.name = token
    assert learned([tokens]) == tokens


def test_order_of_tokens_does_not_depend_on_the_process():
    code = (
        "from sk_rnn.sequences import Vocabulary; "
        "sets = [frozenset([x, y]) for x in 'abcde' for y in 'abcde']; "
        "print([sorted(x) for x in Vocabulary.learn([sets], ('<unknown>',)).tokens])"
    )
    outputs = {
        subprocess.check_output(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": str(seed)}
        )
        for seed in range(3)
    }
    assert len(outputs) == 1


@orders
@given(rows=sequences, min_df=st.integers(1, 3))
def test_min_df_of_learn(reserved, rows, min_df):
    vocabulary = Vocabulary.learn(rows, reserved, min_df)
    frequency = {token: sum(token in row for row in rows) for row in rows for token in row}
    assert set(vocabulary.tokens) == {t for t, n in frequency.items() if n >= min_df}
    assert len(vocabulary) == len(reserved) + len(vocabulary.tokens)


def test_rare_tokens_are_left_out_of_many_sequences():
    assert [least_sequences(n) for n in (1, 999, 1000, 10**6)] == [1, 1, 2, 2]


# --- ids and names --------------------------------------------------------------------------------


@orders
@given(rows=sequences)
def test_ids_follow_the_reserved_ones(reserved, rows):
    vocabulary = Vocabulary.learn(rows, reserved)
    assert list(vocabulary.ids.values()) == list(range(len(reserved), len(vocabulary)))
    assert list(vocabulary.ids) == list(vocabulary.tokens)
    names = vocabulary.names()
    assert (names.shape, names.dtype) == ((len(vocabulary),), object)
    assert tuple(names[: len(reserved)]) == reserved
    assert all(names[i] is token for token, i in vocabulary.ids.items())


@orders
@given(rows=sequences)
def test_from_ids_restores_the_vocabulary(reserved, rows):
    learned_one = Vocabulary.learn(rows, reserved)
    other = Vocabulary.from_ids(learned_one.ids, reserved)
    assert other.ids is learned_one.ids
    assert len(other) == len(learned_one)
    assert list(other.names()) == list(learned_one.names())
    panel, unknown = other.encode([[*row, "never seen"] for row in rows])
    assert unknown.n_tokens == len(rows)
    assert other.decode(panel) == learned_one.decode(panel)


def test_reserved_must_include_unknown():
    with pytest.raises(ValueError):
        Vocabulary(["a"], ("<padding>",))


def test_estimators_keep_their_orders_of_ids():
    vectorizer = SequenceVectorizer(analyzer="char", add_marks=True).fit(["ba"])
    assert vectorizer.vocabulary_ == {"a": 4, "b": 5}
    assert list(vectorizer.get_feature_names_out()) == [*TEXTS, "a", "b"]
    vectorizer = SequenceVectorizer(analyzer="char").fit(["ba"])
    assert list(vectorizer.get_feature_names_out()) == [*TEXTS[:2], "a", "b"]
    model = Seq2SeqTransformer(hidden_size=2, max_epochs=1).fit(["ba", "b"], ["xy", "y"])
    assert model.source_vocabulary_ == {"a": 3, "b": 4}
    assert model.target_vocabulary_ == {"x": 3, "y": 4}
    with pytest.warns(UserWarning, match="not in the vocabulary"):
        aligned = model.align(["ac"], ["xz"])[0]
    assert aligned.source == ["a", "<unknown>", "<end>"]
    assert aligned.target == ["x", "<unknown>", "<end>"]


# --- encode ---------------------------------------------------------------------------------------


def test_encoded_sequences_end_with_the_end_token():
    vocabulary = Vocabulary(["a", "b"], PAIRS)
    panel, unknown = vocabulary.encode(["ab", "", "ba"], end=True)
    assert [row.tolist() for row in panel] == [[3, 4, 0], [0], [4, 3, 0]]
    assert panel.n_tokens == 5
    assert unknown == (0, 0, None)
    panel, _ = vocabulary.encode(["ab", "", "ba"])
    assert [row.tolist() for row in panel] == [[3, 4], [], [4, 3]]


@pytest.mark.parametrize("rows", [["ax", "", "ayx"], [["a", "x"], [], ["a", "y", "x"]]])
def test_unknown_tokens_are_counted_and_the_first_is_named(rows):
    panel, unknown = Vocabulary("a", PAIRS).encode(rows, end=True)
    assert panel.values.tolist() == [3, 2, 0, 0, 3, 2, 2, 0]
    assert unknown == (3, 2, (0, "x"))


@ended
@given(rows=sequences, end=st.booleans(), data=st.data())
def test_encode_equals_look_up(reserved, rows, end, data):
    tokens = list(dict.fromkeys(token for row in rows for token in row))
    kept = [token for token in tokens if data.draw(st.booleans())]
    vocabulary = Vocabulary(kept, reserved)
    panel, unknown = vocabulary.encode(rows, end=end)
    mark = [reserved.index("<end>")] * end
    middle = reserved.index("<unknown>")
    assert [row.tolist() for row in panel] == [
        [vocabulary.ids.get(token, middle) for token in row] + mark for row in rows
    ]
    assert panel.values.dtype == np.int64
    assert panel.n_tokens == len(vocabulary)
    missing = [(i, token) for i, row in enumerate(rows) for token in row if token not in kept]
    assert unknown.n_tokens == len(missing)
    assert unknown.n_sequences == len({i for i, _ in missing})
    assert unknown.first == (missing[0] if missing else None)


# --- decode ---------------------------------------------------------------------------------------


@ended
@given(rows=sequences, end=st.booleans())
def test_decoding_undoes_encoding_of_known_tokens(reserved, rows, end):
    vocabulary = Vocabulary.learn(rows, reserved)
    panel, unknown = vocabulary.encode(rows, end=end)
    assert unknown.first is None
    assert vocabulary.decode(panel) == [[*row, *["<end>"] * end] for row in rows]
    assert vocabulary.decode(panel, marks=False) == rows
    as_lists = [row.tolist() for row in panel]
    assert vocabulary.decode(iter(as_lists)) == vocabulary.decode(panel)


@orders
def test_decode_without_marks_keeps_unknown_tokens(reserved):
    vocabulary = Vocabulary(["a"], reserved)
    ids = list(range(len(vocabulary)))
    assert vocabulary.decode([ids, []]) == [[*reserved, "a"], []]
    assert vocabulary.decode([ids, []], marks=False) == [["<unknown>", "a"], []]
    panel = Panel(np.array(ids), np.array([0, len(ids)]), n_tokens=len(ids))
    assert vocabulary.decode(panel, marks=False) == [["<unknown>", "a"]]


def test_decode_of_no_sequences():
    assert Vocabulary(["a"], PAIRS).decode([]) == []
