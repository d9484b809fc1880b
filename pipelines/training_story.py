"""What ``viva train`` says: the data and what is wrong with them, what was learned, what it is worth, what to know."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vivavoce.models.version import ModelVersion

if TYPE_CHECKING:
    from vivavoce.training.inputs import Inputs

WEIGHTINGS = {"learned": "learned weights", "framework": "the framework's", "unit": "equal weights"}
NAMED = 5  # raters named to the operator

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
        *_sentence(model, "champion"),
        *_sentence(model, "fusion"),
    ]


def _agreement(model: ModelVersion) -> list[str]:
    rows = [("competency", "score", "answer length", "reliability of the ratings")]
    for name, found in model.documents["validity"]["ratings"].items():
        rows.append((name, *(said(found[one]) for one in ("score", "answer length", "reliability of the ratings"))))
    return ["", "Agreement with human ratings (r on people not seen, 95 %)", *_table(rows)]


def _weights(model: ModelVersion) -> list[str]:
    weights = model.documents["weights"]
    if "shifts" not in weights:
        return ["", f"Weights: {weights['reason']}"]
    lines = ["", "Weights of the overall score (framework → learned, 90 %)", *(f"  {one}" for one in weights["shifts"])]
    found = model.documents["validity"]["performance"].get("correlations", {})
    rows = [(label, said(found[name])) for name, label in WEIGHTINGS.items() if name in found]
    if rows:
        people = model.documents["validity"]["performance"]["persons"]
        lines += ["", f"Correlation of the overall score with performance ({people} people, raw, 95 %)", *_table(rows)]
    if weights["findings"]:
        lines += ["", "Findings", *(f"  {one}" for one in weights["findings"])]
    return lines


def _validity(model: ModelVersion) -> list[str]:
    """What was found beyond correlations, one sentence each; the same sentence about several scores once."""
    found: dict[str, list[str]] = {}
    for one in model.documents["validity"].get("findings", []):
        who, apart, rest = one.partition(" was not compared with ")
        found.setdefault(apart + rest if apart else one, []).append(who)
    lines = [
        f"{', '.join(who)}{rest.replace(' was ', ' were ', 1) if len(who) > 1 else rest}" if who != [rest] else rest
        for rest, who in found.items()
    ]
    return ["", "What it is worth", *(f"  {line}" for line in lines)] if lines else []


def _decisions(model: ModelVersion) -> list[str]:
    """What cuts are worth, where their ratio is beyond chance."""
    found = model.documents.get("decisions", {}).get("findings", [])
    title = "At cut scores (hired people only, 95 %)"
    return ["", title, *(f"  {line}" for line in found)] if found else []


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
