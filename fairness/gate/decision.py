"""What the gate decides, and why: one line for each check, the standing, until when, and what would change its mind.

The gate's checks as data: which, how strict, why, and whether two people may waive one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.data.errors import VivaError
from vivavoce.data.problem import problems_of
from vivavoce.data.schema import digest_of
from vivavoce.data.table import InputRefused
from vivavoce.data.yaml_file import read_yaml
from vivavoce.fairness.gate.checks import CHECKS
from vivavoce.fairness.gate.evidence import Evidence, Outcome, Seen
from vivavoce.fairness.rules import Text

SHIPPED = files("vivavoce.fairness") / "gate" / "standard.yaml"


class Level(StrEnum):
    """What a failed check does: it keeps a version back, or it stands in the card."""

    BLOCKING = "blocking"
    ADVISORY = "advisory"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GateCheck(_Strict):
    """One thing asked of a version before it may score anybody; ``parameters`` are its thresholds."""

    id: Literal[
        "audited", "current", "consent", "no_refused_feature", "groups_permuted", "scored_twice", "validity",
        "not_below_champion", "primary_impact", "job_analysis", "same_questions", "people", "rater_agreement",
        "modalities", "differential_prediction", "question_functioning", "recognition", "not_scored", "alternatives",
    ]  # fmt: skip
    level: Level
    waivable: bool
    asks: Text
    reason: Text
    parameters: dict[str, float] = {}


class GatePack(_Strict):
    """A dated set of checks.

    Parameters
    ----------
    published_days, provisional_days
        For how long an admission holds at most.
    """

    name: str
    version: str
    valid_from: date
    published_days: Annotated[int, Field(ge=1, le=366)]
    provisional_days: Annotated[int, Field(ge=1, le=366)]
    checks: Annotated[tuple[GateCheck, ...], Field(min_length=1)]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the content."""
        return digest_of(self.model_dump(mode="json"))


def read_gate(path: Path | None = None) -> GatePack:
    """Read a gate's rule pack; by default the one that comes with vivavoce.

    Raises
    ------
    InputRefused
        For a file that cannot be read, and everything wrong in it.
    """
    named = path or Path(str(SHIPPED))
    document = read_yaml(named)
    try:
        return GatePack.model_validate(document)
    except ValidationError as error:
        known = {"": list(GatePack.model_fields), "checks": list(GateCheck.model_fields)}
        raise InputRefused(named, problems_of(error, document, known)) from error


SIGNERS = 2  # different keys under a waiver: nobody waives alone
REASON_LENGTH = 40  # characters; "ok" is no reason


class Admission(StrEnum):
    """How a version may be used."""

    PUBLISHED = "published"
    PROVISIONAL = "provisional"  # a person reviews every decision
    REFUSED = "refused"


class WaiverRefused(VivaError):
    """A waiver that does not count: for another version, without a reason, or signed by one key only."""


@dataclass(frozen=True)
class Waiver:
    """One check set aside for one version, with a written reason, by the people whose keys signed it."""

    check: str
    model_digest: str
    reason: str
    keys: frozenset[str]


@dataclass(frozen=True)
class Judged:
    """One check of the pack, what was seen, and how it ended."""

    check: GateCheck
    seen: Seen
    outcome: Outcome
    waiver: Waiver | None = None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.check.id,
            "level": self.check.level.value,
            "asks": self.check.asks.model_dump(),
            "reason": self.check.reason.model_dump(),
            "parameters": self.check.parameters,
            "outcome": self.outcome.value,
            "found": dict(self.seen.found),
            "remedy": dict(self.seen.remedy),
            "people_needed": self.seen.people,
            "waiver": {"reason": self.waiver.reason, "keys": sorted(self.waiver.keys)} if self.waiver else None,
        }


