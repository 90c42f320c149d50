"""
How do I get from a long DataFrame to predictions with my own ids?
==================================================================

Measurements are usually stored in a long table: one row per reading, an id that says which machine
it is from, a time, and the rows in no particular order. This page goes from such a table to a
fitted pipeline, and back to a table of predictions with the same ids.

The table is generated, with a known answer. In a healthy pump, temperature follows pressure two
hours later; in a faulty one, it is the other way round. Each sensor alone looks the same in both,
so that statistics per sensor are uninformative.
"""

from tempfile import TemporaryDirectory

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GroupKFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from sk_rnn import Panel, RNNClassifier
from sk_rnn.inspection import SequenceLengthDisplay
from sk_rnn.preprocessing import SequenceSummarizer, TimeDistributed

# sphinx_gallery_thumbnail_number = 2

# %%
# A long table
# ------------
# 300 pumps in 12 plants, with 24 to 72 hourly readings each. Some are missing, and some absurd.


def make_readings(n_pumps, rng):
    """Hourly readings in any order, and a table of the pumps with plant and condition."""
    ids = [f"P-{number}" for number in rng.permutation(9000)[:n_pumps] + 1000]
    pumps = pd.DataFrame({"plant": rng.integers(1, 13, n_pumps)}, index=ids)
    pumps["condition"] = rng.choice(["healthy", "faulty"], n_pumps, p=[0.6, 0.4])
    parts = []
    for pump, condition in pumps["condition"].items():
        hours = pd.date_range("2026-03-01", periods=rng.integers(24, 73), freq="h")
        load = np.convolve(rng.normal(size=len(hours) + 6), np.ones(5), mode="valid")
        early, late = load[2:], load[:-2]  # the same values, two hours later
        pressure, temperature = (early, late) if condition == "healthy" else (late, early)
        values = {"pressure": 6 + 0.5 * pressure, "temperature": 60 + 4 * temperature}
        parts.append(pd.DataFrame({"pump": pump, "time": hours, **values}))
    readings = pd.concat(parts).sample(frac=1, random_state=0, ignore_index=True)
    readings[["pressure", "temperature"]] += rng.normal(size=(len(readings), 2)) * [0.5, 4]
    readings.loc[rng.random(len(readings)) < 0.03, "pressure"] = np.nan
    readings.loc[rng.random(len(readings)) < 0.02, "temperature"] = 999
    return readings, pumps


readings, pumps = make_readings(300, np.random.default_rng(0))
print(readings.head().to_string(index=False, float_format="{:.1f}".format))

# %%
# Rows to sequences
# -----------------
# `Panel.from_frame <sk_rnn.Panel.from_frame>` groups the rows by id and sorts them by time. Its
# index are the ids, which bring the labels into the same order.

panel = Panel.from_frame(readings, by="pump", order_by="time", missing="keep")
condition, plant = (pumps.loc[panel.index, name] for name in ("condition", "plant"))
print(panel)
SequenceLengthDisplay.from_sequences(panel).plot()
plt.show()

# %%
# Batches of similar lengths keep the padding low, and padding never influences a prediction.
#
# A pipeline
# ----------
# `~sk_rnn.preprocessing.TimeDistributed` applies any scikit-learn transformer to the time steps.
# The median replaces missing readings. Then each reading is replaced by its quantile, as a value of
# the normal distribution, so that an absurd one is merely a high one.

quantiles = QuantileTransformer(output_distribution="normal")
cleaning = TimeDistributed(make_pipeline(SimpleImputer(strategy="median"), quantiles))
cleaned = cleaning.fit_transform(panel)

fig, axes = plt.subplots(2, 1, figsize=(7, 4), layout="constrained", sharex=True, sharey=True)
for ax, kind in zip(axes, ("healthy", "faulty"), strict=True):
    pump = int(np.where(condition == kind, panel.lengths, 0).argmax())  # the longest sequence
    lines = ax.plot(cleaned[pump])
    ax.set(title=f"{panel.index[pump]}, {kind}", ylabel="normal quantile")
axes[1].set_xlabel("hour")
fig.legend(lines, ["pressure", "temperature"], loc="outside right upper", frameon=False)
plt.show()

# %%
# Temperature trails pressure in the upper picture, and leads in the lower one.
#
# Cross-validation by plant
# -------------------------
# Pumps of one plant may have something in common, so ``GroupKFold`` tests on plants that the model
# has not seen. In each fold, the cleaning is fitted on the training part only. The rival is a
# random forest on statistics per sensor.

model = make_pipeline(cleaning, RNNClassifier(hidden_size=16, random_state=0))
forest = make_pipeline(cleaning, SequenceSummarizer(), RandomForestClassifier(random_state=0))
accuracy = {
    name: cross_val_score(rival, panel, condition, groups=plant, cv=GroupKFold(3)).mean()
    for name, rival in {"network": model, "statistics": forest}.items()
}
print(pd.Series(accuracy).round(2).to_string())

# %%
# The network sees which sensor is first. The statistics are no better than always predicting
# "healthy", which is right for 60 % of the pumps.
#
# Predictions with ids
# --------------------
# A Panel is split like an array, and keeps its ids. Here are a few of the predictions.

train, test, y_train, y_test = train_test_split(panel, condition, random_state=0)
model.fit(train, y_train)
predictions = pd.DataFrame(model.predict_proba(test), test.index, model.classes_).assign(
    predicted=model.predict(test), truth=y_test, plant=plant[test.index]
)
print(predictions.sort_values("faulty").round(2).iloc[::15].to_string())

# %%
# Save and load
# -------------
# The file holds the whole pipeline, and loading it needs no training data.

with TemporaryDirectory() as folder:
    joblib.dump(model, f"{folder}/pumps.joblib")
    loaded = joblib.load(f"{folder}/pumps.joblib")

print(pd.Series(loaded.predict(test[:3]), index=test.index[:3]).to_string())

# %%
# **What was learned**
#
# - `Panel.from_frame <sk_rnn.Panel.from_frame>` turns a long table into sequences; the ids come
#   back as the index of every result.
# - Split sequences, never rows, and by group where sequences of a group resemble each other.
# - Everything that learns from data, cleaning included, belongs in the pipeline that is saved.
#
# **Limitation**: a network sees the order of the readings but not the time between them. Missing
# hours are not noticed unless the time since the last reading is a column.
#
# :doc:`/frames` treats columns of mixed types and predictions for each row; :doc:`/saving` says
# which files to trust.
