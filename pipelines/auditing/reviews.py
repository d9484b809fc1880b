"""Human overrides: what reviewers changed, group by group. A second look should not favour a group."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vivavoce.fairness.groups import Reviews, read_reviews
from vivavoce.pipelines.auditing.evidence import Evidence, Json, Told, declared
from vivavoce.pipelines.auditing.scores import People
from vivavoce.pipelines.report.blocks import Block, Grid, Heading, Paragraph, Say


def read(path: Path, given: Mapping[str, Any]) -> Reviews:
    """The overrides in a table."""
    return read_reviews(path, given["maps"])


def describe(reviews: Reviews, people: People, _: Mapping[str, Any]) -> Json:
    """How many were changed, and every group's changes."""
    return {**reviews.totals, "groups": [vars(one) for one in reviews.by_group(people.groups)]}


def tell(reviews: Told, say: Say) -> Iterator[Block]:
    """What people changed afterwards."""
    yield Heading(2, say("reviews"), "reviews")
    yield Paragraph(say("reviews_note", **{name: reviews[name] for name in ("reviews", "reviewers", "without_reason")}))
    names = ("group", "reviewed", "raised", "lowered", "mean_change")
    rows = tuple(
        (f"{row['attribute']}: {row['group']}", *(f"{row[name]}" for name in names[1:4]), f"{row['mean_change']:+.2f}")
        for row in reviews["groups"]
    )
    yield Grid(say("reviews"), tuple(say(name) for name in names), (False, *(True,) * 4), rows)


REVIEWS: Evidence[Reviews] = Evidence(declared("reviews"), read=read, describe=describe, tell=tell)
