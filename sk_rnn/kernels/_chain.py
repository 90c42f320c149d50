"""Linear chains of labels: likelihood with gradients, marginals, and the best sequence of labels.

Arrays are float64, because sums over long sequences lose the digits of float32. ``emissions`` of
shape (N, K) are the scores of K labels at the steps of all sequences, one sequence after the other;
``offsets`` of shape (B + 1,) say where each begins. The score of a sequence of labels is the sum of
its emissions, of ``transitions[i, j]`` for each label j that follows label i, and of ``start`` and
``end`` of its first and last label.
"""

import numpy as np

from ._jit import inline, jit

# Sums of exponentials below this are computed again with exponents relative to their own largest.
_TINY = 1e-200


@jit
def chain_loss(
    emissions, classes, offsets, weights, start, transitions, end,
    losses, grad, grad_start, grad_transitions, grad_end,
):  # fmt: skip
    """Write the negative log-likelihood of each sequence, and gradients of their weighted sum.

    Parameters
    ----------
    emissions, offsets, start, transitions, end
        As above.
    classes : ndarray of int64 of shape (N,)
        The true labels.
    weights : ndarray of shape (B,)
        Weights of the sequences.
    losses : ndarray of shape (B,)
        Receives the negative log-likelihoods, which are not weighted.
    grad, grad_start, grad_transitions, grad_end
        Receive the gradients.
    """
    n_labels = len(start)
    longest = (offsets[1:] - offsets[:-1]).max()
    factors, highest = _exponentials(transitions)
    scores, sums = np.empty((longest, n_labels)), np.empty((longest, n_labels))
    shares, ratios = np.empty(n_labels), np.empty(n_labels)
    marginal, previous = np.empty(n_labels), np.empty(n_labels)
    grad_start[:] = 0
    grad_transitions[:] = 0
    grad_end[:] = 0
    for row in range(len(weights)):
        first, n_steps, weight = offsets[row], offsets[row + 1] - offsets[row], weights[row]
        log_sum = _forward(
            emissions, first, n_steps, start, transitions, end, factors, highest, scores, sums
        )
        true = classes[first : first + n_steps]
        right = start[true[0]] + end[true[-1]]
        for t in range(n_steps):
            right += emissions[first + t, true[t]]
            if t:
                right += transitions[true[t - 1], true[t]]
                grad_transitions[true[t - 1], true[t]] -= weight
        losses[row] = log_sum - right
        for k in range(n_labels):
            marginal[k] = np.exp(scores[n_steps - 1, k] + end[k] - log_sum)
            grad_end[k] += weight * marginal[k]
        grad_end[true[-1]] -= weight
        for t in range(n_steps - 1, 0, -1):
            # Given its successor, the probabilities of a label are normalised products of the
            # forward pass: no number here exceeds one.
            before, after = scores[t - 1], scores[t]
            top = before.max()
            for k in range(n_labels):
                grad[first + t, k] = weight * marginal[k]
                shares[k] = np.exp(before[k] - top)
                ratios[k] = marginal[k] / sums[t, k] if sums[t, k] > _TINY else 0.0
            grad[first + t, true[t]] -= weight
            for i in range(n_labels):
                total = 0.0
                for j in range(n_labels):
                    pair = shares[i] * factors[i, j] * ratios[j]
                    total += pair
                    grad_transitions[i, j] += weight * pair
                previous[i] = total
            for j in range(n_labels):
                if not sums[t, j] > _TINY:
                    log_total = after[j] - emissions[first + t, j]
                    for i in range(n_labels):
                        pair = marginal[j] * np.exp(before[i] + transitions[i, j] - log_total)
                        previous[i] += pair
                        grad_transitions[i, j] += weight * pair
            marginal[:] = previous
        for k in range(n_labels):
            grad[first, k] = weight * marginal[k]
            grad_start[k] += weight * marginal[k]
        grad[first, true[0]] -= weight
        grad_start[true[0]] -= weight


@jit
def chain_log_marginals(emissions, offsets, start, transitions, end, result):
    """Write the log-probability of each label at each step, given the whole sequence."""
    n_labels = len(start)
    longest = (offsets[1:] - offsets[:-1]).max()
    backward = np.ascontiguousarray(transitions.T)
    factors, highest = _exponentials(transitions)
    back_factors, back_highest = _exponentials(backward)
    scores, sums = np.empty((longest, n_labels)), np.empty((longest, n_labels))
    ahead, later, unused = np.empty(n_labels), np.empty(n_labels), np.empty(n_labels)
    for row in range(len(offsets) - 1):
        first, n_steps = offsets[row], offsets[row + 1] - offsets[row]
        log_sum = _forward(
            emissions, first, n_steps, start, transitions, end, factors, highest, scores, sums
        )
        ahead[:] = end
        for t in range(n_steps - 1, -1, -1):
            for k in range(n_labels):
                result[first + t, k] = scores[t, k] + ahead[k] - log_sum
                later[k] = ahead[k] + emissions[first + t, k]
            _log_sums(later, backward, back_factors, back_highest, unused, ahead)


