"""A kind of evidence that the project does not ship, in one file: badges that people hold, group by group."""

import pandas as pd

from vivavoce.data.table import Column, Kind, read_table
from vivavoce.pipelines.auditing.evidence import Declaration, Evidence, Finding, Found, Option
from vivavoce.pipelines.report.blocks import Grid, Heading


def describe(table: pd.DataFrame, people, given) -> dict:
    held = people.scores.candidates.isin(table["candidate_id"]).to_numpy()
    labels = people.attributes["sex"]
    shares = {level: float(held[labels.codes == code].mean()) for code, level in enumerate(labels.levels)}
    return {"gap": given["badge_gap"], "shares": shares}


def judge(part: dict) -> list[Found]:
    most = max(part["shares"], key=part["shares"].get)
    gaps = {group: part["shares"][most] - share for group, share in part["shares"].items()}
    return [Found("sex", group, most, gap, (None, None), {}) for group, gap in gaps.items() if gap > part["gap"]]


def tell(part, say):
    yield Heading(2, say("badges"), "badges")
    rows = tuple((group, f"{share:.2f}") for group, share in part["shares"].items())
    yield Grid(say("badges"), (say("group"), say("held")), (False, True), rows)


BADGES = Evidence(
    Declaration(
        Option("badges", "Who holds a badge: candidate_id.", kind="badges"),
        part="badges",
        texts={
            "badges": {"en": "Who holds badges", "zh": "谁持有徽章"},
            "held": {"en": "Share with a badge", "zh": "持有徽章的比例"},
            "looked": {"en": "{n} of badges", "zh": "徽章 {n} 项"},
        },
        shape={"type": "object", "required": ["shares"], "properties": {"shares": {"type": "object"}}},
        options=(Option("badge_gap", "Gap in shares that counts.", "number", 0.0, 1.0, kind="badges"),),
        finding=Finding("badges", "badge", "house rule 7", "issued", "badges issued by somebody else"),
    ),
    read=lambda path, _: read_table(path, [Column("candidate_id", Kind.ID)]).frame,
    describe=describe,
    tell=tell,
    judge=judge,
)
