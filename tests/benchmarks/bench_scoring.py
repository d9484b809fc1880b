"""What scoring a table costs: from answers to means to points, beside pandas' means and a matrix product."""

import resource
import time

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.benchmarks import Figure
from tests.models.versions import many_competencies, planted
from vivavoce.models.linear.linear_version import LinearVersion

FEATURES, COMPETENCIES, ANSWERS_EACH = 50, 10, 4
Floats = npt.NDArray[np.float64]


def run(reduced: bool = False) -> list[Figure]:
    """Wall seconds on this machine, one thread; the baseline scores one competency and is multiplied."""
    answers = 100_000 if reduced else 1_000_000
    model = planted(many_competencies(COMPETENCIES), FEATURES)
    asked = [question.id for question in model.framework.questions]
    rng = np.random.default_rng(0)
    columns = {name: rng.standard_normal(answers) for name in model.fingerprints}
    for values in columns.values():
        values[rng.random(answers) < 0.01] = np.nan
    interview = np.arange(answers) // ANSWERS_EACH
    question = np.array(asked)[np.arange(answers) % min(ANSWERS_EACH, len(asked))]
    begun = time.perf_counter()
    found = model.points(model.means(columns, interview, question, answers // ANSWERS_EACH))
    ours = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    begun = time.perf_counter()
    usual = _pandas(model, columns, interview, question)
    theirs = (time.perf_counter() - begun) * COMPETENCIES
    first = model.competencies[0].competency
    apart = float(np.nanmax(np.abs(found[first] - usual)))
    what = f"scores of {COMPETENCIES} competencies, {answers} answer rows × {FEATURES} features"
    return [
        Figure(
            f"{what}, and pandas with a matrix product (at most {apart:.0e} points apart)",
            f"{ours:.1f} s against {theirs:.1f} s",
            theirs / ours,
            "≤ 20 s (1,000,000 rows)",
        ),
        Figure("peak memory of it", f"{memory:.2f} GiB", None, "≤ 3 GiB"),
    ]


def _pandas(
    model: LinearVersion, columns: dict[str, Floats], interview: npt.NDArray[np.intp], question: npt.NDArray[np.str_]
) -> Floats:
    one = model.competencies[0]
    shown = [asked.id for asked in model.framework.questions_showing(one.competency)]
    table = pd.DataFrame(columns)[np.isin(question, shown)]
    x = table.groupby(interview[np.isin(question, shown)]).mean()[list(one.features)].to_numpy()
    missing = np.isnan(x)
    rated = one.intercept + np.where(missing, one.mean, x) @ one.coefficients + missing @ one.absent
    share = ~missing @ np.abs(one.importance) / np.abs(one.importance).sum()
    points: Floats = one.norms.points(one.norms.z(np.where(share >= one.least_measured, rated, np.nan)))
    return points
