"""``monitor.html``: the triggers in plain words, then a picture for everything watched; one file, no request."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from vivavoce.data.vault.durable import write_durably
from vivavoce.fairness.table import FOUR_FIFTHS
from vivavoce.pipelines.publishing.bundle import AUDIT_DAYS
from vivavoce.pipelines.report.blocks import (
    LANGUAGES,
    Block,
    Bullets,
    Grid,
    Heading,
    Language,
    Paragraph,
    Picture,
    Pictures,
    Say,
    Story,
    speaker,
)
from vivavoce.pipelines.report.figures import DOTTED, Axis, Drawing, Line, Mark, Shape, Words, diamond
from vivavoce.pipelines.report.page import page
from vivavoce.pipelines.watching.months import UNDATED, Kind

WIDTH, HEIGHT = 320.0, 150.0  # pixels of one picture
LEFT, RIGHT, TOP, FLOOR = 46.0, WIDTH - 8.0, 12.0, HEIGHT - 22.0  # of its frame
DOT = 3.2  # pixels, half a mark
MONTHS_NAMED = 6  # below a picture; more would touch

Json = Mapping[str, Any]


def write_page(document: Json, path: Path) -> None:
    """Write the page of ``monitor.json``."""
    stories = {language: _story(document, language) for language in LANGUAGES}
    write_durably(path, page(stories, document["made"]).encode())


def _story(document: Json, language: Language) -> Story:
    say = speaker(language, "monitor")
    title = say("title", job=document["job"]) if document["job"] else say("title_bare")
    dated = [one for one in document["windows"] if one["window"] != UNDATED]
    undated = sum(one["people"] for one in document["windows"] if one["window"] == UNDATED)
    values = {"people": sum(one["people"] for one in dated), "months": len(dated), "made": document["made"][:10]}
    note = [say("note" if len(dated) != 1 else "note_one", **values, reference=document["reference"]["people"])]
    note += [say("note_undated", n=undated)] if undated else []
    note += [say("restricted")] if document["restricted"] else []
    months = [one["window"] for one in dated]
    return Story(title, " ".join(note), (*_verdict(document, say), *_watched(document, months, say)))


def _verdict(document: Json, say: Say) -> Iterator[Block]:
    yield Heading(2, say("verdict"), "verdict")
    if document["triggers"]:
        yield Paragraph(say("called"), "finding")
        yield Bullets(tuple(say("trigger", words=trigger_words(one, say)) for one in document["triggers"]))
    for line in closing(document, say)[len(document["triggers"]) > 0 :]:
        yield Paragraph(line, "insufficient" if document["too_few"] or not told(document) else "ok")
    yield Heading(3, say("rules"), "rules")
    yield Bullets(tuple(rule_words(rule, say) for rule in document["rules"]))
    if document["not_given"]:
        names = ", ".join(say("given_" + name) for name in document["not_given"])
        yield Paragraph(say("not_given", names=names), "small")
    yield Paragraph(say("legend"), "small")


def told(document: Json) -> bool:
    """Whether any dated window has people enough to be compared."""
    dated = [one["window"] for one in document["windows"] if one["window"] != UNDATED]
    return len(document["too_few"]) < len(dated)


def closing(document: Json, say: Say) -> list[str]:
    """The verdict in a sentence: called for, quiet, or too few; then the months that are too small to tell."""
    few = say("sparse", months=", ".join(document["too_few"]), least=document["least_people"])
    if document["triggers"]:
        return [say("called"), *([few] if document["too_few"] else [])]
    if not told(document):
        return [say("nothing_told", least=document["least_people"])]
    return [say("quiet_elsewhere"), few] if document["too_few"] else [say("quiet")]


def trigger_words(trigger: Json, say: Say) -> str:
    """What called for an audit, as a sentence without its full stop."""
    values = dict(trigger["values"])
    if "kind" in values:
        values["kind"] = _kind(values["kind"], say)
    return say(trigger["sentence"], **values)


def rule_words(rule: str, say: Say) -> str:
    """What calls for an audit, stated beforehand."""
    return say("rule_" + rule, days=AUDIT_DAYS)


def _kind(kind: str, say: Say) -> str:
    return say("kind_" + kind.replace(" ", "_"))


def _watched(document: Json, months: Sequence[str], say: Say) -> Iterator[Block]:
    """Pictures by kind, what moved first; then what people did, and the months."""
    if document["impact"]:
        yield Heading(2, say("impact"), "impact")
        yield Paragraph(say("impact_note"), "small")
        yield Pictures(tuple(_impact(document, months, say)))
    dated = [one for one in document["watched"] if one["window"] in months]
    for i, kind in enumerate(Kind):
        rows = sorted((one for one in dated if one["kind"] == kind.value), key=lambda one: str(one["what"]))
        things = [(what, list(seen)) for what, seen in groupby(rows, key=lambda one: str(one["what"]))]
        things.sort(key=lambda thing: -max(one["alarm"] * 2 + one["moved"] for one in thing[1]))
        if things:
            title = _kind(kind.value, say)
            yield Heading(2, title[0].upper() + title[1:], f"kind-{i}")
            if kind is Kind.RECORDING:
                yield Paragraph(say("recording_note"), "small")
            yield Pictures(
                tuple(Picture(what, _levels(what, seen, months, say), _state(seen)) for what, seen in things)
            )
    yield from _tables(document, say)


def _tables(document: Json, say: Say) -> Iterator[Block]:
    if document["reviewed"]:
        yield Heading(2, say("reviewed"), "reviewed")
        titles = tuple(say(name) for name in ("window", "people_reviewed", "scores_changed", "mean_change"))
        rows = tuple(
            (one["window"], f"{one['n']}", f"{one['changed']}", f"{one['mean_change']:+.1f}")
            for one in document["reviewed"]
        )
        yield Grid(say("reviewed"), titles, (False, True, True, True), rows)
    yield Heading(2, say("months"), "months")
    counted = tuple((one["window"], f"{one['people']}") for one in document["windows"])
    yield Grid(say("months"), (say("month"), say("people")), (False, True), counted)
    undated = [str(one["what"]) for one in document["watched"] if one["window"] == UNDATED and one["moved"]]
    if undated:
        yield Paragraph(say("undated", names=", ".join(undated)), "small")


def _state(seen: Sequence[Json]) -> str:
    """The frame of a picture: red where something moved twice in a row, amber where it moved."""
    if any(one["alarm"] for one in seen):
        return "finding"
    return "insufficient" if any(one["moved"] for one in seen) else ""


def _levels(what: str, seen: Sequence[Json], months: Sequence[str], say: Say) -> Drawing | str:
    """The level of one thing over the months, on the band in which it would lie if nothing had moved."""
    drawn = [one for one in seen if one["level"] is not None and one["low"] is not None]
    if not drawn:
        return say("too_few")
    ends = [one[name] for one in drawn for name in ("level", "low", "high")]
    margin = 0.08 * (max(ends) - min(ends)) or max(abs(max(ends)), 1.0) * 0.05
    y = Axis(min(ends) - margin * (min(ends) != 0), max(ends) + margin, FLOOR, TOP)
    places = [(_across(one["window"], months), one) for one in drawn]
    upper = [(x, y(one["high"])) for x, one in places]
    lower = [(x, y(one["low"])) for x, one in reversed(places)]
    if len(places) == 1:  # a band of one month needs a width
        upper, lower = ([(x + step * side, at) for x, at in edge for step in (-8, 8)]
                        for edge, side in ((upper, 1), (lower, -1)))  # fmt: skip
    shapes: list[Shape] = [
        Mark((*upper, *lower), "band", "band", pale=True),
        Line(((LEFT, y(drawn[0]["reference"])), (RIGHT, y(drawn[0]["reference"]))), "soft", 1.0, DOTTED),
        Line(tuple((x, y(one["level"])) for x, one in places), "blue", 1.5),
        *(_dot(x, y(one["level"]), _colour(one)) for x, one in places),
        *_frame(y, months, "{:.1%}" if drawn[0]["share"] else "{:.3g}"),
    ]
    return Drawing(WIDTH, HEIGHT, say("by_month", what=what), tuple(shapes))


def _colour(one: Json) -> str:
    return "finding" if one["alarm"] else "amber" if one["moved"] else "blue"


def _impact(document: Json, months: Sequence[str], say: Say) -> Iterator[Picture]:
    """One picture for each group: ratio and score interval by month, on a line at .8."""
    rows = sorted(document["impact"], key=lambda one: (str(one["attribute"]), str(one["group"])))
    for (attribute, group), seen in groupby(rows, key=lambda one: (one["attribute"], one["group"])):
        what = f"{attribute}: {group}"
        yield Picture(what, _ratios(what, [one for one in seen if one["ratio"] is not None], months, say))


def _ratios(what: str, drawn: Sequence[Json], months: Sequence[str], say: Say) -> Drawing | str:
    if not drawn:
        return say("nobody")
    most = max(1.25, *(min(one["high"] or 0.0, 2.0) for one in drawn))  # an interval without an end is cut there
    y = Axis(0.0, 1.08 * most, FLOOR, TOP)
    four_fifths = y(FOUR_FIFTHS)
    shapes: list[Shape] = [
        Line(((LEFT, y(1.0)), (RIGHT, y(1.0))), "soft", 1.0, DOTTED),
        Line(((LEFT, four_fifths), (RIGHT, four_fifths)), "amber", 1.0, DOTTED),
        Words(RIGHT, four_fifths - 3, ".80", "end", 10.0, "amber"),
        Line(tuple((_across(one["window"], months), y(min(one["ratio"], most))) for one in drawn), "blue", 1.5),
    ]
    for one in drawn:
        x, colour = _across(one["window"], months), "finding" if one["finding"] or one["below"] else "blue"
        if one["low"] is not None:
            high = most if one["high"] is None else min(one["high"], most)
            shapes.append(Line(((x, y(one["low"])), (x, y(high))), colour, 1.5))
        shapes.append(_dot(x, y(min(one["ratio"], most)), colour))
    return Drawing(WIDTH, HEIGHT, say("impact_title", what=what), (*shapes, *_frame(y, months, "{:.2f}")))


def _dot(x: float, y: float, colour: str) -> Mark:
    return diamond(x, y, DOT, colour, colour)


def _across(month: str, months: Sequence[str]) -> float:
    """Where a month stands."""
    return LEFT + (RIGHT - LEFT) * (months.index(month) + 0.5) / len(months)


def _frame(y: Axis, months: Sequence[str], form: str) -> list[Shape]:
    """Axes: the lowest value, the middle and the highest, and months."""
    step = -(-len(months) // MONTHS_NAMED)
    return [
        Line(((LEFT, TOP), (LEFT, FLOOR), (RIGHT, FLOOR)), "soft"),
        *(Words(LEFT - 4, y(value) + 4, form.format(value), "end", 10.0, "soft") for value in y.ticks(2)),
        *(Words(_across(month, months), FLOOR + 14, month, "middle", 10.0, "soft") for month in months[::step]),
    ]
