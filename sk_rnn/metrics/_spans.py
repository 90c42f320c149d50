"""F1 score of spans, such as named entities, that are encoded as token tags."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, overload

import numpy as np

from ..sequences import plain
from ._pairs import Tokens, read_pairs


class _Tag(NamedTuple):
    prefix: str  # "O" outside of spans
    type: str


_OUTSIDE = _Tag("O", "")

# A predicate of two consecutive tags.
_Test = Callable[[_Tag, _Tag], bool]


class _Scheme(NamedTuple):
    """How the tags of a sequence encode spans."""

    prefixes: str
    starts: _Test  # whether the second tag starts a span
    continues: _Test  # whether the second tag continues the span that the first tag is in
    completes: _Test  # whether a span that ends between the two tags is valid


def _starts_conll(before: _Tag, tag: _Tag) -> bool:
    if tag.prefix == "O":
        return False
    return tag.prefix in "BS" or before.prefix in "OES" or tag.type != before.type


def _starts_iob1(before: _Tag, tag: _Tag) -> bool:
    if tag.prefix == "B":  # only needed after another span of the type
        return before.prefix in "BI" and tag.type == before.type
    if tag.prefix == "I":
        return before.prefix != "I" or tag.type != before.type
    return False


def _continues(before: _Tag, tag: _Tag) -> bool:
    return before.prefix in "BI" and tag.prefix in "IE" and tag.type == before.type


def _always(before: _Tag, tag: _Tag) -> bool:
    return True


# Ramshaw and Marcus (1995): IOB1; Tjong Kim Sang and Veenstra (1999): IOB2. "conll" reads tags as
# the script conlleval of the CoNLL shared tasks does.
_SCHEMES = {
    "conll": _Scheme(
        "BIES",
        _starts_conll,
        lambda before, tag: tag.prefix != "O" and not _starts_conll(before, tag),
        _always,
    ),
    "IOB1": _Scheme(
        "BI",
        _starts_iob1,
        _continues,
        # In this scheme, B only separates spans of the same type: B-X before B-Y is not a span.
        lambda last, tag: (last.prefix, tag.prefix) != ("B", "B") or last.type == tag.type,
    ),
    "IOB2": _Scheme("BI", lambda before, tag: tag.prefix == "B", _continues, _always),
    "IOBES": _Scheme(
        "BIES",
        lambda before, tag: tag.prefix in "BS",
        _continues,
        lambda last, tag: last.prefix in "ES",
    ),
}

_AVERAGES = ("micro", "macro", "weighted", None)

Average = Literal["micro", "macro", "weighted"]
SchemeName = Literal["conll", "IOB1", "IOB2", "IOBES"]


@overload
def span_f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    scheme: SchemeName = "conll",
    average: Average = "micro",
    zero_division: float = 0.0,
    sample_weight: Any = None,
) -> float: ...


@overload
def span_f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    scheme: SchemeName = "conll",
    average: None,
    zero_division: float = 0.0,
    sample_weight: Any = None,
) -> np.ndarray: ...


def span_f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    scheme: SchemeName = "conll",
    average: Average | None = "micro",
    zero_division: float = 0.0,
    sample_weight: Any = None,
) -> float | np.ndarray:
    """F1 score of spans that are encoded as tags, such as named entities and phrases.

    A predicted span is correct if a true span has the same first token, last token and type. This
    is the usual metric for named entity recognition and chunking, where the accuracy of tags is
    uninformative because most of them are "O". The results equal those of seqeval and of the
    script conlleval.

    Parameters
    ----------
    y_true : sequence of sequences of str
        The true tags: "O" outside of spans, otherwise a prefix with a type, such as "B-PER", or
        only a prefix if there is a single type of span.
    y_pred : sequence of sequences of str
        The predicted tags, one per true tag.
    scheme : {"conll", "IOB1", "IOB2", "IOBES"}, default="conll"
        How tags encode spans. "conll" accepts all of these, leniently: a span also starts at an
        "I" after "O" or after another type, and need not be closed. The others count only spans
        that are valid in the scheme: in "IOB2" (also called BIO) a span is a "B" and the "I" of
        the same type that follow; in "IOB1" a span begins with "I", and with "B" directly after a
        span of the same type; in "IOBES" it is a "B", any number of "I" and an "E", or a single
        "S".
    average : {"micro", "macro", "weighted"} or None, default="micro"
        "micro" counts all spans together, "macro" is the mean of the scores of all types, and
        "weighted" their mean weighted by the number of true spans. None returns the score of
        each type, in alphabetical order.
    zero_division : float, default=0.0
        Score if there are neither true nor predicted spans: 0, 1 or NaN.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the sequences, which apply to both true and predicted spans.

    Returns
    -------
    score : float, or ndarray of shape (n_types,) if `average` is None
        From 0 to 1; greater is better.

    Raises
    ------
    TypeError
        If a tag is not a string.
    ValueError
        If a tag does not belong to the scheme, if the numbers of tags differ, or if a parameter is
        invalid.

    See Also
    --------
    per_time_step : scikit-learn's metrics on individual tags.
    token_accuracy_score : Fraction of correct tags.

    References
    ----------
    Tjong Kim Sang and Veenstra (1999), Representing text chunks.
    Tjong Kim Sang and De Meulder (2003), Introduction to the CoNLL-2003 shared task.

    Examples
    --------
    One of two true spans is predicted, and no other span:

    >>> from sk_rnn.metrics import span_f1_score
    >>> y_true = [["B-PER", "I-PER", "O", "B-LOC"]]
    >>> y_pred = [["B-PER", "I-PER", "O", "O"]]
    >>> round(span_f1_score(y_true, y_pred), 3)
    0.667
    >>> span_f1_score(y_true, y_pred, average=None)  # LOC, PER
    array([0., 1.])

    As a scorer in model selection:

    >>> from sklearn.metrics import make_scorer
    >>> scoring = make_scorer(span_f1_score, scheme="IOB2")
    """
    caller = "span_f1_score"
    _check_parameters(scheme, average, zero_division, caller)
    true, predicted, weights = read_pairs(y_true, y_pred, sample_weight, caller)
    rules = _SCHEMES[scheme]
    n_true: Counter[str] = Counter()
    n_predicted: Counter[str] = Counter()
    n_correct: Counter[str] = Counter()
    known: dict[Any, _Tag] = {"O": _OUTSIDE}
    for i, (t, p, weight) in enumerate(zip(true, predicted, weights.tolist(), strict=True)):
        if len(t) != len(p):
            raise ValueError(
                f"{caller}: y_true[{i}] has {len(t)} tags, but y_pred[{i}] has {len(p)}. Pass one "
                "predicted tag per true tag."
            )
        in_true = _spans(_read(t, known, scheme, f"{caller}: y_true[{i}]"), rules)
        in_predicted = _spans(_read(p, known, scheme, f"{caller}: y_pred[{i}]"), rules)
        if weight == 0:  # the types of its spans are ignored, too
            continue
        correct = set(in_true).intersection(in_predicted)
        for counts, spans in ((n_true, in_true), (n_predicted, in_predicted), (n_correct, correct)):
            for span in spans:
                counts[span[0]] += weight
    types = sorted(n_true.keys() | n_predicted.keys())
    counts_of_types = np.array(
        [(n_correct[kind], n_true[kind], n_predicted[kind]) for kind in types], dtype=np.float64
    ).reshape(-1, 3)
    return _average(counts_of_types, average, float(zero_division))


def _average(counts: np.ndarray, average: str | None, undefined: float) -> float | np.ndarray:
    """Return F1 given counts (n_types, 3) of correct, true and predicted spans."""
    if average == "micro":
        counts = counts.sum(axis=0, keepdims=True)
    found = counts[:, 1] + counts[:, 2]
    scores = np.full(len(counts), undefined)
    np.divide(2 * counts[:, 0], found, out=scores, where=found > 0)
    if average is None:
        return scores
    if not found.any():
        return undefined
    if average != "weighted":
        return float(scores.mean())
    n_true = counts[:, 1]
    return float(scores @ n_true / n_true.sum()) if n_true.any() else 0.0


def _spans(tags: Sequence[_Tag], scheme: _Scheme) -> list[tuple[str, int, int]]:
    """Return the spans of a sequence: type, first token, and last token plus one."""
    spans = []
    before, start = _OUTSIDE, -1  # no open span
    for i, tag in enumerate([*tags, _OUTSIDE]):
        if start >= 0 and not scheme.continues(before, tag):
            if scheme.completes(before, tag):
                spans.append((before.type, start, i))
            start = -1
        if start < 0 and scheme.starts(before, tag):
            start = i
        before = tag
    return spans


def _read(sequence: Tokens, known: dict[Any, _Tag], scheme: str, where: str) -> list[_Tag]:
    tags = []
    for position, label in enumerate(sequence):
        tag = known.get(label)
        if tag is None:
            tag = known[label] = _parse(label, scheme, f"{where} has {plain(label)}", position)
        tags.append(tag)
    return tags


def _parse(label: Any, scheme: str, what: str, position: int) -> _Tag:
    what = f"{what} at position {position}"
    if not isinstance(label, str):
        raise TypeError(f"{what}, which is not a string. Pass tags such as 'B-PER' and 'O'.")
    prefix, dash, kind = label.partition("-")
    allowed = _SCHEMES[scheme].prefixes
    # Neither a dash without a type nor a type without a prefix is valid.
    if len(prefix) != 1 or prefix not in allowed or (dash and not kind):
        hint = " In BILOU tags, replace L by E and U by S." if prefix in ("L", "U") else ""
        listed = ", ".join(repr(letter) for letter in allowed)
        raise ValueError(
            f"{what}, which is not a tag of scheme={scheme!r}: 'O', or one of {listed}, alone or "
            f"with a type, such as 'B-PER'.{hint}"
        )
    return _Tag(prefix, kind)


def _check_parameters(scheme: Any, average: Any, zero_division: Any, caller: str) -> None:
    if not isinstance(scheme, str) or scheme not in _SCHEMES:
        raise ValueError(f"{caller}: scheme must be one of {list(_SCHEMES)}; got {plain(scheme)}.")
    if not (average is None or isinstance(average, str)) or average not in _AVERAGES:
        raise ValueError(
            f"{caller}: average must be one of {list(_AVERAGES[:-1])} or None; got "
            f"{plain(average)}."
        )
    number = isinstance(zero_division, int | float | np.number) and not isinstance(
        zero_division, bool
    )
    if not number or not (zero_division in (0, 1) or np.isnan(zero_division)):
        raise ValueError(
            f"{caller}: zero_division must be 0, 1 or NaN; got {plain(zero_division)}."
        )
