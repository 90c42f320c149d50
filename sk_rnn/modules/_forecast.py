"""The module of forecasters: a recurrent network over patches, added to a seasonal baseline."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from ._dropout import Dropout
from ._linear import make_linear
from ._stack import RecurrentStack
from ._steps import ValidSteps
from .cells import ForgetBias

# Size of the vector that tells the decoder which part of the horizon it is in.
POSITION_SIZE = 8

# Hidden units of the effect of covariates on a step.
EFFECT_SIZE = 16


class CovariateSizes(NamedTuple):
    """Numbers of covariates; those known in advance come first."""

    n_numeric: int = 0
    n_known_numeric: int = 0
    n_codes: tuple[int, ...] = ()  # codes of each column of categories
    n_known_columns: int = 0  # columns of categories that are known in advance

    @property
    def has_known(self) -> bool:
        """Whether a covariate is known in advance."""
        return self.n_known_numeric + self.n_known_columns > 0


class ForecastModel(nn.Module):
    """Several networks for the next values of a window, whose forecasts are averaged.

    All numbers are in units of the window: its values minus their location, divided by their scale.
    Hidden states start at zero in each window.

    Parameters
    ----------
    n_networks : int
        Networks that differ in their initial weights and dropout.
    patch : int
        Time steps per step of the recurrence.
    context : int
        Time steps that are read, a multiple of `patch`.
    horizon : int
        Time steps to forecast.
    seasons : sequence of int
        Season lengths of the baseline, at most `context`.
    n_calendar : int
        Number of calendar features.
    offsets : sequence of sequences of float, (n_patches_ahead, n_outputs)
        Initial value of each output, relative to the baseline, in each part of the horizon.
    first_logit, other_logit, first_growth : float
        Initial parameters of the baseline; see :mod:`sk_rnn.forecasting`.
    residual_share : float
        Factor of the networks' outputs, which are added to the baseline.
    n_series : int
        Number of series that have an embedding vector.
    series_size : int or None
        Size of that vector; None for none.
    covariates : tuple
        See `CovariateSizes`.
    effects : sequence of sequences of float
        Initial linear effects of the covariates that are known in advance: one for each number,
        then one for each code of each column of categories. None for zeros.
    cell, hidden_size, num_layers, dropout, forget_bias : see `RecurrentStack`
        `dropout` is also applied before the output layer.
    """

    rows_independent = False  # batches are padded to a fixed multiple of rows

    def __init__(
        self,
        *,
        n_networks: int,
        horizon: int,
        offsets: Sequence[Sequence[float]],
        generator: torch.Generator | None = None,
        **network: Any,
    ):
        super().__init__()
        self.horizon = horizon
        self.n_outputs = len(offsets[0])
        self.networks = nn.ModuleList(
            _Network(horizon=horizon, offsets=offsets, generator=generator, **network)
            for _ in range(n_networks)
        )

    def forward(self, x: Tensor, lengths: Tensor, **window: Tensor) -> Tensor:
        """Forecasts of a batch of windows.

        Parameters
        ----------
        x : Tensor of shape (n_patches, B, n_features)
            Values of each patch, their seasonal differences, the share observed, and the calendar.
        lengths : Tensor of shape (B,), int64, on the CPU
            Number of patches, the same for all.
        **window : Tensor
            ``ahead`` (n_patches_ahead, B, n_ahead): values a season ago and the calendar of the
            horizon; ``naive`` (B, n_seasons, n_steps), ``growth`` (B, n_seasons, 2) and ``level``
            (B, 2): terms of the baseline; ``series`` (B,); ``past_numeric``, ``past_codes``
            (B, context, ...) and ``known_numeric``, ``known_codes`` (B, n_steps, ...): covariates.

        Returns
        -------
        Tensor of shape (B, n_networks, horizon, n_outputs)
            In evaluation mode their mean, (B, 1, horizon, n_outputs).
        """
        valid = ValidSteps(lengths, x.device)
        found = [network(x, valid, **window)[:, : self.horizon] for network in self.networks]
        if self.training:
            return torch.stack(found, dim=1)
        total = found[0]
        for other in found[1:]:
            total = total + other
        return (total / len(found))[:, None]

    def fast_parameters(self) -> list[nn.Parameter]:
        """Parameters of the baseline, few and well determined, with a higher learning rate."""
        return [p for network in self.networks for p in cast(_Network, network).baseline]

    def baseline_weights(self) -> Tensor:
        """Weight of each season, the last value and the mean: (n_patches_ahead, n_seasons + 2)."""
        found = [torch.softmax(cast(_Network, n).logits, dim=1) for n in self.networks]
        return torch.stack(found).mean(dim=0)


class _Network(nn.Module):
    """One network: encoder over patches, a step of the decoder per patch ahead, baseline."""

    def __init__(
        self,
        *,
        patch: int,
        context: int,
        horizon: int,
        seasons: Sequence[int],
        n_calendar: int,
        offsets: Sequence[Sequence[float]],
        first_logit: float,
        other_logit: float,
        first_growth: float,
        residual_share: float,
        cell: str,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        forget_bias: ForgetBias = None,
        n_series: int = 0,
        series_size: int | None = None,
        covariates: Sequence[Any] = (),
        effects: Sequence[Sequence[float]] | None = None,
        cell_params: Any = None,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.patch, self.residual_share = patch, residual_share
        self.sizes = sizes = CovariateSizes(*covariates)
        n_ahead, n_seasons = -(-horizon // patch), len(seasons)
        self.n_outputs = len(offsets[0])
        self._add_baseline(n_ahead, seasons, offsets, (first_logit, other_logit, first_growth))
        n_vector = series_size or 0
        self._add_covariates(sizes, effects, n_vector, generator)
        self.series = None
        if series_size is not None:
            self.series = _vectors(n_series, series_size, generator)
        n_past = patch * self.n_past + n_vector
        n_future = patch * self.n_known + n_vector
        n_features = 2 * patch + 1 + n_calendar + n_past
        self.encode = make_linear(n_features, hidden_size, generator)
        layers: dict[str, Any] = {
            "num_layers": num_layers,
            "dropout": dropout,
            "forget_bias": forget_bias,
        }
        self.encoder = RecurrentStack(cell, hidden_size, hidden_size, generator=generator, **layers)
        self.positions = nn.Parameter(
            0.3 * torch.randn(n_ahead, POSITION_SIZE, generator=generator)
        )
        n_features = patch * n_seasons + n_calendar + POSITION_SIZE + n_future
        self.decode = make_linear(n_features, hidden_size, generator)
        self.decoder = RecurrentStack(cell, hidden_size, hidden_size, generator=generator, **layers)
        self.dropout = Dropout(dropout)
        # Zeros: before training the forecast is the baseline.
        self.output = make_linear(hidden_size, patch * self.n_outputs, generator)
        nn.init.zeros_(self.output.weight)
        self.step_part: Tensor
        self._constant("step_part", torch.arange(n_ahead).repeat_interleave(patch))
        self.season_index: Tensor
        h = torch.arange(n_ahead * patch)
        index = [context - season + h % season for season in seasons]
        shape = (n_seasons, n_ahead * patch)
        self._constant("season_index", torch.stack(index) if index else h.new_empty(shape))

    def _constant(self, name: str, value: Tensor) -> None:
        """Register a buffer that is determined by the arguments and not saved."""
        self.register_buffer(name, value, persistent=False)

    def _add_baseline(
        self,
        n_ahead: int,
        seasons: Sequence[int],
        offsets: Sequence[Sequence[float]],
        first: tuple[float, float, float],
    ) -> None:
        n_seasons, (first_logit, other_logit, first_growth) = len(seasons), first
        logits = torch.full((n_ahead, n_seasons + 2), other_logit)
        logits[:, 0] = first_logit  # the shortest season, or else the last value
        self.logits = nn.Parameter(logits)
        growth = torch.zeros(n_ahead, n_seasons, 2)
        growth[:, :, 0] = first_growth
        self.growth = nn.Parameter(growth)
        self.offsets = nn.Parameter(torch.tensor(offsets, dtype=torch.float32))
        ahead = torch.arange(n_ahead * self.patch)
        counts = [1 + ahead // season for season in seasons]
        self.seasons_ahead: Tensor  # (n_seasons, n_steps)
        empty = torch.empty(0, n_ahead * self.patch)
        self._constant("seasons_ahead", torch.stack(counts).float() if counts else empty)

    def _add_covariates(
        self,
        sizes: CovariateSizes,
        effects: Sequence[Sequence[float]] | None,
        n_vector: int,
        generator: torch.Generator | None,
    ) -> None:
        self.categories = nn.ModuleList(
            _vectors(n, min(8, 1 + n // 2), generator, unknown=True) for n in sizes.n_codes
        )
        widths = [cast(nn.Embedding, table).embedding_dim for table in self.categories]
        self.n_past = sizes.n_numeric + sum(widths)
        self.n_known = sizes.n_known_numeric + sum(widths[: sizes.n_known_columns])
        self.effect: nn.Module | None = None
        if sizes.has_known:
            # Series and categories can react differently to the same numbers.
            hidden = make_linear(self.n_known + n_vector, EFFECT_SIZE, generator)
            if effects is None:
                counts = [sizes.n_known_numeric, *sizes.n_codes[: sizes.n_known_columns]]
                effects = [[0.0] * n for n in counts]
            self.direct = nn.ParameterList(
                [nn.Parameter(torch.tensor(start, dtype=torch.float32)) for start in effects]
            )
            last = make_linear(EFFECT_SIZE, 1, generator, bias=False)
            nn.init.zeros_(last.weight)
            self.effect = nn.Sequential(hidden, nn.Tanh(), last)

    @property
    def baseline(self) -> list[nn.Parameter]:
        """Parameters of the baseline, of the quantiles around it and of the effects on it.

        With the learning rate of the networks, effects that differ between categories are not
        learned in the few hundred steps of small data.
        """
        effects: list[nn.Parameter] = []
        if self.effect is not None:
            effects = [*self.direct, *self.effect.parameters()]
        effects += self.categories.parameters()
        if self.series is not None:
            effects += self.series.parameters()
        return [self.logits, self.growth, self.offsets, *effects]

    def forward(
        self,
        x: Tensor,
        valid: ValidSteps,
        *,
        ahead: Tensor,
        naive: Tensor,
        growth: Tensor,
        level: Tensor,
        series: Tensor | None = None,
        past_numeric: Tensor | None = None,
        past_codes: Tensor | None = None,
        known_numeric: Tensor | None = None,
        known_codes: Tensor | None = None,
    ) -> Tensor:
        """Forecasts (B, n_patches_ahead * patch, n_outputs); arguments as in `ForecastModel`."""
        n_patches, n_rows = x.shape[:2]
        n_ahead = ahead.shape[0]
        before, after = [x], [ahead, self.positions[:, None].expand(-1, n_rows, -1)]
        effect: Tensor | None = None
        if past_numeric is not None and past_codes is not None:
            past = self._join(past_numeric, past_codes)
            before.append(self._by_patch(past))
        vector: Tensor | None = None
        if self.series is not None and series is not None:
            vector = self._vector(series)
        if known_numeric is not None and known_codes is not None and self.sizes.has_known:
            known = self._join(known_numeric, known_codes)
            after.append(self._by_patch(known))
            past_inputs = cast(Tensor, past_numeric), cast(Tensor, past_codes)
            effect = self._effect(*past_inputs, known_numeric, known_codes, vector)
        if vector is not None:
            before.append(vector.expand(n_patches, -1, -1))
            after.append(vector.expand(n_ahead, -1, -1))
        _, states = self.encoder.run(torch.relu(self.encode(torch.cat(before, dim=2))), valid)
        inputs = torch.relu(self.decode(torch.cat(after, dim=2))).flatten(0, 1)[None]
        start = [tuple(part.repeat(n_ahead, 1) for part in state) for state in states]
        one = ValidSteps(torch.ones(inputs.shape[1], dtype=torch.int64), x.device)
        hidden, _ = self.decoder.run(inputs, one, start)
        found = self.output(self.dropout(hidden[0]))  # (J * B, p * Q)
        found = found.unflatten(0, (n_ahead, n_rows)).unflatten(2, (self.patch, self.n_outputs))
        residual = found.transpose(0, 1).flatten(1, 2)  # (B, J * p, Q)
        central = self._baseline(naive, growth, level)
        if effect is not None:
            central = central + effect
        offsets = self.offsets[self.step_part]
        return central[:, :, None] + offsets + self.residual_share * residual

    def _baseline(self, naive: Tensor, growth: Tensor, level: Tensor) -> Tensor:
        """Seasonal values and their growth, the last value and the mean: (B, n_steps)."""
        shares = torch.softmax(self.logits, dim=1)[self.step_part]  # (n_steps, S + 2)
        central = level @ shares[:, -2:].T
        if naive.shape[1]:
            factors = self.growth[self.step_part]  # (n_steps, S, 2)
            change = torch.einsum("bsk,hsk->bsh", growth, factors) * self.seasons_ahead
            central = central + torch.einsum("bsh,hs->bh", naive + change, shares[:, :-2])
        return central

    def _effect(
        self,
        past_numeric: Tensor,
        past_codes: Tensor,
        numeric: Tensor,
        codes: Tensor,
        vector: Tensor | None,
    ) -> Tensor:
        """Effect of covariates in the horizon, minus that in the values the baseline repeats."""
        sizes = self.sizes
        before = self._effect_of(  # (B, L)
            past_numeric[..., : sizes.n_known_numeric],
            past_codes[..., : sizes.n_known_columns],
            vector,
        )
        after = self._effect_of(numeric, codes, vector)  # (B, n_steps)
        shares = torch.softmax(self.logits, dim=1)[self.step_part]
        levels = torch.stack([before[:, -1], before.mean(dim=1)], dim=1)
        repeated = levels @ shares[:, -2:].T
        if len(self.season_index):
            seasonal = before[:, self.season_index]  # (B, S, n_steps)
            repeated = repeated + torch.einsum("bsh,hs->bh", seasonal, shares[:, :-2])
        return after - repeated

    def _effect_of(self, numeric: Tensor, codes: Tensor, vector: Tensor | None) -> Tensor:
        joined = self._join(numeric, codes)
        if vector is not None:
            joined = torch.cat([joined, vector[:, None].expand(-1, joined.shape[1], -1)], dim=2)
        found = cast(nn.Module, self.effect)(joined)[..., 0]
        found = found + numeric @ self.direct[0]
        for j in range(codes.shape[-1]):
            found = found + self.direct[1 + j][codes[..., j]]
        return found

    def _join(self, numeric: Tensor, codes: Tensor) -> Tensor:
        """Numbers and the vectors of categories: (B, T, n)."""
        tables = list(self.categories)[: codes.shape[-1]]
        vectors = [table(codes[..., j]) for j, table in enumerate(tables)]
        return torch.cat([numeric, *vectors], dim=2)

    def _by_patch(self, steps: Tensor) -> Tensor:
        """(B, n * p, F) to (n, B, p * F)."""
        return steps.unflatten(1, (-1, self.patch)).flatten(2).transpose(0, 1)

    def _vector(self, series: Tensor) -> Tensor:
        """Vector of each series; for an unknown one (-1), the mean: (B, size)."""
        table = cast(nn.Embedding, self.series)
        vectors = table(series.clamp(min=0))
        return torch.where((series >= 0)[:, None], vectors, table.weight.mean(dim=0))


def _vectors(
    n: int, size: int, generator: torch.Generator | None, *, unknown: bool = False
) -> nn.Embedding:
    """Vectors with small random weights; that of code 0 stays zero if the code means unknown."""
    weight = 0.3 * torch.randn(n, size, generator=generator)
    if unknown:
        weight[0] = 0.0
    return nn.Embedding(n, size, padding_idx=0 if unknown else None, _weight=weight)
