"""Random draws from pools."""

import re

from hypothesis import strategies as st


def any_of(draw, rate=3):
    """Return a function that draws from the first pool, one time in `rate` from the others."""

    def pick(good, *junk):
        pool = good if not junk or draw(st.integers(1, rate)) > 1 else sum(junk, ())
        return draw(st.sampled_from(pool))

    return pick


def maybe(draw, pool, rate=3):
    """Draw from the pool one time in `rate`, else None, for an argument that is left out."""
    return draw(st.sampled_from(pool)) if draw(st.integers(1, rate)) == 1 else None


def call(function, arguments, named):
    """Return a call as source text, without the named arguments that are None."""
    given = [f"{name}={value}" for name, value in named.items() if value is not None]
    return f"{function}({', '.join([*arguments, *given])})"


def one_line(draw, templates, pools):
    """Draw a template, and for each {name} in it an entry of the pool of that name."""
    template = draw(st.sampled_from(templates))
    return re.sub(r"\{(\w+)\}", lambda found: draw(st.sampled_from(pools[found[1]])), template)
