"""The gate's checks as data: which, how strict, why, and whether two people may waive one."""

from datetime import date
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.data.problem import Problem, problems_of
from vivavoce.data.schema import digest_of
from vivavoce.fairness.records import BadInput

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
    asks: str
    reason: str
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
    BadInput
        For a file that cannot be read, and everything wrong in it.
    """
    named = path or Path(str(SHIPPED))
    try:
        document = yaml.safe_load(named.read_text(encoding="utf-8"))
        return GatePack.model_validate(document)
    except OSError as error:
        raise BadInput(named, [Problem("file", repr(str(error)), "Give a file that can be read.")]) from error
    except yaml.YAMLError as error:
        raise BadInput(named, [Problem("file", repr(str(error)), "Write YAML.")]) from error
    except ValidationError as error:
        known = {"": list(GatePack.model_fields), "checks": list(GateCheck.model_fields)}
        raise BadInput(named, problems_of(error, document, known)) from error
