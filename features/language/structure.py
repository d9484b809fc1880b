"""The structure of an account: situation, task, action, result — found where, missing which.

The four parts of a behavioural answer (STAR; Janz 1982, *Journal of Applied Psychology* 67; Levashina et al. 2014,
*Personnel Psychology* 67) are found by cue phrases. A cue shows where a part begins, not how good it is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vivavoce.data.schema import Value
from vivavoce.features.language.answer import AnswerText, Span
from vivavoce.features.language.family import LANGUAGE, TOO_SHORT
from vivavoce.features.language.lexicon import PARTS

MIN_WORDS = 20  # four parts do not fit into less: below, a missing part says nothing


@dataclass(frozen=True)
class Account:
    """Where each part of the account shows: spans of the answer's words, in order of appearance."""

    found: Mapping[str, tuple[Span, ...]]

    @property
    def missing(self) -> tuple[str, ...]:
        """Parts without a cue, in the order of telling."""
        return tuple(part for part in PARTS if not self.found[part])

    @property
    def share(self) -> float:
        """Share of the four parts that were found, 0–1; 1 is complete."""
        return 1 - len(self.missing) / len(PARTS)


def find_structure(answer: AnswerText) -> Account:
    """The cues of each part in one answer."""
    return Account({part: tuple(answer.surface.find(answer.lexicon.structure[part])) for part in PARTS})


@LANGUAGE.feature(
    "language.structure_share",
    unit="share",
    low=0,
    high=1,
    meaning="Share of situation, task, action and result that the answer shows.",
    source="Levashina et al. 2014, Personnel Psychology 67, 241–293; own cues",
    moved_by=("language",),
    resists=("trimming",),
)
def _structure_share(answer: AnswerText) -> Value:
    return TOO_SHORT if len(answer.tokens) < MIN_WORDS else find_structure(answer).share


def _declare(part: str) -> Callable[[AnswerText], Value]:
    @LANGUAGE.feature(
        f"language.{part}_flag",
        unit="flag",
        low=0,
        high=1,
        meaning=f"1 where the answer shows the {part} of the account.",
        source="Levashina et al. 2014, Personnel Psychology 67, 241–293; own cues",
        moved_by=("language",),
        resists=("trimming",),
    )
    def flag(answer: AnswerText) -> Value:
        found = answer.surface.find(answer.lexicon.structure[part])
        return TOO_SHORT if len(answer.tokens) < MIN_WORDS else float(bool(found))

    return flag


for _part in PARTS:
    _declare(_part)
