"""Last year's audit beside this one: what is new, gone, better or worse. Described, not tested: people, jobs and
numbers change from one audit to the next, and each changes ratios by itself.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from vivavoce.data.identity import digest_file
from vivavoce.data.problem import Problem, problems_of
from vivavoce.data.table import InputRefused
from vivavoce.fairness.document import ADVERSE_IMPACT, ALL, SMALL
from vivavoce.fairness.rules import Answer
from vivavoce.fairness.table import Verdict
from vivavoce.pipelines.auditing.chapters import stratum_words
from vivavoce.pipelines.auditing.clauses import answer_words
from vivavoce.pipelines.auditing.equals import AT_EQUAL_SCORES
from vivavoce.pipelines.report.blocks import (
    Block,
    Bullets,
    Fold,
    Grid,
    Heading,
    Paragraph,
    Say,
    count_words,
    share_words,
)
from vivavoce.pipelines.report.plots import decimal

Json = dict[str, Any]
Audit = Mapping[str, Any]
Key = tuple[str, str | None, str]  # attribute, stratum, group

GRAVITY = {"ok": 0, "look": 1, "finding": 2}  # "insufficient" is neither better nor worse than these
GONE = "gone"
REMEDY = "Name the folder that viva audit wrote."
Positive = Annotated[float, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False)


class _Group(_Strict):
    group: str
    n: Positive | None
    rate: Positive | None
    impact_ratio: Positive | None
    verdict: Verdict


class _Table(_Strict):
    attribute: str
    family: Literal["primary", "exploratory"]
    stratum: str | None
    comparator: str | None
    rows: list[_Group]


class _Pooled(_Strict):
    attribute: str
    group: str
    comparator: str
    over: str
    small: bool
    ratio: Positive | None
    verdict: Verdict


class _Where(_Strict):
    attribute: str | None = None
    group: str | None = None
    comparator: str | None = None
    stratum: str | None = None


class _Finding(_Strict):
    what: str
    family: Literal["primary", "exploratory"]
    where: _Where
    size: float | None


class _Check(_Strict):
    pack: str
    version: str
    check: str
    clause: str
    answer: Answer
    ahead: Answer | None


class _Pair(_Strict):
    attribute: str
    group: str
    verdict: Verdict


class _Equals(_Strict):
    groups: list[_Pair]


class _Older(_Strict):
    """What is read of an older audit, as ``audit.schema.json`` has it."""

    version: Literal[1]
    made: AwareDatetime
    status: Verdict
    declared: Mapping[str, Any]
    data: Mapping[str, Any]
    tables: list[_Table]
    stratified: list[_Pooled]
    findings: list[_Finding]
    checks: list[_Check]
    equals: _Equals | None = None


def read_older(folder: Path) -> tuple[Json, Json]:
    """An older audit as far as it is compared, and where it was read.

    Parameters
    ----------
    folder
        As ``viva audit`` wrote it.

    Returns
    -------
    tuple
        Its parts as in ``audit.json``; ``file`` and ``sha256``.

    Raises
    ------
    InputRefused
        Where there is none, or one that is not of the shape that this version writes.
    """
    path = folder / "audit.json"
    try:
        older = _Older.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputRefused(path, [Problem("since", str(error), REMEDY)]) from error
    except ValidationError as error:
        raise InputRefused(path, problems_of(error, {}, {})) from error
    return older.model_dump(mode="json"), {"file": f"{folder.name}/audit.json", "sha256": digest_file(path).sha256}


def compare(then: Audit, now: Audit) -> Json:
    """The part ``since`` of ``audit.json``: groups then and now, findings that ended or are new, changed clauses."""
    old, new = dict(_judged(then)), dict(_judged(now))
    rows = [
        {"attribute": key[0], "stratum": key[1], "group": key[2], "change": _change(old.get(key), new.get(key)),
         "then": old.get(key), "now": new.get(key)}
        for key in dict.fromkeys((*new, *old))
    ]  # fmt: skip
    before, after = ({(one["pack"], one["check"]): one for one in audit["checks"]} for audit in (then, now))
    clauses = [
        {"pack": key[0], "clause": one["clause"], **{
            name: {part: check[part] for part in ("version", "answer", "ahead")}
            for name, check in (("then", before[key]), ("now", one))
        }}
        for key, one in after.items()
        if key in before and any(before[key][part] != one[part] for part in ("answer", "ahead"))
    ]  # fmt: skip
    known, found = _names(then), _names(now)
    return {
        "made": then["made"],
        "people": {"then": _people(then), "now": _people(now)},
        "status": {"then": then["status"], "now": now["status"]},
        "declared": _declared(then["declared"], now["declared"]),
        "new": [one for one in found if one not in known],
        "gone": [one for one in known if one not in found],
        "closed": _ended(then, now),
        "opened": _ended(now, then),
        "rows": rows,
        "clauses": clauses,
    }


def _judged(audit: Audit) -> Iterator[tuple[Key, Json]]:
    """Every declared comparison: of everybody, of each job, and within jobs together."""
    for table in (one for one in audit["tables"] if one["family"] == "primary"):
        for row in table["rows"]:
            said = {"n": row["n"], "rate": row["rate"], "ratio": row["impact_ratio"], "verdict": row["verdict"]}
            yield (table["attribute"], table["stratum"], row["group"]), {**said, "comparator": table["comparator"]}
    for one in audit["stratified"]:
        said = {"n": None, "rate": None, "ratio": one["ratio"], "verdict": one["verdict"]}
        place = (SMALL if one["small"] else ALL).format(one["over"])
        yield (one["attribute"], place, one["group"]), {**said, "comparator": one["comparator"]}


def _change(then: Audit | None, now: Audit | None) -> str:
    if then is None or now is None:
        return "new" if then is None else GONE
    before, after = then["verdict"], now["verdict"]
    if before == after:
        return "same"
    if before == "insufficient" or after == "insufficient":
        return "told" if before == "insufficient" else "untold"
    return "better" if GRAVITY[after] < GRAVITY[before] else "worse"


def _names(audit: Audit) -> list[Json]:
    """What is judged: attributes, groups, jobs or sites, rule packs."""
    tables = [one for one in audit["tables"] if one["family"] == "primary"]
    found = [{"what": "attribute", "name": one["attribute"]} for one in tables]
    found += [{"what": "place", "name": one["stratum"]} for one in tables if one["stratum"] is not None]
    found += [
        {"what": "group", "name": row["group"], "attribute": one["attribute"]} for one in tables for row in one["rows"]
    ]
    found += [{"what": "pack", "name": one["pack"]} for one in audit["checks"]]
    return [dict(one) for one in dict.fromkeys(tuple(one.items()) for one in found)]


def _people(audit: Audit) -> float | None:
    """People, or where nobody knows who is who the counts of the largest table; None where they are withheld."""
    people = audit["data"].get("people")
    if people is not None:
        return float(people)
    pooled = [one for one in audit["tables"] if one["family"] == "primary" and one["stratum"] is None]
    counts = [[row["n"] for row in one["rows"]] for one in pooled]
    sums = [sum(own) for own in counts if None not in own]
    return float(max(sums)) if sums else None


def _declared(then: Audit, now: Audit) -> list[Json]:
    """How it was said who is selected, where that differs; a cut only where it was declared itself."""
    names = ["kind", "asked", "column"]
    names += ["cut"] if then.get("kind") == now.get("kind") == "cut" else []
    return [
        {"name": name, "then": then.get(name), "now": now.get(name)}
        for name in names
        if then.get(name) != now.get(name)
    ]


def _ended(one: Audit, other: Audit) -> list[Json]:
    """Declared findings of one audit that are none in the other, each with what it is there."""
    judged: dict[tuple[object, ...], str] = {(ADVERSE_IMPACT, *key): said["verdict"] for key, said in _judged(other)}
    judged |= {
        (AT_EQUAL_SCORES, row["attribute"], None, row["group"]): row["verdict"]
        for row in (other.get("equals") or {}).get("groups", [])
    }
    names = ("attribute", "stratum", "group")
    ended = []
    for found in (one for one in one["findings"] if one["family"] == "primary"):
        where = {name: found["where"].get(name) for name in (*names, "comparator")}
        verdict = judged.get((found["what"], *(where[name] for name in names)), GONE)
        if verdict != Verdict.FINDING:
            ended.append({"what": found["what"], **where, "size": found["size"], "there": verdict})
    return ended


def since_words(part: Audit, say: Say) -> str:
    """What changed, in a sentence."""
    changes = Counter(row["change"] for row in part["rows"])
    closed = sum(one["there"] == "ok" for one in part["closed"])
    return say(
        "since_line", made=part["made"][:10], closed=closed, opened=len(part["opened"]), better=changes["better"],
        worse=changes["worse"], then=count_words(part["people"]["then"]), now=count_words(part["people"]["now"]),
    )  # fmt: skip


def tell_since(part: Audit | None, say: Say) -> Iterator[Block]:
    """The chapter: what was declared otherwise, what is new and gone, findings, groups and clauses then and now."""
    if part is None:
        return
    yield Heading(2, say("since"), "since")
    yield Paragraph(since_words(part, say))
    yield Paragraph(say("since_note"), "small")
    if part["declared"]:
        what = "; ".join(f"{one['name']}: {one['then']} → {one['now']}" for one in part["declared"])
        yield Paragraph(say("since_declared", what=what), "insufficient")
    lines = [say(f"since_{name}", names=_listed(part[name], say)) for name in ("new", "gone") if part[name]]
    for name in ("closed", "opened"):
        lines += [say(f"since_{name}_{one['there']}", who=_who(one, say)) for one in part[name]]
    if lines:
        yield Bullets(tuple(lines))
    moved = [row for row in part["rows"] if row["change"] != "same"]
    if moved:
        yield _grid(say("since_moved"), moved, say)
    yield Fold(say("since_all"), (_grid(say("since_all"), part["rows"], say),))
    if part["clauses"]:
        yield _clauses(part["clauses"], say)


def _listed(names: Sequence[Audit], say: Say) -> str:
    return "; ".join(say("since_name_" + one["what"], **{**one, "name": _place(one["name"], say)}) for one in names)


def _place(stratum: str | None, say: Say) -> str:
    return stratum_words(stratum, say) if stratum else say("since_everybody")


def _who(found: Audit, say: Say) -> str:
    where = _place(found["stratum"], say)
    where = say("since_equal", where=where) if found["what"] == AT_EQUAL_SCORES else where
    named = {name: found[name] for name in ("attribute", "group", "comparator")}
    return say("since_who", where=where, ratio=decimal(found["size"]), **named)


def _grid(caption: str, rows: Sequence[Audit], say: Say) -> Grid:
    columns: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
        ("since_against", "comparator", lambda one: one or "–"), ("n", "n", count_words), ("rate", "rate", share_words),
        ("ratio", "ratio", lambda one: decimal(one, 3)),
        ("verdict_column", "verdict", lambda one: say(f"verdict_{one}") if one else "–"),
    )  # fmt: skip
    cells = tuple(
        (
            f"{row['attribute']}, {_place(row['stratum'], say)}",
            row["group"],
            *(_pair(row, name, words) for _, name, words in columns),
            say("since_change_" + row["change"]),
        )
        for row in rows
    )
    titles = tuple(say(name) for name in ("since_where", "group", *(one[0] for one in columns), "since_change"))
    verdicts = tuple("" if row["now"] is None else row["now"]["verdict"] for row in rows)
    numeric = (False, False, False, True, True, True, False, False)
    return Grid(caption, titles, numeric, cells, verdicts, why_last=True)


def _pair(row: Audit, name: str, words: Callable[[Any], str]) -> str:
    """Then → now; once where both are the same in words."""
    then, now = ("–" if row[when] is None else words(row[when][name]) for when in ("then", "now"))
    return now if then == now else f"{then} → {now}"


def _clauses(clauses: Sequence[Audit], say: Say) -> Grid:
    cells = tuple(
        (
            one["pack"],
            one["clause"],
            *(f"{answer_words(one[when], say)} ({one[when]['version']})" for when in ("then", "now")),
        )
        for one in clauses
    )
    titles = tuple(say(name) for name in ("since_pack", "clause", "since_then", "since_now"))
    return Grid(say("since_clauses"), titles, (False,) * 4, cells)
