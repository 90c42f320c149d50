"""
Can a network learn to parse dates from examples, and what does it attend to?
=============================================================================

People write dates in many formats; a database needs one. Without hand-written rules, an
encoder-decoder is trained on 3,000 pairs of a date in free text and the same date as YYYY-MM-DD.
The correct answer is known for every date, so the accuracy can be measured, and the attention shows
which parts of the input each digit depends on.

    python examples/date_formats.py
"""

import datetime
from pathlib import Path

import matplotlib
import numpy as np
from sklearn.model_selection import train_test_split

from sk_rnn import Seq2SeqTransformer

matplotlib.use("Agg")
import matplotlib.pyplot as plt

FIGURE = Path(__file__).parent / "output" / "date_formats.png"
FORMATS = ["%d %B %Y", "%B %d, %Y", "%d/%m/%y", "%d.%m.%Y", "%A, %d %b %Y", "%b %d '%y"]
FIRST, LAST = datetime.date(1970, 1, 1), datetime.date(2029, 12, 31)


def generate_dates(n_dates):
    """Return dates in various formats, and as YYYY-MM-DD."""
    rng = np.random.default_rng(0)
    written, iso = [], []
    for day in rng.integers((LAST - FIRST).days, size=n_dates).tolist():
        date = FIRST + datetime.timedelta(days=day)
        text = date.strftime(rng.choice(FORMATS))
        written.append(text.lower() if rng.random() < 0.3 else text)
        iso.append(date.isoformat())
    return written, iso


def draw(alignments, path):
    """Plot the attention weights: darker is larger, one row per predicted character."""
    figure, axes = plt.subplots(1, len(alignments), figsize=(6 * len(alignments), 4))
    for axis, (source, target, weights) in zip(axes, alignments, strict=True):
        axis.imshow(weights, cmap="Greys", vmin=0, vmax=1)
        axis.set_xticks(range(len(source)), source)
        axis.set_yticks(range(len(target)), target)
    figure.tight_layout()
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main():
    """Train, evaluate on held-out dates, and plot the attention."""
    written, iso = generate_dates(4000)
    X, X_test, y, y_test = train_test_split(written, iso, train_size=3000, random_state=0)
    for text, date in zip(X[:3], y[:3], strict=True):
        print(f"{text:>28} is {date}")

    model = Seq2SeqTransformer(max_epochs=8, random_state=0).fit(X, y)
    print(f"{len(X_test):,} held-out dates, exact match: {model.score(X_test, y_test):.3f}")

    new = ["05 July 1999", "wednesday, 24 dec 2025", "Feb 03 '81"]
    predicted, log_proba = model.predict_n_best(new, 2, return_log_proba=True)
    for text, best, scores in zip(new, predicted, log_proba, strict=True):
        (first, second), (p, q) = best, np.exp(scores)
        print(f"{text:>28} is {first} ({p:.2f}); if not, {second} ({q:.2f})")

    draw(model.align(new[:2]), FIGURE)
    print(f"Attention: {FIGURE}")

    # Limitation: unseen formats. No training date lacks a leading zero or begins with the year.
    for text in ["5 July 1999", "1999/07/05"]:
        print(f"{text:>28} is predicted as {model.predict([text])[0]}")


if __name__ == "__main__":
    main()
