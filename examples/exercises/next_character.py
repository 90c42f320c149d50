"""Which character comes next in "hello world"? Predicted one character at a time."""

from sklearn.pipeline import make_pipeline

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import SequenceVectorizer

text = "hello world"
beginnings, following = [text[:i] for i in range(1, len(text))], list(text[1:])
network = RNNClassifier(embedding_dim=16, random_state=0)
model = make_pipeline(SequenceVectorizer(analyzer="char"), network).fit(beginnings, following)
print("h" + "".join(model.predict(beginnings)))
