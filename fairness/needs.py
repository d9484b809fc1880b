"""What a clause needs, looked for in an audit and in declared facts: met, not met, open, or not applicable.

Nothing is met that nobody gave: a table counts for a protected class only where somebody declared that it is one
(``--attribute sex=gender``) and its groups are known as categories of it; all else is open, and says what gives it.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import permutations
from typing import Any

from vivavoce.fairness.groups import CROSS
from vivavoce.fairness.rules import AND, Answer, Answered, Check, Json, Need, Pack, Reported, vocabulary
from vivavoce.fairness.table import SHARE_THAT_COUNTS

Audit = Mapping[str, Any]
Looked = tuple[Answer, tuple[Json, ...]]
PARTS = re.compile(r"\s*[×|/,]\s*")  # between the parts of an intersection's name
NO_CATEGORY = frozenset({"unknown", "prefer not to say", "not declared", "未知", "不愿透露"})
MET, NOT_MET, OPEN = Answer.MET, Answer.NOT_MET, Answer.OPEN
OPPOSITE = {MET: NOT_MET, NOT_MET: MET, OPEN: OPEN}
TABLES = "SCORES --groups"


def answer(packs: Sequence[Pack], audit: Audit) -> list[Answered]:
    """Answer every check of every pack from an audit's document, with ``facts`` as declared."""
    return [_answered(pack, check, audit) for pack in packs for check in pack.checks]


def _answered(pack: Pack, check: Check, audit: Audit) -> Answered:
    found, seen = _both(look(need, audit) for need in check.needs)
    if check.applies is not None:
        applies, about = look(check.applies, audit)
        seen = (*seen, *about)
        if applies is NOT_MET:
            found = Answer.NOT_APPLICABLE
        elif applies is OPEN and found is NOT_MET:
            found = OPEN
    if check.in_force(date.fromisoformat(audit["made"][:10])):
        return Answered(pack, check, found, None, seen)
    return Answered(pack, check, Answer.NOT_APPLICABLE, found, seen)


def look(need: Need, audit: Audit) -> Looked:
    """One piece of evidence: its answer, and what was seen."""
    if need.any:
        found = [look(one, audit) for one in need.any]
        answers = {one for one, _ in found}
        best = next((one for one in (MET, OPEN) if one in answers), NOT_MET)
        return best, tuple(part for _, parts in found for part in parts)
    if need.all:
        return _both(look(one, audit) for one in need.all)
    if need.negated:
        found_not, seen = look(need.negated, audit)
        return OPPOSITE[found_not], seen
    if need.classes:
        return _both(_class(name, audit) for name in need.classes)
    if need.no_impact:
        return _both(_no_impact(name, audit) for name in need.no_impact)
    if need.number:
        return _number(need, audit)
    if need.days:
        return _days(need, audit)
    return _declared(need, audit) if need.fact else _cut(audit) if need.cut else _jobs(audit)


def _both(found: Iterable[Looked]) -> Looked:
    """All of them: not met where one is not, else open where one is."""
    looked = list(found)
    answers = {one for one, _ in looked}
    worst = next((one for one in (NOT_MET, OPEN) if one in answers), MET)
    return worst, tuple(part for _, parts in looked for part in parts)


def _seen(answered: Answer, what: Mapping[str, str], value: object, gives: str = "") -> Looked:
    shown = None if value is None else str(value)
    entry = {"what": dict(what), "value": shown, "answer": answered.value, "gives": gives if answered is OPEN else ""}
    return answered, (entry,)


def name_of(classes: str) -> dict[str, str]:
    """What a class, or a crossing of several, is called in both languages."""
    known = [vocabulary().classes[name] for name in classes.split(AND)]
    return {"en": CROSS.join(one.en for one in known), "zh": CROSS.join(one.zh for one in known)}


def tables_of(classes: str, audit: Audit, *, jobs: bool = False) -> list[Json]:
    """Tables of what was declared to be this class: all people at the declared cut, or at the median; or job by job."""
    declared = audit["declared"].get("classes", {})
    names = {declared[classes]} if classes in declared else set()
    parts = [declared.get(name) for name in classes.split(AND)]
    if AND in classes and None not in parts:
        names |= {CROSS.join(order) for order in permutations(parts)}
    cuts = {table["cut"] for table in audit["tables"] if table["family"] == "primary"}
    return [
        table
        for table in audit["tables"]
        if table["attribute"] in names and (table["stratum"] is None or (jobs and _of_job(table)))
        and (table["family"] == "primary" or table["measure"] == "scoring" or table["cut"] in cuts)
    ]  # fmt: skip