@jit
def best_sequences(emissions, offsets, start, transitions, end, labels, scores):
    """Write the labels with the highest score, and that score, of each sequence (Viterbi, 1967).

    Scores may be minus infinity, which forbids a label or transition. Of several best sequences,
    the one with the lowest labels is chosen, from the last step backwards.
    """
    n_labels = len(start)
    longest = (offsets[1:] - offsets[:-1]).max()
    origins = np.empty((longest, n_labels), np.int32)
    score, best = np.empty(n_labels), np.empty(n_labels)
    for row in range(len(offsets) - 1):
        first, n_steps = offsets[row], offsets[row + 1] - offsets[row]
        for k in range(n_labels):
            score[k] = start[k] + emissions[first, k]
        for t in range(1, n_steps):
            origin = origins[t]
            for j in range(n_labels):
                best[j], origin[j] = score[0] + transitions[0, j], 0
            for i in range(1, n_labels):
                for j in range(n_labels):
                    candidate = score[i] + transitions[i, j]
                    if candidate > best[j]:
                        best[j], origin[j] = candidate, i
            for j in range(n_labels):
                score[j] = best[j] + emissions[first + t, j]
        label = 0
        for k in range(n_labels):
            score[k] += end[k]
            if score[k] > score[label]:
                label = k
        scores[row] = score[label]
        for t in range(n_steps - 1, -1, -1):
            labels[first + t] = label
            if t:
                label = origins[t, label]


def try_out() -> None:
    """Compile all functions, and run them on two steps; see `_layer.try_out`."""
    emissions, offsets, vector = np.zeros((2, 2)), np.array([0, 2]), np.zeros(2)
    classes, one, matrix = np.zeros(2, np.int64), np.ones(1), np.zeros((2, 2))
    chain = (vector, matrix, vector)
    results = (one.copy(), emissions.copy(), vector.copy(), matrix.copy(), vector.copy())
    chain_loss(emissions, classes, offsets, one, *chain, *results)
    chain_log_marginals(emissions, offsets, *chain, emissions.copy())
    best_sequences(emissions, offsets, *chain, classes, one)


@inline
def _exponentials(transitions):
    """Exponentials of each column relative to its highest value, and these values."""
    n_labels = len(transitions)
    highest, factors = np.empty(n_labels), np.empty((n_labels, n_labels))
    for j in range(n_labels):
        highest[j] = transitions[:, j].max()
        for i in range(n_labels):
            factors[i, j] = np.exp(transitions[i, j] - highest[j])
    return factors, highest


@inline
def _forward(emissions, first, n_steps, start, transitions, end, factors, highest, scores, sums):
    """Write log-sums of the scores up to each step, by its label; return that of all steps."""
    n_labels = len(start)
    for k in range(n_labels):
        scores[0, k] = start[k] + emissions[first, k]
    for t in range(1, n_steps):
        _log_sums(scores[t - 1], transitions, factors, highest, sums[t], scores[t])
        for k in range(n_labels):
            scores[t, k] += emissions[first + t, k]
    top = -np.inf
    for k in range(n_labels):
        top = max(top, scores[n_steps - 1, k] + end[k])
    total = 0.0
    for k in range(n_labels):
        total += np.exp(scores[n_steps - 1, k] + end[k] - top)
    return np.log(total) + top


@inline
def _log_sums(values, transitions, factors, highest, sums, result):
    """``result[j]`` is the logarithm of the sum over i of ``exp(values[i] + transitions[i, j])``.

    As a product with the exponentials of the transitions, which takes one exponential for each i
    instead of each pair. ``sums`` receives the products.
    """
    n_labels = len(values)
    top = values.max()
    sums[:] = 0
    for i in range(n_labels):
        share = np.exp(values[i] - top)
        for j in range(n_labels):
            sums[j] += share * factors[i, j]
    for j in range(n_labels):
        if sums[j] > _TINY:
            result[j] = np.log(sums[j]) + top + highest[j]
            continue
        peak = -np.inf  # the product has lost too much: labels are far apart
        for i in range(n_labels):
            peak = max(peak, values[i] + transitions[i, j])
        total = 0.0
        for i in range(n_labels):
            total += np.exp(values[i] + transitions[i, j] - peak)
        result[j] = np.log(total) + peak
