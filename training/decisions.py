"""What scores are worth to those who decide: excellent people and leavers at cut scores, from cross-fitted scores."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from vivavoce.evaluation.arguments import Floats
from vivavoce.evaluation.decisions import (
    correlations_with,
    expected_hit_rate,
    leaving_at_cuts,
    success_at_cuts,
)
from vivavoce.models.norms import Norms
from vivavoce.models.score import OVERALL
from vivavoce.training.inputs import Inputs
from vivavoce.training.learned import without_nan
from vivavoce.training.own_scores import OwnScores

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
