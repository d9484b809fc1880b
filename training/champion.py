"""Is the new version better than the one in use: both on the same people, the difference with its interval.

What scores are worth to those who decide: excellent people and leavers at cut scores, from cross-fitted scores.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from vivavoce.data.errors import VivaError
from vivavoce.evaluation.correlation import correlation
from vivavoce.evaluation.decisions import (
    correlations_with,
    expected_hit_rate,
    leaving_at_cuts,
    success_at_cuts,
)
from vivavoce.evaluation.estimate import Estimate, Floats, bootstrap
from vivavoce.models.score import OVERALL, Norms
from vivavoce.models.version import ModelDiffers, ModelVersion
from vivavoce.training.inputs import LEAST_PEOPLE, Answers, Inputs, OwnScores
from vivavoce.training.learned import without_nan
from vivavoce.training.validation.overall import DRAWS

DIGITS = 9  # of a difference in r: one score on two scales differs from itself by rounding


class NotComparable(VivaError):
    """Champion and challenger cannot be compared on these people; the message says why."""


class Verdict(StrEnum):
    """What the difference of two correlations shows."""

    BETTER = "better"
    NOT_SHOWN = "not shown"
    WORSE = "worse"


@dataclass(frozen=True)
class Duel:
    """Two models on one criterion.

    Parameters
    ----------
    criterion
        What both are correlated with.
    champion, challenger
        r of each, over the same people; ideal 1.
    difference
        Challenger − champion, with its interval over persons; above 0 the new version is better.
    persons
        Who has both scores and the criterion.
    verdict
        By the interval.
    """

    criterion: str
    champion: Estimate
    challenger: Estimate
    difference: Estimate
    persons: int
    verdict: Verdict


@dataclass(frozen=True)
class Comparison:
    """A new version beside the champion.

    Parameters
    ----------
    champion
        Its digest.
    overall
        The overall scores against performance, or where none is given against the weighted human ratings.
    competencies
        Each competency's score against its human ratings, where it was rated.
    fair
        Whether the champion is known not to have learned from these people. Where it may have, its figures are too
        good, and *worse* cannot be concluded.
    """

    champion: str
    overall: Duel
    competencies: Mapping[str, Duel]
    fair: bool

    @property
    def said(self) -> str:
        """The verdict in one sentence."""
        one = self.overall
        known = "" if self.fair else " The champion may have learned from these people: its figure is then too good."
        found = one.difference
        return (
            f"Against the champion {self.champion[:12]} ({one.criterion}, {one.persons} people): {one.verdict.value}. "
            f"r {one.challenger.value:.2f} against {one.champion.value:.2f}, difference {found.value:+.2f} "
            f"[{found.low:+.2f}, {found.high:+.2f}].{known}"
        )

    def document(self) -> dict[str, Any]:
        """As JSON for the model version and its run."""
        return {
            "champion": self.champion,
            "fair": self.fair,
            "overall": asdict(self.overall),
            "competencies": {name: asdict(one) for name, one in self.competencies.items()},
            "said": self.said,
        }


def compare(champion: ModelVersion, digest: str, fitted: OwnScores, inputs: Inputs, *, seed: int = 0) -> Comparison:
    """Compare on the people of this training: the challenger by its cross-fitted scores, the champion by its own.

    Parameters
    ----------
    champion, digest
        The version in use, of any kind.
    fitted
        Scores of these people by the challenger, none by a version that saw them.
    inputs
        The people.
    seed
        Of the intervals.

    Raises
    ------
    NotComparable
        Where the champion scores other competencies, or was trained on other measurements.
    """
    names = list(fitted.z)
    if list(champion.framework.weights) != names:
        raise NotComparable(f"The champion scores {', '.join(champion.framework.weights)}, not {', '.join(names)}.")
    try:
        champion.check(inputs.fingerprints, inputs.recognisers)
    except ModelDiffers as error:
        raise NotComparable(str(error)) from error
    before = _scores(champion, inputs)
    fair = not champion.learned or _unseen(champion.documents.get("datasheet", {}), inputs)
    ours, theirs, target, what = fitted.overall, before[OVERALL], inputs.performance, inputs.criterion
    if np.isnan(target).all():
        target, what = _weighted(inputs.ratings, champion.framework.weights), "the weighted human ratings"
    duels = {
        name: _duel(f"ratings of {name}", before[name], fitted.z[name], inputs.ratings[name], inputs, fair, seed)
        for name in names
        if not np.isnan(inputs.ratings[name]).all()
    }
    return Comparison(digest, _duel(what or "performance", theirs, ours, target, inputs, fair, seed), duels, fair)


def _scores(champion: ModelVersion, inputs: Inputs) -> dict[str, Floats]:
    """The champion's points of every interview, by competency and overall."""
    answers = inputs.answers or _whole(champion, inputs)
    absent = sorted(set(champion.fingerprints) - set(answers.columns))
    if absent:
        said = ", ".join(f"{name} ({inputs.dropped.get(name, 'not there')})" for name in absent)
        raise NotComparable(f"The champion uses what says nothing in these data: {said}.")
    return champion.score_table(answers.columns, answers.interview, answers.question, len(inputs.interviews))


