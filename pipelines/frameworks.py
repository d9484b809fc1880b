"""``viva framework``: what a job asks for: a template to begin with, checked and printed; its schema."""

import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from vivavoce.data.errors import AlreadyThere, Exit
from vivavoce.data.framework import Framework, load_frameworks
from vivavoce.data.identity import refuse_name
from vivavoce.data.problem import Problem, shorten
from vivavoce.pipelines.door import Place, folder_for
from vivavoce.pipelines.report.blocks import LANGUAGES, Language, speaker
from vivavoce.pipelines.scoring.batch import SHIPPED_FRAMEWORKS
from vivavoce.pipelines.scoring.outputs import write_whole
from vivavoce.pipelines.terminal import Asker, Listed

COLUMNS = ("job", "competency", "weight", "shown by")
SCHEMA = "framework.schema.json"  # beside the file that names it, where editors find it
ID = r"[a-z][a-z0-9_]*"
TEXTS = "framework"


def describe(
    framework: Annotated[Place | None, "A framework file or a folder of them. [default: the shipped three]"] = None,
) -> Listed:
    """List each competency of each job: its weight in the overall score, and the questions that show it."""
    read = load_frameworks(Path(framework) if framework else SHIPPED_FRAMEWORKS)
    return Listed([row for one in read.values() for row in _competencies(one)], COLUMNS)


def check(framework: Annotated[Place, "A framework file or a folder of them."]) -> Listed:
    """Check framework files, and say which digest each has.

    Raises
    ------
    FrameworkError
        With every fault of a file.
    """
    read = load_frameworks(Path(framework))
    rows = [
        {
            "job": one.job,
            "languages": list(one.languages),
            "competencies": len(one.competencies),
            "questions": len(one.questions),
            "job analysis": one.job_analysis is not None,
            "digest": one.digest,
        }
        for one in read.values()
    ]
    return Listed(rows, tuple(rows[0]) if rows else (), exit=Exit.DONE)


def _competencies(framework: Framework) -> list[dict[str, object]]:
    return [
        {
            "job": framework.job,
            "competency": one.id,
            "weight": framework.weights[one.id],
            "shown by": [question.id for question in framework.questions if one.id in question.shows],
        }
        for one in framework.competencies
    ]


def new(
    job: Annotated[str | None, "The job, as manifests name it: lower-case letters, digits, underscores."] = None,
    *,
    out: Annotated[Place, "The folder to write into."],
    competency: Annotated[Sequence[str], "Id of what is asked for; once for each."] = (),
    question: Annotated[Sequence[str], "A question, in words; once for each. [default: one for each competency]"] = (),
    language: Annotated[Literal["en", "zh", "both"], "Of its texts and comments."] = "both",
) -> Listed:
    """Write a template of a framework.

    What is missing is asked for on a terminal. Every TODO in it has to be written over before it scores anybody:
    ``viva framework check`` lists them.

    Raises
    ------
    InputRefused
        For what is missing, where there is nobody to ask, and for names that no framework may have.
    AlreadyThere
        Where there is such a file.
    """
    asker = Asker.here()
    given = job or asker.ask("JOB", "Job 岗位 (store_manager)", "Name the job: viva framework new store_manager …")
    asked = "Competencies, with commas between 胜任力 (planning, safety)"
    named = list(competency) or asker.ask("--competency", asked, "Give --competency once for each.").split(",")
    ids = [name.strip() for name in named if name.strip()]
    for what, name in [("JOB", given), *(("--competency", name) for name in ids)]:
        if name and not re.fullmatch(ID, name):
            remedy = "Write lower-case letters, digits and underscores, a letter first."
            asker.missing.append(Problem(what, shorten(name), remedy))
    for name in ids:
        try:
            refuse_name(name)
        except ValueError as error:
            asker.missing.append(Problem("--competency", shorten(name), str(error)))
    folder = folder_for(out)
    asker.end("the framework")
    path = folder / f"{given}.yaml"
    if path.exists():
        raise AlreadyThere(path, "it may have been written on. Name another --out, or remove it.")
    folder.mkdir(parents=True, exist_ok=True)
    text, schemed = template(given, ids, question, LANGUAGES if language == "both" else (language,)), _schema_text()
    write_whole(path, lambda temporary: Path(temporary).write_text(text, encoding="utf-8"))
    write_whole(folder / SCHEMA, lambda temporary: Path(temporary).write_text(schemed, encoding="utf-8"))
    note = f"Write over every TODO, then: viva framework check {path}"
    return Listed([{"file": str(path)}, {"file": str(folder / SCHEMA)}], ("file",), note=note)


