"""Rule packs: dated YAML files that say what a law asks, what evidence answers it, and since when. Not legal advice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vivavoce.data.problem import Problem, detail, nearest, problems_of, refuse
from vivavoce.data.table import InputRefused
from vivavoce.data.yaml_file import read_yaml, shipped_yaml

SHIPPED = files("vivavoce.fairness") / "rules"
DEFAULT = ("four-fifths",)
AND = "+"  # between the classes of an intersection: sex+race
KINDS = ("classes", "no_impact", "number", "fact", "days", "cut", "jobs", "any", "all", "not")
DAYS = ("audit", "first_recorded", "last_recorded")  # what ``days`` may name beside facts

Json = dict[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(_Strict):
    """One sentence in both languages."""

    en: str
    zh: str


class Class(Text):
    """A protected class; ``categories``, where it has any, are the words by which its groups are known."""

    categories: tuple[str, ...] = ()


class Number(Text):
    """A number of the audit, and the option that gives it."""

    gives: str


class Fact(Text):
    """Something that an organisation declares; a document is a file."""

    kind: Literal["yes", "text", "number", "date", "document"]


class Vocabulary(_Strict):
    """Everything that a clause may name."""

    classes: Mapping[str, Class]
    numbers: Mapping[str, Number]
    facts: Mapping[str, Fact]


@cache
def vocabulary() -> Vocabulary:
    """What clauses may name, as ``fairness/vocabulary.yaml`` lists it."""
    return Vocabulary.model_validate(shipped_yaml("vivavoce.fairness", "vocabulary.yaml"))


class Need(_Strict):
    """One piece of evidence: exactly one of ``KINDS``.

    ``classes``: tables of these protected classes, or crossings (``sex+race``). ``no_impact``: no adverse impact in any
    of them. ``number`` of the audit and ``fact`` lie between ``least`` and ``most``, ``above`` is an open end, or a
    fact is ``is``. ``days`` from one date to another. ``cut``: people were selected by more than the median. ``jobs``:
    it is known which job. ``any``, ``all`` and ``not`` combine.
    """

    classes: tuple[str, ...] = ()
    no_impact: tuple[str, ...] = ()
    number: str | None = None
    fact: str | None = None
    days: tuple[str, str] | None = None
    cut: Literal[True] | None = None
    jobs: Literal[True] | None = None
    any: tuple["Need", ...] = ()
    all: tuple["Need", ...] = ()
    negated: "Need | None" = Field(None, alias="not")
    least: float | None = None
    most: float | None = None
    above: float | None = None
    equals: bool | str | None = Field(None, alias="is")

    @model_validator(mode="after")
    def _known(self) -> "Need":
        if len([name for name in KINDS if getattr(self, "negated" if name == "not" else name)]) != 1:
            refuse("Need", [detail((), self.model_dump(exclude_defaults=True), f"Write one of {', '.join(KINDS)}.")])
        words = vocabulary()
        named = [one for crossed in (*self.classes, *self.no_impact) for one in crossed.split(AND)]
        groups: list[tuple[Sequence[str | None], Sequence[str]]] = [
            (named, list(words.classes)), ([self.number], list(words.numbers)), ([self.fact], list(words.facts)),
            (self.days or (), [*DAYS, *(name for name, fact in words.facts.items() if fact.kind == "date")]),
        ]  # fmt: skip
        wrong = [(name, known) for names, known in groups for name in names if name is not None and name not in known]
        refuse("Need", [detail((), name, nearest(name, known)) for name, known in wrong])
        return self


class Check(_Strict):
    """One thing that a rule asks for, who is asked and since when; ``demands_counts``: even small counts are printed.

    ``sure``: H, the text itself or several copies of it was read; M, secondary sources; L, from memory.
    """

    id: str
    clause: str
    starts: date = Field(alias="from")
    until: date | None = None
    status: Literal["in force", "adopted", "proposed", "repealed"]
    sure: Literal["H", "M", "L"]
    source: str = ""
    trigger: Text
    applies: Need | None = None
    needs: tuple[Need, ...] = Field(min_length=1)
    asks: Text
    note: Text | None = None
    demands_counts: bool = False

    def in_force(self, day: date) -> bool:
        """Whether it binds on a day."""
        past = self.until is not None and self.until < day
        return self.status in ("in force", "adopted") and self.starts <= day and not past


class Reported(_Strict):
    """The tables that a law wants, in its own form; they change no other number.

    A category below ``left_out_share`` of the people (0–1) may stay out of ratios there; ``jobs``: each job's, too.
    """

    classes: tuple[str, ...]
    jobs: bool = False
    left_out_share: float = Field(0, ge=0, le=1)


class Pack(_Strict):
    """A dated set of checks with its source."""

    name: str
    version: str
    title: Text
    standing: Literal["law", "professional standard", "house"]
    source: str
    note: Text | None = None
    table: Reported | None = None
    checks: tuple[Check, ...] = Field(min_length=1)

    @property
    def starts(self) -> date:
        """The day from which any of its checks binds that was neither repealed nor only proposed."""
        return min((one.starts for one in self.checks if one.status in ("in force", "adopted")), default=date.max)

    @property
    def ends(self) -> date | None:
        """The last day of all checks; None where some have none."""
        ends = [check.until for check in self.checks]
        return None if None in ends else max(end for end in ends if end)

    def document(self, day: date, tables: Sequence[Json] = ()) -> Json:
        """As JSON, seen from a day, without its checks; ``tables`` in its own form."""
        return {
            **self.model_dump(include={"name", "version", "title", "standing", "source", "note"}),
            "valid_from": self.starts.isoformat(),
            "valid_to": self.ends.isoformat() if self.ends else None,
            "in_force": any(check.in_force(day) for check in self.checks),
            **({"tables": list(tables)} if self.table else {}),
        }


class Answer(StrEnum):
    """What the audit says to one check."""

    MET = "met"
    NOT_MET = "not_met"
    OPEN = "open"  # the evidence was not given, or cannot tell
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Answered:
    """One check with its answer.

    Parameters
    ----------
    pack, check
        Which.
    answer
        On the day of the audit.
    ahead
        What the evidence says to a check that does not bind on that day; None where it binds.
    seen
        Each piece of evidence: what it is in both languages, its value, its own answer, and what would give it.
    """

    pack: Pack
    check: Check
    answer: Answer
    ahead: Answer | None
    seen: tuple[Json, ...]

    def document(self) -> Json:
        """As JSON."""
        check, open_ = self.check, Answer.OPEN in (self.answer, self.ahead)
        return {
            "pack": self.pack.name,
            "version": self.pack.version,
            "check": check.id,
            "clause": check.clause,
            "asks": check.asks.model_dump(),
            "trigger": check.trigger.model_dump(),
            "note": check.note.model_dump() if check.note else None,
            "from": check.starts.isoformat(),
            "until": check.until.isoformat() if check.until else None,
            "status": check.status,
            "sure": check.sure,
            "source": check.source or self.pack.source,
            "answer": self.answer.value,
            "ahead": self.ahead.value if self.ahead else None,
            "evidence": list(self.seen),
            "given_by": list(
                dict.fromkeys(part for one in self.seen if open_ and one["gives"] for part in one["gives"].split(", "))
            ),
        }


def shipped() -> list[str]:
    """Names of the packs that come with vivavoce.

    Examples
    --------
    >>> {"nyc-ll144", "eu-ai-act", "cn-pipl"} <= set(shipped())
    True
    """
    return sorted(Path(entry.name).stem for entry in SHIPPED.iterdir() if entry.name.endswith(".yaml"))


def read_pack(name: str) -> Pack:
    """Read a shipped pack by name, or any pack by its path (``.yaml``).

    Raises
    ------
    InputRefused
        For a name that is not shipped, a file that cannot be read, and everything wrong in it.
    """
    vocabulary()  # its own faults are not the pack's
    path = Path(name)
    if path.suffix != ".yaml":
        if name not in shipped():
            raise InputRefused(
                path, [Problem("rules", repr(name), f"Name a shipped pack or a file. {nearest(name, shipped())}")]
            )
        document = shipped_yaml("vivavoce.fairness", f"rules/{name}.yaml")
    else:
        document = read_yaml(path)
    try:
        return Pack.model_validate(document)
    except ValidationError as error:
        names = [field.alias or name for name, field in Check.model_fields.items()]
        known = {"": list(Pack.model_fields), "checks": names}
        raise InputRefused(path, problems_of(error, document, known)) from error
