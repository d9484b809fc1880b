"""Each kind of fault is planted in a framework and must come back with its place and its remedy."""

import copy
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from vivavoce.data.framework import Framework, FrameworkError, load_framework, load_frameworks

SHIPPED = ROOT / "data" / "frameworks"
JOBS = ["sales_manager", "software_engineer", "store_manager"]


def both(text: str) -> dict[str, str]:
    return {"en": text, "zh": f"中文{text}"}


def competency(name: str, weight: float) -> dict[str, Any]:
    return {
        "id": name,
        "weight": weight,
        "name": both(name),
        "definition": both(f"what {name} means"),
        "anchors": {level: both(f"{name} {level}") for level in ("low", "middle", "high")},
        "terms": {"en": [f"{name}term"], "zh": [f"{name}词"]},
        "phrases": {"en": [f"{name} in practice"], "zh": [f"{name}短语"]},
        "resources": [{"title": "A book", "kind": "book", "where": "A house"}],
    }


DOCUMENT: dict[str, Any] = {
    "version": "1",
    "languages": ["en", "zh"],
    "titles": both("Tester"),
    "job_analysis": {
        "date": date(2026, 3, 1),
        "raters": [
            {"role": "incumbents", "rated": "tasks", "count": 12, "date": date(2026, 2, 1)},
            {"role": "supervisors", "rated": "competencies", "count": 5, "date": date(2026, 2, 8)},
        ],
    },
    "competencies": [competency("planning", 0.7), competency("teamwork", 0.3)],
    "questions": [
        {"id": "q1", "text": both("Tell me."), "shows": ["planning"]},
        {"id": "q2", "text": both("And then?"), "shows": ["planning", "teamwork"]},
    ],
}

Edit = Callable[[dict[str, Any]], object]


def written(folder: Path, document: object, name: str = "tester.yaml") -> Path:
    file = folder / name
    file.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    return file


def test_a_framework_answers_what_scoring_asks(tmp_path: Path) -> None:
    framework = load_framework(written(tmp_path, DOCUMENT))
    assert framework.job == "tester"
    assert framework.weights == {"planning": 0.7, "teamwork": 0.3}
    assert framework.competency("teamwork").terms["zh"] == ("teamwork词",)
    assert framework.question("q2").shows == ("planning", "teamwork")
    assert [question.id for question in framework.questions_showing("planning")] == ["q1", "q2"]
    assert not framework.job_analysis.illustrative


def test_the_digest_covers_content_only(tmp_path: Path) -> None:
    file = written(tmp_path, DOCUMENT)
    digest = load_framework(file).digest
    file.write_text("# a comment\n" + yaml.safe_dump(dict(reversed(DOCUMENT.items())), sort_keys=False))
    assert load_framework(file).digest == digest
    changed = copy.deepcopy(DOCUMENT)
    changed["competencies"][0]["terms"]["en"].append("estimate")
    assert load_framework(written(tmp_path, changed)).digest != digest


