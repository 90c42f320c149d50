"""
Can a network read dates in any format, and where does it look?
===============================================================

People write dates in many formats, and in more than one language; a database needs YYYY-MM-DD.
Here `~sk_rnn.Seq2SeqTransformer` learns the formats from 2,000 pairs of a written date and its
standard form, with no rule by hand. The correct answer is known for every date. The rival is
pandas, whose parser knows many formats.
"""

import datetime

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from sk_rnn import Seq2SeqTransformer
from sk_rnn.inspection import AttentionDisplay

# %%
# Dates
# -----

ENGLISH = ["%d %B %Y", "%B %d, %Y", "%A, %d %b %Y", "%b %d '%y"]
FORMATS = [*ENGLISH, "%d/%m/%y", "%d.%m.%Y", "le %d {} %Y"]
MOIS = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"


def generate_dates(n_dates):
    """Return dates from 1970 to 2029 in various formats, and as YYYY-MM-DD."""
    rng = np.random.default_rng(0)
    written, iso = [], []
    for day in rng.integers(60 * 365, size=n_dates).tolist():
        date = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
        text = date.strftime(rng.choice(FORMATS)).format(MOIS.split()[date.month - 1])
        written.append(text.lower() if rng.random() < 0.3 else text)
        iso.append(date.isoformat())
    return written, iso


written, iso = generate_dates(3000)
X, X_test, y, y_test = train_test_split(written, iso, train_size=2000, random_state=0)
print(pd.DataFrame({"written": X, "standard": y}).head(8).to_string(index=False))

# %%
# Rules and examples
# ------------------
# Both are tested on 1,000 held-out dates.

model = Seq2SeqTransformer(max_epochs=10, random_state=0).fit(X, y)
by_rules = pd.to_datetime(pd.Series(X_test), format="mixed", dayfirst=True, errors="coerce")
by_rules = by_rules.dt.strftime("%Y-%m-%d")
correct = pd.DataFrame({"pandas": by_rules == y_test, "network": model.predict(X_test) == y_test})
print(correct.mean().round(3).to_string())

failed = pd.DataFrame({"written": X_test, "standard": y_test, "pandas": by_rules})
failed = failed[~correct["pandas"]]
failed = failed.groupby(failed["pandas"].isna()).head(3)
print(f"\nWrong by rules:\n{failed.to_string(index=False)}")

# %%
# The rules of pandas know neither French nor that '70 is 1970 and not 2070: they cannot know which
# years occur. Examples tell both, and the network is right about nearly all dates.
#
# Where does it look?
# -------------------
# Each row belongs to one character of the prediction, and shows which characters of the input the
# network attends to when it predicts this one.

dates = ["le 24 décembre 2025", "Saturday, 28 Aug 1971"]
figure, axes = plt.subplots(2, 1, figsize=(7, 7.5), layout="constrained")
for i, ax in enumerate(axes):
    AttentionDisplay.from_estimator(model, dates, sample=i).plot(ax)
    ax.set(title=f"{dates[i]} is {model.predict(dates)[i]}", xlabel="", ylabel="predicted")
axes[-1].set_xlabel("input")
plt.show()

# %%
# Years are copied digit by digit, months are recognised by their names, and weekdays are ignored.
#
# Formats that were never seen
# ----------------------------
# The network predicts a date for any input. The log-likelihood tells how certain it is.

new = ["05 July 1999", "le 14 juillet 1989", "5 July 1999", "1999/07/05", "14. Juli 1989"]
new = pd.DataFrame({"written": new, "predicted": model.predict(new)})
new["log-likelihood"] = model.score_samples(new["written"]).round(2)
print(new.to_string(index=False))

# %%
# A new format is read correctly only if its parts resemble known ones. The network is less certain
# of a year that comes first than of the known formats, so that such dates can be passed on to a
# person.
#
# **What was learned**
#
# - `~sk_rnn.Seq2SeqTransformer` learns to parse strings from examples alone, including conventions
#   that no parser can know.
# - `~sk_rnn.inspection.AttentionDisplay` shows which part of the input each output is read from,
#   and `score_samples` how certain the prediction is.
#
# **Limitation**: formats that do not occur in the training data are often read wrongly, such as
# "1999/07/05". Add examples of every format that is expected. More in :doc:`/seq2seq`.
