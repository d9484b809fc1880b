"""Rule packs: every one shipped is whole, dated and sourced, answers from evidence alone, and names faults by place."""

from collections import Counter
from copy import deepcopy
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

import pytest

from vivavoce.data.table import InputRefused
from vivavoce.fairness.audit import Choices, audit_counts
from vivavoce.fairness.document import describe
from vivavoce.fairness.facts import blank, facts_of, read_facts
from vivavoce.fairness.needs import NUMBERS, answer, published
from vivavoce.fairness.rules import SHIPPED, read_pack, shipped, vocabulary
from vivavoce.fairness.table import Group

DAY = date(2028, 1, 1)  # everything that is adopted binds by then
LIMITS = {  # what the laws say: this much is enough, and one more or less is not
    "notice_days": (10, 9), "posted_months": (6, 5), "answer_days": (14, 15), "explained_days": (30, 31),
    "outcome_days": (45, 46), "erasure_days": (30, 31), "retention_years": (10, 1), "assessment_kept_years": (3, 2),
    "log_months": (6, 5), "unknown_people": (0, None),
}  # fmt: skip
DATES = {  # days after the audit
    "date_of_use": (365, 366), "distribution_date": (365, 367), "report_date": (0, None),
    "compliance_audit_date": (-731, -732),
}  # fmt: skip
SITUATIONS = {  # well-behaved; everything else that may be so is so
    "emotion_inferred", "sensitive_inferred", "zip_codes", "adjusted_by_group", "in_use_before", "research_only",
}  # fmt: skip
ILL = {"emotion_inferred", "sensitive_inferred", "zip_codes", "adjusted_by_group"}


def empty() -> dict:
    """An audit that looked at nothing."""
    return {
        "made": DAY.isoformat(), "declared": {}, "data": {}, "tables": [], "findings": [], "not_scored": [],
    }  # fmt: skip


def facts(*, good: bool) -> dict:
    """All facts, at the very limit of what is right, or one beyond it."""
    found = {}
    for name, asked in vocabulary().facts.items():
        if asked.kind == "document":
            found[name] = {"value": good, "file": f"{name}.pdf", "sha256": "0" * 64} if good else {"value": False}
        elif asked.kind == "yes":
            ill = name in ILL or (name == "groups_self_declared")
            found[name] = {"value": (name not in SITUATIONS) if good or not ill else name in ILL}
        elif asked.kind == "number":
            found[name] = {"value": LIMITS[name][0 if good else 1]}
        elif asked.kind == "date":
            days = DATES[name][0 if good else 1]
            found[name] = {"value": None if days is None else (DAY + timedelta(days)).isoformat()}
        else:
            found[name] = {"value": good and ("scoring" if name == "counts_measure" else "words")}
    return {name: one for name, one in found.items() if one["value"] is not None}


def audited(*, good: bool) -> dict:
    """A copy of what :func:`planted` made."""
    return deepcopy(planted(good=good))


@cache
def planted(*, good: bool) -> dict:
    """Everything that can be looked at, with planted ends: equal groups, or half the rate and one race alone."""
    words = {"sex": ("female", "male"), "race": ("White", "Black")}
    tables = {name: words.get(name, ("a", "b")) for name in vocabulary().classes}
    tables["sex × race"] = tuple(f"{sex} × {race}" for sex in words["sex"] for race in words["race"])
    counted = {
        name: [Group(one, 500 if good or i == 0 else 250, 1000) for i, one in enumerate(groups)]
        for name, groups in tables.items()
    }
    if not good:
        counted["race"], counted["sex × race"] = counted["race"][:1], counted["sex × race"][:1]
        counted["sex"].append(Group("other", 2, 5))
    document = describe(audit_counts({name: {"": groups} for name, groups in counted.items()}, Choices()))
    for table in document["tables"]:
        table["unknown"] = {"n": 0} if good else None if table["attribute"] == "sex" else {"n": 1000}
        if table["attribute"] == "sex × race":
            table["family"] = "exploratory"
    kinds = ("differential prediction", "question functioning", "recognition errors")
    document["findings"] = [] if good else [{"what": kind, "family": "exploratory"} for kind in kinds]
    document["not_scored"] = [{"rows": [{"verdict": "ok" if good else "finding"}]}]
    feature = {"modality": "text" if good else "face", "impairment_sensitive": not good, "proxy_of": []}
    return {
        **document,
        "made": DAY.isoformat(),
        "declared": {"kind": "select" if good else "median", "classes": {name: name for name in vocabulary().classes}},
        "data": {},
        "facts": facts(good=good),
        "outcomes": {"criteria": [{"validity_low": 0.01 if good else 0.0}]},
        "agreement": {"competencies": [{"icc": [{"kind": "ICC(1,k)", "value_low": 0.7 if good else 0.69}]}]},
        "questions": {"jobs": 1}, "recognition": {"attributes": 1}, "reviews": {"reviews": int(good)},
        "model": {"features": [feature, {**feature, "modality": "text" if good else "voice"}]},
    }  # fmt: skip