def template(job: str, competencies: Sequence[str], questions: Sequence[str], languages: Sequence[Language]) -> str:
    """A framework in YAML, valid by its schema, with a TODO wherever somebody has to write."""

    def told(name: str) -> str:
        return "".join(f"# {speaker(one, TEXTS)(name, job=job)}\n" for one in languages)

    def texts(name: str, given: str = "") -> str:
        spoken = languages[0] if len(languages) == 1 else "zh" if re.search(r"[\u4e00-\u9fff]", given) else "en"
        said = {one: given if given and one == spoken else speaker(one, TEXTS)(name) for one in languages}
        return json.dumps(said, ensure_ascii=False)

    def lists(name: str) -> str:
        return json.dumps({one: [speaker(one, TEXTS)(name)] for one in languages}, ensure_ascii=False)

    weights = [round(1 / len(competencies), 2)] * (len(competencies) - 1)
    weights.append(round(1 - sum(weights), 2))
    every = f"[{', '.join(competencies)}]"
    asked = [(text, every) for text in questions] or [("", f"[{name}]") for name in competencies]
    lines = [f"# yaml-language-server: $schema={SCHEMA}\n", told("head"), 'version: "1"\n']
    lines += [told("languages"), f"languages: [{', '.join(languages)}]\ntitles: {texts('todo_title')}\n\n"]
    lines += [told("analysis"), f"job_analysis:\n  date: {datetime.now(UTC).date()}\n  illustrative: true\n\n"]
    lines += [told("scale"), "scale: {low: 1.0, middle: 3.0, high: 5.0}\n\n", told("questions"), "questions:\n"]
    for number, (text, shows) in enumerate(asked, start=1):
        lines.append(f"  - id: q{number}\n    text: {texts('todo_question', text)}\n    shows: {shows}\n")
    lines += ["\n", told("competencies"), told("evidence"), "competencies:\n"]
    for name, weight in zip(competencies, weights, strict=True):
        anchors = "".join(f"      {level}: {texts('todo_anchor')}\n" for level in ("low", "middle", "high"))
        lines.append(
            f"  - id: {name}\n    weight: {weight}\n    name: {texts('todo_name')}\n"
            f"    definition: {texts('todo_definition')}\n    anchors:\n{anchors}"
            f"    terms: {lists('todo_term')}\n    phrases: {lists('todo_phrase')}\n"
        )
    return "".join(lines)


def schema() -> Exit:
    """Print the JSON Schema of frameworks.

    Editors check a file by it whose first line names it: ``# yaml-language-server: $schema=framework.schema.json``.
    It holds the shape; ``viva framework check`` asks what lies between parts, too, as whether the weights sum to 1.
    """
    sys.stdout.write(_schema_text())
    return Exit.DONE


def framework_schema() -> dict[str, Any]:
    """The shape of a framework's file (JSON Schema 2020-12), from the model that reads it."""
    found: dict[str, Any] = Framework.model_json_schema()
    found["required"].remove("job")  # the file's stem
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_tightened(found)}


def _tightened(part: Any) -> Any:
    """What the model's checks refuse beyond types: text of spaces only, texts in no language."""
    if isinstance(part, list):
        return [_tightened(one) for one in part]
    if not isinstance(part, dict):
        return part
    more: dict[str, Any] = {"pattern": r"\S"} if part.get("minLength") == 1 and "pattern" not in part else {}
    if "propertyNames" in part:
        more["minProperties"] = 1
    return {name: _tightened(one) for name, one in part.items()} | more


def _schema_text() -> str:
    """The schema, one part to a line."""
    told = framework_schema()
    parts = ",\n".join(f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in told.pop("$defs").items())
    lines = [f" {json.dumps(name)}: {json.dumps(one)}" for name, one in told.items()]
    return "{\n" + ",\n".join([*lines, f' "$defs": {{\n{parts}\n }}']) + "\n}\n"
