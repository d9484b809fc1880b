"""Frameworks in one language only: interviews in another end at the door, and everything else goes to its end."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.golden.run import Run
from tests.pipelines.cohort import SHIPPED, make_cohort, prints, write_scores
from tests.pipelines.registries import make_house
from tests.pipelines.runs import ROWS, batch, document, ends
from tests.pipelines.watched import people, write_folder, write_groups
from tests.training.tables import save
from vivavoce.data.framework import load_framework
from vivavoce.models.directory import load_model
from vivavoce.pipelines.score import score
from vivavoce.pipelines.scoring.report import competency_name, question_text
from vivavoce.pipelines.scoring.timeline import find_borrowed

ROW = {"en": ROWS["c01"], "zh": ROWS["c05"]}
LANGUAGES = ("en", "zh")
MONTHS = ("2026-01", "2026-05", "2026-06")


def only(part, language: str):
    """A framework's document without its texts in the other language."""
    if isinstance(part, list):
        return [only(one, language) for one in part]
    if not isinstance(part, dict):
        return part
    if set(part) == {"en", "zh"}:
        return {language: part[language]}
    return {name: [language] if name == "languages" else only(one, language) for name, one in part.items()}


def rewrite(path: Path, language: str) -> Path:
    told = only(yaml.safe_load(path.read_text(encoding="utf-8")), language)
    path.write_text(yaml.safe_dump(told, allow_unicode=True), encoding="utf-8")
    return path


@pytest.fixture
def frameworks(tmp_path) -> Path:
    """One job in Chinese only, one in English only."""
    folder = tmp_path / "frameworks"
    folder.mkdir()
    for language in LANGUAGES:
        (folder / f"only_{language}.yaml").write_text(SHIPPED.read_text(encoding="utf-8"), encoding="utf-8")
        rewrite(folder / f"only_{language}.yaml", language)
    return folder


def test_another_language_ends_at_the_door_and_the_others_go_on(tmp_path, frameworks, capfd) -> None:
    listed = [
        {**ROW[spoken], "interview_id": f"{job} {said}", "job": job, "language": said}
        for job in ("only_en", "only_zh")
        for spoken, said in (("en", "en-GB"), ("en", "auto"), ("zh", "zh-TW"), ("zh", None), ("zh", "zh-HK"))
    ]
    manifest = batch(tmp_path / "media", listed).rename(tmp_path / "listed.jsonl")
    run = score(manifest, out=tmp_path / "out", framework=frameworks, asr="provided", media_root=tmp_path / "media")
    done, left_out = ("scored", None, "ok"), ("not_scored", "framework_language", None)
    assert ends(run.folder) == {
        "only_en en-GB": done, "only_en auto": done, "only_en zh-TW": left_out, "only_en None": left_out,
        "only_zh en-GB": left_out, "only_zh auto": left_out, "only_zh zh-TW": done, "only_zh None": done,
        "only_en zh-HK": ("not_scored", "unmeasured_language", None),
        "only_zh zh-HK": ("not_scored", "unmeasured_language", None),
    }  # fmt: skip
    said = capfd.readouterr().err
    for line in (
        "1 not scored and not opened, since the framework of only_en has texts in en only and their language is zh",
        "1 not scored and not opened, since the framework of only_zh has texts in zh only and their language is en",
    ):
        assert said.index(line) < said.index("[1/10]"), "said before anything is measured"
    page = run.report.read_text(encoding="utf-8")
    for job, text in (("only en", "English only"), ("only zh", "Chinese only")):
        (note,) = (one for one in document(run.folder)["notes"] if one["en"].startswith(f"{job}: "))
        assert text in note["en"]
        assert page.count(note["zh"]) == 1
    for language in LANGUAGES:
        assert load_framework(frameworks / f"only_{language}.yaml").competencies[0].name[language] in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_fall_back_to_the_language_that_is_there(frameworks, language) -> None:
    read = load_framework(frameworks / f"only_{language}.yaml")
    first, asked = read.competencies[0], read.questions[0]
    for page in ("en", "zh"):
        assert competency_name(read, first.id).said(page) == first.name[language]
        assert question_text(read, asked.id, page) == asked.text[language]
        assert question_text(read, "q99", page) == ""
    (recited,) = find_borrowed(first.anchors.high[language], language, read)[:1]
    for page in ("en", "zh"):
        assert first.name[language].lower() in recited.sentence.said(page)


def test_from_training_to_monitoring(tmp_path) -> None:
    """In Chinese: frameworks in English only teach elsewhere in these tests."""
    language, run = "zh", Run(tmp_path)
    make_house(tmp_path)
    (tmp_path / "cohort").mkdir()
    cohort = make_cohort(tmp_path / "cohort", 300)
    rewrite(cohort.shorter, language)
    table = pd.read_parquet(cohort.features).assign(language=language)
    save(table, cohort.features, prints=prints())
    model = tmp_path / "model"
    assert run.viva(
        "train", cohort.features, "--ratings", cohort.ratings, "--outcomes", cohort.outcomes, "--framework",
        cohort.shorter, "--out", model, "--tracking-uri", "none",
    ) == 0  # fmt: skip
    scores, questions = write_scores(*load_model(model), cohort, tmp_path / "scores")
    audited = run.viva(
        "audit", scores, "--groups", cohort.groups, "--out", tmp_path / "audit", "--select", 0.3, "--model", model,
        "--outcomes", cohort.outcomes, "--questions", questions,
    )  # fmt: skip
    assert audited in (0, 1, 4)
    assert run.viva(
        "publish", model, "--audit", tmp_path / "audit", "--name", "engineer", "--out", tmp_path / "bundle", "--key",
        "auditor", "--key", "publisher", "--features", cohort.features, "--groups", cohort.groups,
    ) == 4  # fmt: skip
    assert run.viva("framework", "check", cohort.shorter) == 0
    rng = np.random.default_rng(2)
    frames = [people(rng, month, 60) for month in MONTHS]
    folders = [write_folder(tmp_path / one, frame) for one, frame in zip(MONTHS, frames, strict=True)]
    groups = write_groups(tmp_path / "groups.csv", *frames)
    assert run.viva(
        "monitor", *folders[1:], "--reference", folders[0], "--out", tmp_path / "watch", "--groups", groups,
        "--select", 0.3,
    ) in (0, 1, 4)  # fmt: skip
    for page in ("bundle/card.html", "audit/audit.html", "watch/monitor.html"):
        assert (tmp_path / page).is_file(), page