def answers(name: str, audit: dict) -> dict[str, str]:
    return {one.check.id: one.answer.value for one in answer([read_pack(name)], audit)}


@pytest.mark.parametrize("name", shipped())
def test_evidence_decides(name: str) -> None:
    good, bad, nothing = (answers(name, audit) for audit in (audited(good=True), audited(good=False), empty()))
    repealed = {check.id for check in read_pack(name).checks if check.status == "repealed"}
    assert set(good.values()) <= {"met", "not_applicable"}, good
    assert "met" in good.values()
    assert "met" not in bad.values(), bad
    assert "not_met" in bad.values()
    assert {nothing[one] for one in nothing.keys() - repealed} == {"open"}, nothing
    assert {good[one] for one in repealed} <= {"not_applicable"}


@pytest.mark.parametrize("name", shipped())
def test_nothing_comes_of_nothing_and_what_would_is_said(name: str) -> None:
    for one in answer([read_pack(name)], empty()):
        said = one.document()
        assert (one.ahead or one.answer).value == "open"
        assert said["given_by"], said
        assert all(seen["value"] is None and seen["what"]["en"] and seen["what"]["zh"] for seen in said["evidence"])


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_pack_is_whole(name: str) -> None:
    pack = read_pack(name)
    assert pack.name == name
    assert len({check.id for check in pack.checks}) == len(pack.checks)
    for check in pack.checks:
        assert check.clause
        assert (check.source or pack.source).startswith(("http", "docs/"))
        texts = (check.asks, check.trigger, *((check.note,) if check.note else ()))
        assert all(text.en and any("一" <= letter <= "鿿" for letter in text.zh) for text in texts), check.id
        assert check.status != "adopted" or check.starts > date(2026, 11, 28)
        assert check.status != "in force" or check.starts <= date(2026, 11, 28)
    assert pack.document(date(1970, 1, 1))["in_force"] is False


def test_no_word_of_the_vocabulary_is_idle() -> None:
    assert NUMBERS.keys() == vocabulary().numbers.keys()
    assert {name for name in shipped() if read_pack(name).table} == {"nyc-ll144"}


def test_shoe_sizes_are_no_sex() -> None:
    audit = {**audited(good=True), "declared": {"kind": "select"}}
    assert {answers("nyc-ll144", audit)[one] for one in ("impact_ratios", "intersections")} == {"open"}
    assert answers("il-hb3773", audit)["no_effect"] == "open"
    for table in audit["tables"]:
        for row, size in zip(table["rows"], ("41", "42", "43", "44"), strict=False):
            row["group"] = size
    audit["declared"] = {"kind": "select", "classes": {"sex": "age", "race": "race"}}
    (one,) = [one for one in answer([read_pack("nyc-ll144")], audit) if one.check.id == "impact_ratios"]
    assert one.answer == "open"
    assert one.seen[1]["value"] == "41, 42"


def test_a_class_that_nobody_looked_at_is_named() -> None:
    audit = audited(good=True)
    del audit["declared"]["classes"]["religion"]
    (one,) = [one for one in answer([read_pack("il-hb3773")], audit) if one.check.id == "no_effect"]
    assert (one.answer, one.document()["given_by"]) == ("open", ["--attribute religion=…"])


def test_a_number_that_could_not_be_told_for_one_criterion_is_open() -> None:
    audit = audited(good=True)
    assert answers("standards", audit)["siop_accuracy"] == "met"
    audit["outcomes"]["criteria"].append({"validity_low": None})
    assert answers("standards", audit)["siop_accuracy"] == "open"


def test_a_law_binds_from_its_day_and_until_its_last() -> None:
    def told(day: str, name: str, check: str) -> tuple[str, str | None]:
        (one,) = [
            one for one in answer([read_pack(name)], {**audited(good=True), "made": day}) if one.check.id == check
        ]
        return one.answer.value, one.ahead.value if one.ahead else None

    assert told("2027-12-01", "eu-ai-act", "oversight") == ("not_applicable", "met")
    assert told("2027-12-02", "eu-ai-act", "oversight") == ("met", None)
    assert told("2026-06-30", "us-co-26-189", "repealed_impact_assessment") == ("not_applicable", "met")
    assert told("2021-12-31", "il-aivia", "race_report")[0] == "not_applicable"
    assert told("2022-01-01", "il-aivia", "race_report")[0] == "met"


