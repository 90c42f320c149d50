"""BLEU and chrF, computed with sacrebleu."""

import math
from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np

from ..sequences import Int, quote
from ._pairs import Tokens, check_same_number, import_extra, read_items, read_texts, read_weights


def bleu_score(
    y_true: Any,
    y_pred: Any,
    *,
    tokenize: str = "13a",
    multi_reference: bool = False,
    sample_weight: Any = None,
) -> float:
    """Corpus BLEU, from 0 to 100.

    The geometric mean of the precisions of word 1- to 4-grams, times a brevity penalty (Papineni et
    al., 2002), as computed by sacrebleu (Post, 2018): counts are summed over the corpus, so this is
    not the mean of the scores of single texts. It is unreliable for few texts, and 0 if all texts
    have fewer than four words, correct or not. Requires ``pip install sacrebleu``.

    Parameters
    ----------
    y_true : sequence of str or of sequences of str
        The true texts, one per sample. The words of a list are joined with spaces. With
        ``multi_reference=True`` a list of such texts per sample.
    y_pred : sequence of str or of sequences of str
        The predicted sequences.
    tokenize : str, default="13a"
        Tokenizer of sacrebleu: "13a" is that of the WMT shared tasks; "none" splits only at spaces,
        for tokenized texts; for "intl", "char", "zh" and others see sacrebleu's documentation.
    multi_reference : bool, default=False
        Whether ``y_true[i]`` is a list of reference texts instead of one text. Their number may
        differ between samples. The count of an n-gram is clipped at its maximum over the
        references, and the length is compared with the closest reference length.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

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
        If there are no texts, if `y_true` and `y_pred` differ in length, or if `tokenize` is
        unknown or requires a package that is not installed.

    See Also
    --------
    chrf_score : Compares characters; correlates better with human judgement for rich morphology.

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

    Two references, one of which was predicted:

    >>> references = [["the cat sat on the mat", "the cat sat on a mat"]]
    >>> round(bleu_score(references, ["the cat sat on a mat"], multi_reference=True), 1)
    100.0
    """
    true, predicted, weights = _read(y_true, y_pred, multi_reference, sample_weight, "bleu_score")
    sacrebleu = import_extra("sacrebleu", "bleu_score")
    if not isinstance(tokenize, str) or tokenize not in sacrebleu.BLEU.TOKENIZERS:
        known = ", ".join(repr(name) for name in sorted(sacrebleu.BLEU.TOKENIZERS))
        raise ValueError(f"bleu_score: tokenize is {tokenize!r}. Pass one of {known}.")
    # With effective_order sacrebleu does not warn about single texts, of which only counts are
    # used.
    try:
        metric = sacrebleu.BLEU(
            tokenize=tokenize, effective_order=sample_weight is not None, force=True
        )
    except (ImportError, RuntimeError) as error:  # a missing dependency of a tokenizer
        raise ImportError(
            f"bleu_score: tokenize={tokenize!r} needs a package that is not installed. sacrebleu: "
            f"{quote(error)}. Install it, or pass another one, such as '13a'."
        ) from error
    if sample_weight is None:
        return metric.corpus_score(predicted, _by_rank(true)).score
    texts = [metric.sentence_score(p, t) for t, p in zip(true, predicted, strict=True)]
    predicted_length = float(weights @ [text.sys_len for text in texts])
    true_length = float(weights @ [text.ref_len for text in texts])
    if not predicted_length:
        return 0.0
    brevity_penalty = min(1.0, math.exp(1.0 - true_length / predicted_length))
    # compute_bleu accepts only integer lengths: equal ones, so that it adds no brevity penalty.
    weighted = sacrebleu.BLEU.compute_bleu(
        correct=(weights @ [text.counts for text in texts]).tolist(),
        total=(weights @ [text.totals for text in texts]).tolist(),
        sys_len=1,
        ref_len=1,
        smooth_method=metric.smooth_method,
    )
    return brevity_penalty * weighted.score


