"""Random calls of the public API, and their acceptable outcomes.

An outcome is success, or an error that names the caller and gives advice (`_verdict` has the
rules). `make fuzz` makes 20,000 calls, the tests 300.

- `names`: names available to programs; paste a reproducer after ``from tests.fuzz.names import *``.
- `_data`, `_values`: pools of sequences, targets, weights and of other arguments, as source text.
- `_estimators`, `_tools`: strategies for programs, short scripts drawn from the pools.
- `_sweep`: programs with a single fault each, all of them: `make test-slow`.
- `_verdict`: acceptable outcomes and raw ones.
- `_run`: runs programs, with bounded time and memory.
"""
