"""Programs that call the metrics."""

from hypothesis import strategies as st

from . import _sequences, _targets, _values
from ._draws import any_of, call, maybe

_FUNCTIONS = (
    "sequence_accuracy_score",
    "token_accuracy_score",
    "edit_distance",
    "token_error_rate",
    "character_error_rate",
    "word_error_rate",
    "bleu_score",
    "chrf_score",
)
_REFERENCES = (
    "[[text] for text in texts]",
    "[texts] * 4",
    "[[], ['a'], ['b'], ['c']]",
    "[[text, None] for text in texts]",
    "[words] * 4",
)
_TOKENIZERS = (
    "'13a'",
    "'none'",
    "'char'",
    "'intl'",
    "'zh'",
    "'ja-mecab'",
    "'spm'",
    "'flores101'",
    "'junk'",
)
_JUNK = _targets.JUNK_TOKENS + _targets.JUNK_TARGETS + _sequences.JUNK_DATA


@st.composite
def metric_programs(draw):
    """Call a metric, sometimes with the same strings as y_true and y_pred."""
    pick = any_of(draw)
    function = draw(st.sampled_from(_FUNCTIONS))
    texts = _targets.TOKENS if function != "character_error_rate" else _targets.TOKENS[:1]
    named = {"sample_weight": maybe(draw, _targets.WEIGHTS + _targets.JUNK_WEIGHTS)}
    true = pick(texts, _JUNK)
    if function == "edit_distance":
        named["normalize"] = maybe(draw, ("True", "False", *_values.JUNK))
    if function == "bleu_score":
        named["tokenize"] = maybe(draw, _TOKENIZERS[:5] + _TOKENIZERS[-1:] + _values.JUNK)
    if function == "chrf_score":
        named["word_order"] = maybe(draw, ("0", "2", "np.int64(1)", *_values.JUNK))
    if function in ("bleu_score", "chrf_score"):
        named["multi_reference"] = maybe(draw, ("True", "True", "False", *_values.JUNK))
        if named["multi_reference"] == "True":
            true = pick(_REFERENCES, _JUNK)
    predicted = pick((*texts, true), _JUNK)
    return ("X = ragged", call(function, [true, predicted], named))
