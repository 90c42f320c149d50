"""BLEU and chrF, through sacrebleu."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ._pairs import Tokens, import_extra, read_pairs


def bleu_score(
    y_true: Any, y_pred: Any, *, tokenize: str = "13a", sample_weight: Any = None
) -> float:
    """The BLEU of all predicted texts together, from 0 to 100.

    The geometric mean of the shares of predicted 1- to 4-grams of words that the true text has,
    too, times a penalty for texts that are too short (Papineni et al., 2002), as sacrebleu computes
    it (Post, 2018): counts are summed up over the corpus, so this is no mean of the texts' scores.
    Of few texts it says little, and of texts that all have fewer than four words it is 0, right or
    wrong. Needs ``pip install "sk-rnn[text]"``.

    Parameters
    ----------
    y_true : sequence of str or of sequences of str
        The true texts, one per sample. The words of a list are joined with spaces.
    y_pred : sequence of str or of sequences of str
        The predicted ones.
    tokenize : str, default="13a"
        How sacrebleu splits texts into words: "13a" is that of the WMT shared tasks; "none" only at
        spaces, for texts that are tokenised already; "intl", "char", "zh" and others are described
        there.
    sample_weight : array-like of shape (n_samples,), default=None
        How often each sample counts.

    Returns
    -------
    score : float
        From 0 to 100; greater is better.

    Raises
    ------
    ImportError
        If sacrebleu is not installed.
    TypeError
        If a text is None or a number.
    ValueError
        If there are no texts, not as many predicted as true ones, or `tokenize` is unknown.

    See Also
    --------
    chrf_score : Needs no words, and agrees better with people on rich morphology.

    References
    ----------
    Papineni, Roukos, Ward & Zhu (2002), BLEU: a Method for Automatic Evaluation of Machine
    Translation, ACL.
    Post (2018), A Call for Clarity in Reporting BLEU Scores, WMT.

    Examples
    --------
    >>> from sk_rnn.metrics import bleu_score
    >>> score = bleu_score(["the cat sat on the mat"], ["the cat sat on a mat"])
    >>> round(score, 1)
    53.7
    """
    true, predicted, weights = _read_texts(y_true, y_pred, sample_weight, "bleu_score")
    sacrebleu = import_extra("sacrebleu", "bleu_score")
    if tokenize not in sacrebleu.BLEU.TOKENIZERS:
        known = ", ".join(repr(name) for name in sorted(sacrebleu.BLEU.TOKENIZERS))
        raise ValueError(f"bleu_score: tokenize is {tokenize!r}. Pass one of {known}.")
    # With effective_order sacrebleu does not warn of single texts, of which only counts are used.
    metric = sacrebleu.BLEU(
        tokenize=tokenize, effective_order=sample_weight is not None, force=True
    )
    if sample_weight is None:
        return metric.corpus_score(predicted, [true]).score
    texts = [metric.sentence_score(p, [t]) for t, p in zip(true, predicted, strict=True)]
    predicted_length = float(weights @ [text.sys_len for text in texts])
    true_length = float(weights @ [text.ref_len for text in texts])
    if not predicted_length:
        return 0.0
    brevity_penalty = min(1.0, math.exp(1.0 - true_length / predicted_length))
    # compute_bleu takes whole lengths only: equal ones, so that it adds no penalty of its own.
    weighted = sacrebleu.BLEU.compute_bleu(
        correct=(weights @ [text.counts for text in texts]).tolist(),
        total=(weights @ [text.totals for text in texts]).tolist(),
        sys_len=1,
        ref_len=1,
        smooth_method=metric.smooth_method,
    )
    return brevity_penalty * weighted.score


def chrf_score(
    y_true: Any, y_pred: Any, *, word_order: int = 0, sample_weight: Any = None
) -> float:
    """The chrF of all predicted texts together, from 0 to 100.

    An F-score of character 1- to 6-grams, in which recall counts twice as much as precision
    (Popović, 2015), as sacrebleu computes it: counts are summed up over the corpus, and spaces do
    not count. Needs ``pip install "sk-rnn[text]"``.

    Parameters
    ----------
    y_true : sequence of str or of sequences of str
        The true texts, one per sample. The words of a list are joined with spaces.
    y_pred : sequence of str or of sequences of str
        The predicted ones.
    word_order : int, default=0
        The longest n-grams of words that count as well: 0 is chrF, 2 is chrF++ (Popović, 2017).
    sample_weight : array-like of shape (n_samples,), default=None
        How often each sample counts.

    Returns
    -------
    score : float
        From 0 to 100; greater is better.

    Raises
    ------
    ImportError
        If sacrebleu is not installed.
    TypeError
        If a text is None or a number.
    ValueError
        If there are no texts, not as many predicted as true ones, or `word_order` is negative.

    See Also
    --------
    bleu_score : Compares words.

    References
    ----------
    Popović (2015), chrF: character n-gram F-score for automatic MT evaluation, WMT.
    Popović (2017), chrF++: words helping character n-grams, WMT.

    Examples
    --------
    >>> from sk_rnn.metrics import chrf_score
    >>> round(chrf_score(["the cat sat on the mat"], ["the cat sat on a mat"]), 1)
    66.0
    """
    true, predicted, weights = _read_texts(y_true, y_pred, sample_weight, "chrf_score")
    if word_order < 0:
        raise ValueError(
            f"chrf_score: word_order is {word_order!r}. Pass 0 for chrF, 2 for chrF++."
        )
    metric = import_extra("sacrebleu", "chrf_score").CHRF(word_order=word_order)
    if sample_weight is None:
        return metric.corpus_score(predicted, [true]).score
    # Weights need the counts of each text, which sacrebleu has no public access to.
    counts = metric._extract_corpus_statistics(predicted, [true])
    return metric._compute_score_from_stats((weights @ counts).tolist()).score


def _read_texts(
    y_true: Any, y_pred: Any, sample_weight: Any, caller: str
) -> tuple[list[str], list[str], np.ndarray]:
    true, predicted, weights = read_pairs(y_true, y_pred, sample_weight, caller)
    return _join(true, f"{caller}: y_true"), _join(predicted, f"{caller}: y_pred"), weights


def _join(texts: Sequence[Tokens], where: str) -> list[str]:
    joined = []
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            for position, word in enumerate(text):
                if not isinstance(word, str):
                    raise TypeError(
                        f"{where}[{i}] has {word!r} at position {position}, which is no word. Pass "
                        "a string or a list of strings."
                    )
            text = " ".join(map(str, text))
        joined.append(text)
    return joined
