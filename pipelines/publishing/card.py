"""The model card: everything a version's user must know, generated from its documents; as Markdown and as a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vivavoce.fairness.gate.evidence import Evidence, limits, short
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.report import page as pages
from vivavoce.pipelines.report.blocks import LANGUAGES, Block, Bullets, Grid, Heading, Language, Say, Story, speaker

Json = Mapping[str, Any]
Cell = str | int | float

MOST_FEATURES = 8  # of a competency that a table lists, largest first
PEOPLE = ("persons", "interviews", "raters", "criterion", "with performance")  # of a data sheet
LOOKS = {
    "pass": "ok", "ok": "ok", "met": "ok", "fail": "finding", "finding": "finding", "not_met": "finding",
    "insufficient": "insufficient", "look": "look", "waived": "insufficient", "open": "insufficient",
    "elsewhere": "", "not_applicable": "",
}  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """In which column of a table verdicts stand, from its end, and who says them in the reader's language."""

    say: Say
    column: int = -1


@dataclass(frozen=True)
class Card:
    """A card's blocks in every language, and when the gate decided, in ISO 8601."""

    made: str
    told: Mapping[Language, tuple[Block, ...]]


def sections(model: ModelVersion, evidence: Evidence, gate: Json) -> Card:
    """The card's content.

    Parameters
    ----------
    model
        The version.
    evidence
        What the gate saw; its ``audit`` brings results by group and the rules.
    gate
        ``gate.json``.
    """
    return Card(gate["made"], {language: tuple(_tell(model, evidence, gate, language)) for language in LANGUAGES})


def markdown(title: str, card: Card) -> str:
    """The card as Markdown, one language after the other."""
    parts = [f"# {title}"]
    for block in (block for blocks in card.told.values() for block in blocks):
        if isinstance(block, Heading):
            parts += ["", f"## {block.text}"]
        elif isinstance(block, Bullets):
            parts += [f"- {one}" for one in block.items]
        elif isinstance(block, Grid):
            rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in block.rows]
            parts += ["", "| " + " | ".join(block.titles) + " |", "|" + "---|" * len(block.titles), *rows, ""]
    return "\n".join(parts) + "\n"


def page(title: str, card: Card) -> str:
    """The card as one self-contained page."""
    notes = {language: speaker(language, "card")("note", made=card.made[:10]) for language in card.told}
    return pages.page({name: Story(title, notes[name], blocks) for name, blocks in card.told.items()}, card.made)


def _tell(model: ModelVersion, evidence: Evidence, gate: Json, language: Language) -> Iterator[Block]:
    say = speaker(language, "card")
    yield from _section("identity", _identity(model, evidence, gate, say, language), say)
    yield from _section("uses", [say("meant"), say("not_meant"), say("missing")], say)
    yield from _data(model, say)
    yield from _weights(model, say)
    yield from _validity(model, evidence, say, language)
    yield from _reliability(model, say)
    yield from _features(model, say)
    yield from _groups(evidence.audit, say)
    yield from _checks(gate, say, language)
    yield from _section("limits", _limits(model, evidence, gate, say, language), say)
    yield from _rules(evidence.audit, say, language)


def _section(name: str, sentences: Sequence[str], say: Say, *tables: Grid) -> Iterator[Block]:
    """A heading, sentences, and tables below them."""
    yield Heading(2, say(name), name)
    if sentences:
        yield Bullets(tuple(sentences))
    yield from tables


def _table(caption: str, titles: Sequence[str], rows: Sequence[Sequence[Cell]], judged: Judged | None = None) -> Grid:
    """A table of names and numbers in two decimals; ``judged`` says in which column its verdicts stand, counted."""
    numeric = tuple(bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(titles)))
    cells = [[_text(cell) for cell in row] for row in rows]
    looks = [LOOKS.get(row[judged.column], "") for row in cells] if judged else []
    for row in cells:
        if judged and row[judged.column] in LOOKS:
            row[judged.column] = judged.say(f"ends_{row[judged.column]}")
    last = judged is not None and judged.column != -1
    return Grid(caption, tuple(titles), numeric, tuple(map(tuple, cells)), tuple(looks) if any(looks) else (), last)


