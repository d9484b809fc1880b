"""``viva framework``: the template, its schema, and every fault of every file at once."""

import copy
import json
import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError
from typer.testing import CliRunner

from tests.conftest import ROOT
from tests.proof import proof_count
from vivavoce.data.errors import AlreadyThere, VivaError
from vivavoce.data.framework import Framework, FrameworkError, load_framework
from vivavoce.pipelines.app import app
from vivavoce.pipelines.frameworks import check, framework_schema, new
from vivavoce.pipelines.scoring.batch import SHIPPED_FRAMEWORKS

SCHEMA = Draft202012Validator(framework_schema())
SHIPPED = sorted(SHIPPED_FRAMEWORKS.glob("*.yaml"))
OWN = {"finding", "value_error"}  # what checks of ours say, between parts; all else is shape


def as_json(path: Path) -> Any:
    """A file as an editor sees it: days are text."""
    return json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))


def steps(part: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return [where, *(one for step, value in inner for one in steps(value, (*where, step)))]


DOCUMENT = yaml.safe_load(SHIPPED[0].read_text(encoding="utf-8"))
PLACES = [where for where in steps(DOCUMENT) if where]
TEXTS = ["", "   ", "Upper Case", "x" * 3000]
WRONG = [None, 3, -0.5, 2.5, True, *TEXTS, [], {}, ["a"], {"en": "a"}, {"de": "a"}, {"en": ["a"]}]


def changed(where: tuple[Any, ...], how: str, value: Any) -> Any:
    """A document with one thing wrong, or still right."""
    document = copy.deepcopy(DOCUMENT)
    here = document
    for step in where[:-1]:
        here = here[step]
    if how == "gone":
        del here[where[-1]]
    elif how == "more" and isinstance(here, dict):
        here["unheard_of"] = value
    else:
        here[where[-1]] = value
    return document


def shape_faults(document: Any) -> list[str]:
    try:
        Framework.model_validate({**document, "job": "a_job"})
    except ValidationError as error:
        return [one["type"] for one in error.errors() if one["type"] not in OWN]
    return []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_frameworks_are_right_by_their_schema(path: Path) -> None:
    SCHEMA.validate(as_json(path))


def test_the_schema_in_docs_is_the_models() -> None:
    assert json.loads((ROOT / "docs" / "framework.schema.json").read_text(encoding="utf-8")) == framework_schema()
    assert json.loads(CliRunner().invoke(app, ["framework", "schema"]).stdout) == framework_schema()
    Draft202012Validator.check_schema(framework_schema())


@settings(max_examples=proof_count(200, 5000), deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(["gone", "more", "other"]), st.sampled_from(WRONG))
def test_what_the_reader_refuses_by_shape_the_schema_refuses(where: tuple[Any, ...], how: str, value: Any) -> None:
    document = changed(where, how, value)
    refused = not SCHEMA.is_valid(json.loads(json.dumps(document, default=str)))
    if shape_faults(document):
        assert refused
    elif not refused:
        return
    else:
        with pytest.raises(ValidationError):
            Framework.model_validate({**document, "job": "a_job"})


@pytest.mark.parametrize("language", ["en", "zh", "both"])
def test_the_template_is_right_by_its_schema_and_not_yet_a_framework(language: str, tmp_path: Path) -> None:
    made = new("night_manager", out=tmp_path, competency=["planning", "safety", "order"], language=language)
    path = tmp_path / "night_manager.yaml"
    assert [row["file"] for row in made.rows] == [str(path), str(tmp_path / "framework.schema.json")]
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=framework.schema.json\n")
    assert ("What night_manager asks for" in text) == (language != "zh")
    assert ("night_manager 的要求" in text) == (language != "en")
    SCHEMA.validate(as_json(path))
    with pytest.raises(FrameworkError) as caught:
        check(tmp_path)
    assert {one.remedy for one in caught.value.problems} == {"Write it: this is still the template's."}
    assert len(caught.value.problems) == text.count('"TODO')
    number = count()
    written = re.sub(r'"TODO( several)?[^"]*"', lambda found: f'"x{" " if found[1] else ""}{next(number)}"', text)
    path.write_text(written, encoding="utf-8")
    assert load_framework(path).weights == {"planning": 0.33, "safety": 0.33, "order": 0.34}
    with pytest.raises(AlreadyThere):
        new("night_manager", out=tmp_path, competency=["planning"])


def test_questions_are_taken_in_their_language(tmp_path: Path) -> None:
    asked = ["Tell me about a shift.", "请讲讲一次值班。"]
    new("clerk", out=tmp_path, competency=["order"], question=asked)
    first, second = as_json(tmp_path / "clerk.yaml")["questions"]
    assert (first["text"]["en"], second["text"]["zh"]) == tuple(asked)
    assert first["text"]["zh"].startswith("TODO")


def test_what_is_missing_is_asked_for_or_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VivaError, match=r"JOB: Name the job.*\n.*--competency: Give --competency"):
        new(out=tmp_path / "no")
    with pytest.raises(VivaError, match=r"JOB: Write lower-case.*'Clerk'.*\n.*--competency: .*'no-dash'"):
        new("Clerk", competency=["no-dash"], out=tmp_path / "no")
    with pytest.raises(VivaError, match="'calm' claims emotion"):
        new("clerk", competency=["calm"], out=tmp_path / "no")
    assert not (tmp_path / "no").exists()
    answers = iter(["clerk", "order, planning"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("rich.prompt.Prompt.ask", lambda *_, **__: next(answers))
    new(out=tmp_path)
    assert [one["id"] for one in as_json(tmp_path / "clerk.yaml")["competencies"]] == ["order", "planning"]


def test_faults_of_every_file_are_named_at_once(tmp_path: Path) -> None:
    for name, weight in (("a", 2), ("b", "heavy"), ("good", None)):
        document = copy.deepcopy(DOCUMENT)
        if weight is not None:
            document["competencies"][0]["weight"] = weight
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    with pytest.raises(FrameworkError) as caught:
        check(tmp_path)
    assert [one.where.partition(",")[0] for one in caught.value.problems] == ["a.yaml", "b.yaml"]
