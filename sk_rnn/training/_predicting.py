"""The prediction interface of the net for scorers and callbacks."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import numpy as np
import torch
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if
from skorch import NeuralNet
from skorch.utils import to_device

from ._batches import Batch, PredictionBatches
from ._readouts import Decode, Decouple, Readout, TrainingSet

T = TypeVar("T")


def _classifies(net: "PredictingNet") -> bool:
    return net.readout_ is None or net.readout_.estimator_type == "classifier"


class PredictingNet(NeuralNet):
    """A skorch net that predicts batches of `SequenceData`.

    During training it acts as a classifier or regressor for scikit-learn's scorers: it predicts
    class indices, or numbers in the units of y, for the data sets and batches passed to callbacks.
    """

    readout_: Readout | None = None  # during training
    trained_lengths_: list[np.ndarray]  # of the batches of an epoch, with callbacks of batches

    def __sklearn_tags__(self):
        """Tags for scorers."""
        tags = super().__sklearn_tags__()
        if self.readout_ is not None:
            tags.estimator_type = self.readout_.estimator_type
            if tags.estimator_type == "classifier":
                tags.classifier_tags = ClassifierTags()
            else:
                tags.regressor_tags = RegressorTags()
        return tags

    # --- for scorers ----------------------------------------------------------------------------

    @property
    def classes_(self) -> np.ndarray:
        """Class indices."""
        if self.readout_ is None or self.readout_.classes is None:
            raise AttributeError("classes_")  # as for a regressor
        return self.readout_.classes

    def predict(self, X):
        """Class indices, or numbers in the units of y."""
        readout = self._read()
        return self._decoded(X, readout.predict, readout.label_sequences)

    @available_if(_classifies)
    def predict_proba(self, X):
        """Probability of each class."""
        readout = self._read()
        return self._decoded(X, readout.predict_proba, readout.marginals)

    @available_if(_classifies)
    def decision_function(self, X):
        """Score of each class; for two classes the log odds of the second."""
        return self._decoded(X, self._read().decision_function)

    def score(self, X, y, sample_weight=None):
        """Accuracy, or R²."""
        metric = accuracy_score if self._read().estimator_type == "classifier" else r2_score
        return float(metric(y, self.predict(X), sample_weight=sample_weight))

    def _decoded(
        self, X: Any, decode: Decode | None, decouple: Decouple | None = None
    ) -> np.ndarray:
        assert decode is not None
        # Also if skorch has cached outputs and does not use X.
        X = self.get_dataset(X)
        # Batch by batch, because all outputs at once, one column per class, may be large.
        outputs = (y.detach().cpu().numpy() for y in self.forward_iter(X))
        if decouple is not None:
            pairs = zip(outputs, self._batch_lengths(X), strict=True)
            outputs = (decouple(self.module_, y, lengths) for y, lengths in pairs)
        found = np.concatenate([decode(y) for y in outputs])
        labelled = X.labelled if isinstance(X, TrainingSet) else None
        # Cached outputs, which callbacks have seen batch by batch, lack those without a target.
        return found if labelled is None or len(found) < len(labelled) else found[labelled]

    def _batch_lengths(self, X: Any) -> list[np.ndarray]:
        """Numbers of time steps of the sequences, by batch, in the order of `forward_iter`."""
        if isinstance(X, Mapping):
            return [X["lengths"].numpy()]
        if "forward_iter" in vars(self) and not isinstance(X.batches, PredictionBatches):
            return self.trained_lengths_  # outputs that skorch has cached in training
        batches = X.in_order()
        lengths = batches.data.lengths[batches.samples]
        return [lengths[chosen] for chosen in batches.batches]

    def _read(self) -> Readout:
        if self.readout_ is None:
            raise TypeError(
                "The net of an estimator can only predict during training, for callbacks. Call "
                "the estimator's predict, or net_.module_ on a padded batch."
            )
        return self.readout_

    # --- for skorch -----------------------------------------------------------------------------

    def get_dataset(self, X, y=None):
        """Return a data set unchanged; the X of a batch is one, too."""
        if isinstance(X, TrainingSet | Mapping):
            return X
        raise TypeError(
            "The net of an estimator can only predict data sets and the X of a batch as passed to "
            f"callbacks, not {type(X).__name__}. To score other sequences while training, pass "
            "them to fit as X_val and y_val."
        )

    def get_iterator(self, dataset, training=False):
        """Return the batches, which are iterable."""
        if isinstance(dataset, Mapping):
            return [(dataset, None)]
        return dataset.batches if training else dataset.in_order()

    def forward_iter(self, X, training=False, device="cpu"):
        """Yield the module's outputs of each batch."""
        for batch in self.get_iterator(self.get_dataset(X)):
            yield to_device(self.evaluation_step(batch, training=training), device)

    def _set_training(self, training=True):
        """Set the mode of all modules if one is in the other; setting it takes longer."""
        parts = (*self.module_.modules(), *self.criterion_.modules())
        if any(part.training is not training for part in parts):
            super()._set_training(training)

    def evaluation_step(self, batch, training=False):
        """Forward in evaluation mode, so that calls from callbacks do not change the training."""
        was_training = self.module_.training
        self._set_training(training)
        try:
            with torch.set_grad_enabled(training):
                return self.infer(batch[0])
        finally:
            self._set_training(was_training)

    # --- for estimators -------------------------------------------------------------------------

    def outputs(
        self,
        batches: PredictionBatches,
        interrupted: threading.Event,
        reduce: Decode | None = None,
    ) -> np.ndarray:
        """Compute the module's outputs, in the order of ``batches.batches``.

        With ``reduce``, its results for each batch. Results are written into one array, allocated
        at the first batch: separate arrays would fragment the memory freed by the batches, so that
        its use would grow with their number.

        Raises
        ------
        FloatingPointError
            If an output is not finite.
        """
        counts = list(batches.target_counts())
        sizes = iter(counts)
        outputs: np.ndarray | None = None
        start = 0

        def compute(batch: Batch) -> None:
            nonlocal outputs, start
            values = self.infer(batch.X)[: next(sizes)].cpu().numpy()
            if not np.isfinite(values).all():
                raise FloatingPointError("outputs are not finite")
            if reduce is not None:
                values = reduce(values)
            if outputs is None:
                outputs = np.empty((sum(counts), *values.shape[1:]), values.dtype)
            outputs[start : start + len(values)] = values
            start += len(values)

        self.each_batch(batches, compute, interrupted)
        return cast(np.ndarray, outputs)

    def each_batch(
        self,
        batches: PredictionBatches,
        function: Callable[[Batch], T],
        interrupted: threading.Event,
    ) -> list[T]:
        """Call ``function`` with each batch, without gradients or dropout."""
        self._set_training(False)
        result = []
        with torch.inference_mode():
            for batch in batches:
                if interrupted.is_set():
                    raise KeyboardInterrupt
                result.append(function(batch))
        return result