def strangers(classes: str, groups: Iterable[str]) -> list[str]:
    """Groups whose name is no category of the class, as far as its categories are known."""
    known = [vocabulary().classes[name].categories for name in classes.split(AND)]
    if not all(known):
        return []
    words = {one.casefold() for categories in known for one in categories} | NO_CATEGORY
    parts = {group: PARTS.split(group) if AND in classes else [group] for group in groups}
    return [group for group, own in parts.items() if not all(part.strip().casefold() in words for part in own)]


def published(wanted: Reported | None, audit: Audit) -> list[Json]:
    """Tables in a law's own form: rates and ratios to the highest rate, of each declared class, crossing and measure.

    Nothing else changes for them: a category below the law's share stays out of ratios there alone, and only where
    somebody declared that it does (``small_left_out``).
    """
    once: dict[tuple[object, ...], Json] = {}
    for name in wanted.classes if wanted else ():
        for table in tables_of(name, audit, jobs=bool(wanted and wanted.jobs)):
            key = (name, table["measure"], table["stratum"])
            once.setdefault(key, _published(name, table, wanted.left_out_share if wanted else 0, audit))
    return list(once.values())


def _published(classes: str, table: Json, share: float, audit: Audit) -> Json:
    facts = audit.get("facts", {})
    least = share * sum(row["n"] for row in table["rows"]) if facts.get("small_left_out", {}).get("value") else 0
    kept = [row for row in table["rows"] if row["n"] and row["n"] >= least]
    highest = max((row["rate"] for row in kept), default=0)
    rows = [
        {
            **{name: row[name] for name in ("group", "n", "selected", "rate")},
            "impact_ratio": row["rate"] / highest if row in kept and highest else None,
            "left_out": bool(row["n"]) and row not in kept,
        }
        for row in table["rows"]
    ]
    about = {name: table[name] for name in ("attribute", "stratum", "measure", "cut")}
    if audit["declared"].get("kind") == "counts" and facts.get("counts_measure", {}).get("value") == "scoring":
        about["measure"] = "scoring"
    unknown = table["unknown"]["n"] if table["unknown"] else facts.get("unknown_people", {}).get("value")
    return {"classes": classes, **about, "unknown": unknown, "rows": rows}


def _class(classes: str, audit: Audit) -> Looked:
    what, tables = name_of(classes), tables_of(classes, audit)
    if not tables:
        return _seen(OPEN, what, None, _giving(classes, audit))
    groups = [row["group"] for row in tables[0]["rows"] if row["n"]]
    foreign = strangers(classes, groups)
    if foreign:
        return _seen(OPEN, what, ", ".join(foreign), f"CATEGORIES {classes}")
    return _seen(MET if len(groups) > 1 else NOT_MET, what, ", ".join(groups))


def _giving(classes: str, audit: Audit) -> str:
    declared = audit["declared"].get("classes", {})
    missing = [name for name in classes.split(AND) if name not in declared]
    if audit["declared"].get("kind") == "counts" and AND in classes:
        missing = [classes]
    return ", ".join(f"--attribute {name}=…" for name in missing) or TABLES


