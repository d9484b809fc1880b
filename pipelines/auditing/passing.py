"""Who passes: a cut, a share of every job, a decision, or the median — declared before looking."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from vivavoce.data.problem import Problem
from vivavoce.fairness.audit import Cohort
from vivavoce.fairness.groups import Labels
from vivavoce.fairness.records import BadInput
from vivavoce.fairness.scoring_rate import scoring_rate
from vivavoce.fairness.table import Measure
from vivavoce.pipelines.auditing.scores import DECISION, JOB, Scores

Floats = npt.NDArray[np.float64]
Json = dict[str, Any]


def declare(
    path: Path,
    scores: Scores,
    attributes: Mapping[str, Labels],
    *,
    cut: float | None = None,
    select: float | None = None,
    decision: str | None = None,
) -> tuple[Cohort, Json]:
    """The cohort with everybody's pass, and in which words the report declares it.

    Parameters
    ----------
    path
        Of the scores, for messages.
    scores, attributes
        Row by row.
    cut
        A score; the person at it passes. One for all jobs, whatever their scales.
    select
        Share of people who pass, 0–1, within each job where the file names several; ties at the last score pass too.
    decision
        The 0/1 column that decides.

    Raises
    ------
    BadInput
        For more than one of the three, a cut without scores, and people of whom nobody was scored.
    """
    options = {"cut": cut, "select": select, "decision": decision}
    asked = [name for name, value in options.items() if value is not None]
    if len(asked) > 1:
        raise BadInput(path, [Problem("options", ", ".join(asked), "Declare one of cut, select and decision.")])
    if scores.decisions is not None:
        scored, selected = np.isfinite(scores.decisions), scores.decisions == 1
        declared: Json = {"kind": "decision", "column": decision or DECISION}
        return Cohort(scored, selected, scores.scores, Measure.SELECTION, None, attributes, scores.strata), declared
    if scores.scores is None:
        raise BadInput(path, [Problem("options", ", ".join(asked), "A cut needs a column 'score'.")])
    values = scores.scores
    scored = np.isfinite(values)
    if not scored.any():
        raise BadInput(path, [Problem("score", "no number", "Nobody was scored: there is nothing to audit.")])
    if select is not None:
        return _select(path, scores, values, attributes, select)
    if cut is None:
        rate = scoring_rate(values)
        declared = {"kind": "median", "cut": rate.median, "at_cut": rate.at_median}
        return Cohort(scored, rate.above, values, Measure.SCORING, rate.median, attributes, scores.strata), declared
    selected = values >= cut  # nan never is
    declared = {
        "kind": "cut",
        "cut": cut,
        "at_cut": int((values == cut).sum()),
        "asked": None,
        "share": float(selected.sum() / scored.sum()),
    }
    return Cohort(scored, selected, values, Measure.SELECTION, cut, attributes, scores.strata), declared


def _select(
    path: Path, scores: Scores, values: Floats, attributes: Mapping[str, Labels], share: float
) -> tuple[Cohort, Json]:
    """The best ``share`` of every job: jobs have their own scales, and people compete within one."""
    if not 0 < share < 1:
        raise BadInput(path, [Problem("select", str(share), "Write a share between 0 and 1.")])
    scored = np.isfinite(values)
    jobs = scores.strata.get(JOB)
    codes = np.zeros(len(values), np.int64) if jobs is None else jobs.codes
    names = [""] if jobs is None else [*jobs.levels, ""]  # -1, no job said, is the last
    selected, at_cut, cuts = np.zeros(len(values), bool), 0, {}
    below = np.full(len(values), np.nan)
    for code in np.unique(codes[scored]):
        here = (codes == code) & scored
        cut = float(np.sort(values[here])[-max(round(share * int(here.sum())), 1)])
        selected |= here & (values >= cut)
        at_cut += int((values[here] == cut).sum())
        cuts[names[code]] = cut
        below[here] = 100 * (stats.rankdata(values[here], "min") - 1) / here.sum()
    alone = cuts[names[0]] if jobs is None else None
    declared: Json = {
        "kind": "select",
        "cut": alone,
        "at_cut": at_cut,
        "asked": share,
        "share": float(selected.sum() / scored.sum()),
        **({} if jobs is None else {"cuts": cuts, "sweep_cut": 100 * (1 - share)}),
    }
    swept = None if jobs is None else below
    cohort = Cohort(scored, selected, values, Measure.SELECTION, alone, attributes, scores.strata, swept)
    return cohort, declared