def _whole(champion: ModelVersion, inputs: Inputs) -> Answers:
    """Interviews of which no single answer is known, as if every question had been answered with their means."""
    asked = [one.id for one in champion.framework.questions]
    columns = {name: values for own in inputs.features.values() for name, values in own.items()}
    return Answers(
        np.repeat(np.arange(len(inputs.interviews)), len(asked)),
        np.tile(np.array(asked), len(inputs.interviews)),
        {name: np.repeat(values, len(asked)) for name, values in columns.items()},
    )


def _weighted(columns: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    found: Floats = np.sum([weights[name] * values for name, values in columns.items()], axis=0)
    return found


def _unseen(sheet: Mapping[str, Any], inputs: Inputs) -> bool:
    """Whether every interview here is later than every one that the champion learned from."""
    then = sheet.get("dates", {}).get("interviews")
    now = inputs.provenance.dates.get("interviews") if inputs.provenance else None
    return bool(then and now and then[1] < now[0])


def _duel(what: str, old: Floats, new: Floats, target: Floats, inputs: Inputs, fair: bool, seed: int) -> Duel:
    both = ~(np.isnan(old) | np.isnan(new) | np.isnan(target))
    persons = inputs.candidates[both]
    count = len(np.unique(persons))
    if count < LEAST_PEOPLE:
        raise NotComparable(f"{what}: champion and challenger both score {count} people only, {LEAST_PEOPLE} needed.")
    a, b, y = old[both], new[both], target[both]
    gain = bootstrap(_gain, a, b, y, persons=persons, draws=DRAWS, seed=seed)
    verdict = Verdict.BETTER if gain.low > 0 else Verdict.WORSE if gain.high < 0 and fair else Verdict.NOT_SHOWN
    one, other = (correlation(z, y, persons, least=LEAST_PEOPLE, seed=seed) for z in (a, b))
    return Duel(what, one, other, gain, count, verdict)


def _gain(old: Floats, new: Floats, target: Floats) -> float:
    if min(np.ptp(old), np.ptp(new), np.ptp(target)) == 0:
        return float("nan")
    found = float(np.corrcoef(new, target)[0, 1] - np.corrcoef(old, target)[0, 1])
    return round(found, DIGITS)


CUTS = (50.0, 65.0)  # points: the applicants' mean, and one standard deviation above it
EXCELLENT = 0.75  # quantile of a criterion from which performance is called excellent
SELECTED = (0.1, 0.2, 0.3, 0.5)  # shares of applicants for which a hit rate is expected
RAW = "raw: only people who were hired and stayed are counted; among applicants a cut would separate more"


def decision_tables(fitted: OwnScores, inputs: Inputs) -> dict[str, Any]:
    """Everything about cuts as a document of the model version, one row per person; empty without outcomes.

    Excellent is the best quarter of a criterion, or a criterion's 1 where it knows 0 and 1 only. Expected hit rates
    take the overall score's raw r with the trained criterion and assume a linear relation.
    """
    scores = {name: Norms.points(z) for name, z in {**fitted.z, OVERALL: fitted.overall}.items()}
    criteria = dict(inputs.criteria)
    table = pd.DataFrame({("score", name): values for name, values in scores.items()})
    for name, values in criteria.items():
        table["criterion", name] = values
    if inputs.follow_up is not None:
        table["days", ""], table["left", ""] = inputs.follow_up.days, inputs.follow_up.left
    people = table.groupby(inputs.candidates).mean()
    if not criteria and inputs.follow_up is None:
        return {}
    own = {name: people["score", name].to_numpy(np.float64) for name in scores}
    known = {name: people["criterion", name].to_numpy(np.float64) for name in criteria}
    found = correlations_with(own, known)
    document: dict[str, Any] = {
        "cuts": list(CUTS),
        "excellent": f"the best {1 - EXCELLENT:.0%} of a criterion, or 1 where it knows 0 and 1 only",
        "note": RAW,
        "correlations": {criterion: {n: asdict(one) for n, one in by.items()} for criterion, by in found.items()},
        "excellence": {name: _excellence(own, values) for name, values in known.items()},
        "hit rates": _hit_rates(found.get(inputs.criterion or "", {}).get(OVERALL)),
    }
    if inputs.follow_up is not None:
        days, left = (people[column, ""].to_numpy(np.float64) for column in ("days", "left"))
        document["leaving within a year"] = {
            name: [asdict(one) for one in leaving_at_cuts(x[both], days[both], left[both], CUTS)]
            for name, x in own.items()
            if (both := ~np.isnan(x) & ~np.isnan(days) & np.isin(left, (0, 1))).sum() > 1
        }
    document["findings"] = list(_findings(document))
    return dict(without_nan(document))


def _excellence(scores: Mapping[str, Floats], criterion: Floats) -> dict[str, Any]:
    told = criterion[~np.isnan(criterion)]
    if len(told) < 2:
        return {}
    binary = bool(np.isin(told, (0, 1)).all())
    least = 1.0 if binary else float(np.quantile(told, EXCELLENT))
    found: dict[str, Any] = {"from": least, "scores": {}}
    for name, x in scores.items():
        both = ~np.isnan(x) & ~np.isnan(criterion)
        if both.sum() > 1:
            success = (criterion[both] >= least).astype(np.float64)
            found["scores"][name] = [asdict(one) for one in success_at_cuts(x[both], success, CUTS)]
    return found


def _hit_rates(validity: Any) -> list[dict[str, float]]:
    """Of the best quarter among the selected, where the overall score has a validity above 0."""
    if validity is None or not 0 < validity.value < 1:
        return []
    base = 1 - EXCELLENT
    return [
        {
            "selected": share,
            "excellent among all": base,
            "excellent among the selected": round(expected_hit_rate(validity.value, base, share), 4),
        }
        for share in SELECTED
    ]


def _findings(document: Mapping[str, Any]) -> Iterator[str]:
    """Ratios whose interval leaves 1 out, in words."""
    tables = [(f"excellent ({name})", found.get("scores", {})) for name, found in document["excellence"].items()]
    tables.append(("gone within a year", document.get("leaving within a year", {})))
    for what, by_score in tables:
        for name, cuts in by_score.items():
            for one in cuts:
                ratio = one["ratio"]
                if ratio["low"] > 1 or ratio["high"] < 1:
                    yield (
                        f"{name.replace('_', ' ')} at {one['cut']:g} or above: {ratio['value']:.1f} times as often "
                        f"{what} [{ratio['low']:.1f}, {ratio['high']:.1f}] ({one['above']} people against "
                        f"{one['below']})"
                    )
