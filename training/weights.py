"""How much each competency matters for performance: a posterior over weights, and everything that speaks against it.

The prior's strength κ is learned by cross-validation by person: each strength counts by how well it predicts the
performance of people that it has not seen, and the posterior is the mixture (stacking by pseudo-BMA: Yao, Vehtari,
Simpson & Gelman 2018, Bayesian Analysis 13, 917–1007).

``jobs`` are families of one framework that differ in level, unit and noise of performance and have one set of weights:
complete pooling. Jobs with weights of their own stand ``beside``: partial pooling (:mod:`vivavoce.training.pooling`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from vivavoce.evaluation.estimate import Estimate, Floats, matrix, same_length, undefined, vectors
from vivavoce.evaluation.models import least_squares
from vivavoce.models.simplex import Moments, Posterior, log_likelihood, posteriors, resample, slopes
from vivavoce.training.learned import ALPHA, INSEPARABLE, LearnedWeights, Neighbour, Pooling, Weight
from vivavoce.training.pooling import AGREEMENTS, Beside, agreement_shares, pooled, said_by

CONFIDENCE = 0.90
STRENGTHS = (4.0, 8.0, 16.0, 32.0)  # the sd of a weight of .40 is .22 at the first and .09 at the last
USUAL_STRENGTH = 10.0  # of a framework, against which conflict is judged: the sd of a weight of .40 is .15
DRAWS = 4000
PARTICLES_PER_FOLD = 500  # a predictive density needs fewer draws than an interval
FOLDS = 5


def learn_weights(
    scores: npt.ArrayLike,
    performance: npt.ArrayLike,
    jobs: Sequence[str] | npt.NDArray[np.str_],
    prior: Mapping[str, float],
    *,
    applicants: npt.ArrayLike | None = None,
    same_raters: bool = False,
    beside: Sequence[Beside] = (),
    seed: int = 0,
) -> LearnedWeights:
    """Learn weights from cross-fitted competency scores and later performance.

    Parameters
    ----------
    scores
        z, standardised on applicants, shape (n, k): one row per person, columns in the order of ``prior``. No score
        may come from a model that saw that person.
    performance
        Shape (n,), any unit; each job has its own level, slope and noise.
    jobs
        Each person's job family, shape (n,); five people each at least, and as many folds as there are.
    prior
        The framework's weight of each competency, > 0, summing to 1.
    applicants
        Covariance of z among applicants, shape (k, k), for effective weights; by default that of these people.
    same_raters
        Whether the criterion comes from those who also rated the competencies; it is then said to be halo.
    beside
        Other jobs, whose people are others, to be pooled with as far as they agree; their order does not matter.
    seed
        Of folds and draws: the same seed gives the same numbers.

    Raises
    ------
    ValueError
        For arrays that do not fit, for scores that do not vary, for a job with fewer than five people in some fold or
        a constant criterion, and for another job that shares fewer than two competencies.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> z = rng.standard_normal((3000, 2))
    >>> y = 0.5 * z @ [0.3, 0.7] + rng.standard_normal(3000)
    >>> found = learn_weights(z, y, ["engineer"] * 3000, {"teamwork": 0.5, "learning": 0.5})
    >>> found.identified, found.weights[1].low < 0.7 < found.weights[1].high
    (True, True)
    """
    z = matrix("learn_weights", "scores", scores, rows=2 * FOLDS, columns=2)
    (y,) = vectors("learn_weights", performance=performance)
    job = np.asarray(jobs, str)
    same_length("learn_weights", scores=z, performance=y, jobs=job)
    centre = np.array(list(prior.values()))
    if z.shape[1] != len(centre):
        raise ValueError(
            f"learn_weights needs one column per competency ({', '.join(prior)}). Got {z.shape[1]} instead."
        )
    flat = [name for name, column in zip(prior, z.T, strict=True) if np.ptp(column) == 0]
    if flat:
        raise ValueError(f"Every competency's scores must vary. Got one value only of {', '.join(flat)}: leave it out.")
    counts = _strength_shares(z, y, job, centre, seed)
    moments = _moments(z, y, job)
    drawn = posteriors(centre, STRENGTHS, list(moments.values()), seed=seed)
    covariance = np.cov(z.T) if applicants is None else np.asarray(applicants, np.float64)

    def learned(draws: Sequence[Floats], shares: Floats, stream: int) -> LearnedWeights:
        rng = np.random.default_rng([seed, stream])
        free = _mixture(draws, shares, rng)
        overall, by_job = _slopes(free, moments, rng)
        identified = bool(overall.low > 0)
        final = _above_zero(free, moments, rng) if identified else _prior_draws(centre, rng)
        weights = _weights(prior, final, identified, covariance)
        strengths = dict(zip(STRENGTHS, shares.reshape(len(STRENGTHS), -1).sum(axis=1).tolist(), strict=True))
        return LearnedWeights(
            weights, identified, overall, by_job, strengths, None, (), (), len(y), moments, same_raters=same_raters
        )

    found = learned([one.weights for one in drawn], counts, 1)
    if beside:
        draws, shares = _pooled(drawn, counts, prior, list(moments.values()), beside, seed)
        found = replace(learned(draws, shares.ravel(), 4), pooling=_pooling(beside, shares, found))
    return _with_least_squares(found, z, y, job)


def _moments(z: Floats, y: Floats, job: npt.NDArray[np.str_]) -> dict[str, Moments]:
    return {str(name): Moments.of(z[job == name], y[job == name]) for name in np.unique(job)}


def folds_within(job: npt.NDArray[np.str_], seed: int) -> npt.NDArray[np.intp]:
    """Each person's fold, 0–4, shuffled within each job so that every fold has its share of each."""
    rng = np.random.default_rng([seed, 2])
    fold = np.empty(len(job), np.intp)
    for name in np.unique(job):
        rows = np.flatnonzero(job == name)
        fold[rng.permutation(rows)] = np.arange(len(rows)) % FOLDS
    return fold


