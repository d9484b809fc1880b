"""Papers: a published audit's summary holds every element of its rule; what is missing is a blank."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.commands import ended
from vivavoce.data.errors import VivaError
from vivavoce.fairness.facts import facts_of as pack_facts
from vivavoce.fairness.rules import read_pack, vocabulary
from vivavoce.fairness.rules import shipped as packs_shipped
from vivavoce.pipelines.audit import AuditRequest, audit
from vivavoce.pipelines.auditing.papers import facts_of, fill, pack_of, shipped, tell, template
from vivavoce.pipelines.packs import rules
from vivavoce.pipelines.report.blocks import Grid, Paragraph

MADE = datetime(2026, 11, 22, tzinfo=UTC)
CLASSES = {"sex": "sex", "race": "race/ethnicity", "sex+race": "intersectional"}
FACTS = """
tool: ADP Candidate Relevance
vendor: ADP
employer: Example Ltd
auditor: BLDS, LLC
independence: independence.txt
distribution_date: 2026-09-01
date_of_use: 2026-12-01
data_source: Applications of clients in the United States, 2022
test_data_used: no
small_left_out: no
unknown_people: 4711
scores_given: yes
counts_measure: scoring
contact: hr@example.org
"""


@pytest.fixture(scope="module")
def posted(viva_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The summary of one published audit, every element given."""
    folder = tmp_path_factory.mktemp("posted")
    table = pd.read_csv(viva_data / "ll144_audits" / "consistent_tables.csv", dtype=str)
    table = table[table["audit_id"] == "adp_adp_blds_llc_2023_audit_1"]
    parts = table[["race_ethnicity", "sex"]].apply(lambda row: [one for one in row if one != "Total"], axis=1)
    table = table.assign(table=table["protected_char_group"], group=parts.str.join(" | "))
    table = table.rename(columns={"number_of_applications": "n", "n_selected_or_n_above_median": "selected"})
    table[["table", "group", "n", "selected"]].to_csv(folder / "counts.csv", index=False)
    (folder / "facts.yaml").write_text(FACTS, encoding="utf-8")
    (folder / "independence.txt").write_text("No part in the tool.", encoding="utf-8")
    audit(
        counts=folder / "counts.csv", facts=folder / "facts.yaml", attributes=CLASSES, papers=["ll144-summary"],
        out=folder / "out", made=MADE,
    )  # fmt: skip
    return folder / "out"


def test_a_summary_holds_every_element_of_the_rule(posted: Path) -> None:
    paper = json.loads((posted / "papers" / "ll144-summary.json").read_text(encoding="utf-8"))
    assert paper["blanks"] == []
    assert [(table["classes"], table["measure"]) for table in paper["parts"][3]["tables"]] == [
        ("sex", "scoring"), ("race", "scoring"), ("sex+race", "scoring"),
    ]  # fmt: skip
    page = (posted / "papers" / "ll144-summary.html").read_text(encoding="utf-8")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    elements = (
        "2026-11-22", "2026-09-01", "ADP Candidate Relevance", "BLDS, LLC", "Applications of clients", "4,711",
        "573,856", "47.3 %", "0.985", "Scoring rate", "Black or African American | Female 166,039", "0.957", "发行日期",
    )  # fmt: skip
    assert [one for one in elements if one not in text] == []
    assert "[blank" not in text
    assert (posted / "papers" / "ll144-summary.pdf").is_file() == (posted / "audit.pdf").is_file()


def test_the_pack_answers_what_the_paper_shows(posted: Path) -> None:
    document = json.loads((posted / "audit.json").read_text(encoding="utf-8"))
    answers = {check["check"]: check["answer"] for check in document["checks"] if check["pack"] == "nyc-ll144"}
    for check in ("impact_ratios", "intersections", "scoring_rate", "unknowns", "age_of_audit", "data", "independence"):
        assert answers[check] == "met", check
    assert (answers["test_data"], answers["small_categories"]) == ("not_applicable", "not_applicable")
    assert (answers["posted"], answers["notice"]) == ("open", "open")


@pytest.fixture(scope="module")
def bare() -> dict:
    """People in two jobs, audited for every paper's pack, nothing declared but sex."""
    rng = np.random.default_rng(3)
    scores = pd.DataFrame({"candidate_id": [f"c{i}" for i in range(800)], "score": rng.normal(50, 10, 800)})
    scores["job"] = ["cook", "clerk"] * 400
    groups = scores[["candidate_id"]].assign(gender=rng.choice(["f", "m"], 800))
    packs = {pack_of(name) for name in shipped()}
    return audit(scores, groups, cut=50, rules=sorted(packs), attributes={"sex": "gender"}, made=MADE).content


