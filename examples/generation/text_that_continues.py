"""
Can a network of 256 units write like a text that it has read for a minute?
===========================================================================

    python examples/text_that_continues.py          # descriptions of scikit-learn's data sets
    python examples/text_that_continues.py FILE     # any text, such as Shakespeare's plays
    python examples/text_that_continues.py FILE 3   # three epochs

One long text is one sample. The last tenth is held out, and scored in bits per character.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn import datasets

from sk_rnn import RNNLanguageModel

if len(sys.argv) > 1:
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
else:
    sets = (datasets.load_iris, datasets.load_wine, datasets.load_diabetes)
    sets += (datasets.load_breast_cancer, datasets.load_digits, datasets.load_linnerud)
    text = "\n".join(load()["DESCR"] for load in sets)
cut = int(0.9 * len(text))
new = "".join(symbol for symbol in text[cut:] if symbol in set(text[:cut]))
epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 15 if len(text) < 100_000 else "auto"

model = RNNLanguageModel(max_epochs=epochs, ends=False, random_state=0).fit([text[:cut]])
symbols = np.unique(list(text[:cut]), return_counts=True)[1] / cut
print(f"bits per character: {-model.score([new]) / np.log(2):.2f}", end="")
print(f"; by frequency alone {-(symbols * np.log2(symbols)).sum():.2f}")
for temperature in (0.5, 1.0):
    print(f"--- temperature {temperature}")
    print(model.generate([text[:20]], max_length=300, temperature=temperature, random_state=0)[0])

# With twenty thousand characters it learns words and the form of tables; with a million, sentences.