def _strength_shares(z: Floats, y: Floats, job: npt.NDArray[np.str_], centre: Floats, seed: int) -> Floats:
    """How well each strength predicts people that it has not seen, as shares that sum to 1."""
    whole = list(_moments(z, y, job).values())
    fold = folds_within(job, seed)
    density = np.zeros(len(STRENGTHS))
    for held in range(FOLDS):
        rows = fold != held
        rest = list(_moments(z[rows], y[rows], job[rows]).values())
        for i, found in enumerate(posteriors(centre, STRENGTHS, rest, particles=PARTICLES_PER_FOLD, seed=seed)):
            gain = log_likelihood(found.weights, whole) - log_likelihood(found.weights, rest)
            density[i] += special.logsumexp(gain) - np.log(len(gain))
    shares: Floats = special.softmax(density)
    return shares


def _mixture(draws: Sequence[Floats], shares: Floats, rng: np.random.Generator) -> Floats:
    each = np.concatenate([np.full(len(one), share) for one, share in zip(draws, shares, strict=True)])
    return np.vstack(draws)[resample(each, DRAWS, rng)]


def _pooled(
    drawn: Sequence[Posterior],
    counts: Floats,
    prior: Mapping[str, float],
    moments: Sequence[Moments],
    beside: Sequence[Beside],
    seed: int,
) -> tuple[list[Floats], Floats]:
    """Draws at every strength and agreement, and how much each counts, shape (strengths, agreements).

    A strength counts as by cross-validation, an agreement as :func:`agreement_shares` says.
    """
    rng = np.random.default_rng([seed, 3])
    centre = np.array(list(prior.values()))
    draws, gains, others = [], [], []
    for own, said in zip(drawn, said_by(beside, prior, STRENGTHS, seed=seed), strict=True):
        nobody = Posterior(own.strength, rng.dirichlet(own.strength * centre, PARTICLES_PER_FOLD), 0.0)
        found = pooled(own, prior, moments, said, rng)
        draws += [one.weights for one in found]
        gains.append([one.gain for one in found])
        others.append([one.gain for one in pooled(nobody, prior, (), said, rng)])
    share = counts[:, None] * agreement_shares(np.array(gains), np.array(others))
    return draws, share / share.sum()


def _pooling(beside: Sequence[Beside], shares: Floats, alone: LearnedWeights) -> Pooling:
    jobs = sorted(beside, key=lambda one: (one.job, one.digest))
    near = tuple(Neighbour(one.job, one.digest, one.moments.n, one.shared) for one in jobs)
    found = zip(AGREEMENTS, shares.sum(axis=0).tolist(), strict=True)
    return Pooling(near, dict(found), alone.values)


def _slopes(
    weights: Floats, moments: Mapping[str, Moments], rng: np.random.Generator
) -> tuple[Estimate, dict[str, Estimate]]:
    """The slope over all jobs, weighted by persons, and in each; in standard deviations of the job's performance."""
    drawn = {
        name: slopes(weights, one).draw(rng, positive=False) / np.sqrt(one.yy / (one.n - 1))
        for name, one in moments.items()
    }
    persons = np.array([one.n for one in moments.values()])
    overall = persons @ np.array(list(drawn.values())) / persons.sum()
    return _interval(overall), {name: _interval(one) for name, one in drawn.items()}


