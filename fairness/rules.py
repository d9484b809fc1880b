"""Rule packs: dated YAML files that say which checks an audit answers, under which clause. Not legal advice."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from vivavoce.data.problem import Problem, nearest, problems_of
from vivavoce.data.table import InputRefused
from vivavoce.fairness.groups import CROSS
from vivavoce.fairness.table import SHARE_THAT_COUNTS

SHIPPED = files("vivavoce.fairness") / "rules"
DEFAULT = ("four-fifths",)

Json = dict[str, Any]


class Answer(StrEnum):
    """What the audit says to one check."""

    MET = "met"
    NOT_MET = "not_met"
    OPEN = "open"  # these numbers cannot tell
    ELSEWHERE = "elsewhere"  # evidence that lies outside this audit


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Strict):
    """One sentence in both languages."""

    en: str
    zh: str


class Check(_Strict):
    """One thing that a rule asks for; ``demands_counts``: it wants even small counts printed."""

    id: str
    clause: str
    kind: Literal[
        "no_finding", "no_flip", "ratio_shown", "measurable", "no_exploratory", "unknown_share", "tables",
        "intersections", "scoring", "small_categories", "unknowns", "recent", "declared", "evidence",
    ]  # fmt: skip
    asks: Text
    parameters: dict[str, float] = {}
    demands_counts: bool = False


class Pack(_Strict):
    """A dated set of checks with its source."""

    name: str
    version: str
    title: Text
    standing: Literal["law", "professional standard", "house"]
    valid_from: date
    valid_to: date | None
    source: str
    checks: tuple[Check, ...]

    @property
    def left_out_share(self) -> Fraction | None:
        """Share of people below which this pack lets a category stay out of ratios."""
        shares = [check.parameters["share"] for check in self.checks if check.kind == "small_categories"]
        return Fraction(str(shares[0])) if shares else None


@dataclass(frozen=True)
class Answered:
    """One check and its answer."""

    pack: Pack
    check: Check
    answer: Answer

    def document(self) -> Json:
        """As JSON."""
        return {
            "pack": self.pack.name,
            "version": self.pack.version,
            "check": self.check.id,
            "clause": self.check.clause,
            "asks": self.check.asks.model_dump(),
            "answer": self.answer.value,
        }


def shipped() -> list[str]:
    """Names of the packs that come with vivavoce.

    Examples
    --------
    >>> shipped()
    ['cn-pipl', 'eu-ai-act', 'four-fifths', 'house', 'il-aivia', 'il-hb3773', 'nyc-ll144']
    """
    return sorted(Path(entry.name).stem for entry in SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def read_pack(name: str) -> Pack:
    """Read a shipped pack by name, or any pack by its path (``.yaml``).

    Raises
    ------
    InputRefused
        For a name that is not shipped, a file that cannot be read, and everything wrong in it.
    """
    path = Path(name)
    if path.suffix != ".yaml":
        if name not in shipped():
            raise InputRefused(
                path, [Problem("rules", repr(name), f"Name a shipped pack or a file. {nearest(name, shipped())}")]
            )
        text = (SHIPPED / f"{name}.yaml").read_text(encoding="utf-8")
    else:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise InputRefused(path, [Problem("file", repr(str(error)), "Give a file that can be read.")]) from error
    try:
        document = yaml.safe_load(text)
        return Pack.model_validate(document)
    except yaml.YAMLError as error:
        raise InputRefused(path, [Problem("file", repr(str(error)), "Write YAML.")]) from error
    except ValidationError as error:
        known = {"": list(Pack.model_fields), "checks": list(Check.model_fields)}
        raise InputRefused(path, problems_of(error, document, known)) from error


def in_force(pack: Pack, day: date) -> bool:
    """Whether the pack is valid on a day."""
    return pack.valid_from <= day and (pack.valid_to is None or day <= pack.valid_to)


def answer(packs: Sequence[Pack], audit: Mapping[str, Any]) -> list[Answered]:
    """Answer every check of every pack from the audit's document."""
    return [
        Answered(pack, check, ANSWERS[check.kind](audit, check.parameters)) for pack in packs for check in pack.checks
    ]


def _primary(audit: Mapping[str, Any]) -> list[Json]:
    return [table for table in audit["tables"] if table["family"] == "primary"]


def _counted(audit: Mapping[str, Any]) -> list[Json]:
    return [
        row
        for table in _primary(audit)
        for row in table["rows"]
        if row["left_out"] is None and (row["share"] or 0) >= float(SHARE_THAT_COUNTS)
    ]


def _met(met: bool) -> Answer:
    return Answer.MET if met else Answer.NOT_MET


def _no_finding(audit: Mapping[str, Any], _: Mapping[str, float]) -> Answer:
    return {"ok": Answer.MET, "finding": Answer.NOT_MET}.get(audit["status"], Answer.OPEN)


def _ratio_shown(audit: Mapping[str, Any], parameters: Mapping[str, float]) -> Answer:
    compared = [row for row in _counted(audit) if row["why"] != "comparator"]
    return _met(bool(compared) and all((row["score_low"] or 0) >= parameters["ratio"] for row in compared))


def _measurable(audit: Mapping[str, Any], _: Mapping[str, float]) -> Answer:
    if not audit["not_scored"]:
        return Answer.ELSEWHERE
    return _met(not any(row["verdict"] == "finding" for table in audit["not_scored"] for row in table["rows"]))


def _unknown_share(audit: Mapping[str, Any], parameters: Mapping[str, float]) -> Answer:
    shares = []
    for table in _primary(audit):
        unknown = table["unknown"]["n"] if table["unknown"] else 0
        people = unknown + sum(row["n"] for row in table["rows"])
        shares.append(unknown / people if people else 1.0)
    return _met(all(share <= parameters["share"] for share in shares))


def _recent(audit: Mapping[str, Any], parameters: Mapping[str, float]) -> Answer:
    last = audit["data"]["last_recorded"]
    if last is None:
        return Answer.ELSEWHERE
    age = datetime.fromisoformat(audit["made"]) - datetime.fromisoformat(last).astimezone(UTC)
    return _met(age.days <= parameters["days"])


ANSWERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, float]], Answer]] = {
    "no_finding": _no_finding,
    "no_flip": lambda audit, _: _met(not any(row["flip_flop"] for row in _counted(audit))),
    "ratio_shown": _ratio_shown,
    "measurable": _measurable,
    "no_exploratory": lambda audit, _: _met(not any(found["family"] == "exploratory" for found in audit["findings"])),
    "unknown_share": _unknown_share,
    "tables": lambda audit, _: _met(bool(_primary(audit))),
    "intersections": lambda audit, _: _met(any(CROSS in table["attribute"] for table in audit["tables"])),
    "scoring": lambda audit, _: _met(any(table["measure"] == "scoring" for table in audit["tables"])),
    "small_categories": lambda *_: Answer.MET,
    "unknowns": lambda audit, _: Answer.MET if all(table["unknown"] for table in _primary(audit)) else Answer.ELSEWHERE,
    "recent": _recent,
    "declared": lambda *_: Answer.MET,
    "evidence": lambda *_: Answer.ELSEWHERE,
}
