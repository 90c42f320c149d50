"""Which number follows three consecutive ones? Learned from 1, 2, ..., 10."""

from sk_rnn import RNNRegressor

numbers = list(range(1, 11))
X = [numbers[i : i + 3] for i in range(7)]
# With so few sequences, batches are too small for batch normalisation.
model = RNNRegressor(head_norm=None, random_state=0).fit(X, numbers[3:])
print("8, 9, 10 ->", model.predict([[8, 9, 10]]).round(1)[0])
