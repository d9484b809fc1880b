"""What the score must not be made of: planted leaks are found, what is clean stays clean, and recognition by group."""

import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from tests.browser import visit
from tests.commands import ended
from vivavoce.pipelines.audit import AuditRequest, audit
from vivavoce.pipelines.auditing.kinds import schema

SCHEMA = schema()
MADE = datetime(2026, 11, 22, tzinfo=UTC)
PEOPLE, ANSWERS = 500, 3


def planted(folder: Path) -> tuple[Path, Path, Path]:
    """Pitch lies 1.5 SD higher in group f, words do not differ, microphones do (.8 SD); half the score is length."""
    rng = np.random.default_rng(3)
    ids, sex = [f"c{i:04d}" for i in range(PEOPLE)], rng.permutation(np.arange(PEOPLE) % 2)
    length = rng.normal(120, 30, PEOPLE)
    pd.DataFrame({"candidate_id": ids, "score": 0.8 * length + rng.normal(0, 12, PEOPLE)}).to_csv(
        folder / "scores.csv", index=False
    )
    pd.DataFrame({"candidate_id": ids, "sex": np.where(sex, "f", "m")}).to_csv(folder / "groups.csv", index=False)
    columns = {
        "language.length_words": np.repeat(length, ANSWERS),
        "language.hedges_per_100_words": rng.normal(3, 1, PEOPLE * ANSWERS),
        "prosody.f0_median_hz": np.repeat(120 + 30 * (1.5 * sex + rng.standard_normal(PEOPLE)), ANSWERS),
        "prosody.noise_db": np.repeat(0.8 * sex + rng.standard_normal(PEOPLE), ANSWERS),
    }
    columns["language.hedges_per_100_words"][::7] = np.nan
    fields = [pa.field("candidate_id", pa.string()), pa.field("purposes", pa.string())]
    fields += [pa.field(name, pa.float64(), metadata={"quality": str("noise" in name).lower()}) for name in columns]
    table = {"candidate_id": np.repeat(ids, ANSWERS), "purposes": ["assess"] * PEOPLE * ANSWERS, **columns}
    pyarrow.parquet.write_table(pa.table(table, schema=pa.schema(fields)), folder / "features.parquet")
    return folder / "scores.csv", folder / "groups.csv", folder / "features.parquet"