def _no_impact(classes: str, audit: Audit) -> Looked:
    found, seen = _class(classes, audit)
    if not tables_of(classes, audit) or found is OPEN:
        return found, seen
    columns = {table["attribute"] for table in tables_of(classes, audit)}
    rows = [
        (row, table["stratum"])
        for table in audit["tables"]
        if table["attribute"] in columns and (table["family"] == "primary" or _of_job(table) or AND in classes)
        for row in table["rows"]
    ]
    told = [one for one in (audit.get("jobs") or {}).get("attributes", ()) if one["attribute"] in columns]
    fallen = [(row["group"], row["impact_ratio"], where) for row, where in rows if row["verdict"] == "finding"]
    fallen += [(row["group"], row["ratio"], row["stratum"]) for one in told for row in one["finding"]]
    if fallen:
        said = [f"{group} {ratio or 0:.2f}{f' ({where})' if where else ''}" for group, ratio, where in fallen]
        return _seen(NOT_MET, name_of(classes), ", ".join(dict.fromkeys(said)))
    counted = [
        row for row, where in rows
        if where is None and row["left_out"] is None and (row["share"] or 0) >= float(SHARE_THAT_COUNTS)
    ]  # fmt: skip
    unclear = [row["group"] for row in counted if row["verdict"] != "ok"]
    unclear += [f"{one['jobs']} jobs" for one in told if one["verdict"] != "ok"]
    if unclear or not counted:
        return _seen(OPEN, name_of(classes), ", ".join(unclear) or None, "PEOPLE")
    return _seen(MET, name_of(classes), ", ".join(row["group"] for row in counted))


def _of_job(table: Json) -> bool:
    return str(table["stratum"] or "").startswith("job = ")


def _cut(audit: Audit) -> Looked:
    what = {"en": "a decision or a cut score, not the median", "zh": "以决定或分数线（而非中位数）为准"}
    kind = audit["declared"].get("kind")
    declared = kind in ("cut", "select", "decision") or (kind == "counts" and bool(_primary(audit)))
    return _seen(MET if declared else OPEN, what, kind, "--cut, --select or --decision")


def _jobs(audit: Audit) -> Looked:
    what = {"en": "which job", "zh": "所属岗位"}
    jobs = sorted({table["stratum"][len("job = ") :] for table in audit["tables"] if _of_job(table)})
    fact = audit.get("facts", {}).get("job")
    jobs = jobs or ([fact["value"]] if fact and fact["value"] else [])
    return _seen(MET if jobs else OPEN, what, ", ".join(jobs) or None, "COLUMN job, --facts job")


def _declared(need: Need, audit: Audit) -> Looked:
    assert need.fact is not None
    what = vocabulary().facts[need.fact]
    fact = audit.get("facts", {}).get(need.fact)
    if fact is None:
        return _seen(OPEN, _text(what), None, f"--facts {need.fact}")
    value = fact["value"]
    shown = f"{fact['file']} (SHA-256 {fact['sha256'][:12]}…)" if fact.get("file") else value
    if value is False and what.kind != "yes":
        good = False
    elif need.equals is not None:
        good = value == need.equals
    elif what.kind == "number":
        good = _within(need, value)
    else:
        good = bool(value)
    return _seen(MET if good else NOT_MET, _text(what), shown)


def _text(text: Any) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def _within(need: Need, value: float) -> bool:
    low, high, above = need.least, need.most, need.above
    return (low is None or value >= low) and (high is None or value <= high) and (above is None or value > above)


def _days(need: Need, audit: Audit) -> Looked:
    assert need.days is not None
    known = {"audit": audit["made"], **{name: audit["data"].get(name) for name in ("first_recorded", "last_recorded")}}
    facts = {name: fact["value"] for name, fact in audit.get("facts", {}).items()}
    found = [known.get(name) or facts.get(name) for name in need.days]
    words = {"audit": {"en": "day of the audit", "zh": "审计日"}, "first_recorded": {"en": "first", "zh": "最早记录"}}
    words["last_recorded"] = {"en": "latest recording", "zh": "最近记录"}
    said = [words.get(name) or _text(vocabulary().facts[name]) for name in need.days]
    what = {"en": f"{said[0]['en']} → {said[1]['en']}, days", "zh": f"{said[0]['zh']} → {said[1]['zh']}（天）"}
    if False in found:
        return _seen(NOT_MET, what, False)
    missing = [name for name, value in zip(need.days, found, strict=True) if not value]
    if missing:
        gives = [f"--facts {name}" if name in vocabulary().facts else "COLUMN recorded_at" for name in missing]
        return _seen(OPEN, what, None, ", ".join(gives))
    first, last = (date.fromisoformat(str(value)[:10]) for value in found)
    days = (last - first).days
    return _seen(MET if _within(need, days) else NOT_MET, what, days)


