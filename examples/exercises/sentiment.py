"""Is a short text positive or negative? "Not" negates the next word, so order matters."""

from sklearn.pipeline import make_pipeline

from sk_rnn import RNNClassifier
from sk_rnn.preprocessing import SequenceVectorizer

good = {"good": True, "fun": True, "bad": False, "dull": False}
starts = ["it is", "it was", "this book is", "the film is", "the food was", "that was"]
texts = [f"{start} {no}{word}" for start in starts for no in ("", "not ") for word in good]
y = ["positive" if good[text.split()[-1]] != ("not" in text) else "negative" for text in texts]
network = RNNClassifier(embedding_dim=16, random_state=0)
model = make_pipeline(SequenceVectorizer(), network).fit(texts, y)
print(*model.predict(["the film was fun", "the film was not fun", "this food is not bad"]))