def test_a_situation_that_was_not_declared_leaves_a_failure_open() -> None:
    audit = audited(good=False)
    assert answers("us-md", audit)["waiver"] == "not_met"
    del audit["facts"]["uses_face"]
    assert answers("us-md", audit)["waiver"] == "open"
    audit["facts"]["uses_face"] = {"value": False}
    assert answers("us-md", audit)["waiver"] == "not_applicable"


def test_the_citys_table_leaves_small_categories_out_and_no_other_does() -> None:
    """Two per cent of 2000 are 40: 40 people stay in, 39 go, with number and rate; the audit's own ratios stand."""

    def told(others: int, *, out: bool) -> dict[str, dict]:
        groups = [Group("female", 490, 1960 - 980), Group("male", 500, 980), Group("other", others, others)]
        audit = empty() | describe(audit_counts({"sex": {"": groups}}, Choices()))
        before = deepcopy(audit["tables"])
        audit |= {"declared": {"classes": {"sex": "sex"}}, "facts": {"small_left_out": {"value": out}}}
        (table,) = published(read_pack("nyc-ll144").table, audit)
        assert audit["tables"] == before
        assert published(None, audit) == []
        return {row["group"]: row for row in table["rows"]}

    rows = told(39, out=True)
    assert (rows["other"]["n"], rows["other"]["rate"], rows["other"]["impact_ratio"]) == (39, 1.0, None)
    assert rows["female"]["impact_ratio"] == pytest.approx(0.98)
    assert told(39, out=False)["female"]["impact_ratio"] == pytest.approx(0.5)  # the rule says may
    assert told(40, out=True)["other"]["impact_ratio"] == 1.0


def test_facts_are_read_strictly_and_documents_by_their_bytes(tmp_path: Path) -> None:
    path = tmp_path / "facts.yaml"
    (tmp_path / "notice.pdf").write_bytes(b"seen")
    path.write_text("notice: notice.pdf\ndate_of_use: 2026-12-01\nerasure_days: 30\nuses_face: no\njob:\n", "utf-8")
    found = read_facts(path)
    assert found["notice"]["file"] == "notice.pdf"
    assert found["notice"]["sha256"] == sha256(b"seen").hexdigest()
    assert (found["date_of_use"]["value"], found["uses_face"]["value"]) == ("2026-12-01", False)
    assert "job" not in found
    path.write_text("notise: a\nnotice: lost.pdf\nerasure_days: true\nuses_face: 3\ndate_of_use: soon\n", "utf-8")
    with pytest.raises(InputRefused) as refused:
        read_facts(path)
    said = str(refused.value)
    assert all(f"{name}: " in said for name in ("notise", "notice", "erasure_days")), said
    path.write_text("notice: no\nerasure_days: no\n", "utf-8")
    assert read_facts(path) == {"notice": {"value": False}, "erasure_days": {"value": False}}
    with pytest.raises(InputRefused, match="Name a file that exists"):
        read_facts(tmp_path / "absent.yaml")


def test_a_blank_asks_for_everything_and_answers_nothing(tmp_path: Path) -> None:
    names = [name for pack in shipped() for name in facts_of(read_pack(pack))]
    path = tmp_path / "facts.yaml"
    path.write_text(blank(names), "utf-8")
    assert read_facts(path) == {}
    asked = Counter(line.partition(":")[0] for line in blank(names).splitlines() if line and line[0] != "#")
    assert asked == Counter(dict.fromkeys(names, 1))


def test_an_unknown_pack_names_the_nearest() -> None:
    with pytest.raises(InputRefused, match="Did you mean 'nyc-ll144'"):
        read_pack("nyc-ll44")


def test_a_pack_of_ones_own_is_read_and_its_faults_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("name: own\nversion: '1'\nstanding: law\nchekcs: []\n", encoding="utf-8")
    with pytest.raises(InputRefused, match="Did you mean 'checks'"):
        read_pack(str(path))
    own = SHIPPED / "us-md.yaml"
    path.write_text(own.read_text("utf-8").replace("face_waiver", "face_wavier"), encoding="utf-8")
    with pytest.raises(InputRefused, match="Did you mean 'face_waiver'"):
        read_pack(str(path))
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(InputRefused, match="Write valid YAML"):
        read_pack(str(path))
    with pytest.raises(InputRefused, match="Name a file that exists"):
        read_pack(str(tmp_path / "absent.yaml"))
