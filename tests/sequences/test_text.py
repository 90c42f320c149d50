"""Splitting of strings into words, and joining."""

from hypothesis import given
from hypothesis import strategies as st

from sk_rnn.sequences import find_joiner, join_words, split_words

spaced = st.text(alphabet="ab_é1 .,!'\n\t", max_size=20)


@given(st.one_of(spaced, st.text(max_size=20)))
def test_join_words_is_the_inverse_of_split_words(text):
    assert join_words(split_words(text)) == text


def test_words_and_marks_are_tokens():
    assert split_words("J'ai 2 chats, non ?") == ["J", "'", "ai", "2", "chats", ", ", "non", " ?"]


def test_join_words_accepts_any_tokens():
    # Generated tokens need not be those of a text.
    assert join_words(["!", "one", "two", ", ", ", "]) == "!one two, , "
    assert join_words([]) == ""


def test_find_joiner():
    assert find_joiner(["a b", "c"], lambda text: [text[:1], text[1:]]) == ""
    assert find_joiner(["a b", "c"], str.split) == " "
