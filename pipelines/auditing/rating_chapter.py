"""What the report says of human ratings: how far people agree, who is harsh, whether the machine agrees with them."""

from collections.abc import Iterator, Mapping
from typing import Any

from vivavoce.models.score import OVERALL
from vivavoce.pipelines.auditing.blocks import (
    Block,
    Bullets,
    Fold,
    Grid,
    Heading,
    Paragraph,
    Say,
    count_words,
    share_words,
)
from vivavoce.pipelines.auditing.chapters import estimate_words
from vivavoce.pipelines.auditing.plots import decimal
from vivavoce.pipelines.auditing.ratings import MONTH, OTHER_SCALE
from vivavoce.pipelines.auditing.strips import Strip, strips

MACHINE = (
    "icc", "correlation", "slope", "spread_ratio", "mean_difference", "lower_limit", "upper_limit", "trend",
)  # fmt: skip
STRATUM = ("mean_difference", "icc", "correlation", "slope", "spread_ratio")

Json = Mapping[str, Any]


def tell_ratings(audit: Json, say: Say) -> Iterator[Block]:
    """Every competency: people among themselves, then the machine beside them."""
    found = audit.get("agreement")
    if not found:
        return
    yield Heading(2, say("agreement"), "agreement")
    yield Paragraph(say("agreement_note"), "small")
    if found["scale"]:
        low, high = (f"{end:g}" for end in found["scale"])
        yield Paragraph(say("agreement_scale", low=low, high=high), "small")
    for i, one in enumerate(found["competencies"]):
        name = say("overall") if one["competency"] == OVERALL else one["competency"]
        yield Heading(3, say("rated", competency=name), f"agreement-{i}")
        counts = {key: count_words(one[key]) for key in ("persons", "raters", "ratings")}
        yield Paragraph(say("rated_counts", **counts))
        yield _reliability(name, one, say)
        if one["error"] is not None:
            errors = {"error": decimal(one["error"]), "smallest": decimal(one["smallest_difference"])}
            yield Paragraph(say("rated_error", **errors))
        if one["each"]:
            yield Fold(say("each_rater", competency=name), (_each(name, one, say),))
        if one["machine"]:
            yield from _machine(name, one["machine"], say)


def _reliability(name: str, one: Json, say: Say) -> Grid:
    rows = [(row["kind"], estimate_words(row, "value")) for row in one["icc"]]
    rows.append((say("alpha"), estimate_words(one, "alpha")))
    rows.append((say("kappa", n=one["kappa_pairs"]), decimal(one["kappa"])))
    titles = tuple(say(title) for title in ("statistic", "value_interval"))
    return Grid(say("reliability_of", competency=name), titles, (False, True), tuple(rows))


def _each(name: str, one: Json, say: Say) -> Grid:
    names = ("rater", "persons", "severity", "drift", "against_rest")
    rows = tuple(
        (row["rater"], count_words(row["persons"]), *(estimate_words(row, part) for part in names[2:]))
        for row in one["each"]
    )
    return Grid(say("each_rater", competency=name), tuple(say(title) for title in names), (False, *(True,) * 4), rows)


def _machine(name: str, machine: Json, say: Say) -> Iterator[Block]:
    whole = machine["whole"]
    if whole is None:
        yield Paragraph(say("machine_scale" if machine["reason"] == OTHER_SCALE else "machine_few"), "small")
        return
    gap = estimate_words(whole, "mean_difference")
    limits = {"low": decimal(whole["lower_limit"], 1), "high": decimal(whole["upper_limit"], 1)}
    yield Paragraph(say("machine_words", n=count_words(whole["n"]), gap=gap, **limits))
    yield Bullets(
        (
            say("within_machine", points=f"{whole['points']:g}", share=share_words(whole["within"])),
            say("within_human", share=share_words(whole["human_within"])),
            say("within_constant", share=share_words(whole["constant_within"])),
        )
    )
    rows = tuple((say(f"machine_{part}"), estimate_words(whole, part)) for part in MACHINE)
    titles = tuple(say(title) for title in ("statistic", "value_interval"))
    yield Grid(say("machine_of", competency=name), titles, (False, True), rows)
    for by in dict.fromkeys(row["by"] for row in machine["strata"]):
        yield from _strata(by, [row for row in machine["strata"] if row["by"] == by], say)


def _strata(by: str, rows: list[Json], say: Say) -> Iterator[Block]:
    told = [row for row in rows if row["found"]]
    title = say("machine_by_month" if by == MONTH else "machine_by", attribute=by)
    if told:
        ends = [abs(row["found"][f"mean_difference{end}"] or 0.0) for row in told for end in ("", "_low", "_high")]
        reach = max(*ends, 1.0)
        lines = [_strip(row["stratum"], row["found"]) for row in told]
        yield strips(title, lines, (-reach, reach), (0.0,), (say("machine_lower"), say("machine_higher")))
    names = ("group", "n", *(f"machine_{part}" for part in STRATUM))
    cells = tuple(
        (
            row["stratum"], count_words(row["n"]),
            *(estimate_words(row["found"], part) if row["found"] else "–" for part in STRATUM),
        )
        for row in rows
    )  # fmt: skip
    yield Grid(title, tuple(say(one) for one in names), (False, *(True,) * 6), cells)


def _strip(label: str, found: Json) -> Strip:
    low, high = found["mean_difference_low"], found["mean_difference_high"]
    return Strip(label, found["mean_difference"], low, high, "insufficient")
