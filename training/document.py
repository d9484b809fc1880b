"""A YAML file that somebody wrote beside the tables: read once, validated whole, every problem named."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from vivavoce.data.problem import problems_of
from vivavoce.training.tables import BadTraining

Form = TypeVar("Form", bound=BaseModel)


def read_document(path: Path, form: type[Form], parts: dict[str, type[BaseModel]] | None = None) -> Form:
    """Read and validate one file.

    Parameters
    ----------
    path
        UTF-8 YAML, a mapping of names to values.
    form
        What it must hold.
    parts
        The forms inside it, by dotted path, so that a name at fault is answered with the nearest known one.

    Raises
    ------
    BadTraining
        With every problem as file, dotted path, value and remedy.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadTraining(f"{path}: it cannot be read ({error.strerror}). Name a file that exists.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadTraining(f"{path}: it is no YAML ({error}).") from error
    known = {"": list(form.model_fields)} | {place: list(part.model_fields) for place, part in (parts or {}).items()}
    try:
        return form.model_validate(document)
    except ValidationError as error:
        raise BadTraining("\n".join(f"{path}: {problem}" for problem in problems_of(error, document, known))) from error
