"""Conversion of strings and tokens to ids and back."""

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

from sk_rnn.sequences import encode_tokens, find_joiner, join_words, learn_tokens, split_words

spaced = st.text(alphabet="ab_é1 .,!'\n\t", max_size=20)


@given(st.one_of(spaced, st.text(max_size=20)))
def test_words_are_joined_to_what_they_were(text):
    assert join_words(split_words(text)) == text


def test_words_and_marks_are_tokens():
    assert split_words("J'ai 2 chats, non ?") == ["J", "'", "ai", "2", "chats", ", ", "non", " ?"]


def test_words_are_joined_whatever_follows():
    # Predicted tokens may differ from those of any text.
    assert join_words(["!", "one", "two", ", ", ", "]) == "!one two, , "
    assert join_words([]) == ""


def test_joiner_is_nothing_where_that_gives_the_text_back():
    assert find_joiner(["a b", "c"], lambda text: [text[:1], text[1:]]) == ""
    assert find_joiner(["a b", "c"], str.split) == " "


def test_learned_tokens_are_sorted_and_counted_by_sequence():
    assert learn_tokens(["bba", "b", "c"]) == ["a", "b", "c"]
    assert learn_tokens(["bba", "b", "cc"], min_count=2) == ["b"]
    assert learn_tokens([[("x", 1)], ["x"], [2]]) == [2, "x", ("x", 1)]  # by type and repr


def test_learned_tokens_do_not_depend_on_the_order_of_sequences():
    rows = [["b", 1], [("a",), "b"], [None, 2.5]]
    assert learn_tokens(rows) == learn_tokens(rows[::-1])


class Plain:
    """Prints as its address; equal to others with the same name."""

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
def test_the_data_alone_orders_tokens_that_have_no_order(tokens):
    rows = [[token] for token in tokens]
    expected = learn_tokens(rows)
    assert len(expected) == len(tokens)
    for seed in range(5):
        shuffled = random.Random(seed).sample(rows, len(rows))
        assert learn_tokens(shuffled) == expected
        assert learn_tokens(shuffled * 2, min_count=2) == expected


def test_tokens_that_hold_themselves_keep_the_order_of_their_first_appearance():
    tokens = [Slotted("b"), Slotted("a")]
    for token in tokens:
        token.name = token
    assert learn_tokens([tokens]) == tokens


def test_the_order_of_tokens_is_that_of_any_process():
    code = (
        "from sk_rnn.sequences import learn_tokens; "
        "sets = [frozenset([x, y]) for x in 'abcde' for y in 'abcde']; "
        "print([sorted(x) for x in learn_tokens([sets])])"
    )
    said = {
        subprocess.check_output(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": str(seed)}
        )
        for seed in range(3)
    }
    assert len(said) == 1


def test_encoded_sequences_end_with_the_mark():
    panel, unknown = encode_tokens(["ab", "", "ba"], {"a": 3, "b": 4}, unknown=2, end=0, n_tokens=5)
    assert [row.tolist() for row in panel] == [[3, 4, 0], [0], [4, 3, 0]]
    assert panel.n_tokens == 5
    assert unknown == (0, 0, None)


@pytest.mark.parametrize("rows", [["ax", "", "ayx"], [["a", "x"], [], ["a", "y", "x"]]])
def test_unknown_tokens_are_counted_and_the_first_is_named(rows):
    panel, unknown = encode_tokens(rows, {"a": 3}, unknown=2, end=0, n_tokens=4)
    assert panel.values.tolist() == [3, 2, 0, 0, 3, 2, 2, 0]
    assert unknown == (3, 2, (0, "x"))


@given(st.lists(st.lists(st.integers(0, 5), max_size=4), min_size=1, max_size=5))
def test_encoding_is_a_lookup(rows):
    vocabulary = {0: 3, 1: 4, 2: 5}
    panel, unknown = encode_tokens(rows, vocabulary, unknown=2, end=0, n_tokens=6)
    expected = [[vocabulary.get(token, 2) for token in row] + [0] for row in rows]
    assert [row.tolist() for row in panel] == expected
    assert unknown.n_tokens == sum(token > 2 for row in rows for token in row)
    assert unknown.n_sequences == sum(max(row, default=0) > 2 for row in rows)
    assert panel.values.dtype == np.int64
