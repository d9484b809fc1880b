"""Weights on the simplex: what job performance says about them, given a prior, and how sure one can be.

The model, for person i in job j: ``y_i = α_j + b_j · Σ_c w_c z_ic + ε_i``, ``w ≥ 0``, ``Σ w = 1``, ``ε ~ N(0, σ_j²)``,
``w ~ Dirichlet(κ · prior)``, ``α_j`` flat, ``p(σ_j) ∝ 1 / σ_j``, ``b_j ~ N(0, SLOPE_SD² σ_j²)``. α, b and σ integrate
out in closed form, so that only ``w`` is drawn: by sequential Monte Carlo from the prior to the posterior (Del Moral,
Doucet & Jasra 2006, JRSS B 68, 411–436), in log-ratios, where a weight near 0 is no boundary.

Slopes are first left free in sign: whether data identify weights at all is whether that slope is clearly above 0.
``b ≥ 0`` comes in afterwards, as a factor between 0 and 1. Our own: a general sampler
(PyMC, Stan) would bring a compiler for one posterior of a few weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Floats = npt.NDArray[np.float64]
LogDensity = Callable[[Floats], Floats]

SLOPE_SD = 1.0  # of b in units of the noise: a multiple correlation of .7 is one such step, none is ruled out
PARTICLES = 1000  # the posterior mean's own error is then a thirtieth of the posterior's spread
MOVES = 6  # random-walk steps after each tempering step; the scales below are visited in turn
SCALES = (0.4, 1.0, 1.7)  # of a random walk, around the optimum 2.38 / √d (Gelman, Roberts & Gilks 1996)
KEPT = 0.5  # effective share of the particles that one tempering step may leave
DECIMALS = 4  # of a summary: a correlation's sampling error is .014 even with 5,000 people
SMALLEST_JOB = 5  # persons: a job's intercept, slope and noise take three


@dataclass(frozen=True)
class Moments:
    """What the model needs to know of one job: sums of squares and products around the job's means.

    Parameters
    ----------
    n
        Persons, ≥ 5.
    xx, xy, yy
        Of the competency scores, shape (k, k), with the criterion, shape (k,), and of the criterion itself, > 0.
    """

    n: int
    xx: Floats
    xy: Floats
    yy: float

    @staticmethod
    def of(z: Floats, y: Floats) -> "Moments":
        """Of scores (n, k) and a criterion (n,).

        Raises
        ------
        ValueError
            For fewer than five persons, and for a criterion that does not vary.
        """
        if len(y) < SMALLEST_JOB or np.ptp(y) == 0:
            raise ValueError(
                f"A job needs at least {SMALLEST_JOB} persons whose criterion differs. Got {len(y)} persons and the "
                f"values {sorted(set(np.asarray(y).tolist()))[:3]} instead: leave the job out, or merge it."
            )
        x, centred = z - z.mean(axis=0), y - y.mean()
        return Moments(len(y), x.T @ x, x.T @ centred, float(centred @ centred))

    def summary(self) -> dict[str, Any]:
        """As a study would print it: persons, the scores' covariance and their correlations with the criterion.

        Four decimals, and neither the criterion's level nor its spread: no person's value can be worked out from it.
        """
        covariance, sd = self.xx / (self.n - 1), np.sqrt(np.diag(self.xx) * self.yy)
        return {
            "persons": self.n,
            "covariance": covariance.round(DECIMALS).tolist(),
            "correlations": (self.xy / sd).round(DECIMALS).tolist(),
        }

    @staticmethod
    def of_summary(persons: int, covariance: npt.ArrayLike, correlations: npt.ArrayLike) -> "Moments":
        """From what :meth:`summary` gave, the criterion's standard deviation being 1.

        Examples
        --------
        >>> z = np.random.default_rng(0).standard_normal((500, 2))
        >>> one = Moments.of(z, 30 * z[:, 0])
        >>> one.summary()["correlations"], Moments.of_summary(**one.summary()).summary() == one.summary()
        ([1.0, 0.0066], True)
        """
        xx, yy = (persons - 1) * np.asarray(covariance, np.float64), float(persons - 1)
        return Moments(persons, xx, np.asarray(correlations, np.float64) * np.sqrt(np.diag(xx) * yy), yy)


@dataclass(frozen=True)
class Slopes:
    """The slope's posterior, a Student t, for each of m weight vectors in one job: centre and scale (m,), df."""

    centre: Floats
    scale: Floats
    df: int

    @property
    def positive(self) -> Floats:
        """Probability that the slope is above 0, for each weight vector."""
        found: Floats = special.stdtr(self.df, self.centre / self.scale)
        return found

    def draw(self, rng: np.random.Generator, *, positive: bool) -> Floats:
        """One slope for each weight vector, above 0 only or free in sign."""
        u = 1 - rng.random(len(self.centre)) * (self.positive if positive else 1.0)  # the tail above 0, or all of it
        steps: Floats = stats.t.ppf(np.clip(u, 1e-15, 1 - 1e-15), self.df)
        return self.centre + self.scale * steps


