"""A copy of an audit that may be passed on: no count below ten can be read in it or worked out from it."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

SMALLEST_SHOWN = 10  # people; a smaller count may point at persons
WITHHELD = "withheld"
KEPT = ("group", "verdict", "why", "left_out", "below_four_fifths", "flip_flop", "undefined")
COUNTED = (*KEPT, "n", "selected", "rate", "share", "not_scored")
SHOWN = frozenset((  # every other chapter stays behind: means, shares and errors of small groups give counts away
    "version", "made", "vivavoce", "disclaimer", "declared", "data", "model", "rules", "status", "findings", "open",
    "tables", "checks",
))  # fmt: skip
OUTCOMES = ("selected", "unselected", "n", "not_scored")

Json = dict[str, Any]


def share(audit: Mapping[str, Any], demands: Sequence[Mapping[str, Any]] = ()) -> Json:
    """Copy an audit's document for people who may not see small counts.

    In every primary table rows with a count from 1 to 9 (selected, not selected, or not scored) lose all their numbers,
    since a rate or a ratio gives its count away; then the next smallest rows do, until at least two are withheld and
    together hold ten people or more of each outcome, so that no total gives them away either. Exploratory tables are
    left out as a whole: neighbouring cuts, jobs and intersections differ by small counts. So is every chapter that
    is not among ``SHOWN``. Findings and open questions keep their place and lose their numbers where their row did.

    Parameters
    ----------
    audit
        The complete document.
    demands
        Checks (``pack``, ``clause``) that ask for every count: recorded as conflicts where something was withheld.
    """
    shared: Json = copy.deepcopy({name: part for name, part in audit.items() if name in SHOWN})
    shared["restricted"] = False
    shared["smallest_shown"] = SMALLEST_SHOWN
    shared["tables"] = [table for table in shared["tables"] if table["family"] == "primary"]
    shared["findings"] = [finding for finding in shared["findings"] if finding["family"] == "primary"]
    shared["stratified"], shared["not_scored"] = [], []
    hidden = set()
    for table in shared["tables"]:
        hidden |= {(table["attribute"], group) for group in _withhold(table)}
    numbers = ("size", "interval", "difference", "evidence")
    shared["findings"] = [_without(found, hidden, numbers) for found in shared["findings"]]
    shared["open"] = [_without(entry, hidden, ("n", "detectable_ratio", "people_needed")) for entry in shared["open"]]
    for name in ("partial", "without_groups", "groups_without_score"):
        if 0 < (shared["data"].get(name) or 0) < SMALLEST_SHOWN:
            shared["data"][name] = None
    data = shared["data"]
    if 0 < data.get("rows", 0) - data.get("scored", data.get("rows", 0)) < SMALLEST_SHOWN:
        data["scored"] = None
    if 0 < shared["declared"].get("at_cut", 0) < SMALLEST_SHOWN:
        shared["declared"]["at_cut"] = None
    shared["conflicts"] = [{"pack": demand["pack"], "clause": demand["clause"]} for demand in demands] if hidden else []
    return shared


def _withhold(table: Json) -> set[str]:
    """Withhold a table's small rows and their complements; returns the names of what was withheld."""
    rows = [*table["rows"], *([table["unknown"]] if table["unknown"] else [])]
    counts = {id(row): _outcomes(row) for row in rows}
    chosen = [row for row in rows if any(0 < count < SMALLEST_SHOWN for count in counts[id(row)].values())]
    rest = sorted((row for row in rows if row not in chosen), key=lambda row: float(row["n"]))
    while chosen and rest and not _safe([counts[id(row)] for row in chosen]):
        chosen.append(rest.pop(0))
    withheld = {row["group"] for row in chosen}
    for row in chosen:
        row.update({name: None for name in row if name not in KEPT})
        if "why" in row:
            row.update(why=WITHHELD, undefined={}, below_four_fifths=None, flip_flop=None)
    comparator = next((row for row in table["rows"] if row["group"] == table["comparator"]), None)
    if comparator in chosen:  # a ratio and a rate give the comparator's rate away
        for row in table["rows"]:
            row.update({name: None for name in row if name not in COUNTED})
    return withheld


def _safe(hidden: Sequence[Mapping[str, float]]) -> bool:
    """Whether totals minus what is shown tell nothing small: two rows or more, each outcome none or at least ten."""
    sums = [sum(row[name] for row in hidden) for name in OUTCOMES]
    return len(hidden) > 1 and all(total == 0 or total >= SMALLEST_SHOWN for total in sums)


def _outcomes(row: Mapping[str, Any]) -> dict[str, float]:
    n, selected = float(row["n"]), float(row["selected"])
    return {"selected": selected, "unselected": n - selected, "n": n, "not_scored": float(row["not_scored"])}


def _without(entry: Json, hidden: set[tuple[str, str]], names: Sequence[str]) -> Json:
    """The entry without its numbers where its group, or the one it is compared with, is withheld."""
    where = entry["where"]
    if not {(where["attribute"], where["group"]), (where["attribute"], where["comparator"])} & hidden:
        return entry
    return {**entry, **dict.fromkeys(names), WITHHELD: True}
