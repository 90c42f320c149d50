"""The areas of the public API, each with a strategy for programs and its share of the cases."""

from ._estimators import estimator_programs
from ._forecasters import forecaster_programs
from ._language import language_programs
from ._metrics import metric_programs
from ._panels import panel_programs
from ._run import collect
from ._tools import function_programs, transformer_programs
from ._transcribers import transcriber_programs

AREAS = {
    "estimators": (estimator_programs(), 6),
    "forecasters": (forecaster_programs(), 3),
    "language": (language_programs(), 3),
    "transcribers": (transcriber_programs(), 2),
    "panels": (panel_programs(), 2),
    "transformers": (transformer_programs(), 4),
    "functions": (function_programs(), 2),
    "metrics": (metric_programs(), 2),
}
# Programs of one seed.
CHUNK = 250


def run_chunk(area, n_cases, seed):
    """Run programs of one area."""
    return collect(AREAS[area][0], n_cases, seed)


def chunks(n_cases, seed):
    """Return the area, the number of cases and the seed of each chunk.

    Seeds that follow each other have no chunk in common.
    """
    total = sum(share for _, share in AREAS.values())
    parts = []
    for area, (_, share) in AREAS.items():
        left = round(n_cases * share / total)
        while left > 0:
            parts.append((area, min(left, CHUNK), 1000 * seed + len(parts)))
            left -= CHUNK
    return parts