def _identity(model: ModelVersion, evidence: Evidence, gate: Json, say: Say, language: Language) -> list[str]:
    framework, pack = model.framework, gate["pack"]
    titles = "; ".join(f"{name}: {said}" for name, said in framework.titles.items())
    decided = {"admission": say(f"admission_{gate['admission']}"), "made": gate["made"][:10], "gate": pack["name"]}
    decided |= {"version": pack["version"]}
    until = {"expires": gate["expires"][:10]} if gate["expires"] else {}
    sentences = [
        say("job", job=framework.job, titles=titles, digest=framework.digest[:12], version=framework.version),
        say("version", digest=evidence.model_digest),
        say("kind", made=model.made[language]),
        say("admission_until" if until else "admission", **decided, **until),
    ]
    if gate["every_decision_reviewed"]:
        needed = gate["people_needed"]
        sentences.append(say("people_needed", n=needed) if needed else say("provisional"))
    return sentences


def _data(model: ModelVersion, say: Say) -> Iterator[Block]:
    sheet = model.documents.get("datasheet", {})
    rows = [(say(name.replace(" ", "_")), sheet[name]) for name in PEOPLE if sheet.get(name) is not None]
    rows += [
        (say("dates", name=name), say("span", first=span[0], last=span[-1]))
        for name, span in sheet.get("dates", {}).items()
    ]
    rows += [(say("left_out", step=step), count) for step, count in sheet.get("lost", {}).items()]
    selection = sheet.get("selection")
    sentences = [str(one) for one in sheet.get("findings", ())]
    if isinstance(selection, str):
        sentences.insert(0, say("selection", said=selection))
    elif selection:
        named = {name: selection.get(name) for name in ("mechanism", "source")}
        sentences.insert(0, say("selection_source", **named))
    if sheet.get("split", {}).get("by", "person") != "person":
        sentences.append(sheet["split"]["said"])
    if sheet.get("sample weights"):
        sentences.append(say("sample_weights"))
    yield from _section("data", sentences, say, *([_table(say("data"), ("", ""), rows)] if rows else []))


def _weights(model: ModelVersion, say: Say) -> Iterator[Block]:
    learned = model.documents.get("weights", {})
    if "weights" not in learned:
        said = str(learned.get("reason", "the framework's weights"))
        table = _table(say("weights"), (say("competency"), say("weight")), list(model.weights.items()))
        yield from _section("weights", [f"{said[:1].upper()}{said[1:]}."], say, table)
        return
    rows = [
        (
            one["competency"], one["prior"], one["value"], limits(one["low"], one["high"]),
            _estimate(one["unshrunk"]), one["effective"],
        )
        for one in learned["weights"]
    ]  # fmt: skip
    names = ("competency", "framework", "learned", "interval_90", "least_squares", "effective")
    table = _table(say("weights"), [say(name) for name in names], rows)
    yield from _section("weights", learned.get("findings", ()), say, table)


def _validity(model: ModelVersion, evidence: Evidence, say: Say, language: Language) -> Iterator[Block]:
    found = model.documents.get("validity", {})
    performance = found.get("performance", {})
    rows = [
        (
            say("performance_used" if name == performance["used"] else "performance", name=name),
            _estimate(one),
            performance.get("persons", "–"),
        )
        for name, one in performance.get("correlations", {}).items()
    ]
    rows += [
        (say("ratings", name=name), _estimate(one["score"]), "–") for name, one in found.get("ratings", {}).items()
    ]
    sentences = [model.worth[language], *(() if model.learned else found.get("findings", ()))]
    corrected = performance.get("corrected")
    if isinstance(corrected, Mapping):
        rows += [
            (say("performance_corrected", name=name), _estimate(one.get("corrected", one)), "–")
            for name, one in corrected.items()
            if isinstance(one, Mapping)
        ]
    elif rows:
        sentences.append(say("raw", note=performance.get("note") or say("nothing_corrected")))
    else:
        sentences.append(say("not_known"))
    if evidence.over_champion is not None:
        gap = evidence.over_champion
        said = gap.reason or f"{short(gap.value)} {limits(gap.low, gap.high)}"
        sentences.append(say("over_champion", said=said))
    titles = (say("with"), say("r"), say("people"))
    yield from _section("validity", sentences, say, *([_table(say("validity"), titles, rows)] if rows else []))


