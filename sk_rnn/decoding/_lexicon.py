"""Words to which a search is restricted."""

from collections.abc import Iterable, Sequence


class Lexicon:
    """The sequences of tokens that consist of known words.

    They are one word each, or, with a separator, words with exactly one separator between
    neighbours. The empty sequence is one of them: it is the transcript of silence.

    Parameters
    ----------
    words : iterable of sequences of int
        The tokens of each word; duplicates are ignored.
    separator : int or None
        The token between words. None allows one word only.

    Attributes
    ----------
    arcs : list of dict of int to int
        For each state, the tokens that may follow, and the state that each leads to. State 0 is
        the beginning. The states are the nodes of a prefix tree of the words.
    is_complete : list of bool
        For each state, whether a sequence may end there.

    Raises
    ------
    ValueError
        If a word is empty or contains the separator.

    Examples
    --------
    >>> from sk_rnn.decoding import Lexicon
    >>> lexicon = Lexicon([(1, 2), (1,)], separator=9)
    >>> [lexicon.accepts(ids) for ids in ([], [1], [1, 9, 1, 2], [2], [1, 9], [9, 1])]
    [True, True, True, False, False, False]
    """

    def __init__(self, words: Iterable[Sequence[int]], separator: int | None):
        self.arcs: list[dict[int, int]] = [{}]
        self.is_complete = [True]
        after_separator = None
        if separator is not None:
            # As the beginning, except that a word must follow.
            after_separator = self._add_state(self.arcs[0])
        for i, word in enumerate(words):
            if not len(word):
                raise ValueError(f"Lexicon: words[{i}] is empty. Drop it.")
            if separator in word:
                raise ValueError(
                    f"Lexicon: words[{i}] contains the separator, {separator}. Split it."
                )
            state = 0
            for token in word:
                following = self.arcs[state].get(token)
                if following is None:
                    following = self.arcs[state][token] = self._add_state({})
                state = following
            self.is_complete[state] = True
            if separator is not None and after_separator is not None:
                self.arcs[state][separator] = after_separator

    def accepts(self, ids: Iterable[int]) -> bool:
        """Return whether a sequence consists of known words."""
        state = 0
        for token in ids:
            if token not in self.arcs[state]:
                return False
            state = self.arcs[state][token]
        return self.is_complete[state]

    def _add_state(self, arcs: dict[int, int]) -> int:
        self.arcs.append(arcs)
        self.is_complete.append(False)
        return len(self.arcs) - 1
