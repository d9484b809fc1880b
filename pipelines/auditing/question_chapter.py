"""What the report says of single questions: which of them treats equally able people differently."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vivavoce.fairness.functioning import ETS, MODERATE
from vivavoce.pipelines.auditing.blocks import Block, Bullets, Grid, Heading, Paragraph, Say, count_words, p_words
from vivavoce.pipelines.auditing.chapters import estimate_words
from vivavoce.pipelines.auditing.plots import decimal
from vivavoce.pipelines.auditing.strips import Strip, strips

REACH = 2.0  # log odds shown to each side: odds of 7.4 to 1
NEGLIGIBLE = MODERATE / ETS  # log odds: size A ends here

Json = Mapping[str, Any]


def tell_questions(audit: Json, say: Say) -> Iterator[Block]:
    """Every job's questions, group by group."""
    questions = audit.get("questions")
    if not questions:
        return
    yield Heading(2, say("questions"), "questions")
    yield Paragraph(say("questions_note"), "small")
    for i, job in enumerate(questions["jobs"]):
        if job["job"]:
            yield Heading(3, say("question_job", job=job["job"]), f"questions-{i}")
        yield Paragraph(
            say("questions_people", n=count_words(job["people"]), out=count_words(job["incomplete"])), "small"
        )
        if job["not_examined"]:
            names = ", ".join(f"{name} ({say(why)})" for name, why in job["not_examined"].items())
            yield Paragraph(say("questions_not_examined", names=names), "small")
        for entry in job["attributes"]:
            for group in entry["groups"]:
                yield from _group(entry, group, say)


def _group(entry: Json, group: Json, say: Say) -> Iterator[Block]:
    title = say("questions_by", attribute=entry["attribute"], group=group["group"], reference=entry["reference"])
    if group["why"]:
        yield Paragraph(f"{title}: {say('questions_' + group['why'])}", "small")
        return
    rows = group["questions"]
    found = [row for row in rows if row["verdict"] == "finding"]
    names = ", ".join(row["question"] for row in found)
    yield strips(
        say("strips_questions", title=title, names=names or say("none")),
        [_strip(row) for row in rows],
        (-REACH, REACH),
        (-NEGLIGIBLE, NEGLIGIBLE),
        (say("favours", group=group["group"]), say("favours", group=entry["reference"])),
    )
    if found:
        yield Bullets(tuple(_words(row, entry["reference"], group["group"], say) for row in found))
    else:
        yield Paragraph(say("questions_none"))
    if not group["settled"]:
        yield Paragraph(say("questions_unsettled"), "insufficient")
    yield _grid(title, rows, group["reliability"], say)


def _strip(row: Json) -> Strip:
    return Strip(row["question"], row["uniform"], row["uniform_low"], row["uniform_high"], row["verdict"])


def _words(row: Json, reference: str, group: str, say: Say) -> str:
    """Plain words of a finding: at equal ability, who scores higher, and by which odds."""
    if row["kind"] == "nonuniform":
        return say("question_nonuniform", question=row["question"], group=group, reference=reference)
    odds = row["odds"]
    if odds is None or odds == 0:
        return say("question_apart", question=row["question"], group=group, reference=reference)
    better, worse = (reference, group) if odds > 1 else (group, reference)
    strength = say("effect_" + row["effect"])
    shown = decimal(max(odds, 1 / odds), 1)
    return say("question_finding", question=row["question"], better=better, worse=worse, odds=shown, strength=strength)


def _grid(title: str, rows: Sequence[Json], reliability: float | None, say: Say) -> Grid:
    names = (
        "question", "d_as_scored", "odds_ratio", "delta", "effect", "uniform", "uniform_p", "nonuniform_p", "explained",
        "adjusted", "verdict_column",
    )  # fmt: skip
    cells = tuple(
        (
            row["question"] if row["matches"] else f"{row['question']} *",
            estimate_words(row, "d"), decimal(row["odds"]), decimal(row["delta"]),
            row["effect"], estimate_words(row, "uniform"), p_words(row["uniform_p"]), p_words(row["nonuniform_p"]),
            decimal(row["share"], 3), p_words(row["q"]), say("verdict_" + row["verdict"]),
        )
        for row in rows
    )  # fmt: skip
    numeric = (False, True, True, True, False, *(True,) * 5, False)
    caption = say("questions_caption", title=title, reliability=decimal(reliability))
    return Grid(caption, tuple(say(name) for name in names), numeric, cells, tuple(row["verdict"] for row in rows))
