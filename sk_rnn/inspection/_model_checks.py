"""Checks of the model: training, generalisation, states, gates, gradients."""

import numpy as np

from ..sequences import counted
from ._findings import Case, Finding, percent
from ._half_life import describe_half_life, half_life
from ._probe import probe_score

# A state that varies less than this share of the median state, or this much at all, is dead. States
# of trained networks have standard deviations between 0.05 and 0.7.
DEAD_SHARE, DEAD = 0.01, 1e-4
DEAD_NOTE, DEAD_WARNING = 0.1, 0.5

# A gate is stuck if it is saturated at this share of steps. A forget gate near one keeps a memory
# and a few gates that decide between zero and one are usual (Karpathy, Johnson & Li, 2016,
# "Visualizing and understanding recurrent networks"), so only many of them are reported.
STUCK = 0.95
STUCK_NOTE, STUCK_WARNING = 0.25, 0.5

# Fewer steps do not show how states vary.
FEWEST_STEPS = 50

# The half-life is short if it is below this share of the sequences, and far steps matter little if
# their gradient is below this share of the largest.
SHORT, FAR = 0.1, 0.01
EXPLODED = 100.0

# Sequences of fewer steps have no distant ones.
FEWEST_TIMESTEPS = 20

# Training still improves if the last fifth of epochs lowers the loss by more than this share of the
# whole decrease; a schedule that ends at a learning rate of zero leaves less.
STILL_FALLING = 0.15
# A loss below this share of the first one leaves nothing to gain.
LOW_LOSS = 0.05
# The loss has not fallen if it is above this share of the first one.
NOT_FALLEN = 0.99

# Loss on the data minus training loss, as a share of the loss of a constant prediction.
GAP_NOTE, GAP_WARNING = 0.3, 0.75

# R² that chance reaches on small data, and skill of a probe that shows that y depends on X.
CHANCE_R2, PROBE_SKILL = 0.05, 0.15
# Loss relative to that of a constant prediction.
NO_BETTER = 0.97
# The temperature that calibration learns where held-out predictions are worthless, and the loss
# with it relative to that of a constant prediction. On a hundred sequences that are learned well
# it reaches 3.5, and 12 or more if their labels are shuffled.
WORTHLESS_TEMPERATURE, WORTHLESS_LOSS = 5.0, 0.3
# In fewer epochs, networks trained without a part of the data have simply learned less.
FEWEST_EPOCHS = 10
# Fewer targets are too few to tell predictions from chance.
FEWEST_TARGETS = 20


