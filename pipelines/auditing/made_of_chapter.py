"""What the report says of the score's material: whom features give away, length and recording alone, recognition."""

from collections.abc import Iterator, Mapping
from typing import Any

from vivavoce.pipelines.auditing.chapters import estimate_words
from vivavoce.pipelines.auditing.made_of import EVERYTHING, LENGTH, RECORDING
from vivavoce.pipelines.report.blocks import (
    Block,
    Bullets,
    Grid,
    Heading,
    Paragraph,
    Say,
    count_words,
    p_words,
    share_words,
)
from vivavoce.pipelines.report.plots import Strip, decimal, strips

OWN_WORDS = (EVERYTHING, LENGTH, RECORDING)  # families with a name in words; others go by their own

Json = Mapping[str, Any]


def tell_made_of(audit: Json, say: Say) -> Iterator[Block]:
    """Whom features give away, and what length and recording alone make of the score."""
    made_of = audit.get("made_of")
    if not made_of:
        return
    yield Heading(2, say("made_of"), "made-of")
    yield Paragraph(say("made_of_note", n=count_words(made_of["people"])), "small")
    rows = [(family["features"], row) for family in made_of["families"] for row in family["groups"]]
    for i, attribute in enumerate(dict.fromkeys(row["attribute"] for _, row in rows)):
        yield Heading(3, say("by", attribute=attribute), f"made-of-{i}")
        yield from _attribute(attribute, [(name, row) for name, row in rows if row["attribute"] == attribute], say)
    scores = [(family["features"], family["score"]) for family in made_of["families"] if family["score"]["n"]]
    if scores:
        yield Heading(3, say("alone"), "alone")
        yield Paragraph(say("alone_note"), "small")
        told = tuple(_alone(name, row, say) for name, row in scores if row["verdict"])
        if told:
            yield Bullets(told)
        yield _scores_grid(scores, say)


def family_words(name: str, say: Say) -> str:
    """A family's name, in words where it has some."""
    return say("family_" + name) if name in OWN_WORDS else name


def _attribute(attribute: str, rows: list[tuple[str, Json]], say: Say) -> Iterator[Block]:
    several = len({row["group"] for _, row in rows}) > 1
    lines = []
    for name, row in rows:
        label = f"{family_words(name, say)}: {row['group']}" if several else family_words(name, say)
        lines.append(Strip(label, row["area"], row["area_low"], row["area_high"], row["verdict"]))
    title = say("strips_made_of", attribute=attribute)
    yield strips(title, lines, (0.4, 1.0), (0.5,), (say("guessing"), say("always")))
    found = tuple(_words(name, row, say) for name, row in rows if row["verdict"] == "finding")
    yield Bullets(found) if found else Paragraph(say("made_of_none"))
    names = ("features", "group", "n", "others", "area", "p_permutation", "adjusted", "verdict_column")
    cells = tuple(
        (
            family_words(name, say), row["group"], count_words(row["n"]), count_words(row["others"]),
            estimate_words(row, "area"), p_words(row["p"]), p_words(row["q"]), say("verdict_" + row["verdict"]),
        )
        for name, row in rows
    )  # fmt: skip
    verdicts = tuple(row["verdict"] for _, row in rows)
    titles = tuple(say(name) for name in names)
    caption = say("made_of_by", attribute=attribute)
    yield Grid(caption, titles, (False, False, *(True,) * 5, False), cells, verdicts)


def _words(name: str, row: Json, say: Say) -> str:
    pairs, low, high = (
        decimal(None if row[f"area{end}"] is None else 100 * row[f"area{end}"], 0) for end in ("", "_low", "_high")
    )
    return say("given_away", features=family_words(name, say), group=row["group"], pairs=pairs, low=low, high=high)


def _alone(name: str, row: Json, say: Say) -> str:
    share = None if row["correlation"] is None else max(row["correlation"], 0.0) ** 2
    values = {"features": family_words(name, say), "correlation": estimate_words(row, "correlation")}
    told = say("alone_" + row["verdict"], **values, share=share_words(share))
    return told[0].upper() + told[1:]


def _scores_grid(rows: list[tuple[str, Json]], say: Say) -> Grid:
    cells = tuple(
        (
            family_words(name, say), count_words(row["n"]), estimate_words(row, "correlation"), p_words(row["p"]),
            "–" if row["verdict"] is None else say("verdict_" + row["verdict"]),
        )
        for name, row in rows
    )  # fmt: skip
    titles = tuple(say(name) for name in ("features", "n", "held_out", "p_permutation", "verdict_column"))
    verdicts = tuple(row["verdict"] or "" for _, row in rows)
    return Grid(say("alone_caption"), titles, (False, True, True, True, False), cells, verdicts)


def tell_recognised(audit: Json, say: Say) -> Iterator[Block]:
    """Whether every group is understood alike."""
    recognition = audit.get("recognition")
    if not recognition:
        return
    yield Heading(2, say("recognition"), "recognition")
    yield Paragraph(say("recognition_note", n=count_words(recognition["people"])), "small")
    for i, attribute in enumerate(dict.fromkeys(row["attribute"] for row in recognition["rows"])):
        rows = [row for row in recognition["rows"] if row["attribute"] == attribute]
        yield Heading(3, say("by", attribute=attribute), f"recognition-{i}")
        words = tuple(_heard(row, say) for row in rows if row["verdict"] == "finding")
        yield Bullets(words) if words else Paragraph(say("recognition_none"))
        names = ("group", "n", "words", "error_rate", "error_gap", "p_gap", "adjusted", "verdict_column", "why_column")
        cells = tuple(
            (
                row["group"], count_words(row["n"]), count_words(row["words"]),
                *(estimate_words(row, name) for name in ("rate", "gap")), p_words(row["p"]), p_words(row["q"]),
                "–" if row["verdict"] is None else say("verdict_" + row["verdict"]), say(row["why"]),
            )
            for row in rows
        )  # fmt: skip
        verdicts = tuple(row["verdict"] or "" for row in rows)
        caption = say("recognition_by", attribute=attribute, reference=rows[0]["reference"])
        numeric = (False, *(True,) * 6, False, False)
        yield Grid(caption, tuple(say(name) for name in names), numeric, cells, verdicts, why_last=True)


def _heard(row: Json, say: Say) -> str:
    """Plain words of a gap: wrong words in a hundred."""
    gap, low, high = (100 * row[f"gap{end}"] for end in ("", "_low", "_high"))
    if gap < 0:
        gap, low, high = -gap, -high, -low
    values = {"group": row["group"], "reference": row["reference"], "gap": decimal(gap, 1)}
    return say("said_" + row["why"], **values, low=decimal(low, 1), high=decimal(high, 1))
