"""
Which sessions are unusual?
===========================

A shop logs what people do: one session is a sequence of events. A model of the usual sessions
needs no labels: what it finds improbable is unusual. Some of today's sessions have one event that
does not belong there; the known answer is which sessions, and where.

What makes an event unusual may be far back: customers and staff do similar things, but only
customers review, and only staff refund. The rival, a Markov chain, compares each event with the
one before it.
"""

import itertools
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import RocCurveDisplay

from sk_rnn import RNNLanguageModel

# %%
# Sessions
# --------
FOLLOWS = {
    "customer": ["search", "view"],
    "staff": ["search", "view"],
    "search": ["search", "view", "view"],
    "view": ["search", "view", "order", "OWN", "logout"],
    "order": ["view", "pay"],
    "pay": ["view", "logout"],
    "refund": ["view", "logout"],
    "review": ["view", "logout"],
}
OWN = {"customer": "review", "staff": "refund"}


def make_session(rng):
    """Return the events of a usual session."""
    session = [str(rng.choice(list(OWN)))]
    while session[-1] != "logout":
        event = str(rng.choice(FOLLOWS[session[-1]]))
        session.append(OWN[session[0]] if event == "OWN" else event)
    return session


rng = np.random.default_rng(0)
usual = [make_session(rng) for _ in range(1_000)]
today = [make_session(rng) for _ in range(500)]
wrong_step = np.full(len(today), -1)
for i, session in enumerate(today):
    own = [k for k, event in enumerate(session) if event in OWN.values()]
    if own and rng.random() < 0.2:
        wrong_step[i] = own[-1]
        session[own[-1]] = "refund" if session[own[-1]] == "review" else "review"
is_wrong = wrong_step >= 0
print(f"{is_wrong.sum()} of {len(today)} sessions are wrong, such as {today[is_wrong.argmax()]}")

# %%
# The least likely step of each session
# -------------------------------------
# Each step has a log-likelihood, given the previous ones; the last is that of the end. A session is
# as usual as its least usual step.
model = RNNLanguageModel(analyzer=None, max_epochs=15, random_state=0).fit(usual)
steps = model.score_steps(today)
network = np.array([row.min() for row in steps])

pairs = Counter(pair for session in usual for pair in itertools.pairwise(session))
firsts = Counter(event for session in usual for event in session[:-1])
chain = np.array(
    [
        min(np.log((pairs[a, b] + 1) / (firsts[a] + 9)) for a, b in itertools.pairwise(session))
        for session in today
    ]
)
found = np.mean([steps[i].argmin() == wrong_step[i] for i in np.flatnonzero(is_wrong)])
print(f"the network's least likely step is the wrong one in {found:.0%} of the wrong sessions")

figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
for ax, name, values in zip(axes, ("Markov chain", "network"), (chain, network), strict=False):
    parts = [values[~is_wrong], values[is_wrong]]
    ax.hist(parts, bins=25, stacked=True, color=["C0", "C3"], label=["usual", "wrong"])
    ax.set(title=name, xlabel="log-likelihood of the least likely step", ylabel="sessions")
    RocCurveDisplay.from_predictions(
        is_wrong, -values, name=name, ax=axes[2], plot_chance_level=name == "network"
    )
axes[0].legend(loc="upper left")
axes[2].set_title("sessions found")
plt.show()

# %%
# The network separates wrong sessions from usual ones. The chain sees nothing unusual in an event
# that others do at this place: it ranks all sessions with rare events first, right or wrong.
#
# Why is a session unusual?
# -------------------------
# The steps of the least likely session tell what should not be there.
worst = network.argmin()
events = [*today[worst], "(end)"]

figure, ax = plt.subplots(figsize=(9, 2.8), layout="constrained")
colors = ["C3" if k == wrong_step[worst] else "C0" for k in range(len(events))]
ax.bar(range(len(events)), np.exp(steps[worst]), color=colors)
ax.set_xticks(range(len(events)), events, rotation=30, ha="right")
ax.set(
    ylabel="probability",
    yscale="log",
    title="Steps of the least likely session, the wrong one in red",
)
plt.show()

# %%
# **What was learned**
#
# - A model of usual sessions finds unusual ones without labels, and names the step.
# - It notices events that are wrong because of an event far back, which no comparison of
#   neighbours shows.
# - The least likely step does not depend on the length of a session, as the sum of all steps does.
#
# **Limitation**: unusual is not bad, and usual is not good. A rare but honest event scores low,
# and what happened often enough in the training sessions scores high. See :doc:`/generation`.