def audited(folder: Path, **options: object) -> dict:
    scores, groups, _ = planted(folder)
    ended(audit, AuditRequest(scores, groups, folder / "out", select=0.5, made=MADE, **options))
    document = json.loads((folder / "out" / "audit.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    return document


def test_planted_leaks_are_found_and_clean_families_are_not(tmp_path: Path) -> None:
    document = audited(tmp_path, features=tmp_path / "features.parquet")
    found = {family["features"]: family for family in document["made_of"]["families"]}
    assert found["prosody"]["columns"] == ["prosody.f0_median_hz"]  # the microphone is no voice
    areas = {name: family["groups"][0] for name, family in found.items()}
    assert areas["prosody"]["area_low"] < 0.856 < areas["prosody"]["area_high"]  # Φ(1.5 / √2)
    assert areas["recording"]["area_low"] < 0.714 < areas["recording"]["area_high"]
    leaks = {"prosody", "recording", "everything"}
    assert {name for name, row in areas.items() if row["verdict"] == "finding"} == leaks
    assert found["length"]["score"]["verdict"] == "finding"
    assert found["length"]["score"]["correlation"] == pytest.approx(0.894, abs=0.03)
    assert found["recording"]["score"]["verdict"] != "finding"
    told = [one["where"] for one in document["findings"] if one["what"] == "features tell groups apart"]
    assert {where["features"] for where in told} == leaks
    seen = visit(tmp_path / "out" / "audit.html", width=1100, height=2400)
    assert seen.console == ()
    for words in ("What the score must not be made of", "of 100 pairs come in the right order", "分数不应取自什么"):
        assert words in seen.dom


def test_a_features_table_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, groups, features = planted(tmp_path)
    for path, said in ((scores, "family.measure"), (tmp_path / "no.parquet", "file that exists")):
        assert ended(audit, AuditRequest(scores, groups, tmp_path / "out", features=path)) == 2
        assert said in capsys.readouterr().err
    pyarrow.parquet.write_table(pa.table({"candidate_id": ["a"], "f0": [1.0]}), features)
    assert ended(audit, AuditRequest(scores, groups, tmp_path / "out", features=features)) == 2
    assert "family.measure" in capsys.readouterr().err


def heard(folder: Path, worse: float) -> Path:
    """Two recordings a person of 200 words; 10 % are wrong, ``worse`` more among f."""
    rng = np.random.default_rng(5)
    groups = pd.read_csv(folder / "groups.csv")
    rate = rng.beta(8, 72, PEOPLE) + worse * (groups["sex"] == "f")
    twice = pd.concat([groups[["candidate_id"]]] * 2)
    twice.assign(words=200, errors=rng.binomial(200, np.tile(rate, 2))).to_csv(folder / "heard.csv", index=False)
    return folder / "heard.csv"


@pytest.mark.parametrize(("worse", "verdict"), [(0.08, "finding"), (0.0, "ok")])
def test_a_recogniser_that_hears_one_group_worse_is_found(tmp_path: Path, worse: float, verdict: str) -> None:
    planted(tmp_path)
    document = audited(tmp_path, recognition=heard(tmp_path, worse), comparators={"sex": "m"})
    rows = {row["group"]: row for row in document["recognition"]["rows"]}
    assert (rows["m"]["verdict"], rows["m"]["why"]) == (None, "reference")
    assert rows["f"]["verdict"] == verdict
    assert rows["f"]["gap_low"] < worse < rows["f"]["gap_high"]
    assert rows["f"]["words"] == 100_000
    assert [one["what"] for one in document["findings"] if one["what"] == "recognition errors"] == (
        ["recognition errors"] if worse else []
    )


def test_texts_are_aligned_and_bad_rows_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores, groups, _ = planted(tmp_path)
    path = tmp_path / "heard.csv"
    rows = [f"c{i:04d},the cat sat,the hat sat,en" for i in range(30)] + ["c0001,我们好,我们不好,zh"]
    path.write_text("candidate_id,reference,hypothesis,language\n" + "\n".join(rows) + "\n", encoding="utf-8")
    ended(audit, AuditRequest(scores, groups, tmp_path / "out", recognition=path, made=MADE))
    document = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    rows = document["recognition"]["rows"]
    assert sum(row["words"] for row in rows) == 93
    assert [row["rate"] for row in rows] == pytest.approx([1 / 3, 1 / 3])
    for text, said in [
        ("candidate_id,reference,hypothesis,language\n,a,a,en\nx,a,a,de\ny,,a,en\n", ("line 2", "line 3", "line 4")),
        ("candidate_id,words,errors\nx,0,1\ny,10,1.5\n", ("line 2, words", "line 3, errors")),
        ("candidate_id,words\nx,1\n", ("Add the columns",)),
    ]:
        path.write_text(text, encoding="utf-8")
        assert ended(audit, AuditRequest(scores, groups, tmp_path / "out", recognition=path)) == 2
        error = capsys.readouterr().err
        assert all(part in error for part in said), error


def test_one_line_of_confidence_and_what_it_does_to_each_group(tmp_path: Path) -> None:
    """Planted: of 40 well heard answers a group 10 and 2 lie below the line; of 20 badly heard 5 and 15 above it."""
    rows = []
    for sex, refused, believed in (("f", 10, 5), ("m", 2, 15)):
        for i in range(60):
            well = i < 40
            above = i >= refused if well else i - 40 < believed
            rows.append((f"{sex}{i}", 100, 5 if well else 40, 0.9 if above else 0.5))
    pd.DataFrame(rows, columns=["candidate_id", "words", "errors", "confidence"]).to_csv(
        tmp_path / "r.csv", index=False
    )
    people = pd.DataFrame({"candidate_id": [row[0] for row in rows]})
    people.assign(sex=people["candidate_id"].str[0]).to_csv(tmp_path / "g.csv", index=False)
    people.assign(score=np.arange(len(people))).to_csv(tmp_path / "s.csv", index=False)
    found = audit(AuditRequest(tmp_path / "s.csv", groups=tmp_path / "g.csv", cut=50, recognition=tmp_path / "r.csv"))
    told = {row["group"]: row for row in found.content["recognition"]["trusted"]}
    assert {name: (row["well"], row["badly"]) for name, row in told.items()} == {"f": (40, 20), "m": (40, 20)}
    assert [told[name]["false_abstention"] for name in "fm"] == [10 / 40, 2 / 40]
    assert [told[name]["false_acceptance"] for name in "fm"] == [5 / 20, 15 / 20]
    assert told["f"]["false_abstention_low"] < 0.25 < told["f"]["false_abstention_high"]
    found.to_html(tmp_path / "audit.html")
    page = (tmp_path / "audit.html").read_text()
    assert "a line of confidence that is the same for everybody" in page
    assert "置信度界线对所有人相同" in page