def _reliability(model: ModelVersion, say: Say) -> Iterator[Block]:
    agreed = model.documents.get("datasheet", {}).get("rating reliability", {})
    rows = [
        (
            name,
            _estimate(agreed[name]) if name in agreed else "–",
            "–" if (error := model.error(name, 4)) is None else say("band_four", points=f"{1.6449 * error:.0f}"),
        )
        for name in model.weights
    ]
    table = _table(say("reliability"), [say(name) for name in ("competency", "icc", "band")], rows)
    yield from _section("reliability", [say("reliability_note")], say, table)


def _features(model: ModelVersion, say: Say) -> Iterator[Block]:
    said = [say("features_note", n=len(model.fingerprints), most=MOST_FEATURES)]
    fusion = model.documents.get("fusion", {})
    if fusion.get("gates"):
        let = ", ".join(f"{name} {short(value)}" for name, value in fusion["gates"].items())
        said += [say("gates", let=let), say("gates_note"), str(fusion["said"])]
    tables = []
    for name, moved in model.influence.items():
        rows = sorted(moved.items(), key=lambda one: -abs(one[1]))[:MOST_FEATURES]
        tables.append(_table(name, (name, model.influence_unit), rows))
    yield from _section("features", said, say, *tables)


def _groups(audit: Json | None, say: Say) -> Iterator[Block]:
    if audit is None:
        yield from _section("groups", [say("not_audited")], say)
        return
    titles = [say(name) for name in ("people", "selected", "rate", "ratio", "interval_95", "verdict")]
    tables = [
        _table(
            str(table["attribute"]),
            [str(table["attribute"]), *titles],
            [
                (
                    row["group"], row["n"], row["selected"], _number(row["rate"]), _number(row["impact_ratio"]),
                    limits(row["score_low"], row["score_high"]), row["verdict"],
                )
                for row in table["rows"]
            ],
            Judged(say),
        )
        for table in audit["tables"]
        if table["family"] == "primary" and table["stratum"] is None
    ]  # fmt: skip
    said = say("audited", made=str(audit["made"])[:10], status=say(f"ends_{audit['status']}"))
    yield from _section("groups", [said], say, *tables)


def _checks(gate: Json, say: Say, language: Language) -> Iterator[Block]:
    rows = [
        (one["id"], say(f"level_{one['level']}"), one["found"][language], one["outcome"], one["remedy"][language])
        for one in gate["checks"]
    ]
    waived = [
        say("waived", check=one["id"], keys=", ".join(one["waiver"]["keys"]), reason=one["waiver"]["reason"])
        for one in gate["checks"]
        if one["waiver"]
    ]
    titles = [say(name) for name in ("check", "level", "seen", "outcome", "remedy")]
    yield from _section("gate", waived, say, _table(say("gate"), titles, rows, Judged(say, -2)))


def _limits(model: ModelVersion, evidence: Evidence, gate: Json, say: Say, language: Language) -> list[str]:
    sentences = [
        say("scope", languages=", ".join(model.languages), recognisers=", ".join(model.recognisers)),
        say("hired_only"),
        *(one[language] for one in model.limits),
    ]
    sentences += [
        say("unsettled", asks=one["asks"][language], found=one["found"][language])
        for one in gate["checks"]
        if one["outcome"] in {"fail", "insufficient"}
    ]
    if evidence.search is None:
        sentences.append(say("no_search"))
    if "today" in model.documents:
        sentences.append(model.documents["today"]["said"])
    return sentences


def _rules(audit: Json | None, say: Say, language: Language) -> Iterator[Block]:
    if audit is None or not audit.get("checks"):
        return
    rows = [
        (one["pack"], one["version"], one["clause"], one["asks"][language], one["answer"]) for one in audit["checks"]
    ]
    titles = [say(name) for name in ("pack", "pack_version", "clause", "asks", "answer")]
    said = str(audit.get("disclaimer", "Not legal advice."))
    yield from _section("rules", [said], say, _table(say("rules"), titles, rows, Judged(say)))


def _estimate(found: Json) -> str:
    if found.get("value") is None:
        return f"– ({found.get('reason') or 'not known'})"
    return f"{short(found['value'])} {limits(found.get('low'), found.get('high'))}"


def _number(value: float | None) -> str:
    return "–" if value is None else short(value)


def _text(cell: Cell) -> str:
    return short(cell) if isinstance(cell, float) and not float(cell).is_integer() else str(cell)
