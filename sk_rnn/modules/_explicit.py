"""Loss and gradients of a batch without autograd, for the usual network on a CPU.

Recording operations and running them backward takes torch as long as the arithmetic of a small
network on short sequences. Here the kernels are called one after the other, on memory that is kept
from batch to batch, and write each gradient to where the optimizer reads it.
"""

from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from ..kernels import DirectionWeights
from ._dropout import Dropout
from ._encoder import Encoder
from ._head import Head, HeadBatchNorm
from ._layers import Linear
from ._losses import CrossEntropy, Loss, Targets
from ._model import SequenceModel
from ._poolings import ConcatPooling, LastPooling
from ._recurrence import Recurrence
from ._stack import RecurrentStack
from ._steps import ValidSteps

_CPU = torch.device("cpu")
_NO_DRAWS = np.empty((0, 0), np.float32)
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def supports_explicit_gradients(model: nn.Module) -> bool:
    """Whether `ExplicitGradients` computes what autograd would for this model.

    True for one recurrent layer in the kernels, pooling by mean, maximum and last state or by the
    last state only, and the usual head. Modules must be of the classes of this package and without
    hooks, because their methods are not called.
    """
    if not (type(model) is SequenceModel and type(model.encoder) is Encoder):
        return False
    stack, head = model.encoder.recurrent, model.head
    parts = [model, model.encoder, model.pooling, stack, *stack.norms, head, *head.children()]
    kinds = (type(model.pooling), type(stack), type(head), type(head.dropout), type(head.linear))
    if not (
        kinds[0] in (ConcatPooling, LastPooling)
        and kinds[1:] == (RecurrentStack, Head, Dropout, Linear)
        and type(head.norm) in (HeadBatchNorm, nn.Identity)
        and stack.backend == "numba"
        and stack.cell.has_kernel
        and stack.num_layers == 1
        and not stack.layer_norm
    ):
        return False
    for recurrence in stack.recurrences(0):
        if type(recurrence) is not Recurrence:
            return False
        parts += [recurrence, recurrence.rnn]
    if any(getattr(part, name) for part in parts for name in _HOOKS):
        return False
    return not any(
        parameter._backward_hooks or parameter._post_accumulate_grad_hooks
        for parameter in model.parameters()
    )