@pytest.mark.parametrize("name", shipped())
def test_what_nobody_gave_is_a_blank(name: str, bare: dict) -> None:
    paper = fill(name, bare)
    assert set(facts_of(name)) - {"small_left_out_why"} <= set(paper["blanks"])
    everything = {one: {"value": "told"} for one in vocabulary().facts}
    assert not set(facts_of(name)) & set(fill(name, {**bare, "facts": everything})["blanks"])
    checks = {check.id for check in read_pack(pack_of(name)).checks}
    for part in template(name)["parts"]:
        assert part["heading"]["en"] != part["heading"]["zh"]
        assert part["clause"]
        assert set(part.get("checks", ())) <= checks
        fields = [re.findall(r"\{(\w+)\}", part["text"][language]) for language in ("en", "zh") if "text" in part]
        assert not fields or sorted(fields[0]) == sorted(fields[1])


def test_a_record_is_kept_for_each_job(bare: dict) -> None:
    part = fill("ugesp-15a", bare)["parts"][1]
    assert [(table["classes"], table["stratum"]) for table in part["tables"] if table["measure"] == "selection"] == [
        ("sex", None), ("sex", "job = clerk"), ("sex", "job = cook"),
    ]  # fmt: skip
    people = [sum(row["n"] for row in table["rows"]) for table in part["tables"] if table["measure"] == "selection"]
    assert people == [800, 400, 400]


def test_a_public_paper_holds_no_answers(bare: dict) -> None:
    public = {name for name in shipped() if fill(name, bare)["public"]}
    assert public == {"ll144-summary", "ll144-notice"}
    assert not any(part["checks"] for name in public for part in fill(name, bare)["parts"])


def test_a_sign_off_says_what_was_read_and_what_was_not(bare: dict) -> None:
    paper = fill("sign-off", {**bare, "data": {"scores": {"file": "s.csv", "sha256": "ab" * 32}, "rows": 3}})
    assert {check["answer"] for check in paper["parts"][3]["checks"]} == {"open"}
    missing = {(check["pack"], check["check"]) for check in paper["parts"][3]["checks"]}
    assert ("nyc-ll144", "independence") in missing
    told = [row for block in tell(paper, "en") if isinstance(block, Grid) for row in block.rows]
    assert ("What was read", "s.csv (SHA-256 abababababab…)") in told
    assert ("Declared as protected classes", "sex: gender") in told


def test_packs_are_listed_and_a_blank_is_written_once(tmp_path: Path) -> None:
    rows = {row["pack"]: row for row in rules().rows}
    assert rows["eu-ai-act"]["from"] == "2025-02-02"
    assert rows["us-md"]["in force"] == "1 of 1"
    facts = tmp_path / "facts.yaml"
    clauses = rules(["nyc-ll144"], facts=facts).rows
    assert {row["status"] for row in clauses} == {"in force"}
    assert {"tool", "contact", "distribution_date"} <= {
        line.partition(":")[0] for line in facts.read_text().split("\n")
    }
    with pytest.raises(VivaError, match="there already"):
        rules(["nyc-ll144"], facts=facts)


def test_a_paper_that_is_none_names_the_nearest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.csv").write_text("table,group,n,selected\nt,a,10,4\nt,b,10,5\n", encoding="utf-8")
    request = AuditRequest(counts=tmp_path / "c.csv", out=tmp_path / "out", papers=("ll144-sumary",))
    assert ended(audit, request) == 2
    assert "Did you mean 'll144-summary'" in capsys.readouterr().err


def test_no_fact_is_asked_for_in_vain() -> None:
    asked = {name for pack in packs_shipped() for name in pack_facts(read_pack(pack))}
    assert vocabulary().facts.keys() == asked | {name for paper in shipped() for name in facts_of(paper)}


def test_a_deployer_logs_each_paragraph_of_article_26(bare: dict) -> None:
    paper = fill("ai-act-deployer-log", bare)
    named = {found for part in paper["parts"] for found in re.findall(r"\((\d+)\)", part["clause"])}
    assert named == {str(number) for number in range(1, 13)}
    assert all(part["sure"] in ("H", "M") for part in paper["parts"])
    assert {"log_months", "overseers", "input_data", "workers_informed", "reviews.reviews"} <= set(paper["blanks"])
    assert not {"data.people", "data.scored", "status"} & set(paper["blanks"])
    told = [block.text for block in tell(paper, "en") if isinstance(block, Paragraph)]
    assert "Art. 26(6), 19 · Sure: H" in told
