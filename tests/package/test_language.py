"""The language of the project: phrases that are unusual in its field are not used."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXCLUDED = ("tests/package/test_language.py",)  # this file, with all of the phrases
COUNTED = (
    r"(?:labels?|numbers?|loss|rows?|weights?|values?|tokens?|seconds|ids?|vector|features?|outputs?"
    r"|targets?|predictions?|steps?|epochs?|passes|draws?|mask|gather|one|two|several|\d+"
    r"|nats|bits|characters?|written|trained on)"
)
PER = r"(?:sequence|(?:time )?step|row|epoch|sample|chunk|batch|fit|token|second|character|word)"

# The usual wording follows each phrase.
PHRASES = {
    "per": rf"\b{COUNTED} an? {PER}\b(?! of\b)(?!-)",  # one label per sequence
    "is not a": r"(?<![Tt]here )\b(?:is|are) no (?!(?:longer|more|less|better|other|such)\b)\w+",
    "any more": r"\bno \w+ any more\b",  # no longer
    "so many": r"\b(?:of|in|after|least|most|each of|about) so (?:many|few)\b",  # this many
    "multiples": r"\bwhole multiples\b",  # every ...-th step
    "that many": r"\bsays that many\b",  # predicts the number of
    "less than some": r"\b[Ll]ess than (?:some|a few|a hundred)\b",  # fewer than a few hundred
    "lacks": r"\b(?:which|what) \w+ ha(?:s|ve) not\b(?! \w+(?:ed|en)\b)",  # lacks
    "differ": r"\bha(?:s|ve) not (?:as many|the same|one|a)\b",  # differs
    "frame of cells": r"\bframes? of cells\b",  # a DataFrame whose cells hold sequences
    "generates": r"\b(?:model|decoder|network) sa(?:ys|id)\b",  # predicts
    "predicted": r"\bsaid = \w+\.(?:predict|sample)",  # predicted
    "reconstruct": r"\bsay (?:\w+ ){1,2}again\b|\blearn(?:s|ed)? to say\b",  # reconstruct its input
    "gives up": r"\bgiv(?:es?|ing) up\b|\b[Ss]teps after which decoding\b",  # maximum steps
    "uses": r"(?:\"auto\"|``auto``|\bNone) takes\b|\btakes (?:CUDA|the GPU)\b",  # uses, selects
    "hidden size": r"\b[Ff]eatures of the hidden state\b",  # size of the hidden state
    "stacked": r"\bon top of (?:each other|one another)\b",  # stacked
    "improvement": r"\b[Rr]ise of the\b",  # improvement in
    "boundaries": r"\b[Bb]orders?\b",  # chunk boundaries
    "matrix multiplication": r"\bproducts? (?:run|runs|ran) in\b|\bruns? products?\b",
    "values at": r"\b[Ww]hat stands\b|\bwhat (?:it|there) (?:is|stands) at\b",  # the values at
    "rest of the batch": r"\bcompany\b",  # the rest of the batch
    "backward pass": r"\bon the way back\b(?! in)|\bgoes back through\b",  # in the backward pass
    "memorised": r"\bby heart\b",  # memorised
    "again": r"\banew\b",  # again, download again, refit
    "fix": r"\b[Mm]end(?:s|ed|ing)? (?:the|it|your)\b",  # fix
    "custom": r"\bof (?:one's|your) own\b",  # custom
    "tokens": r"\bsymbols of (?:X|the source)\b|\bsource symbols\b",  # tokens
    "positive": r"\b(?:glad|sad)\b",  # positive, negative
    "expected": r"\bwhere \w+ belongs?\b",  # where ... are expected
    "out of a vocabulary": r"\bout of a vocabulary\b",  # from a vocabulary
    "back-propagation": r"\bback-propagation\b",  # backpropagation
    "for ever": r"\bfor ever\b",  # forever
    "previous": r"\bgiven those before\b(?! \w)"  # the previous ones
    r"|\bthe (?:series|times|tokens|rows) before(?=[.,:;)]| (?:were|was|had)\b)",
    "supported": r"\b[Nn]ot possible (?:for|with)\b",  # not supported
    "for a": r"(?:[.;:] |\"\"\")Of an? \w+",  # for a classifier, ...
    "for example": r", as with [A-Z]\w+",  # for example with StandardScaler
    "separate": r"\ban? \w+ of (?:its|their) own\b",  # a separate
    "jointly": r"\b(?:chosen|predicted) together\b",  # jointly
    "end token": r"\b(?:begin|end) marks?\b",  # end token
    "evenly spaced": r"\bequally far apart\b",  # evenly spaced
    "informative": r"\btells? (?:nothing|most)\b",  # is not, is the most informative
    "therefore": r"\b[Tt]hus\b",  # so, therefore
}


def texts():
    """Yield the files that are searched, as paths relative to the project."""
    found = [
        *ROOT.glob("sk_rnn/**/*.py"),
        *ROOT.glob("tests/**/*.py"),
        *ROOT.glob("examples/**/*.py"),
    ]
    found += [*ROOT.glob("benchmarks/*"), *ROOT.glob("*.md"), *ROOT.glob("docs/*.py")]
    found += [*ROOT.glob("docs/*.rst"), ROOT / "docs/api/index.rst"]
    found += [*ROOT.glob("docs/coming_from/*.rst"), *ROOT.glob("docs/coming_from/code/*.py")]
    found += [ROOT / "Makefile", ROOT / "pyproject.toml"]
    for path in sorted(found):
        name = path.relative_to(ROOT).as_posix()
        if path.is_dir() or name in EXCLUDED:
            continue
        if path.suffix in (".py", ".rst", ".md", ".toml", ""):
            yield name


NAMES = list(texts())


def test_language_reads_every_folder():
    folders = {name.split("/")[0] for name in NAMES}
    assert {"sk_rnn", "tests", "docs", "examples", "benchmarks", "README.md"} <= folders


@pytest.mark.parametrize("phrase", PHRASES)
def test_language_is_that_of_the_field(phrase):
    pattern = re.compile(PHRASES[phrase])
    found = [
        f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for name in NAMES
        for text in [(ROOT / name).read_text(encoding="utf-8")]
        for match in pattern.finditer(text)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("per", "one label a sequence"),
        ("per", "a loss a row"),
        ("per", "4 rows a time step"),
        ("is not a", "X is no number"),
        ("is not a", "these are no kind of sequences"),
        ("multiples", "whole multiples of the stride"),
        ("gives up", "Steps after which decoding ends"),
        ("tokens", "the symbols of X"),
        ("so many", "in chunks of so many steps"),
        ("lacks", "a type which NumPy has not"),
        ("boundaries", "the borders of chunks"),
        ("rest of the batch", "alone and in company"),
        ("expected", "strings where numbers belong"),
        ("per", "1.5 nats a character"),
        ("previous", "each step given those before."),
        ("previous", "but the series before were longer"),
        ("supported", "Not possible for token ids"),
        ("for a", "the weights. Of a pooling, there is one row"),
        ("for example", "Encode them, as with OneHotEncoder"),
        ("separate", "a vector of its own"),
        ("jointly", "labels are predicted together"),
        ("end token", "without the end mark"),
        ("evenly spaced", "rows are equally far apart"),
        ("informative", "letters tell nothing"),
        ("therefore", "Thus it is causal"),
    ],
)
def test_language_finds_what_it_looks_for(phrase, text):
    assert re.search(PHRASES[phrase], text)