def test_the_documented_example_is_a_framework(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "framework.md").read_text(encoding="utf-8")
    file = tmp_path / "warehouse_lead.yaml"
    file.write_text(page.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    assert load_framework(file).weights == {"planning": 0.6, "safety": 0.4}


def put(*path: str | int, value: object) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        here: Any = document
        for step in path[:-1]:
            here = here[step]
        here[path[-1]] = value

    return edit


FAULTS: dict[str, tuple[Edit, str]] = {
    "weights do not sum": (
        put("competencies", 1, "weight", value=0.4),
        r"competencies: The weights must sum to 1 \(planning 0.7, teamwork 0.4\). Got 1.1 instead.",
    ),
    "negative weight": (put("competencies", 1, "weight", value=-0.2), r"competencies.teamwork.weight: .*greater"),
    "weight as text": (put("competencies", 1, "weight", value="0.3"), r"competencies.teamwork.weight: .*valid number"),
    "nan weight": (put("competencies", 1, "weight", value=float("nan")), r"line \d+, column \d+: .*is no number"),
    "unshown": (put("questions", 1, "shows", value=["planning"]), r"competencies.teamwork: No question shows this"),
    "unknown competency": (
        put("questions", 0, "shows", value=["planing"]),
        r"questions.q1.shows.0: Name a competency of this file: planning, teamwork. Got 'planing' instead.",
    ),
    "shown twice": (put("questions", 0, "shows", value=["planning"] * 2), r"questions.q1.shows.1: List each .* once"),
    "same id": (put("competencies", 1, "id", value="planning"), r"competencies: The id 'planning' stands 2 times"),
    "same question": (put("questions", 1, "id", value="q1"), r"questions: The id 'q1' stands 2 times"),
    "language missing": (
        put("competencies", 0, "anchors", "high", value={"en": "only"}),
        r"competencies.planning.anchors.high: Give it in the declared languages: en, zh. Got \['en'\] instead.",
    ),
    "question untranslated": (put("questions", 0, "text", value={"en": "Tell me."}), r"questions.q1.text: Give it in"),
    "unknown language": (put("titles", value={"en": "T", "zh": "T", "de": "T"}), r"titles.de: Input should be 'en' or"),
    "unknown name": (
        put("competencies", 0, "weigth", value=1),
        r"competencies.planning.weigth: 'weigth' is not a known name. Did you mean 'weight'\?",
    ),
    "unknown at the top": (put("competences", value=[]), r"competences: .* Did you mean 'competencies'\?"),
    "missing": (lambda document: document.pop("languages"), r"languages: This is required: add it. Got nothing"),
    "refused name": (
        put("competencies", 0, "name", "en", value="Enthusiasm"),
        r"competencies.planning.name: 'Enthusiasm' claims emotion or affect .*Art. 5",
    ),
    "refused id": (put("competencies", 0, "id", value="honesty"), r"claims honesty"),
    "refused definition": (
        put("competencies", 0, "definition", "zh", value="情绪稳定"),
        r"definition: .*claims emotion",
    ),
    "same term": (
        put("competencies", 1, "terms", "en", value=["planningterm"]),
        r"competencies.teamwork.terms.en.0: This already stands in planning.terms: keep it in one place.",
    ),
    "term twice": (put("competencies", 1, "terms", "en", value=["ask", "ask"]), r"terms.en.1: This already stands in"),
    "no terms": (put("competencies", 1, "terms", "zh", value=[]), r"competencies.teamwork.terms.zh: .*at least 1"),
    "term as a switch": (put("competencies", 1, "terms", "en", value=[False]), r"terms.en.0: .*valid string"),
    "capital": (put("competencies", 1, "terms", "en", value=["Ask"]), r"Write it in lower case: 'ask'"),
    "two words": (put("competencies", 1, "terms", "en", value=["ask why"]), r"One word belongs under 'terms'"),
    "one word": (put("competencies", 1, "phrases", "en", value=["ask"]), r"One word belongs under 'terms'"),
    "nobody rated": (
        put("job_analysis", "raters", value=[]),
        r"job_analysis: A job analysis needs raters of competencies and of tasks: add them, or mark",
    ),
    "no raters": (put("job_analysis", "raters", 0, "count", value=0), r"job_analysis.raters.0.count: .*greater"),
    "date as text": (put("job_analysis", "date", value="spring"), r"job_analysis.date: .*valid date"),
    "falling scale": (put("scale", value={"low": 5.0}), r"scale: The scale's low, middle and high must rise"),
    "odd id": (put("competencies", 0, "id", value="Problem solving"), r"should match pattern"),
    "foreign job": (
        put("job", value="other"),
        r"job: The job is the file's stem: leave the line out or write 'tester'",
    ),
    "nested nonsense": (put("competencies", value=3), r"competencies: Input should be a valid tuple"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_place(fault: str, tmp_path: Path) -> None:
    edit, message = FAULTS[fault]
    document = copy.deepcopy(DOCUMENT)
    edit(document)
    with pytest.raises(FrameworkError, match=message):
        load_framework(written(tmp_path, document))


def test_all_faults_are_listed_at_once(tmp_path: Path) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["competencies"][0]["weight"] = 0.9
    document["questions"][1]["shows"] = ["planning", "team"]
    with pytest.raises(FrameworkError) as caught:
        load_framework(written(tmp_path, document))
    assert [problem.where for problem in caught.value.problems] == [
        "competencies",
        "questions.q2.shows.1",
        "competencies.teamwork",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version: '1'\nversion: '2'\n", r"line 2, column 1: Write valid YAML. Got the key 'version' stands twice"),
        (b"on: 1\n", r"the key True is not text: put it in quotes"),
        (b"a: [1, 2\n", r"line 2, column 1: Write valid YAML"),
        (b"\xff\xfea", r"file: Save the file as UTF-8. Got byte 0xff at position 0"),
        (b"- a\n", r"A framework is a mapping of names to values. Got list"),
        (b"", r"Got NoneType"),
        (b"a: !!python/object/apply:os.system [ls]", r"Write valid YAML"),
        (b"a: 2026-13-45", r"Write valid YAML. Got month must be in 1..12"),
        (b"a: !!bool perhaps", r"Write valid YAML"),
        (b"a: !!timestamp perhaps", r"Write valid YAML"),
        (b"a: " + b"[" * 5000, r"Write valid YAML"),
        (b"a" * (2**20 + 1), r"It has at most 1048576 bytes. Got 1048577 bytes"),
    ],
)
def test_a_file_that_is_no_framework_says_why(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "tester.yaml"
    file.write_bytes(content)
    with pytest.raises(FrameworkError, match=message):
        load_framework(file)


@given(
    text=st.text()
    | st.from_regex(r"([a-z_]{1,12}: ([\[\]{}&*!|>'\"%@`,0-9:-]{0,8}|[a-z]{0,5})\n){1,6}", fullmatch=True)
)
def test_no_text_crashes_the_reader(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.getbasetemp() / "anything.yaml"
    file.write_bytes(text.encode("utf-8", errors="surrogatepass"))
    with pytest.raises(FrameworkError):
        load_framework(file)


@pytest.mark.parametrize("job", JOBS)
def test_shipped_frameworks_keep_their_own_rules(job: str) -> None:
    framework = load_frameworks(SHIPPED)[job]
    assert framework.job_analysis.illustrative, "nobody has rated these jobs"
    assert not framework.job_analysis.raters
    assert framework.languages == ("en", "zh")
    assert len(framework.questions) == 3
    for question in framework.questions:
        assert len(question.shows) >= 2, f"{question.id} shows one competency only"
    for part in framework.competencies:
        assert len(framework.questions_showing(part.id)) >= 2, f"{part.id} rests on one answer only"
        assert len(part.resources) >= 2
        for language in framework.languages:
            assert 15 <= len(part.terms[language]) <= 30
            assert 8 <= len(part.phrases[language]) <= 15


def test_shipped_frameworks_are_three() -> None:
    frameworks = load_frameworks(SHIPPED)
    assert sorted(frameworks) == JOBS
    engineer = frameworks["software_engineer"].weights
    assert engineer == {"problem_solving": 0.4, "technical_fit": 0.3, "teamwork": 0.2, "learning": 0.1}


def test_learning_is_one_competency_in_all_three_jobs() -> None:
    """Pooling across jobs is allowed only where definition, anchors and scale are the same."""
    learning = [(f.competency("learning"), f.scale) for f in load_frameworks(SHIPPED).values()]
    assert len({(str(c.definition), str(c.anchors), str(c.terms), str(scale)) for c, scale in learning}) == 1


def test_a_folder_or_a_file_names_jobs(tmp_path: Path) -> None:
    assert list(load_frameworks(SHIPPED / "store_manager.yaml")) == ["store_manager"]
    with pytest.raises(FrameworkError, match=r"Name a folder that holds framework files"):
        load_frameworks(tmp_path)
    with pytest.raises(FrameworkError, match=r"file: Name a file that exists.* Got no file"):
        load_frameworks(tmp_path / "absent.yaml")


def test_a_framework_cannot_be_changed(tmp_path: Path) -> None:
    framework: Framework = load_framework(written(tmp_path, DOCUMENT))
    with pytest.raises(ValueError, match="frozen"):
        framework.version = "2"  # type: ignore[misc]


def test_a_list_is_not_called_too_short_for_items_that_failed(tmp_path: Path) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["competencies"] = [{**competency("planning", 1.0), "weight": "all"}]
    document["questions"] = [{"id": "q1", "text": both("Tell me."), "shows": ["planning"]}]
    with pytest.raises(FrameworkError) as caught:
        load_framework(written(tmp_path, document))
    assert [problem.where for problem in caught.value.problems] == ["competencies.planning.weight"]


@pytest.mark.parametrize("job", JOBS)
def test_no_shipped_evidence_hides_in_that_of_another_competency(job: str) -> None:
    """One place in an answer must not be evidence of two competencies: they would look alike."""
    framework = load_frameworks(SHIPPED)[job]
    entries = [
        (part.id, language, entry)
        for part in framework.competencies
        for language in framework.languages
        for entry in part.terms[language] + part.phrases[language]
    ]
    hidden = [
        (inner, outer)
        for home, language, inner in entries
        for other, spoken, outer in entries
        if home != other
        and language == spoken
        and (inner in outer if language == "zh" else f" {inner} " in f" {outer} ")
    ]
    assert hidden == []