def _interval(draws: Floats) -> Estimate:
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(float(draws.mean()), float(low), float(high))


def _above_zero(weights: Floats, moments: Mapping[str, Moments], rng: np.random.Generator) -> Floats:
    """Draws under slopes that are not negative in any job."""
    chance = np.prod([slopes(weights, one).positive for one in moments.values()], axis=0)
    return weights[resample(np.maximum(chance, 1e-300), len(weights), rng)]


def _prior_draws(centre: Floats, rng: np.random.Generator) -> Floats:
    per_strength = DRAWS // len(STRENGTHS)
    return np.vstack([rng.dirichlet(strength * centre, per_strength) for strength in STRENGTHS])


def _weights(prior: Mapping[str, float], draws: Floats, identified: bool, covariance: Floats) -> tuple[Weight, ...]:
    centre = np.array(list(prior.values()))
    value = draws.mean(axis=0) if identified else centre
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    effective = value * (covariance @ value) / (value @ covariance @ value)
    none = undefined("the scores determine one another, or there are fewer people than coefficients")
    return tuple(
        Weight(name, float(centre[i]), float(value[i]), float(low[i]), float(high[i]), none, none, float(effective[i]))
        for i, name in enumerate(prior)
    )


def _with_least_squares(found: LearnedWeights, z: Floats, y: Floats, job: npt.NDArray[np.str_]) -> LearnedWeights:
    """What least squares says, without prior and without limits, and where that is a finding."""
    names = [weight.competency for weight in found.weights]
    r = np.atleast_2d(np.corrcoef(z.T))
    pairs = tuple(
        (names[i], names[j]) for i in range(len(names)) for j in range(i + 1, len(names)) if r[i, j] >= INSEPARABLE
    )
    levels = np.unique(job)
    dummies = (job[:, None] == levels).astype(float)
    spread = dummies @ np.array([y[job == name].std(ddof=1) for name in levels])
    design = np.hstack([z, dummies])
    if len(y) <= design.shape[1] or np.linalg.matrix_rank(design) < design.shape[1]:
        return replace(found, inseparable=pairs)
    fit = least_squares(design, y / spread)
    k = len(names)
    negative = tuple(name for i, name in enumerate(names) if fit.coefficient(i, 1 - ALPHA / k).high < 0)
    beta, covariance = fit.coefficients[:k], fit.covariance[:k, :k]
    shares = _shares(beta, covariance)
    weights = tuple(
        replace(one, unshrunk=shares[i], coefficient=fit.coefficient(i, CONFIDENCE))
        for i, one in enumerate(found.weights)
    )
    conflict = _conflict(beta, covariance, np.array([one.prior for one in found.weights]))
    return replace(found, weights=weights, conflict=conflict, negative=negative, inseparable=pairs)


def _shares(beta: Floats, covariance: Floats) -> list[Estimate]:
    """Coefficients as shares of their sum, with limits by the delta method."""
    total = float(beta.sum())
    reach = stats.norm.ppf((1 + CONFIDENCE) / 2)
    if abs(total) <= reach * np.sqrt(covariance.sum()):
        return [undefined("the coefficients' sum cannot be told from 0")] * len(beta)
    share = beta / total
    gradient = (np.eye(len(beta)) - share[:, None]) / total
    error = np.sqrt(np.einsum("ij,jk,ik->i", gradient, covariance, gradient))
    return [Estimate(float(s), float(s - reach * e), float(s + reach * e)) for s, e in zip(share, error, strict=True)]


def _conflict(beta: Floats, covariance: Floats, prior: Floats) -> float:
    """p-value of coefficients in the prior's proportions, the prior itself being uncertain (USUAL_STRENGTH).

    The coefficients' departure from the best multiple of the prior, against sampling error and the prior's own spread:
    a prior predictive check (Evans & Moshonov 2006, Bayesian Analysis 1, 893–914).
    """
    pull = np.linalg.solve(covariance, prior)
    slope = float(pull @ beta / (pull @ prior))
    away = np.eye(len(prior)) - np.outer(prior, pull) / (pull @ prior)
    spread = (np.diag(prior) - np.outer(prior, prior)) / (USUAL_STRENGTH + 1)
    expected = away @ (covariance + slope**2 * spread) @ away.T
    departure = away @ beta
    statistic = float(departure @ np.linalg.pinv(expected, rcond=1e-10, hermitian=True) @ departure)
    return float(stats.chi2.sf(statistic, len(prior) - 1))
