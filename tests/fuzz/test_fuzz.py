"""Random calls of the public API succeed, or raise an error with advice."""

import math
import os
import warnings
from itertools import islice

import pytest

from sk_rnn.estimators._names import INSTEAD

from . import _forecasters, _metrics, _panels, _sequences, _targets, _tools, _values
from ._areas import AREAS, chunks
from ._run import add, alarm, bounded, collect, run_program, summary
from ._sweep import single_faults
from ._verdict import fault_of_error
from .names import namespace

N_CASES = int(os.environ.get("FUZZ_CASES", "300"))
N_PARTS = 8
N_SHARES = sum(share for _, share in AREAS.values())


@pytest.mark.parametrize("area", AREAS)
def test_random_programs_have_no_raw_outcome(area):
    strategy, share = AREAS[area]
    found = collect(strategy, math.ceil(N_CASES * share / N_SHARES))
    assert not found, f"\n{summary(found)}"


@pytest.mark.slow
@pytest.mark.parametrize("part", range(N_PARTS))
def test_single_faults_have_no_raw_outcome(part):
    found = {}
    with bounded():
        for program in islice(single_faults(), part, None, N_PARTS):
            with alarm():
                outcomes = run_program(program)
            for outcome in outcomes:
                add(found, outcome)
    assert not found, f"\n{summary(found)}"


@pytest.mark.parametrize("hint", sorted(set(INSTEAD.values())))
def test_hints_instead_of_a_parameter_give_advice(hint):
    error = TypeError(f"RNNClassifier.fit: unknown parameter 'x'. {hint}")
    assert fault_of_error(error) is None


def test_seeds_that_follow_each_other_have_no_chunk_in_common():
    seeds = [{(area, seed) for area, _, seed in chunks(20_000, seed)} for seed in (1, 2)]
    assert not set.intersection(*seeds)


def expressions():
    """Every entry of every pool, once."""
    found = set()
    for module in (_sequences, _targets, _values, _panels, _tools, _metrics, _forecasters):
        for pool in vars(module).values():
            entries = pool.values() if isinstance(pool, dict) else [pool]
            for entry in entries:
                if isinstance(entry, tuple) and entry != _values.SLOW:
                    found |= {text for text in entry if isinstance(text, str)}
    names = ("sequence_accuracy_score", "token_accuracy_score", "token_error_rate")
    return sorted(text for text in found if text not in names)


def test_pools_hold_expressions_that_can_be_evaluated():
    known = namespace()
    exec("X = ragged\nm = Panel.from_sequences(ragged)", known)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text in expressions():
            eval(text, known)


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("m = RNNClassifier(hidden_size=2).nothing()", "AttributeError of another kind"),
        ("{}['a']", "KeyError of another kind"),
        ("int('a')", "ValueError without the caller"),
        ("np.float32(1e30) * np.float32(1e30)", "RuntimeWarning"),
        ("warnings.warn('RNNClassifier: of ours')", None),
        ("RNNClassifier(hidden_size=0).fit(ragged, labels)", None),
        ("RNNClassifier().predict(ragged)", None),
        ("RNNClassifier().set_params(epochs=3)", None),
        ("RNNClassifier().fit(ragged, labels[:3])", None),
    ],
)
def test_run_program_finds_what_is_raw(line, kind):
    outcomes = run_program((line,))
    assert [outcome.kind.startswith(kind) for outcome in outcomes] == [True] * bool(kind)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("RNNClassifier.fit: X is None. Pass sequences.", None),
        ("RNNClassifier.fit: X is None.", "without what to do"),
        ("X is None. Pass sequences.", "without the caller"),
        ("pad_sequences: X is None.. Pass sequences.", "with doubled full stops"),
    ],
)
def test_fault_of_error_looks_for_caller_and_advice(text, fault):
    assert fault_of_error(ValueError(text)) == fault
