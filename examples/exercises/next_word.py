"""Which word comes next? Learned from one sentence, where it depends on all previous words."""

from sklearn.pipeline import make_pipeline

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import SequenceVectorizer

text = "the more you see the less you know the more you know the less you understand"
words = text.split()
beginnings = [" ".join(words[:i]) for i in range(1, len(words))]
network = RNNClassifier(embedding_dim=16, random_state=0)
model = make_pipeline(SequenceVectorizer(), network).fit(beginnings, words[1:])
print("the", *model.predict(beginnings))
