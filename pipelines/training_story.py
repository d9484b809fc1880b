"""What ``viva train`` says: the data and what is wrong with them, what was learned, what it is worth, what to know.

The pictures of a training: how far weights moved from the framework's, and whether predicted ratings mean them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vivavoce.evaluation.calibration import Calibration
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.report.figures import DOTTED, Axis, Drawing, Line, Shape, Words, diamond, level, upright

if TYPE_CHECKING:
    from vivavoce.training.inputs import Inputs


WEIGHTINGS = {"learned": "learned weights", "framework": "the framework's", "unit": "equal weights"}
NAMED = 5  # raters named to the operator, and features that moved
PLACES = {"site": "other sites", "employer": "other employers", "time": "people later"}

Json = Mapping[str, Any]


def data_lines(inputs: "Inputs") -> list[str]:
    """What was read, what every join left out, whose ratings stand out; said to the operator only, so ids are named."""
    from vivavoce.training.datasheet import findings

    people = len(np.unique(inputs.candidates))
    known = len(np.unique(inputs.candidates[~np.isnan(inputs.performance)]))
    later = f"; {inputs.criterion} of {known} people" if inputs.criterion else "; no outcomes"
    lines = ["Data", f"  {people} people in {len(inputs.interviews)} interviews, {inputs.raters} raters{later}"]
    for one in inputs.lost:
        more = ", …" if one.count > len(one.ids) else ""
        lines.append(f"  Left out: {one.count} {one.step} ({', '.join(one.ids)}{more}).")
    for name, why in inputs.dropped.items():
        lines.append(f"  Dropped: {name}, {why}.")
    lines.append(f"  {inputs.scheme.sentence}")
    lines += [f"  {said}" for said in findings(inputs)]
    for found in inputs.provenance.severity if inputs.provenance else ():
        if found.severe:
            named = ", ".join(f"{one.rater} {-one.severity.value:+.2f}" for one in found.severe[:NAMED])
            more = ", …" if len(found.severe) > NAMED else ""
            lines.append(f"  {found.competency}: raters beside the others: {named}{more}")
    return lines


def result_lines(model: ModelVersion) -> list[str]:
    """What was learned and what it is worth."""
    return [
        *_agreement(model),
        *_weights(model),
        *_validity(model),
        *_decisions(model),
        *_search(model),
        *_today(model),
        *_sentence(model, "champion"),
        *_sentence(model, "fusion"),
    ]


def _agreement(model: ModelVersion) -> list[str]:
    rows = [("competency", "score", "answer length", "reliability of the ratings")]
    for name, found in model.documents["validity"]["ratings"].items():
        rows.append((name, *(said(found[one]) for one in ("score", "answer length", "reliability of the ratings"))))
    return ["", "Agreement with human ratings (r on people not seen, 95 %)", *_table(rows)] if rows[1:] else []


def _weights(model: ModelVersion) -> list[str]:
    weights = model.documents["weights"]
    title = "Weights of the overall score (framework → learned, 90 %)"
    moved = ["", title, *(f"  {one}" for one in weights["shifts"])] if "shifts" in weights else []
    lines = moved or ["", f"Weights: {weights['reason']}"]
    found = model.documents["validity"]["performance"].get("correlations", {})
    rows = [(label, said(found[name])) for name, label in WEIGHTINGS.items() if name in found]
    if rows:
        people = model.documents["validity"]["performance"]["persons"]
        lines += ["", f"Correlation of the overall score with performance ({people} people, raw, 95 %)", *_table(rows)]
    if weights.get("findings"):
        lines += ["", "Findings", *(f"  {one}" for one in weights["findings"])]
    return lines


def _validity(model: ModelVersion) -> list[str]:
    """What was found beyond correlations: tables, then one sentence each; the same one about several scores once."""
    validity = model.documents["validity"]
    if "findings" not in validity:
        return []
    learned = [*_holding(validity), *_more_people(validity)] if "learning curve" in validity else []
    tables = [*learned, *_simpler(validity)]
    found: dict[str, list[str]] = {}
    for one in validity["findings"]:
        who, apart, rest = one.partition(" was not compared with ")
        found.setdefault(apart + rest if apart else one, []).append(who)
    lines = [
        f"{', '.join(who)}{rest.replace(' was ', ' were ', 1) if len(who) > 1 else rest}" if who != [rest] else rest
        for rest, who in found.items()
    ]
    worth = ["", "What to know", *(f"  {line}" for line in lines)] if lines else []
    searched = "search" in model.documents
    again = [f"  What is learned again for these goes through {validity['procedure']}."] if searched else []
    return [*tables, *worth, *again]


def _holding(validity: Json) -> list[str]:
    """Chance, other places and times, calibration; what is known nowhere has no column."""
    scores = validity["elsewhere"]
    known = [one for one in PLACES if any(places[one]["value"] is not None for places in scores.values())]
    rows = [("score", "by chance", *(PLACES[one] for one in known), "slope (ideal 1)")]
    for name, places in scores.items():
        where = (said(places[one]) for one in known)
        rows.append((name, _chance(validity["permutation"][name]), *where, _slope(validity["calibration"][name])))
    if "overall" in validity["permutation"]:
        tested = validity["permutation"]["overall"]
        chance = ", ".join(f"{_chance(one)} ({name})" for name, one in tested.items())
        rows.append(("overall", chance, *("–" for _ in known), _slope(validity["calibration"]["overall"])))
    tests = [one for name, one in validity["permutation"].items() if name != "overall"]
    count = max(one["count"] for one in [*tests, *validity["permutation"].get("overall", {}).values()])
    title = f"Does it hold (p of {count} permutations; r of people from elsewhere; given on predicted, 95 %)"
    unknown = [f"{PLACES[one]}: {next(iter(scores.values()))[one]['reason']}" for one in PLACES if one not in known]
    return ["", title, *_table(rows), *(f"  Not looked at: {one}." for one in unknown)]


def _chance(found: Json) -> str:
    return "–" if found["p"] is None else f"p {found['p']:.4f}".rstrip("0").replace("0.", ".", 1)


def _slope(found: Json) -> str:
    return said(found["slope"]) if "slope" in found else f"– ({found['reason']})"


def _more_people(validity: Json) -> list[str]:
    """The learning curve: r where a part of the people teaches, all, and twice as many."""
    curves = validity["learning curve"]
    shares = [f"{one['share']:.0%}" for one in next(iter(curves.values()))["points"]]
    rows = [("score", "people who teach", *shares, "twice as many (expected)")]
    for name, one in curves.items():
        points = ("–" if point["r"]["value"] is None else short(point["r"]["value"]) for point in one["points"])
        ahead = "–" if one["ahead"]["value"] is None else said(one["ahead"])
        rows.append((name, str(one["points"][-1]["people"]), *points, ahead))
    return ["", "Would more people help (r where a part of them teaches)", *_table(rows)]


def _simpler(validity: Json) -> list[str]:
    """What each score gains over others that need little or no learning."""
    compared = validity["baselines"]
    others = [
        name
        for name in dict.fromkeys(one["name"] for each in compared.values() for one in each)
        if any(one["name"] == name and one["gain"] for each in compared.values() for one in each)
    ]
    if not others:
        return []
    rows = [("score", *others)]
    for name, each in compared.items():
        gains = {one["name"]: said(one["gain"]["gain"]) for one in each if one["gain"]}
        rows.append((name, *(gains.get(other, "–") for other in others)))
    return ["", "Gain in r over simpler scores (paired, 95 %)", *_table(rows)]


def _today(model: ModelVersion) -> list[str]:
    """Whether today's applicants are like those who taught, and by how much which features moved."""
    found = model.documents.get("today")
    if found is None:
        return []
    moved = found.get("moved", [])
    rows = [("moved", "today − training, in standard deviations")]
    rows += [(name, said(found["shifts"][name]["g"])) for name in moved[:NAMED]]
    more = [f"  … and {len(moved) - NAMED} more"] if len(moved) > NAMED else []
    return ["", found["said"], *(_table(rows) if moved else []), *more]