class ExplicitGradients:
    """Computes loss and gradients of batches.

    Layers before the recurrence, and losses other than cross-entropy, are left to autograd.

    Parameters
    ----------
    model : SequenceModel
        As required by `supports_explicit_gradients`.
    """

    def __init__(self, model: SequenceModel):
        self.model = model
        self.encoder, self.stack, self.head = model.encoder, model.encoder.recurrent, model.head
        self.parts = _parts(model)
        self.recurrences, self.norm, self.dropout = self.parts[:3]
        self.front = list(self.encoder.embedding.parameters())
        if self.encoder.conv is not None:
            self.front += self.encoder.conv.parameters()
        self.concat = isinstance(model.pooling, ConcatPooling)
        flat = [tensor for recurrence in self.recurrences for tensor in recurrence.weights]
        of_head = [*self.head.norm.parameters(), self.head.linear.weight, self.head.linear.bias]
        self.parameters: list[nn.Parameter] = [*flat, *of_head]
        buffers = list(self.head.norm.buffers())  # running mean and variance, and their number
        self.tensors = [*self.parameters, *buffers]
        self.addresses = [tensor.data_ptr() for tensor in self.tensors]
        # Both in the order of the parameters.
        values = [parameter.detach() for parameter in self.parameters]
        self.grads = [torch.empty_like(value) for value in values]
        self.weights = _directions(values[: len(flat)])
        self.grad_weights = _directions(self.grads[: len(flat)])
        self.linear, self.grad_linear = _arrays(values[-2:]), _arrays(self.grads[-2:])
        none = [np.empty(0, self.linear[0].dtype)] * 2
        self.norm_weights = _arrays(values[len(flat) : -2]) or none
        self.grad_norm = _arrays(self.grads[len(flat) : -2]) or none
        self.running, self.n_tracked = none, np.zeros(())
        if buffers:
            *self.running, self.n_tracked = _arrays(buffers)
        self.workspace: dict[str, np.ndarray] = {}

    def is_current(self, model: SequenceModel) -> bool:
        """Whether modules, parameters and buffers are still those of the model."""
        addresses = [tensor.data_ptr() for tensor in self.tensors]
        return addresses == self.addresses and _parts(model) == self.parts

    def applies(self, n_rows: int) -> bool:
        """Whether all gradients are needed, and a batch of this size can be normalised."""
        norm = self.norm
        return all(parameter.requires_grad for parameter in self.parameters) and (
            not isinstance(norm, HeadBatchNorm)
            or (n_rows > 1 and norm.training and bool(norm.momentum))
        )

    def __call__(
        self, criterion: Loss, x: Tensor, lengths: Tensor, targets: Targets
    ) -> tuple[Tensor, Tensor]:
        """Set the gradients of all parameters; return loss and outputs.

        Parameters
        ----------
        criterion : Loss
        x, lengths : Tensor
            See `SequenceModel.forward`.
        targets : Targets
        """
        from ..kernels._layer import LayerRun  # imports Numba
        from ..kernels._pooling import pool, spread

        valid = ValidSteps(lengths, x.device)
        x = self.model.prepare(x, valid)
        for parameter in self.front:
            parameter.grad = None
        x, valid = self.encoder.recurrence_input(x, valid)
        inputs, steps = _array(x), _array(valid.lengths)
        n_timesteps, n_rows, _ = inputs.shape
        n_directions, (n_gates, hidden_size) = len(self.weights), self.weights[0].weight_hh.shape
        n_features = n_directions * hidden_size
        masks = [recurrence.recurrent_mask(n_rows, x) for recurrence in self.recurrences]
        keep = None if masks[0] is None else torch.cat(cast(list[Tensor], masks), dim=1).numpy()
        run = LayerRun(self.stack.cell.name, self.weights, inputs, steps, None, keep)
        output = self._workspace("output", n_timesteps, n_rows, n_features)
        gates = saved = empty = np.empty((0, 0, 0), inputs.dtype)
        if run.kind.keeps_gates:
            gates = self._workspace("gates", n_timesteps, n_rows, n_directions * n_gates)
            saved = self._workspace("saved", n_timesteps, n_rows, n_features)
        finals = run.forward(output, gates, saved)  # (C, D, B, H)
        if self.concat:
            split = hidden_size if n_directions == 2 else n_features
            pooled = np.empty((n_rows, 3 * n_features), inputs.dtype)
            where = np.empty((n_rows, n_features), np.int32)
            pool(output, steps, split, pooled, where)
        else:
            pooled = np.ascontiguousarray(finals[0].swapaxes(0, 1).reshape(n_rows, n_features))

        loss, outputs, grad_pooled = self._head_gradients(pooled, criterion, targets)

        grad_states, grad_output = np.zeros_like(finals), empty
        if self.concat:
            grad_output = self._workspace("grad_output", n_timesteps, n_rows, n_features)
            spread(grad_pooled, steps, split, where, grad_output)
        else:
            by_direction = grad_pooled.reshape(n_rows, n_directions, hidden_size)
            grad_states[0] = by_direction.swapaxes(0, 1)
        grad_x = np.zeros_like(inputs) if x.requires_grad else empty
        run.backward(grad_output, grad_states, grad_x, self.grad_weights)
        for parameter, grad in zip(self.parameters, self.grads, strict=True):
            if parameter.grad is not grad:
                parameter.grad = grad
        if x.requires_grad:
            x.backward(torch.from_numpy(grad_x))
        return loss, outputs

    def _head_gradients(
        self, pooled: np.ndarray, criterion: Loss, targets: Targets
    ) -> tuple[Tensor, Tensor, np.ndarray]:
        """Loss, outputs, and the gradient of the pooled states."""
        from ..kernels._head import feature_shape, head_backward, head_forward

        dropout, norm = self.dropout, self.norm
        draws, kept, momentum, eps = _NO_DRAWS, 1.0, 0.0, 0.0
        if dropout.training and dropout.p:
            draws, kept = dropout.draw(pooled.shape, _CPU).numpy(), 1.0 - dropout.p
        if isinstance(norm, HeadBatchNorm):
            self.n_tracked += 1
            momentum, eps = cast(float, norm.momentum), norm.eps
        n_rows, n_features = pooled.shape
        features = np.empty(feature_shape(n_rows, n_features, pooled.dtype), pooled.dtype)
        centred, scale = np.empty_like(pooled), np.empty_like(pooled[0])
        outputs = np.empty((len(pooled), len(self.linear[1])), pooled.dtype)
        common = (centred, scale, features)
        head_forward(
            pooled, *self.norm_weights, *self.running, momentum, eps, draws, kept, *self.linear,
            *common, outputs,
        )  # fmt: skip
        loss, grad_outputs = _loss_gradient(criterion, outputs, targets)
        grad_pooled = np.empty_like(pooled)
        head_backward(
            grad_outputs, self.linear[0], self.norm_weights[0], draws, kept, *common,
            grad_pooled, *self.grad_linear, *self.grad_norm,
        )  # fmt: skip
        return loss, torch.from_numpy(outputs), grad_pooled

    def _workspace(self, name: str, *shape: int) -> np.ndarray:
        """Memory that is kept between batches, with arbitrary content."""
        size = shape[0] * shape[1] * shape[2]
        array = self.workspace.get(name)
        if array is None or len(array) < size:
            # By torch, whose arrays begin at a cache line.
            array = torch.empty(size, dtype=self.grads[0].dtype).numpy()
            self.workspace[name] = array
        return array[:size].reshape(shape)


def _parts(model: SequenceModel) -> list[Any]:
    """The modules that are used."""
    encoder, head = model.encoder, model.head
    recurrences = encoder.recurrent.recurrences(0)
    cells = [recurrence.rnn for recurrence in recurrences]
    front = [encoder.embedding, encoder.front]
    return [recurrences, head.norm, head.dropout, head.linear, model.pooling, cells, front, encoder]


def _loss_gradient(
    criterion: Loss, outputs: np.ndarray, targets: Targets
) -> tuple[Tensor, np.ndarray]:
    """Loss, and its gradient with respect to the outputs."""
    if type(criterion) is CrossEntropy:
        from ..kernels._head import cross_entropy

        classes, grad = cast(Tensor, targets.values).numpy(), np.empty_like(outputs)
        weights = outputs[0, :0] if targets.weights is None else targets.weights.numpy()
        loss = cross_entropy(outputs, classes, weights, criterion.label_smoothing, grad)
        return torch.from_numpy(np.asarray(loss, outputs.dtype)), grad
    leaf = torch.from_numpy(outputs).requires_grad_()
    value = criterion(leaf, targets)
    (grad_leaf,) = torch.autograd.grad(value, leaf)
    return value.detach(), np.ascontiguousarray(grad_leaf.numpy())


def _array(tensor: Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().numpy())


def _arrays(tensors: list[Tensor]) -> list[np.ndarray]:
    return [tensor.numpy() for tensor in tensors]


def _directions(flat: list[Tensor]) -> list[DirectionWeights]:
    """Weights by direction, as arrays."""
    arrays: list[Any] = _arrays(flat)
    return [DirectionWeights(*arrays[i : i + 4]) for i in range(0, len(arrays), 4)]
