"""The data sheet: who is in a training's data, when, how selected, what is missing, how far people agree. No ids."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from vivavoce.evaluation.effect import people_needed_for_correlation
from vivavoce.training.inputs import Inputs

SIZES = (0.10, 0.15, 0.20, 0.25, 0.30, 0.40, 0.50)  # correlations in whose terms numbers of people are put
MUCH_MISSING = 0.5  # of a feature's values: more is said to the operator
UNSTATED = "not stated: performance is known only for those who were hired and stayed"


def datasheet(inputs: Inputs, seed: int) -> dict[str, Any]:
    """What was learned from, as JSON; every row counted, nobody named."""
    sheet: dict[str, Any] = {
        "interviews": len(inputs.interviews),
        "persons": len(np.unique(inputs.candidates)),
        "raters": inputs.raters,
        "rated": {name: int((~np.isnan(values)).sum()) for name, values in inputs.ratings.items()},
        "rating reliability": {name: asdict(one) for name, one in inputs.reliability.items()},
        "criterion": inputs.criterion,
        "criterion reliability": asdict(inputs.criterion_reliability),
        "with performance": _people(inputs, inputs.performance),
        "criteria": {name: _people(inputs, values) for name, values in inputs.criteria.items()},
        "follow-up": _follow_up(inputs),
        "same raters gave criterion": inputs.same_raters,
        "selection": inputs.selection.model_dump(mode="json") if inputs.selection else UNSTATED,
        "recognisers": list(inputs.recognisers),
        "lost": {one.step: one.count for one in inputs.lost},  # whose rows they were is said to the operator only
        "dropped features": dict(inputs.dropped),
        "missing": {
            name: {column: round(float(np.isnan(values).mean()), 4) for column, values in columns.items()}
            for name, columns in inputs.features.items()
        },
        "sample weights": _weights(inputs),
        "split": inputs.scheme.document(),
        "findings": list(findings(inputs)),
        "seed": seed,
    }
    found = inputs.provenance
    if found is not None:
        sheet |= {
            "tables": {name: one.document() for name, one in found.origins.items()},
            "digests": {name: one.sha256 for name, one in found.origins.items()},
            "dates": {name: list(span) for name, span in found.dates.items()},
            "rater severity": {one.competency: one.document() for one in found.severity},
            "ratings of questions": found.by_question,
            "rater saw the score": dict(found.saw_score),
            "proxies": dict(found.proxies),
            "consent": found.consent,
        }
    return sheet


def findings(inputs: Inputs) -> Iterator[str]:
    """What a reader must know before believing anything learned from these data, one sentence each, nobody named."""
    if inputs.criterion is not None:
        people = _people(inputs, inputs.performance)
        yield f"{inputs.criterion}: {people} people. {detectable(people)}"
    if inputs.same_raters:
        yield (
            f"Halo: somebody who rated an interview also gave that person's {inputs.criterion}. Their agreement is "
            "an impression, and no evidence of validity."
        )
    found = inputs.provenance
    if found is None:
        return
    if found.saw_score.get("yes"):
        yield (
            f"Contaminated criterion: {found.saw_score['yes']} values of {inputs.criterion} come from raters who had "
            "seen the score. Such agreement is no evidence of validity."
        )
    elif found.saw_score.get("not said"):
        yield (
            f"Nobody says whether the raters of {found.saw_score['not said']} values of {inputs.criterion} had seen "
            "the score (column saw_score)."
        )
    for one in found.severity:
        if one.severe or one.drifting:
            yield (
                f"{one.competency}: of {len(one.raters)} raters, {len(one.severe)} are clearly harsher or milder than "
                f"the others{_extremes(one.raters)}, and {len(one.drifting)} change in time."
            )
    if inputs.criterion is not None and not {"interviews", "outcomes"} <= set(found.dates):
        yield "Interviews or outcomes carry no dates: that outcomes came later could not be checked."
    for name, said in found.proxies.items():
        yield f"{name} is known to tell {said} apart: a model that uses it has to answer for it."


def _extremes(raters: tuple[Any, ...]) -> str:
    known = [one.severity.value for one in raters if not np.isnan(one.severity.value)]
    return f" (from {-max(known):+.2f} to {-min(known):+.2f} points)" if known else ""


def detectable(people: int) -> str:
    """What so many people can show, in words.

    Examples
    --------
    >>> detectable(240)
    'A correlation of .20 or more can be told from 0 (80 % power); one of .10 takes 783 people.'
    >>> detectable(20)
    'A correlation of .50 takes 30 people to be told from 0 (80 % power).'
    """
    seen = [size for size in SIZES if people_needed_for_correlation(size) <= people]
    if not seen:
        return f"A correlation of .50 takes {people_needed_for_correlation(0.5)} people to be told from 0 (80 % power)."
    said = f"A correlation of {_short(seen[0])} or more can be told from 0 (80 % power)"
    if seen[0] == SIZES[0]:
        return f"{said}."
    return f"{said}; one of {_short(SIZES[0])} takes {people_needed_for_correlation(SIZES[0])} people."


def _short(value: float) -> str:
    return f"{value:.2f}".replace("0.", ".", 1)


def _people(inputs: Inputs, values: Any) -> int:
    return len(np.unique(inputs.candidates[~np.isnan(values)]))


def _follow_up(inputs: Inputs) -> dict[str, Any] | None:
    found = inputs.follow_up
    if found is None:
        return None
    _, first = np.unique(inputs.candidates, return_index=True)
    days, left = found.days[first], found.left[first]
    known = ~np.isnan(days)
    return {
        "persons": int(known.sum()),
        "left": int((left[known] == 1).sum()),
        "still there": int((left[known] == 0).sum()),
        "median days": float(np.median(days[known])) if known.any() else None,
    }


def _weights(inputs: Inputs) -> dict[str, Any] | None:
    """Whether people counted alike; None where they did."""
    if inputs.weights is None:
        return None
    rated = ~np.all([np.isnan(values) for values in inputs.ratings.values()], axis=0)
    w = inputs.weights[rated]
    return {
        "what": "opaque weights by candidate, made outside training; no declared group was read",
        "sha256": inputs.provenance.origins["weights"].sha256 if inputs.provenance else None,
        "smallest": float(w.min()),
        "largest": float(w.max()),
        "effective interviews": float(w.sum() ** 2 / (w @ w)),
    }


def in_words(sheet: Mapping[str, Any], job: str) -> str:
    """The data sheet as a page of Markdown, from the JSON document (undefined numbers are None)."""
    lines = [f"# Data sheet: {job}", "", "Counts only: no person, rater or file is named.", "", "## Who and when", ""]
    lines += [
        f"- {sheet['persons']} people in {sheet['interviews']} interviews, {sheet['raters']} raters"
        + (f", words by {', '.join(sheet['recognisers'])}" if sheet["recognisers"] else ""),
        *(f"- {name}: {first} to {last}" for name, (first, last) in sheet.get("dates", {}).items()),
        *(f"- left out: {count} {step}" for step, count in sheet["lost"].items()),
    ]
    if sheet.get("consent"):
        lines.append(f"- consent to training: {sheet['consent']}")
    lines.append(f"- {sheet['split']['said']}")
    lines += ["", "## Tables", "", "| table | kind | rows | SHA-256 |", "|---|---|---:|---|"]
    lines += [
        f"| {name} | {one['kind']} | {one['rows']} | `{one['sha256'][:16]}…` |"
        for name, one in sheet.get("tables", {}).items()
    ]
    lines += [
        "",
        "## Ratings",
        "",
        "| competency | interviews rated | reliability of the mean rating |",
        "|---|---:|---|",
    ]
    lines += [
        f"| {name} | {count} | {_said(sheet['rating reliability'][name])} |" for name, count in sheet["rated"].items()
    ]
    lines += ["", "## Performance and selection", "", *_outcome_lines(sheet)]
    lines += ["", "## Features", ""]
    lines += [f"- {name} was dropped: {why}" for name, why in sheet["dropped features"].items()]
    lines += _missing_lines(sheet["missing"])
    lines += ["", "## What to know", "", *(f"- {one}" for one in sheet["findings"])]
    return "\n".join(lines).rstrip() + "\n"


def _outcome_lines(sheet: Mapping[str, Any]) -> list[str]:
    lines = [
        f"- {name}: {count} people{' (the criterion)' if name == sheet['criterion'] else ''}"
        for name, count in sheet["criteria"].items()
    ] or ["- no outcomes were given"]
    if sheet["criterion"]:
        lines.append(f"- reliability of {sheet['criterion']}: {_said(sheet['criterion reliability'])}")
    if sheet["follow-up"]:
        found = sheet["follow-up"]
        lines.append(f"- followed: {found['persons']} people, {found['left']} left, {found['still there']} still there")
    selection = sheet["selection"]
    lines.append(
        f"- selection: {selection}"
        if isinstance(selection, str)
        else f"- selection: {selection['mechanism']} ({selection['source']})"
    )
    if sheet["sample weights"]:
        found = sheet["sample weights"]
        lines.append(
            f"- sample weights from {found['smallest']:.2f} to {found['largest']:.2f} were used: they say as much as "
            f"{found['effective interviews']:.0f} interviews that count alike"
        )
    return lines


def _missing_lines(missing: Mapping[str, Mapping[str, float]]) -> list[str]:
    shares = {name: share for columns in missing.values() for name, share in columns.items()}
    much = {name: share for name, share in shares.items() if share >= MUCH_MISSING}
    often = sum(share > 0 for share in shares.values())
    return [
        f"- {len(shares)} features are used; {often} were not measured in some interview",
        *(f"- {name} was not measured in {share:.0%} of the interviews" for name, share in sorted(much.items())),
    ]


def _said(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return f"– ({one['reason']})"
    return f"{_short(one['value'])} [{_short(one['low'])}, {_short(one['high'])}]"