def _decisions(model: ModelVersion) -> list[str]:
    """How many times as often something happens above a cut as below it, for every score; what a choice is worth."""
    found = model.documents.get("decisions")
    if found is None:
        return []
    tables = {f"excellent ({name})": one["scores"] for name, one in found["excellence"].items() if one}
    tables |= {"gone within a year": found["leaving within a year"]} if found.get("leaving within a year") else {}
    lines = []
    for what, scores in tables.items():
        rows = [("score", *(f"at {cut:g} or above" for cut in found["cuts"]))]
        rows += [(name, *(_ratio(one) for one in cuts)) for name, cuts in scores.items()]
        lines += [
            "",
            f"Above a cut {what}, times as often as below (hired people only, 95 %; people above)",
            *_table(rows),
        ]
    hits = [
        f"{one['excellent among the selected']:.0%} of the best {one['selected']:.0%}" for one in found["hit rates"]
    ]
    if hits:
        base = found["hit rates"][0]["excellent among all"]
        lines += ["", f"Expected to be excellent, by the overall score: {', '.join(hits)} ({base:.0%} of all)"]
    return lines


def _ratio(found: Json) -> str:
    return f"{said(found['ratio'])} ({found['above']})"


def _search(model: ModelVersion) -> list[str]:
    found = model.documents.get("search")
    if found is None:
        return []
    rows = [("competency", "families", "penalty", "pruned", "r where it was chosen")]
    for name, one in found["competencies"].items():
        best = one["best"]
        inner = "–" if best["r"] is None else short(best["r"])
        rows.append((name, " + ".join(best["families"]), f"{best['penalty']:.3g}", str(one["pruned"]), inner))
    title = f"Settings found in {found['trials']} trials each (the last column is optimistic; the r above are nested)"
    return ["", title, *_table(rows)]