def slopes(weights: Floats, job: Moments) -> Slopes:
    """The slope of the criterion on the weighted score, given each of m weight vectors (m, k)."""
    precision, centre, rest = _conjugate(weights, job)
    return Slopes(centre, np.sqrt(rest / (job.n - 1) / precision), job.n - 1)


def log_likelihood(weights: Floats, jobs: Sequence[Moments]) -> Floats:
    """Log of p(y | w) for m weight vectors (m, k), α, b (free in sign) and σ integrated out; constants left out."""
    total = np.zeros(len(weights))
    for job in jobs:
        precision, _, rest = _conjugate(weights, job)
        total -= 0.5 * np.log(precision) + 0.5 * (job.n - 1) * np.log(rest / job.yy)
    return total


def _conjugate(weights: Floats, job: Moments) -> tuple[Floats, Floats, Floats]:
    """Posterior precision and centre of the slope (both times σ⁻²), and the residual sum of squares."""
    precision = np.einsum("ic,ic->i", weights @ job.xx, weights) + SLOPE_SD**-2
    product = weights @ job.xy
    centre = product / precision
    return precision, centre, np.maximum(job.yy - product * centre, 1e-12 * job.yy)


@dataclass(frozen=True)
class Posterior:
    """Equally weighted draws of the weights at one strength of the prior, slopes free in sign.

    Parameters
    ----------
    strength
        κ: the prior counts as that many persons of whom everything were known.
    weights
        Shape (m, k), each row on the simplex.
    log_evidence
        Log of p(y | κ), up to a constant that is the same for every strength.
    """

    strength: float
    weights: Floats
    log_evidence: float


def posteriors(
    prior: npt.ArrayLike,
    strengths: Sequence[float],
    jobs: Sequence[Moments],
    *,
    particles: int = PARTICLES,
    seed: int = 0,
) -> list[Posterior]:
    """Draw the weights at rising strengths of the prior; each strength continues from the one before.

    Parameters
    ----------
    prior
        The framework's weights, shape (k ≥ 2,), each > 0, summing to 1.
    strengths
        κ, rising, > 0.
    jobs
        Every job whose competencies are these; they share the weights, and have their own level, slope and noise.
    particles, seed
        Draws at each strength, and where they start: the same seed gives the same draws.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> z = rng.standard_normal((4000, 2))
    >>> job = Moments.of(z, z @ [0.2, 0.8] + rng.standard_normal(4000))
    >>> [found] = posteriors([0.5, 0.5], [4.0], [job])
    >>> found.weights.mean(axis=0).round(1)
    array([0.2, 0.8])
    """
    centre = np.asarray(prior, np.float64)
    if centre.ndim != 1 or len(centre) < 2 or np.any(centre <= 0) or abs(centre.sum() - 1) > 1e-6:
        raise ValueError(
            "The 'prior' parameter of posteriors must hold two or more weights above 0 that sum to 1. "
            f"Got {centre.tolist()} instead: leave out a competency that shall not count."
        )
    if np.any(np.diff([0.0, *strengths]) <= 0):
        raise ValueError(f"The 'strengths' parameter of posteriors must rise from above 0. Got {strengths} instead.")
    rng = np.random.default_rng(seed)
    ratios = _draw_prior(strengths[0] * centre, particles, rng)
    found, evidence, density = [], 0.0, _dirichlet(strengths[0] * centre)
    for strength in strengths:
        target = _added(_dirichlet(strength * centre), lambda u: log_likelihood(simplex(u), jobs))
        ratios, gained = _bridge(ratios, density, target, rng)
        evidence, density = evidence + gained, target
        found.append(Posterior(strength, simplex(ratios), evidence))
    return found


