"""Planted job performance: people of three job families whose weights are known."""

import numpy as np
import numpy.typing as npt

PRIOR = {"problem_solving": 0.4, "technical_fit": 0.3, "teamwork": 0.2, "learning": 0.1}
CENTRE = np.array(list(PRIOR.values()))
JOBS = np.array(["engineer", "manager", "clerk"])
STRENGTH = 10.0  # of the prior that truths are drawn from; not one of those that the model tries
VALIDITY = 0.35  # of the true composite: what structured interviews reach
Floats = npt.NDArray[np.float64]


def truth(seed: int) -> Floats:
    """Weights drawn from the stated prior."""
    return np.random.default_rng([seed, 7]).dirichlet(STRENGTH * CENTRE)


def people(
    weights: Floats, n: int, correlation: float, seed: int, validity: float = VALIDITY
) -> tuple[Floats, Floats, npt.NDArray[np.str_]]:
    """Scores (n, 4), performance and jobs; every family has its own level, unit and noise."""
    rng = np.random.default_rng([seed, 8])
    k = len(weights)
    covariance = np.full((k, k), correlation) + (1 - correlation) * np.eye(k)
    z = rng.multivariate_normal(np.zeros(k), covariance, n)
    family = np.arange(n) % len(JOBS)
    composite = z @ weights / np.sqrt(weights @ covariance @ weights)
    clean = validity * composite + np.sqrt(1 - validity**2) * rng.standard_normal(n)
    return z, np.array([0.5, 1.0, 15.0])[family] * clean + np.array([3.0, 0.0, 100.0])[family], JOBS[family]