def _sentence(model: ModelVersion, document: str) -> list[str]:
    """What a comparison says of itself, where there was one."""
    found = model.documents.get(document)
    return [] if found is None else ["", found["said"]]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with aligned columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def said(found: Json) -> str:
    """An estimate in a few characters: value and limits, or why there is none.

    Examples
    --------
    >>> said({"value": 0.412, "low": -0.05, "high": 0.6, "reason": None})
    '.41 [-.05, .60]'
    """
    if found["value"] is None:
        return f"– ({found['reason']})"
    if found["low"] is None:
        return short(found["value"])
    return f"{short(found['value'])} [{short(found['low'])}, {short(found['high'])}]"


def short(value: float) -> str:
    """Two decimals without the leading zero.

    Examples
    --------
    >>> short(0.5), short(-0.25), short(1.0)
    ('.50', '-.25', '1.00')
    """
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.2f}"


WIDTH, LABELS, RIGHT, ROW, TOP = 760.0, 190.0, 190.0, 46.0, 64.0  # pixels
PANEL, GAP, FOOT = 220.0, 56.0, 46.0  # pixels: one calibration curve, what lies between two, the axis below
ACROSS = 3  # curves beside one another
MOST_TICKS = 6
STEPS = (0.1, 0.2, 0.5, 1.0)
FREE = "series-1"  # colour of least squares' shares