def simplex(ratios: Floats) -> Floats:
    """Weights (m, k) from log-ratios to the last weight, shape (m, k − 1)."""
    return np.exp(_log_simplex(ratios))


def _log_simplex(ratios: Floats) -> Floats:
    """Log weights (m, k) from log-ratios to the last weight, shape (m, k − 1)."""
    padded = np.hstack([ratios, np.zeros((len(ratios), 1))])
    found: Floats = padded - special.logsumexp(padded, axis=1, keepdims=True)
    return found


def _draw_prior(alpha: Floats, m: int, rng: np.random.Generator) -> Floats:
    """Log-ratios of Dirichlet draws; logs of gamma draws do not underflow where alpha is small."""
    logs: Floats = np.log(rng.gamma(alpha + 1, size=(m, len(alpha)))) + np.log(rng.random((m, len(alpha)))) / alpha
    return logs[:, :-1] - logs[:, -1:]


def _dirichlet(alpha: Floats) -> LogDensity:
    """Log density of a Dirichlet, α of shape (k,), in log-ratios."""
    constant = special.gammaln(alpha.sum()) - special.gammaln(alpha).sum()
    return lambda ratios: constant + _log_simplex(ratios) @ alpha


def _added(first: LogDensity, second: LogDensity) -> LogDensity:
    return lambda ratios: first(ratios) + second(ratios)


def _bridge(ratios: Floats, start: LogDensity, end: LogDensity, rng: np.random.Generator) -> tuple[Floats, float]:
    """Carry particles from one density to another; returns them with the log ratio of the two evidences."""
    done, evidence = 0.0, 0.0
    while done < 1:
        gain = end(ratios) - start(ratios)
        step = _step(gain, 1 - done)
        evidence += float(special.logsumexp(step * gain) - np.log(len(gain)))
        ratios = ratios[resample(np.exp(step * (gain - gain.max())), len(gain), rng)]
        done = min(1.0, done + step)
        ratios = move(ratios, _between(start, end, done), rng)
    return ratios, evidence


def _between(start: LogDensity, end: LogDensity, done: float) -> LogDensity:
    return lambda ratios: (1 - done) * start(ratios) + done * end(ratios)


def _step(gain: Floats, left: float) -> float:
    """The longest step, at most ``left``, that leaves an effective share of KEPT of the particles."""

    def effective(step: float) -> float:
        w = np.exp(step * (gain - gain.max()))
        return float(w.sum() ** 2 / (w @ w) / len(w))

    if effective(left) >= KEPT:
        return left
    low, high = 0.0, left
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if effective(middle) >= KEPT else (low, middle)
    return max(low, 1e-9 * left)


def resample(weights: Floats, count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Systematic resampling: ``count`` indices, each expected in proportion to its weight."""
    edges = np.cumsum(weights) / np.sum(weights)
    places = (rng.random() + np.arange(count)) / count
    found: npt.NDArray[np.intp] = np.searchsorted(edges, places)
    found[found == len(weights)] -= 1  # where rounding leaves the last edge below 1
    return found


def move(ratios: Floats, density: LogDensity, rng: np.random.Generator) -> Floats:
    """Random-walk Metropolis steps of every particle, shape (m, k − 1), that leave the density as it is."""
    d = ratios.shape[1]
    root = np.linalg.cholesky(np.cov(ratios.T).reshape(d, d) + 1e-9 * np.eye(d))
    now = density(ratios)
    for turn in range(MOVES):
        reach = SCALES[turn % len(SCALES)] * 2.38 / np.sqrt(d)
        proposed = ratios + reach * rng.standard_normal(ratios.shape) @ root.T
        there = density(proposed)
        taken = np.log(rng.random(len(now))) < there - now
        ratios = np.where(taken[:, None], proposed, ratios)
        now = np.where(taken, there, now)
    return ratios
