"""
Which sessions of a log are unusual, and at which step?
=======================================================

A model of the usual sessions needs no labels. Here sessions follow the states of a shop, and some
are broken at one place; the known answer is which ones, and where.
"""

import numpy as np
from sklearn.metrics import roc_auc_score

from sk_rnn import RNNLanguageModel

FOLLOWS = {
    "login": ["search", "browse"],
    "search": ["view", "view", "search"],
    "browse": ["view", "browse", "logout"],
    "view": ["view", "add", "search", "logout"],
    "add": ["view", "checkout", "checkout"],
    "checkout": ["pay"],
    "pay": ["logout"],
}


def make_session(rng):
    """Return the events of a usual session."""
    session = ["login"]
    while session[-1] != "logout" and len(session) < 30:
        session.append(str(rng.choice(FOLLOWS[session[-1]])))
    return session


rng = np.random.default_rng(0)
usual = [make_session(rng) for _ in range(600)]
today = [make_session(rng) for _ in range(200)]
broken = rng.random(200) < 0.1
places = {}
for i in np.flatnonzero(broken):
    places[i] = int(rng.integers(1, len(today[i])))
    today[i].insert(places[i], "pay" if today[i][places[i] - 1] != "checkout" else "login")

model = RNNLanguageModel(analyzer=None, hidden_size=32, max_epochs=15, random_state=0).fit(usual)
steps = model.score_steps(today)
least = np.array([row.min() for row in steps])
print(f"area under the ROC curve, least likely step: {roc_auc_score(broken, -least):.3f}")
print(
    f"the same, mean of all steps:                 "
    f"{roc_auc_score(broken, [-row.mean() for row in steps]):.3f}"
)
found = [int(steps[i].argmin()) == place for i, place in places.items()]
print(f"step found in {np.mean(found):.0%} of {len(found)} broken sessions")
worst = int(least.argmin())
for event, score in zip([*today[worst], "(end)"], steps[worst], strict=True):
    print(f"{event:10s} {np.exp(score):8.4f}")

# A session can be usual and still be fraud: the model only knows what is rare.