def weights_forest(weights: Sequence[Json], persons: int) -> Drawing:
    """Each competency's weight: the framework's as a hollow diamond, the learned one with its 90 % interval, and least
    squares' share as a cross where it has one.
    """
    top = max(0.6, *(min(float(one["high"]), 1.0) for one in weights))
    bottom = TOP + ROW * len(weights)
    x = Axis(0.0, top, LABELS, WIDTH - RIGHT)
    ticks = [0.2 * i for i in range(int(top * 10 + 1e-9) // 2 + 1)]
    shapes: list[Shape] = [
        Words(LABELS, 22, "Weights of the overall score", size=15, bold=True),
        *_legend(LABELS, 42),
        *upright(x, ticks, TOP - 8, bottom, _short, {}),
    ]
    for i, one in enumerate(weights):
        y = TOP + ROW * (i + 0.5)
        shapes += [
            Words(LABELS - 14, y + 4, one["competency"].replace("_", " "), "end", 13),
            Line(((x(one["prior"]), y - 12), (x(one["value"]), y - 12)), "soft", 1, (2.0, 2.0)),
            diamond(x(one["prior"]), y - 12, 5, "paper", "soft"),
            Line(((x(one["low"]), y), (x(one["high"]), y)), "blue", 2.5),
            diamond(x(one["value"]), y, 6, "blue", "blue"),
            Words(WIDTH - 6, y + 4, _phrase(one), "end"),
        ]
        free = one["unshrunk"]["value"]
        if free is not None and 0 <= free <= top:
            shapes += _cross(x(free), y + 11)
    said = "; ".join(f"{one['competency']} {_phrase(one)}" for one in weights)
    shapes.append(Words(LABELS, bottom + 34, f"{persons} people; intervals 90 %", size=11, fill="soft"))
    return Drawing(WIDTH, bottom + 44, f"Weights, from the framework's to the learned ones: {said}", tuple(shapes))


def _legend(x: float, y: float) -> list[Shape]:
    return [
        diamond(x + 6, y - 4, 5, "paper", "soft"),
        Words(x + 16, y, "framework", size=11, fill="soft"),
        diamond(x + 96, y - 4, 5, "blue", "blue"),
        Words(x + 106, y, "learned, 90 %", size=11, fill="soft"),
        *_cross(x + 200, y - 4),
        Words(x + 210, y, "least squares alone", size=11, fill="soft"),
    ]


def _phrase(one: Json) -> str:
    prior, value, low, high = (_short(one[name]) for name in ("prior", "value", "low", "high"))
    return f"{prior} → {value} [{low}, {high}]"


def calibration_curves(curves: Mapping[str, Calibration], low: float, high: float) -> Drawing:
    """Mean human rating in classes of people with similar predictions; on the dashed line predictions mean ratings.

    Parameters
    ----------
    curves
        By competency.
    low, high
        Of the rating scale.
    """
    rows = -(-len(curves) // ACROSS)
    width = GAP + min(len(curves), ACROSS) * (PANEL + GAP)
    shapes: list[Shape] = [Words(GAP, 22, "Predicted and given ratings", size=15, bold=True)]
    for i, (name, curve) in enumerate(curves.items()):
        left = GAP + (i % ACROSS) * (PANEL + GAP)
        top = TOP + (i // ACROSS) * (PANEL + GAP + FOOT)
        shapes += _panel(name, curve, left, top, low, high)
    said = "; ".join(f"{name} slope {curve.slope.value:.2f}" for name, curve in curves.items())
    height = TOP + rows * (PANEL + GAP + FOOT) - GAP
    return Drawing(width, height, f"Calibration on people not seen: {said}", tuple(shapes))


def _panel(name: str, curve: Calibration, left: float, top: float, low: float, high: float) -> list[Shape]:
    right, bottom = left + PANEL, top + PANEL
    x, y = Axis(low, high, left, right), Axis(low, high, bottom, top)
    ticks = _ticks(low, high)
    shapes: list[Shape] = [
        Words(left, top - 10, name.replace("_", " "), size=13, bold=True),
        Words(right, top - 10, f"slope {curve.slope.value:.2f}", "end", 11, "soft"),
        *upright(x, ticks, top, bottom, "{:g}".format, {}),
        *level(y, ticks, left, right, "{:g}".format, {}),
        Line(((left, bottom), (right, top)), "soft", 1, DOTTED),
    ]
    for one in curve.classes:
        limits = ((x(one.predicted), y(one.observed.low)), (x(one.predicted), y(one.observed.high)))
        shapes += [Line(limits, "blue", 1.5), diamond(x(one.predicted), y(one.observed.value), 4, "blue", "blue")]
    shapes.append(Words(left + PANEL / 2, bottom + 34, f"predicted, {curve.n} people", "middle", 11, "soft"))
    return shapes


def _ticks(low: float, high: float) -> list[float]:
    step = next((one for one in STEPS if (high - low) / one < MOST_TICKS), (high - low) / (MOST_TICKS - 1))
    return [low + i * step for i in range(int((high - low) / step + 1e-9) + 1)]


def _cross(x: float, y: float) -> list[Shape]:
    return [Line(((x - 4, y - 4), (x + 4, y + 4)), FREE, 2), Line(((x - 4, y + 4), (x + 4, y - 4)), FREE, 2)]


def _short(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1)
