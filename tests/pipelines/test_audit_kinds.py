"""Kinds of further evidence: one more of them is one file, and none is known by name outside its own."""

import json
import string
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest

from tests.pipelines.badges import BADGES
from vivavoce.data.table import InputRefused
from vivavoce.fairness.table import Verdict
from vivavoce.pipelines.audit import AuditRequest, audit
from vivavoce.pipelines.auditing import kinds
from vivavoce.pipelines.auditing.evidence import SHIPPED, declared, shipped_options


@pytest.fixture
def badges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "REGISTERED", [*kinds.REGISTERED])
    kinds.register(BADGES)


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path, Path]:
    rng = np.random.default_rng(3)
    ids, sex = [f"c{i}" for i in range(400)], np.repeat(["f", "m"], 200)
    scores, groups, held = (tmp_path / name for name in ("scores.csv", "groups.csv", "badges.csv"))
    pd.DataFrame({"candidate_id": ids, "score": rng.normal(50, 10, 400).round(2)}).to_csv(scores, index=False)
    pd.DataFrame({"candidate_id": ids, "sex": sex}).to_csv(groups, index=False)
    pd.DataFrame({"candidate_id": [*ids[:20], *ids[200:300]]}).to_csv(held, index=False)  # a tenth of f, half of m
    return scores, groups, held


@pytest.mark.usefixtures("badges")
def test_one_more_kind_is_read_judged_told_and_kept_back(tables: tuple[Path, Path, Path], tmp_path: Path) -> None:
    scores, groups, held = tables
    request = AuditRequest(scores, groups, tmp_path / "out", select=0.5, shared=True, badges=held, badge_gap=0.2)
    assert audit(request).exit in (0, 1, 4)
    document = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    schema = jsonschema.Draft202012Validator(kinds.schema())
    schema.validate(document)
    assert document["badges"]["shares"] == {"f": 0.1, "m": 0.5}
    assert document["data"]["badges"]["file"] == "badges.csv"
    (found,) = [finding for finding in document["findings"] if finding["what"] == "badges"]
    assert (found["where"]["group"], found["where"]["measure"], found["size"]) == ("f", "badge", 0.4)
    assert found["family"] == "exploratory"
    assert not schema.is_valid({**document, "badges": {"gap": 0.2}})  # its own part of the shape is asked for
    page = (tmp_path / "out" / "audit.html").read_text(encoding="utf-8")
    for words in ("Who holds badges", "Share with a badge", "谁持有徽章", "1 of badges", "徽章 1 项"):
        assert words in page
    shared = json.loads((tmp_path / "out" / "audit.shared.json").read_text(encoding="utf-8"))
    assert "badges" not in shared
    assert "Who holds badges" not in (tmp_path / "out" / "audit.shared.html").read_text(encoding="utf-8")


def test_a_kind_is_passed_on_only_where_it_says_so(
    tables: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    scores, groups, held = tables
    monkeypatch.setattr(kinds, "REGISTERED", [*kinds.REGISTERED])
    kinds.register(replace(BADGES, share=lambda part: {"shares": dict.fromkeys(part["shares"])}))
    shared = audit(AuditRequest(scores, groups, shared=True, badges=held, badge_gap=0.2)).shared
    assert shared is not None
    assert shared["badges"] == {"shares": {"f": None, "m": None}}


@pytest.mark.usefixtures("badges")
def test_names_stand_once() -> None:
    with pytest.raises(ValueError, match=r"'badges' of evidence needs names of its own. Got badge_gap, badges"):
        kinds.register(BADGES)
    taken = replace(BADGES.declared, option=replace(BADGES.declared.option, name="b"), options=(), part="tables")
    with pytest.raises(ValueError, match="Got tables instead"):
        kinds.register(replace(BADGES, declared=taken))


def test_an_unknown_name_is_refused_and_an_option_needs_its_kind(tables: tuple[Path, Path, Path]) -> None:
    scores, groups, _ = tables
    with pytest.raises(TypeError, match="no evidence named 'outcome'. Did you mean 'outcomes'"):
        AuditRequest(scores, groups, outcome=scores)
    with pytest.raises(InputRefused, match="options: Give it together with --ratings. Got --rating-scale alone"):
        audit(AuditRequest(scores, groups, rating_scale=(1.0, 5.0)))


def test_an_audit_without_a_folder_is_returned_and_nothing_written(tables: tuple[Path, Path, Path]) -> None:
    scores, groups, _ = tables
    before = sorted(scores.parent.iterdir())
    audited = audit(AuditRequest(scores, groups, select=0.5))
    assert audited.place is None
    assert audited.shared is None
    assert audited.verdict is Verdict(audited.content["status"])
    assert len(audited.findings) == len(audited.content["findings"])
    assert set(audited.by_group["attribute"]) == {table["attribute"] for table in audited.content["tables"]}
    assert sorted(scores.parent.iterdir()) == before
    assert (audited.folder / "audit.json").is_file(), "written where nobody looks, for whoever wants a folder"
    assert audited.to_html(scores.with_name("a.html")).read_text(encoding="utf-8").startswith("<!")


def test_what_the_command_line_offers_is_what_the_shipped_kinds_declare() -> None:
    assert [declared(name) for name in SHIPPED] == [kind.declared for kind in kinds.registered()]
    assert shipped_options() == kinds.options()
    assert {option.value for option in shipped_options()} == {"file", "folder", "number", "text", "ends"}


@pytest.mark.parametrize("kind", kinds.registered(), ids=lambda kind: kind.declared.name)
def test_every_sentence_is_there_in_both_languages_with_the_same_values(kind) -> None:
    for name, sentence in kind.declared.texts.items():
        values = [sorted({part[1] for part in string.Formatter().parse(sentence[language]) if part[1]})
                  for language in ("en", "zh")]  # fmt: skip
        assert values[0] == values[1], name
    assert (kind.declared.finding is None) or "looked" in kind.declared.texts