def check_convergence(case: Case) -> Finding:
    """A loss that still falls, has risen, or never fell."""
    name = "convergence"
    curve = np.array(case.seen.loss_curve, dtype=np.float64)
    limit = "max_steps" if "max_steps" in case.params else "max_epochs"
    n = len(curve)
    if not np.isfinite(curve).all():
        return Finding(
            name,
            "warning",
            f"the training loss was not finite in epoch {int(np.argmin(np.isfinite(curve))) + 1}",
            advice=f"Lower lr (lr={case.params.get('lr')}), and set gradient_clip=1.0.",
        )
    planned = case.params.get("max_epochs", n)
    n_planned = 2 if planned == "auto" else planned
    by_user = case.params.get("early_stopping") or case.params.get("callbacks")
    if n < n_planned and not by_user:
        return Finding(
            name,
            "warning",
            f"training ended after {n} of max_epochs={planned!r} epochs",
            advice="Unless it was interrupted, or trained by partial_fit, it has diverged: lower "
            f"lr (lr={case.params.get('lr')}), and set gradient_clip=1.0.",
        )
    if n < 3:
        measured = f"the model was trained for {counted(n, 'epoch')}"
        return Finding(name, "note", measured, advice=f"Raise {limit}.")
    measured = f"the training loss fell from {curve[0]:.3g} to {curve[-1]:.3g} in {n} epochs"
    decrease = curve[0] - curve[-1]
    size = max(abs(curve[0]), abs(curve[-1]), 1e-12)
    lowest = int(curve.argmin())
    if decrease < (1.0 - NOT_FALLEN) * size:
        rose = curve[-1] > curve[lowest] + 0.1 * size
        text = f"the training loss went from {curve[0]:.3g} to {curve[-1]:.3g} in {n} epochs"
        return Finding(
            name,
            "warning",
            text + (f", after {curve[lowest]:.3g} in epoch {lowest + 1}" if rose else ""),
            decrease / size,
            f"Training has {'diverged' if rose else 'learned nothing'}: change lr "
            f"(lr={case.params.get('lr')}), check gradient_clip and scale_inputs, and whether y "
            "matches X.",
        )
    last = max(1, n // 5)
    falling = (curve[-2 * last : -last].mean() - curve[-last:].mean()) / decrease
    stopped_early = case.params.get("early_stopping") and case.seen.best_epoch < n
    done = curve[0] > 0 and 0 <= curve[-1] < LOW_LOSS * curve[0]
    if falling <= STILL_FALLING or stopped_early or done:
        return Finding(name, "ok", measured, float(falling))
    return Finding(
        name,
        "note",
        f"{measured}, {percent(float(falling))} of it in the last fifth of the epochs",
        float(falling),
        f"Raise {limit} ({limit}={case.params.get(limit)!r}), or lr.",
    )


def check_generalisation(case: Case) -> Finding:
    """Loss on the data compared with the training loss, and a validation score that got worse."""
    name = "generalisation"
    seen = case.seen
    curve = None if seen.validation_curve is None else np.array(seen.validation_curve)
    advice = (
        "The model overfits: set early_stopping=True, raise dropout or weight_decay, lower "
        "hidden_size or max_epochs, or collect more data."
    )
    if not case.params.get("early_stopping") and curve is not None and len(curve) >= 5:
        best, last = int(np.nanargmax(curve)), float(curve[-3:].max())
        spread = float(np.nanmax(curve) - np.nanmin(curve))
        lost = (float(curve[best]) - last) / spread if spread > 0 else 0.0
        if lost > 0.2 and best < 0.7 * len(curve):
            return Finding(
                name,
                "note",
                f"the validation score was best in epoch {best + 1} of {len(curve)} and has fallen "
                "since",
                lost,
                "Set early_stopping=True, which keeps the weights of the best epoch.",
            )
    if seen.losses is None:
        return Finding(name, "skipped", "only with y, and a loss per target")
    loss = float(seen.losses.mean())
    gap = (loss - seen.train_loss) / max(abs(case.constant_loss), 1e-12)
    error = float(seen.losses.std()) / np.sqrt(max(1, len(seen.losses)))
    measured = f"the loss is {loss:.3g} on these data and was {seen.train_loss:.3g} in training"
    if gap <= GAP_NOTE or loss - seen.train_loss < 2.0 * error:
        return Finding(name, "ok", measured, gap)
    return Finding(name, "warning" if gap > GAP_WARNING else "note", measured, gap, advice)


def check_labels(case: Case) -> Finding:
    """Targets that neither the model nor a linear one can predict."""
    name = "targets"
    seen = case.seen
    if seen.task not in ("classes", "labels", "numbers"):
        return Finding(name, "skipped", "only for one target per sequence or time step")
    if not case.has_truth:
        return Finding(name, "skipped", "only with y, and a loss per target")
    if len(seen.truth) < FEWEST_TARGETS:
        return Finding(name, "skipped", f"{counted(len(seen.truth), 'target')}, too few to tell")
    shuffled = (
        "y looks shuffled, or does not depend on X: check that rows of X and y are in the same "
        "order, and that y was not sorted or merged separately."
    )
    value = float(case.skill if case.skill is not None else np.nan)
    if not _no_better(case):
        if _was_memorised(case):
            return Finding(
                name,
                "warning",
                f"{case.score_text}, but networks trained without a part of the data predict that "
                f"part no better than chance (temperature {seen.temperature:.3g})",
                seen.temperature,
                f"The model has memorised its training data. {shuffled}",
            )
        return Finding(name, "ok", case.score_text, value)
    probe = probe_score(case)
    if probe is None:
        return Finding(name, "warning", case.score_text, value, shuffled)
    if probe < PROBE_SKILL:
        measured = f"{case.score_text}, and a linear model does no better"
        return Finding(name, "warning", measured, value, shuffled)
    return Finding(
        name,
        "warning",
        f"{case.score_text}, but a linear model on summaries of the sequences reaches a skill of "
        f"{probe:.2f}",
        value,
        f"The network has learned nothing: check lr (lr={case.params.get('lr')}), max_epochs, "
        "scale_inputs, and the axes of X.",
    )


def _was_memorised(case: Case) -> bool:
    """Whether calibration has found that predictions of held-out data were worthless."""
    loss = case.seen.calibrated_loss
    return (
        case.is_good
        and len(case.seen.loss_curve) >= FEWEST_EPOCHS
        and case.seen.temperature >= WORTHLESS_TEMPERATURE
        and loss is not None
        and loss > WORTHLESS_LOSS * case.constant_loss
    )


def _no_better(case: Case) -> bool:
    """Whether the model is no better than a constant, by each of several scores."""
    seen = case.seen
    if seen.task == "numbers":
        return not case.r2 > CHANCE_R2
    n = len(seen.truth)
    share = case.constant_accuracy
    if case.accuracy > share + 2.0 * np.sqrt(share * (1.0 - share) / n) + 0.01:
        return False
    if seen.task == "labels":
        return True
    # With rare classes, probabilities are informative although the most frequent class is right.
    if seen.calibrated_loss is not None and seen.calibrated_loss < NO_BETTER * case.constant_loss:
        return False
    chance = 1.0 / np.count_nonzero(case.counts)
    rarest = case.counts[case.counts > 0].min()
    error = np.sqrt(chance * (1.0 - chance) / rarest)
    return case.balanced_accuracy < chance + max(0.05, 2.0 * error)


def check_units(case: Case) -> Finding:
    """States that hardly vary over all sequences and time steps."""
    name = "dead units"
    activities = [a for a in case.seen.activities if a.n_steps >= FEWEST_STEPS]
    if not activities:
        return Finding(name, "skipped", "too few time steps")
    dead = [a.deviation < max(DEAD, DEAD_SHARE * float(np.median(a.deviation))) for a in activities]
    share = float(np.concatenate(dead).mean())
    n_units = sum(map(len, dead))
    worst = max(range(len(dead)), key=lambda i: dead[i].mean())
    measured = f"{percent(share)} of {n_units} states hardly vary"
    if max(float(part.mean()) for part in dead) < DEAD_NOTE:
        return Finding(name, "ok", measured, share)
    relu = case.params.get("cell") == "rnn_relu"
    return Finding(
        name,
        "warning" if share >= DEAD_WARNING and not case.is_good else "note",
        f"{measured}, {percent(float(dead[worst].mean()))} in {activities[worst].name}",
        share,
        f"Lower lr (lr={case.params.get('lr')}) or weight_decay, and check the scale of X"
        + ("; a ReLU that is never positive does not recover: try cell='gru'." if relu else ".")
        + (" The score is good, so hidden_size can be lowered instead." if case.is_good else ""),
    )


def check_gates(case: Case) -> Finding:
    """Gates that are nearly always open or closed, and states of a plain cell at ±1."""
    name = "saturated gates"
    stuck: dict[str, list[np.ndarray]] = {}
    for activity in case.seen.activities:
        if activity.n_steps >= FEWEST_STEPS:
            for gate, shares in activity.saturation.items():
                stuck.setdefault(gate, []).append(shares.sum(axis=0) >= STUCK)
    if not stuck:
        return Finding(name, "skipped", "the cell has no gates, or there are too few time steps")
    by_gate = {gate: float(np.concatenate(parts).mean()) for gate, parts in stuck.items()}
    share = float(np.mean(list(by_gate.values())))
    shown = ", ".join(f"{gate} {percent(value)}" for gate, value in by_gate.items())
    measured = f"{percent(share)} are saturated at {percent(STUCK)} of steps or more ({shown})"
    if share < STUCK_NOTE:
        return Finding(name, "ok", measured, share)
    return Finding(
        name,
        "warning" if share >= STUCK_WARNING and not case.is_good else "note",
        measured,
        share,
        "Gradients hardly pass saturated gates. Set scale_inputs=True or clip outliers, lower lr "
        f"(lr={case.params.get('lr')}), or set layer_norm=True.",
    )


def check_gradients(case: Case) -> Finding:
    """The number of steps over which the gradient falls to half, compared with the length."""
    name = "gradient half-life"
    flow = case.seen.gradients
    if flow is None:
        reason = "only with y, a loss per target, and a built-in cell in an encoder"
        return Finding(name, "skipped", reason)
    last_layer = max(layer for layer, _ in flow.norms)
    curves = [norms for (layer, _), norms in flow.norms.items() if layer == last_layer]
    curves = [norms for norms in curves if np.isfinite(norms).all() and norms.max() > 0]
    if not curves:
        return Finding(name, "skipped", "the gradients are zero")
    halves = [half_life(flow.distances, norms, flow.counts) for norms in curves]
    # The direction that reaches farther. A norm that grows has a negative half-life.
    best = max(range(len(curves)), key=lambda i: -1.0 / halves[i])
    half, norms = halves[best], curves[best]
    n_timesteps = case.median_length
    far = norms[flow.distances >= int(n_timesteps / 2)]
    ratio = float(far.mean() / norms.max()) if len(far) else 1.0
    measured = f"d loss / d state: {describe_half_life(half)}; sequences have {n_timesteps:g}"
    if ratio * norms.max() > EXPLODED * norms[0] and not case.is_good:
        return Finding(
            name,
            "note",
            f"d loss / d state grows by a factor of {far.mean() / norms[0]:.3g} over half of the "
            "time steps",
            half,
            "Gradients explode: set gradient_clip=1.0, lower lr, or try cell='gru'.",
        )
    short = 0 < half < SHORT * n_timesteps and ratio < FAR and n_timesteps >= FEWEST_TIMESTEPS
    if not short or case.is_good or case.skill is None:
        return Finding(name, "ok", measured, half)
    better = (
        "cell='gru' or 'lstm'" if str(case.params.get("cell")).startswith("rnn") else "cell='lstm'"
    )
    return Finding(
        name,
        "note",
        measured,
        half,
        f"If early steps matter: {better}, pooling='concat' or 'attention', bidirectional=True, "
        "patch_size to shorten sequences, or a larger module__forget_bias.",
    )


MODEL_CHECKS = (
    check_convergence,
    check_generalisation,
    check_labels,
    check_units,
    check_gates,
    check_gradients,
)
