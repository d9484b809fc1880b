"""What learning costs: nested cross-validation beside scikit-learn's grid search, a posterior over weights, scoring."""

import resource
import time

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.benchmarks import Figure
from tests.planted import CENTRE, PRIOR, people
from vivavoce.models.linear.linear_version import LinearCompetency
from vivavoce.models.linear.ridge import PENALTIES, CompetencyRidge
from vivavoce.models.score import Norms
from vivavoce.training.overall import cross_fitted
from vivavoce.training.weights import learn_weights

FEATURES, COMPETENCIES, BLOCK, SCORED = 300, 10, 100_000, 50
Floats = npt.NDArray[np.float64]


def run(reduced: bool = False) -> list[Figure]:
    """Wall seconds on this machine; the baseline runs one competency and is multiplied."""
    n, rows = (1000, 100_000) if reduced else (5000, 1_000_000)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, FEATURES))
    ratings = x[:, :COMPETENCIES] + rng.standard_normal((n, COMPETENCIES))
    begun = time.perf_counter()
    for y in ratings.T:
        cross_fitted(CompetencyRidge(), x, y, np.arange(n))
    ours = time.perf_counter() - begun
    usual = _grid_search(x, ratings[:, 0]) * COMPETENCIES
    begun = time.perf_counter()
    learn_weights(*people(CENTRE, n, 0.5, 0), PRIOR)
    weights = time.perf_counter() - begun
    scoring = _scoring(rows, x, ratings[:, 0])
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return [
        Figure(
            f"nested cross-validation, {n} people, {FEATURES} features, {COMPETENCIES} competencies, and grid search",
            f"{ours:.1f} s against {usual:.1f} s",
            usual / ours,
            "≤ 60 s (5,000 people)",
        ),
        Figure(f"weights of four competencies, {n} people, strength of the prior learned", f"{weights:.1f} s"),
        Figure(
            f"scores of {COMPETENCIES} competencies, {rows} rows × {SCORED} features",
            f"{scoring:.1f} s",
            None,
            "≤ 20 s (1,000,000 rows)",
        ),
        Figure("peak memory of all of it", f"{memory:.2f} GiB", None, "≤ 2 GiB"),
    ]


def _grid_search(x: Floats, y: Floats) -> float:
    begun = time.perf_counter()
    grid = {"ridge__alpha": [penalty * len(y) * 0.8 for penalty in PENALTIES]}
    search = GridSearchCV(make_pipeline(StandardScaler(), Ridge()), grid, cv=5)
    cross_val_predict(search, x, y, cv=GroupKFold(5), groups=np.arange(len(y)))
    return time.perf_counter() - begun


def _scoring(rows: int, x: Floats, y: Floats) -> float:
    """Seconds, in blocks as a table is read."""
    names = [f"language.feature_{i}" for i in range(SCORED)]
    fitted = CompetencyRidge().fit(x[:, :SCORED], y)
    one = LinearCompetency.of("teamwork", names, fitted, Norms.of(fitted.predict(x[:, :SCORED])))
    values = np.random.default_rng(1).standard_normal((SCORED, BLOCK))
    values[np.random.default_rng(2).random(values.shape) < 0.01] = np.nan
    block = dict(zip(names, values, strict=True))
    begun = time.perf_counter()
    for _ in range(rows // BLOCK):
        for _ in range(COMPETENCIES):
            Norms.points(one.z(block))
    return time.perf_counter() - begun
