"""Why a competency has no score: shared by the trained kinds of model version."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from vivavoce.data.schema import Absent
from vivavoce.data.status import Reason, RowStatus
from vivavoce.models.answer import MeasuredAnswer
from vivavoce.models.score import Score


def not_scored(competency: str, reason: str) -> Score:
    """A competency without a value."""
    return Score(competency, None, None, RowStatus.NOT_SCORED, str(reason))


def why_missing(answers: Sequence[MeasuredAnswer], importance: Mapping[str, float]) -> str:
    """The reason behind most of what is missing, by how much it matters; alone where nothing at all was measured.

    Parameters
    ----------
    answers
        At least one.
    importance
        Of each column, of any sign.
    """
    lost: defaultdict[str, float] = defaultdict(float)
    for name, weight in importance.items():
        if all(math.isnan(answer.value(name)) for answer in answers):
            lost[_reason(answers[0].measures, name)] += abs(weight)
    reason = max(lost, key=lambda one: lost[one])
    nothing = len(lost) == 1 and all(math.isnan(answer.value(name)) for answer in answers for name in importance)
    return reason if nothing else f"{Reason.TOO_LITTLE_MEASURED.value}: {reason}"


def _reason(measures: Mapping[str, float | Absent], name: str) -> str:
    """Why a feature has no value; one that was not even tried lacked the consent to its modality."""
    found = measures.get(name)
    return found.reason if isinstance(found, Absent) else Reason.NO_CONSENT.value
