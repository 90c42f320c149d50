"""Run many random programs on all cores: ``python -m tests.fuzz``.

The number of cases is in the environment variable FUZZ_CASES, the seed in FUZZ_SEED.
"""

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

# A process per core, of which each fits tiny networks.
os.environ.setdefault("OMP_NUM_THREADS", "1")

CASES = 20_000


def main():
    """Run, print, and return the exit status."""
    from ._areas import chunks, run_chunk
    from ._run import add, summary

    n_cases = int(os.environ.get("FUZZ_CASES", CASES))
    seed = int(os.environ.get("FUZZ_SEED") or int.from_bytes(os.urandom(4), "big"))
    print(f"FUZZ_SEED={seed} FUZZ_CASES={n_cases}", flush=True)
    found, done = {}, 0
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=spawn) as pool:
        parts = chunks(n_cases, seed)
        futures = {pool.submit(run_chunk, *part): part for part in parts}
        for future in as_completed(futures):
            try:
                result = future.result()
            except BrokenProcessPool:
                print(f"A process died, perhaps in {futures[future]}.")
                return 1
            for n, outcome in result.values():
                add(found, outcome, n)
            done += futures[future][1]
            print(f"\r{done} cases, {len(found)} raw kinds", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    if found:
        print(summary(found))
    n_raw = sum(n for n, _ in found.values())
    print(f"{n_raw} raw outcomes of {len(found)} kinds in {done} cases (FUZZ_SEED={seed})")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