def chrf_score(
    y_true: Any,
    y_pred: Any,
    *,
    word_order: Int = 0,
    multi_reference: bool = False,
    sample_weight: Any = None,
) -> float:
    """Corpus chrF, from 0 to 100.

    F-score of character 1- to 6-grams that weights recall twice as much as precision (Popović,
    2015), as computed by sacrebleu: counts are summed over the corpus, and white space is ignored.
    Requires ``pip install sacrebleu``.

    Parameters
    ----------
    y_true : sequence of str or of sequences of str
        The true texts, one per sample. The words of a list are joined with spaces. With
        ``multi_reference=True`` a list of such texts per sample.
    y_pred : sequence of str or of sequences of str
        The predicted sequences.
    word_order : int, default=0
        Maximum order of word n-grams that are included: 0 is chrF, 2 is chrF++ (Popović, 2017).
    multi_reference : bool, default=False
        Whether ``y_true[i]`` is a list of reference texts instead of one text. Their number may
        differ between samples. Each prediction is compared with its most similar reference.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.

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
        If there are no texts, if `y_true` and `y_pred` differ in length, or if `word_order` is not
        a non-negative integer.

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
    true, predicted, weights = _read(y_true, y_pred, multi_reference, sample_weight, "chrf_score")
    order: Any = word_order
    if isinstance(order, bool) or not isinstance(order, Integral) or order < 0:
        raise ValueError(
            f"chrf_score: word_order is {word_order!r}. Pass 0 for chrF, 2 for chrF++."
        )
    metric = import_extra("sacrebleu", "chrf_score").CHRF(word_order=int(word_order))
    if sample_weight is None:
        return metric.corpus_score(predicted, _by_rank(true)).score
    # Weights require the counts of each text, for which sacrebleu has no public API.
    counts = metric._extract_corpus_statistics(predicted, _by_rank(true))
    return metric._compute_score_from_stats((weights @ counts).tolist()).score


def _read(
    y_true: Any, y_pred: Any, multi_reference: Any, sample_weight: Any, caller: str
) -> tuple[list[list[str]], list[str], np.ndarray]:
    """The references of each sample, its predicted text and its weight."""
    if not isinstance(multi_reference, bool | np.bool_):
        raise TypeError(
            f"{caller}: multi_reference is {multi_reference!r}. Pass True if y_true has a list of "
            "references per sample, else False."
        )
    where = f"{caller}: y_true"
    if not multi_reference:
        true = [[text] for text in _join(read_texts(y_true, where), where)]
    else:
        true = [
            _references(references, f"{where}[{i}]")
            for i, references in enumerate(read_items(y_true, where))
        ]
    where = f"{caller}: y_pred"
    predicted = _join(read_texts(y_pred, where), where)
    check_same_number(true, predicted, caller)
    return true, predicted, read_weights(sample_weight, len(true), caller)


def _references(references: Any, where: str) -> list[str]:
    if isinstance(references, str):
        raise TypeError(
            f"{where} is a string, but multi_reference=True requires a list of references per "
            "sample. Pass [text] for a single one."
        )
    texts = _join(read_texts(references, where), where)
    if not texts:
        raise ValueError(f"{where} has no references. Pass at least one per sample.")
    return texts


def _by_rank(true: list[list[str]]) -> list[list[str | None]]:
    """First references of all samples, second references and so on, as sacrebleu expects."""
    n_references = max(map(len, true))
    return [
        [texts[rank] if rank < len(texts) else None for texts in true]
        for rank in range(n_references)
    ]


def _join(texts: Sequence[Tokens], where: str) -> list[str]:
    joined = []
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            for position, word in enumerate(text):
                if not isinstance(word, str):
                    raise TypeError(
                        f"{where}[{i}] has {word!r} at position {position}, which is not a string. "
                        "Pass a string or a list of strings."
                    )
                if len(word.split()) > 1:
                    # Joined, several references would silently be scored as one long one.
                    raise ValueError(
                        f"{where}[{i}] has {word!r} at position {position}, which is more than one "
                        "word. Pass a string or a list of words; or multi_reference=True if "
                        "y_true has a list of references per sample."
                    )
            text = " ".join(map(str, text))
        joined.append(text)
    return joined
