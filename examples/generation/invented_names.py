"""
Which names could scikit-learn's next estimators have?
======================================================

    python examples/invented_names.py          # invents names of estimators
    python examples/invented_names.py FILE     # like the words of a file, such as dinosaurs

A model of characters learns names that begin and end. At a low temperature it repeats what it has
read, at a high one it makes up words: the table shows the trade-off.
"""

import sys
from pathlib import Path

from sklearn.utils.discovery import all_estimators

from sk_rnn import RNNLanguageModel

if len(sys.argv) > 1:
    names = sorted(set(Path(sys.argv[1]).read_text().split()))
else:
    names = [name for name, _ in all_estimators()]

model = RNNLanguageModel(random_state=0).fit(names)
known = {name[i : i + 3] for name in names for i in range(len(name) - 2)}
print(f"{len(names)} names, {2 ** (-model.score(names) / 0.6931):.1f} equally likely characters")
print("temperature  known names  new names  new, of known triples of letters")
for temperature in (0.3, 0.6, 0.8, 1.0):
    drawn = model.sample(300, temperature=temperature, random_state=0)
    new = [name for name in drawn if name not in names]
    valid = [name for name in new if all(name[i : i + 3] in known for i in range(len(name) - 2))]
    print(
        f"{temperature:11.1f}  {1 - len(new) / 300:11.2f}  {len(set(new)) / 300:9.2f}"
        f"  {len(set(valid)) / 300:32.2f}"
    )
print(*sorted({name for name in valid if len(name) > 3})[:10])

# A new name is not a good name: the model knows letters, not what the words mean.
