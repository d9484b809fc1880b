"""The kinds of further evidence that an audit looks at, in the report's order; whoever has another one registers it."""

from typing import Any

from vivavoce.pipelines.auditing.evidence import Evidence, Json, Option, options_of, whole_schema
from vivavoce.pipelines.auditing.made_of import MADE_OF
from vivavoce.pipelines.auditing.model import MODEL
from vivavoce.pipelines.auditing.outcomes import OUTCOMES
from vivavoce.pipelines.auditing.questions import QUESTIONS
from vivavoce.pipelines.auditing.ratings import RATINGS
from vivavoce.pipelines.auditing.recognised import RECOGNISED
from vivavoce.pipelines.auditing.reviews import REVIEWS

REGISTERED: list[Evidence[Any]] = [OUTCOMES, QUESTIONS, MADE_OF, RECOGNISED, RATINGS, REVIEWS, MODEL]


def registered() -> tuple[Evidence[Any], ...]:
    """Every kind, in the report's order."""
    return tuple(REGISTERED)


def register(kind: Evidence[Any]) -> None:
    """Add a kind after the others: audits made from now on take its table, and their reports tell of it.

    Parameters
    ----------
    kind
        With names of its own.

    Raises
    ------
    ValueError
        Where its part of ``audit.json``, or one of its options, is taken.
    """
    taken = {option.name for option in options()}
    twice = sorted(taken & {option.name for option in options_of([kind.declared])})
    part = kind.declared.part
    if twice or part in schema()["properties"]:
        named = ", ".join(twice) or part
        raise ValueError(f"The kind {kind.declared.name!r} of evidence needs names of its own. Got {named} instead.")
    REGISTERED.append(kind)


def options() -> tuple[Option, ...]:
    """Every kind's table and options."""
    return options_of([kind.declared for kind in REGISTERED])


def schema() -> Json:
    """The JSON Schema of ``audit.json`` with every kind's part."""
    return whole_schema([kind.declared for kind in REGISTERED])
