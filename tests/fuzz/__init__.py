"""Random calls of the public API, and what may come of them.

An outcome is success, or an error that names the caller and says what to do (`_verdict` has the
rules). `make fuzz` makes 20,000 calls, the tests 300.

- `names`: what programs may use; paste a reproducer after ``from tests.fuzz.names import *``.
- `_data`, `_values`: pools of sequences, targets, weights and of other arguments, as source text.
- `_estimators`, `_tools`: strategies for programs, short scripts drawn from the pools.
- `_sweep`: programs with a single fault each, all of them: `make test-slow`.
- `_verdict`: what is fine and what is raw.
- `_run`: runs programs, with bounded time and memory.
"""
