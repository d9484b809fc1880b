"""``viva framework``: what a job asks for, printed and checked."""

from pathlib import Path
from typing import Annotated

from vivavoce.data.errors import Exit
from vivavoce.data.framework import Framework, load_frameworks
from vivavoce.pipelines.door import Place
from vivavoce.pipelines.scoring.batch import SHIPPED_FRAMEWORKS
from vivavoce.pipelines.terminal import Listed

COLUMNS = ("job", "competency", "weight", "shown by")


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
