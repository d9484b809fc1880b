"""What the network's outputs mean: a Gaussian with a spread of its own for everybody, or steps of a rating scale."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from scipy import optimize
from torch import Tensor

Floats = npt.NDArray[np.float64]

WIDEST = 3.0  # of a log spread: from e⁻³ to e³ standard deviations of the ratings
PERSONS_OF_PRIOR = 10.0  # how many rated people's worth of trust the uncalibrated spread has
WIDENING = 4.0  # at most, by calibration; and at least its inverse
MOST_LEVELS = 11  # of a rating scale: a mean over raters has more, and is for the Gaussian


class Head(Protocol):
    """Ratings of k competencies as distributions; ``outputs`` are (n, k · each) numbers, those of one kind together."""

    @property
    def each(self) -> int:
        """How many outputs a competency needs."""

    @property
    def start(self) -> Floats | None:
        """Numbers (k, steps) that belong to no person and are learned with the network; None: there are none."""

    def loss(self, outputs: Tensor, target: Tensor, spread: Tensor) -> Tensor:
        """Negative log likelihood of every rating, shape (n, k); 0 where it is ``nan``. ``spread`` (k,) widens."""

    def moments(self, outputs: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
        """Expected rating and standard deviation, shapes (n, k)."""

    def interval(self, outputs: Tensor, spread: Tensor, confidence: float) -> tuple[Tensor, Tensor]:
        """Limits between which a rating lies with this probability, shapes (n, k)."""


@dataclass(frozen=True)
class Gaussian:
    """Mean and log spread of each competency's rating.

    Parameters
    ----------
    mean, scale
        Of each competency's ratings in training, shape (k,).
    """

    mean: Floats
    scale: Floats
    each: int = 2
    start: Floats | None = None

    @staticmethod
    def of(ratings: Floats) -> "Gaussian":
        """From the ratings of training, shape (n, k); ``nan`` where nobody rated."""
        scale = np.nanstd(ratings, axis=0)
        return Gaussian(np.nanmean(ratings, axis=0), np.where(scale > 0, scale, 1.0))

    def loss(self, outputs: Tensor, target: Tensor, spread: Tensor) -> Tensor:
        """Negative log likelihood, shape (n, k), without its constant; 0 where the rating is ``nan``."""
        mean, sd = self.moments(outputs, spread)
        rated = ~torch.isnan(target)
        standard = (torch.where(rated, target, 0.0) - mean) / sd
        return torch.where(rated, torch.log(sd / self._like(sd, self.scale)) + 0.5 * standard**2, 0.0)

    def moments(self, outputs: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
        """Expected rating and standard deviation, shapes (n, k)."""
        mean, raw = outputs.tensor_split(2, dim=1)
        scale = self._like(outputs, self.scale)
        sd = scale * spread * torch.exp(WIDEST * torch.tanh(raw / WIDEST))
        return self._like(outputs, self.mean) + scale * mean, sd

    def interval(self, outputs: Tensor, spread: Tensor, confidence: float) -> tuple[Tensor, Tensor]:
        """Limits of the rating, shapes (n, k)."""
        mean, sd = self.moments(outputs, spread)
        reach = math.sqrt(2) * float(torch.erfinv(torch.tensor(confidence, dtype=torch.float64)))
        return mean - reach * sd, mean + reach * sd

    @staticmethod
    def _like(other: Tensor, values: Floats) -> Tensor:
        return torch.as_tensor(values, dtype=other.dtype, device=other.device)


@dataclass(frozen=True)
class Ordinal:
    """Levels of a rating scale behind thresholds: P(rating ≤ level j) = logistic((θ_j − f) / spread).

    Parameters
    ----------
    levels
        The scale, rising, shape (m,).
    start
        θ₁ and the logs of the distances from each threshold to the next, shape (k, m − 1): in training those of the
        ratings without any feature.

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42, 109–142.
    """

    levels: Floats
    start: Floats
    each: int = 1

    @staticmethod
    def of(ratings: Floats) -> "Ordinal":
        """From the ratings of training, shape (n, k); ``nan`` where nobody rated.

        Raises
        ------
        ValueError
            For ratings of one value only, and for more values than a rating scale has.
        """
        levels = np.unique(ratings[~np.isnan(ratings)])
        if not 2 <= len(levels) <= MOST_LEVELS:
            raise ValueError(
                f"The 'head' parameter of FusionRegressor may be 'ordinal' for ratings of 2 to {MOST_LEVELS} different "
                f"values. Got {len(levels)} values instead: use 'gaussian'."
            )
        below = (ratings[:, :, None] <= levels[:-1]) & ~np.isnan(ratings)[:, :, None]
        count = (~np.isnan(ratings)).sum(axis=0)[:, None]
        share = (below.sum(axis=0) + np.arange(1, len(levels)) / len(levels)) / (count + 1)  # never 0 or 1
        theta = np.log(share / (1 - share))
        steps = np.log(np.maximum(np.diff(theta, axis=1), 1e-2))
        return Ordinal(levels, np.hstack([theta[:, :1], steps]))

    def loss(self, outputs: Tensor, target: Tensor, spread: Tensor) -> Tensor:
        """Negative log likelihood, shape (n, k); 0 where the rating is ``nan``."""
        chance = self._chances(outputs, spread)
        rated = ~torch.isnan(target)
        levels = torch.as_tensor(self.levels, dtype=target.dtype, device=target.device)
        level = torch.argmin((torch.where(rated, target, 0.0)[:, :, None] - levels).abs(), dim=2, keepdim=True)
        return torch.where(rated, -torch.log(chance.gather(2, level)[:, :, 0]), 0.0)

    def moments(self, outputs: Tensor, spread: Tensor) -> tuple[Tensor, Tensor]:
        """Expected level and standard deviation, shapes (n, k)."""
        chance = self._chances(outputs, spread)
        levels = torch.as_tensor(self.levels, dtype=chance.dtype, device=chance.device)
        mean = chance @ levels
        return mean, torch.sqrt((chance * (levels - mean[:, :, None]) ** 2).sum(dim=2))

    def interval(self, outputs: Tensor, spread: Tensor, confidence: float) -> tuple[Tensor, Tensor]:
        """The levels at which the cumulative chance passes both tails, shapes (n, k): at least this probability."""
        below = self._chances(outputs, spread).cumsum(dim=2)
        levels = torch.as_tensor(self.levels, dtype=below.dtype, device=below.device)
        tail = (1 - confidence) / 2
        low, high = ((below < share).sum(dim=2).clamp(max=len(levels) - 1) for share in (tail, 1 - tail))
        return levels[low], levels[high]

    def _chances(self, outputs: Tensor, spread: Tensor) -> Tensor:
        """Of every level, shape (n, k, m); at least 1e-6 each, so that no rating is impossible."""
        k = len(self.start)
        latent, raw = outputs[:, :k], outputs[:, k:].reshape(len(outputs), k, -1)
        rises = torch.cat([raw[:, :, :1], torch.exp(raw[:, :, 1:])], dim=2)
        up_to = torch.ones(rises.shape[2], rises.shape[2], dtype=rises.dtype, device=rises.device).triu()
        theta = rises @ up_to  # a cumulative sum, which CUDA has in no deterministic form
        below = torch.sigmoid((theta - latent[:, :, None]) / spread[:, None])
        edges = torch.cat([torch.zeros_like(below[:, :, :1]), below, torch.ones_like(below[:, :, :1])], dim=2)
        chance = edges.diff(dim=2).clamp(min=1e-6)
        return chance / chance.sum(dim=2, keepdim=True)


HEADS = ("gaussian", "ordinal")


def head_of(name: str, ratings: Floats) -> Head:
    """The head of this name for ratings (n, k); ``nan`` where nobody rated."""
    return Gaussian.of(ratings) if name == "gaussian" else Ordinal.of(ratings)


def calibrated(head: Head, outputs: Tensor, target: Tensor, weights: Tensor) -> Floats:
    """By what each competency's spread is multiplied, shape (k,): the likeliest for persons who were held out.

    A prior worth ten rated people says 1, so that a handful of people cannot move it far.

    Parameters
    ----------
    outputs, target, weights
        Of the persons held out, shapes (n, k · each), (n, k), (n,).
    """
    k = target.shape[1]

    def badness(log_spread: float, competency: int) -> float:
        spread = torch.full((k,), math.exp(log_spread), dtype=outputs.dtype)
        prior = PERSONS_OF_PRIOR * (log_spread + 0.5 * math.exp(-2 * log_spread))
        return float((weights * head.loss(outputs, target, spread)[:, competency]).sum()) + prior

    reach = math.log(WIDENING)
    found = [
        optimize.minimize_scalar(badness, bounds=(-reach, reach), args=(competency,), method="bounded").x
        for competency in range(k)
    ]
    return np.asarray(np.exp(found), np.float64)