@dataclass(frozen=True)
class Decision:
    """The gate's answer for one version; ``expires`` is None where it is refused."""

    pack: GatePack
    model_digest: str
    job: str
    made: datetime
    admission: Admission
    expires: datetime | None
    checks: tuple[Judged, ...]

    @property
    def in_the_way(self) -> tuple[Judged, ...]:
        """Blocking checks that failed, or were not settled."""
        bad = {Outcome.FAIL, Outcome.INSUFFICIENT}
        return tuple(one for one in self.checks if one.check.level is Level.BLOCKING and one.outcome in bad)

    def document(self) -> dict[str, Any]:
        """``gate.json``."""
        needed = [one.seen.people for one in self.in_the_way if one.seen.people is not None]
        return {
            "format": 1,
            "pack": {"name": self.pack.name, "version": self.pack.version, "digest": self.pack.digest},
            "model_digest": self.model_digest,
            "job": self.job,
            "made": self.made.isoformat(),
            "admission": self.admission.value,
            "expires": self.expires.isoformat() if self.expires else None,
            "every_decision_reviewed": self.admission is Admission.PROVISIONAL,
            "people_needed": max(needed) if needed else None,
            "checks": [one.document() for one in self.checks],
            "disclaimer": "Not legal advice.",
        }


def decide(evidence: Evidence, pack: GatePack, waivers: Sequence[Waiver] = ()) -> Decision:
    """Ask every check of the pack.

    A blocking failure refuses. A blocking check that these numbers cannot settle allows ``provisional`` only: a person
    reviews every decision, and the admission ends. A waived check counts as passed and shows for ever. Advisory checks
    never stand in the way.

    Raises
    ------
    WaiverRefused
        For a waiver that does not count.
    """
    given = {waiver.check: waiver for waiver in waivers}
    for waiver in waivers:
        _refuse(waiver, pack, evidence.model_digest)
    judged = tuple(_judged(check, evidence, given) for check in pack.checks)
    blocking = {one.outcome for one in judged if one.check.level is Level.BLOCKING}
    if Outcome.FAIL in blocking:
        admission, days = Admission.REFUSED, None
    elif Outcome.INSUFFICIENT in blocking:
        admission, days = Admission.PROVISIONAL, pack.provisional_days
    else:
        admission, days = Admission.PUBLISHED, pack.published_days
    expires = None if days is None else evidence.now + timedelta(days=days)
    return Decision(pack, evidence.model_digest, evidence.job, evidence.now, admission, expires, judged)


def _judged(check: GateCheck, evidence: Evidence, waivers: Mapping[str, Waiver]) -> Judged:
    seen = CHECKS[check.id](evidence, check.parameters)
    waiver = waivers.get(check.id)
    if waiver is None or seen.outcome is Outcome.PASS:
        return Judged(check, seen, seen.outcome)
    return Judged(check, seen, Outcome.WAIVED, waiver)


def refuse_waiver(check: str, reason: str, pack: GatePack) -> None:
    """Refuse to waive what cannot be, or without a reason.

    Raises
    ------
    WaiverRefused
        Saying what can be waived, or how long a reason is.
    """
    known: dict[str, GateCheck] = {one.id: one for one in pack.checks}
    if check not in known:
        raise WaiverRefused(f"The gate has no check {check!r}: waive one of {', '.join(known)}.")
    if not known[check].waivable:
        raise WaiverRefused(f"{check} cannot be waived: {known[check].reason.en}")
    if len(reason.strip()) < REASON_LENGTH:
        raise WaiverRefused(f"A waiver needs a written reason of {REASON_LENGTH} characters. Got {reason!r}.")


def _refuse(waiver: Waiver, pack: GatePack, digest: str) -> None:
    refuse_waiver(waiver.check, waiver.reason, pack)
    if waiver.model_digest != digest:
        raise WaiverRefused(f"The waiver of {waiver.check} is for another version ({waiver.model_digest[:12]}).")
    if len(waiver.keys) < SIGNERS:
        raise WaiverRefused(
            f"The waiver of {waiver.check} needs the signatures of {SIGNERS} different keys. Got {len(waiver.keys)}."
        )
