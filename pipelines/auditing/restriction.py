"""What the validity would be among all applicants, corrected only where their spread and the mechanism are known."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vivavoce.data.problem import Problem
from vivavoce.data.table import Column, Given, Kind, Maps, Source, read_table
from vivavoce.evaluation.correlation import SMALLEST_SAMPLE
from vivavoce.evaluation.validity import corrected_validity
from vivavoce.fairness.groups import CANDIDATE
from vivavoce.pipelines.auditing.chapters import estimate_words
from vivavoce.pipelines.auditing.differences import estimate
from vivavoce.pipelines.auditing.evidence import Told
from vivavoce.pipelines.auditing.scores import SCORE, Scores
from vivavoce.pipelines.report.blocks import Paragraph, Say, count_words
from vivavoce.pipelines.report.plots import decimal

NOT_SAID = "how people were chosen was not said: name it with --selected-on"
NO_APPLICANTS = "the applicants are not known: give them with --applicants, or decisions for everybody in the scores"
SEVERAL_JOBS = "several jobs with scales of their own: audit one job at a time to correct for selection"

Floats = npt.NDArray[np.float64]
Json = dict[str, Any]


@dataclass(frozen=True)
class Applicants:
    """Everybody who applied, chosen or not.

    Parameters
    ----------
    source
        Where they were read.
    selector
        ``score``, or the column that people were chosen on.
    spread
        The selector's standard deviation among applicants.
    people
        Applicants with a value of the selector.
    values
        The selector of those under audit, in the order of the scores, shape (n,); ``nan`` where unknown.
    """

    source: str
    selector: str
    spread: float
    people: int
    values: Floats


def read_applicants(
    given: Given | None, selector: str | None, scores_source: Source, scores: Scores, maps: Maps | None = None
) -> Applicants | str:
    """Read the applicants, or why there are none.

    Parameters
    ----------
    given
        ``candidate_id`` and the selector's column; None: everybody in the scores, where decisions say who was chosen.
    selector
        ``score`` (people were chosen on this very score), another column's name (on that), or None (not known).
    scores_source, scores
        The scores under audit.
    maps
        What the user calls these columns.

    Raises
    ------
    TableRefused
        For a table without the selector's column, cells that are no numbers, and people who stand twice.
    """
    if selector is None:
        return NOT_SAID
    if given is None:
        if selector != SCORE or scores.decisions is None or scores.scores is None:
            return NO_APPLICANTS
        known = scores.scores[np.isfinite(scores.scores)]
        if len(known) < SMALLEST_SAMPLE:
            return NO_APPLICANTS
        return Applicants(scores_source.name, selector, float(known.std(ddof=1)), len(known), scores.scores)
    columns = (Column(CANDIDATE, Kind.ID, filled=False), Column(selector, Kind.NUMBER, filled=False))
    table = read_table(given, columns, key=(CANDIDATE,), maps=maps, called="applicants")
    values = table.frame[selector]
    if values.notna().sum() < SMALLEST_SAMPLE or values.nunique() < 2:
        table.refuse([Problem(selector, "too few values, or one only", "Give every applicant's value.")])
    own = values.set_axis(table.frame[CANDIDATE]).reindex(scores.candidates.astype(str)).to_numpy(np.float64)
    chosen = scores.scores if selector == SCORE and scores.scores is not None else own
    return Applicants(table.source.name, selector, float(values.std(ddof=1)), int(values.notna().sum()), chosen)


def describe_restriction(x: Floats, y: Floats, here: npt.NDArray[np.bool_], applicants: Applicants | str) -> Json:
    """The correlation among applicants (case II on the score itself, case III on a third variable), or why none.

    Parameters
    ----------
    x, y
        Score and outcome of the people with both, shape (k,).
    here
        Which of the rows under audit they are, shape (n,).
    applicants
        As read. Their spread is taken as known; limits are of the people with outcomes alone.
    """
    blank: Json = {**estimate("validity_unrestricted", None), "restriction": None}
    if isinstance(applicants, str):
        return {**blank, "restriction_reason": applicants}
    z = applicants.values[here]
    known = np.isfinite(z)
    x, y, z = x[known], y[known], z[known]
    if len(z) <= SMALLEST_SAMPLE or min(np.ptp(one) for one in (x, y, z)) == 0:
        return {**blank, "restriction_reason": NO_APPLICANTS}
    restricted = float(z.std(ddof=1))
    direct = applicants.selector == SCORE
    found: Json = {
        "kind": "direct (case II)" if direct else "indirect (case III)",
        "selector": applicants.selector,
        "applicants": applicants.people,
        "applicants_sd": applicants.spread,
        "selected_sd": restricted,
        "source": applicants.source,
    }
    corrected = corrected_validity(x, y, applicants_sd=applicants.spread, selector=None if direct else z)
    return {
        **estimate("validity_unrestricted", corrected),
        "restriction": found,
        "restriction_reason": corrected.reason,
    }


def tell_restriction(criterion: Told, say: Say) -> Paragraph:
    """What the correlation would be among all applicants, or why nobody can say."""
    known = criterion["restriction"]
    if criterion["validity_unrestricted"] is None:
        why = "not_narrower" if known else "several_jobs" if criterion["within_jobs"] else "restriction_unknown"
        return Paragraph(say(why), "small")
    values = {
        "selector": say("score") if known["selector"] == "score" else known["selector"],
        "n": count_words(known["applicants"]),
        "wide": decimal(known["applicants_sd"]),
        "narrow": decimal(known["selected_sd"]),
        "kind": known["kind"],
    }
    return Paragraph(say("unrestricted", **values, validity=estimate_words(criterion, "validity_unrestricted")))
