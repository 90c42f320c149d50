"""Strings taken apart and put together again."""

from hypothesis import given
from hypothesis import strategies as st

from sk_rnn.sequences import find_joiner, join_words, split_words

spaced = st.text(alphabet="ab_é1 .,!'\n\t", max_size=20)


@given(st.one_of(spaced, st.text(max_size=20)))
def test_words_are_joined_to_what_they_were(text):
    assert join_words(split_words(text)) == text


def test_words_and_marks_are_tokens():
    assert split_words("J'ai 2 chats, non ?") == ["J", "'", "ai", "2", "chats", ", ", "non", " ?"]


def test_words_are_joined_whatever_follows():
    # What a model generates need not be what a text was split into.
    assert join_words(["!", "one", "two", ", ", ", "]) == "!one two, , "
    assert join_words([]) == ""


def test_joiner_is_nothing_where_that_gives_the_text_back():
    assert find_joiner(["a b", "c"], lambda text: [text[:1], text[1:]]) == ""
    assert find_joiner(["a b", "c"], str.split) == " "