def _number(need: Need, audit: Audit) -> Looked:
    assert need.number is not None
    what = vocabulary().numbers[need.number]
    found = NUMBERS[need.number](audit) or ()
    values = [value for value in found if value is not None]
    if not values or len(values) < len(found):  # of what could not be told nothing is said
        return _seen(OPEN, _text(what), None, what.gives)
    value = min(values) if need.number in LOWEST else max(values)
    return _seen(MET if _within(need, value) else NOT_MET, _text(what), f"{value:.4g}")


def _primary(audit: Audit) -> list[Json]:
    """The declared tables of all people."""
    whole = [table for table in audit["tables"] if table["family"] == "primary" and table["stratum"] is None]
    return [table for table in whole if table["rows"]]


def _rows(audit: Audit) -> list[Json]:
    """Declared groups that count and are compared."""
    return [
        row for table in _primary(audit) for row in table["rows"]
        if row["left_out"] is None and (row["share"] or 0) >= float(SHARE_THAT_COUNTS) and row["why"] != "comparator"
    ]  # fmt: skip


def _unknown(table: Json) -> float:
    people = table["unknown"]["n"] + sum(row["n"] for row in table["rows"])
    return float(table["unknown"]["n"] / people) if people else 1.0


def _found(what: str, part: str) -> Callable[[Audit], list[float] | None]:
    """How many findings of one kind; None where the audit has no such part."""
    return lambda audit: [sum(one["what"] == what for one in audit["findings"])] if audit.get(part) else None


def _features(question: Callable[[Json], bool]) -> Callable[[Audit], list[float] | None]:
    """How many of the version's features; None without a version."""
    return lambda audit: [sum(map(question, audit["model"]["features"]))] if audit.get("model") else None


def _explored(audit: Audit) -> list[float] | None:
    looked = [table for table in audit["tables"] if table["family"] == "exploratory"]
    return [sum(one["family"] == "exploratory" for one in audit["findings"])] if looked else None


def _classified(audit: Audit) -> list[Json]:
    """Tables of sex, race and both; none unless both were declared."""
    own = [tables_of(name, audit) for name in ("sex", "race", "sex+race")]
    return [table for tables in own for table in tables] if own[0] and own[1] else []


def _small(audit: Audit) -> list[float] | None:
    """How many categories of sex, race and both are below the share that counts."""
    rows = [row for table in _classified(audit) for row in table["rows"]]
    return [sum(0 < (row["share"] or 0) < float(SHARE_THAT_COUNTS) for row in rows)] if rows else None


LOWEST = ("validity_low", "reliability_low", "least_ratio_shown", "unknown_counted", "overrides")  # others: largest
NUMBERS: dict[str, Callable[[Audit], Sequence[float | None] | None]] = {
    "validity_low": lambda audit: [one["validity_low"] for one in audit.get("outcomes", {}).get("criteria", ())],
    "reliability_low": lambda audit: [
        kind["value_low"]
        for rated in audit.get("agreement", {}).get("competencies", ())
        for kind in rated["icc"]
        if kind["kind"] == "ICC(1,k)"
    ],
    "prediction_findings": _found("differential prediction", "outcomes"),
    "recognition_findings": _found("recognition errors", "recognition"),
    "question_findings": _found("question functioning", "questions"),
    "overrides": lambda audit: [audit["reviews"]["reviews"]] if audit.get("reviews") else None,
    "flips": lambda audit: [sum(row["flip_flop"] for row in _rows(audit))] if _rows(audit) else None,
    "least_ratio_shown": lambda audit: [row["score_low"] or 0 for row in _rows(audit)],
    "explored_findings": _explored,
    "unscored_findings": lambda audit: [
        sum(row["verdict"] == "finding" for row in table["rows"]) for table in audit["not_scored"]
    ],
    "unknown_share": lambda audit: [_unknown(table) for table in _primary(audit) if table["unknown"]],
    "unknown_counted": lambda audit: [float(table["unknown"] is not None) for table in _classified(audit)],
    "scoring_tables": lambda audit: (
        [sum(one["measure"] == "scoring" for one in _classified(audit))] if _classified(audit) else None
    ),
    "small_categories": _small,
    "face_features": _features(lambda one: one["modality"] == "face"),
    "voice_features": _features(lambda one: one["modality"] == "voice"),
    "impairment_features": _features(lambda one: bool(one["impairment_sensitive"])),
}
