"""The model card: everything a version's user must know, generated from its documents; as Markdown and as a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vivavoce.fairness.gate.evidence import Evidence, limits, short
from vivavoce.models.version import ModelVersion

Json = Mapping[str, Any]
Cell = str | int | float

USES = (
    "Meant for: putting structured, recorded interviews for this job in an order in which people read them, with the "
    "evidence beside every score.",
    "Not meant for: rejecting anybody without a person's decision, other jobs, questions or languages than the "
    "framework's, interviews held otherwise, or any claim about emotion, health, honesty or personality.",
    "A missing score says that something could not be measured, never that the person is weak.",
)
MOST_FEATURES = 8  # of a competency that a table lists, largest first


@dataclass(frozen=True)
class Table:
    """Header and rows; numbers are put in two decimals."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Section:
    """A heading, sentences, and tables below them."""

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


def sections(model: ModelVersion, evidence: Evidence, gate: Json) -> list[Section]:
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
    return [
        _identity(model, evidence, gate),
        Section("Use and misuse", USES),
        _data(model),
        _weights(model),
        _validity(model, evidence),
        _reliability(model),
        _features(model),
        *_groups(evidence.audit),
        _checks(gate),
        _limits(model, evidence, gate),
        *_rules(evidence.audit),
    ]


def markdown(title: str, found: Sequence[Section]) -> str:
    """The card as Markdown."""
    parts = [f"# {title}"]
    for section in found:
        parts.append(f"## {section.title}")
        parts += [f"- {one}" for one in section.sentences]
        for table in section.tables:
            rows = ["| " + " | ".join(_text(cell).replace("|", "\\|") for cell in row) + " |" for row in table.rows]
            parts += ["", "| " + " | ".join(table.header) + " |", "|" + "---|" * len(table.header), *rows, ""]
    return "\n".join(parts).replace("\n## ", "\n\n## ") + "\n"


def page(title: str, found: Sequence[Section]) -> str:
    """The card as one self-contained page."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("vivavoce.pipelines"), autoescape=True, trim_blocks=True)
    environment.filters["text"] = _text
    return environment.get_template("card.html.j2").render(title=title, sections=found)


def _identity(model: ModelVersion, evidence: Evidence, gate: Json) -> Section:
    framework = model.framework
    sentences = [
        f"Job: {framework.job} ({'; '.join(f'{name}: {said}' for name, said in framework.titles.items())}), framework "
        f"{framework.digest[:12]} of version {framework.version}.",
        f"Version: {evidence.model_digest}.",
        f"Kind: {model.made}",
        f"Admission: {gate['admission']}, decided on {gate['made'][:10]} under the gate {gate['pack']['name']} "
        f"{gate['pack']['version']}" + (f", until {gate['expires'][:10]}." if gate["expires"] else "."),
    ]
    if gate["every_decision_reviewed"]:
        needed = gate["people_needed"]
        more = f" A verdict takes {needed} people." if needed else ""
        sentences.append(f"Provisional: a person reviews every decision.{more}")
    return Section("What this is", tuple(sentences))


def _data(model: ModelVersion) -> Section:
    sheet = model.documents.get("datasheet", {})
    rows = [
        (name, sheet[name])
        for name in ("persons", "interviews", "raters", "criterion", "with performance")
        if sheet.get(name) is not None
    ]
    rows += [(f"{name}, first to last", " to ".join(span)) for name, span in sheet.get("dates", {}).items()]
    rows += [(f"left out: {step}", count) for step, count in sheet.get("lost", {}).items()]
    selection = sheet.get("selection")
    sentences = [str(one) for one in sheet.get("findings", ())]
    if isinstance(selection, str):
        sentences.insert(0, f"Selection: {selection}.")
    elif selection:
        sentences.insert(0, f"Selection: {selection.get('mechanism')}, source: {selection.get('source')}.")
    if sheet.get("split", {}).get("by", "person") != "person":
        sentences.append(sheet["split"]["said"])
    if sheet.get("sample weights"):
        sentences.append("Trained with sample weights that were computed from declared groups elsewhere (mitigation).")
    return Section("Data", tuple(sentences), (Table(("", ""), tuple(rows)),) if rows else ())


def _weights(model: ModelVersion) -> Section:
    learned = model.documents.get("weights", {})
    if "weights" not in learned:
        rows = tuple((name, value) for name, value in model.weights.items())
        said = str(learned.get("reason", "the framework's weights"))
        sentence = f"{said[:1].upper()}{said[1:]}."
        return Section("Weights of competencies", (sentence,), (Table(("competency", "weight"), rows),))
    rows_ = tuple(
        (
            one["competency"], one["prior"], one["value"], limits(one["low"], one["high"]),
            _estimate(one["unshrunk"]), one["effective"],
        )
        for one in learned["weights"]
    )  # fmt: skip
    header = ("competency", "framework", "learned", "90 % interval", "least squares", "effective")
    return Section("Weights of competencies", tuple(learned.get("findings", ())), (Table(header, rows_),))


def _validity(model: ModelVersion, evidence: Evidence) -> Section:
    found = model.documents.get("validity", {})
    performance = found.get("performance", {})
    rows = [
        (
            f"performance, {name}{', as used' if name == performance['used'] else ''}",
            _estimate(one),
            performance.get("persons", "–"),
        )
        for name, one in performance.get("correlations", {}).items()
    ]
    rows += [(f"human ratings, {name}", _estimate(one["score"]), "–") for name, one in found.get("ratings", {}).items()]
    sentences = [model.worth, *(() if model.learned else found.get("findings", ()))]
    corrected = performance.get("corrected")
    if isinstance(corrected, Mapping):
        rows += [
            (f"performance, {name}, corrected for selection", _estimate(one.get("corrected", one)), "–")
            for name, one in corrected.items()
            if isinstance(one, Mapping)
        ]
    elif rows:
        sentences.append(f"Raw: {performance.get('note', 'nothing is corrected')}.")
    else:
        sentences.append("Not known: no performance and no ratings were given, so nothing shows what scores predict.")
    if evidence.over_champion is not None:
        gap = evidence.over_champion
        said = gap.reason or f"{short(gap.value)} {limits(gap.low, gap.high)}"
        sentences.append(f"Difference of r to the version in use: {said}.")
    tables = (Table(("with", "r", "people"), tuple(rows)),) if rows else ()
    return Section("Validity (r, 95 % interval)", tuple(sentences), tables)


def _reliability(model: ModelVersion) -> Section:
    agreed = model.documents.get("datasheet", {}).get("rating reliability", {})
    rows = tuple(
        (
            name,
            _estimate(agreed[name]) if name in agreed else "–",
            "–" if (error := model.error(name, 4)) is None else f"± {1.6449 * error:.0f} points with four answers",
        )
        for name in model.weights
    )
    said = "The band is 1.64 standard errors of measurement on either side; none where there is one question only."
    return Section(
        "Reliability and bands", (said,), (Table(("competency", "human ratings, ICC(1,k)", "90 % band"), rows),)
    )


def _features(model: ModelVersion) -> Section:
    tables = []
    for name, moved in model.influence.items():
        rows = tuple(sorted(moved.items(), key=lambda one: -abs(one[1]))[:MOST_FEATURES])
        tables.append(Table((name, model.influence_unit), rows))
    said = [f"Of {len(model.fingerprints)} features; up to {MOST_FEATURES} for each competency, largest first."]
    gates = model.documents.get("fusion", {}).get("gates")
    if gates:
        let = ", ".join(f"{name} {short(value)}" for name, value in gates.items())
        said.append(f"One network reads all answers in their order. Gates, from 0 (shut) to 1 (open): {let}.")
        said.append("The evidence of a score says which answer made it, not which of these measures.")
        said.append(str(model.documents["fusion"]["said"]))
    return Section("What scores are made of", tuple(said), tuple(tables))


def _groups(audit: Json | None) -> Iterator[Section]:
    if audit is None:
        yield Section("Results by group", ("Not audited.",))
        return
    tables = [
        Table(
            (str(table["attribute"]), "people", "selected", "rate", "ratio", "95 % interval", "verdict"),
            tuple(
                (
                    row["group"], row["n"], row["selected"], _number(row["rate"]), _number(row["impact_ratio"]),
                    limits(row["score_low"], row["score_high"]), row["verdict"],
                )
                for row in table["rows"]
            ),
        )
        for table in audit["tables"]
        if table["family"] == "primary"
    ]  # fmt: skip
    said = f"From the audit of {str(audit['made'])[:10]}, status {audit['status']}."
    yield Section("Results by group", (said,), tuple(tables))


def _checks(gate: Json) -> Section:
    rows = tuple((one["id"], one["level"], one["outcome"], one["found"], one["remedy"]) for one in gate["checks"])
    waived = [
        f"Waived: {one['id']}, by the keys {', '.join(one['waiver']['keys'])}: {one['waiver']['reason']}"
        for one in gate["checks"]
        if one["waiver"]
    ]
    return Section("The gate", tuple(waived), (Table(("check", "level", "outcome", "seen", "what would help"), rows),))


def _limits(model: ModelVersion, evidence: Evidence, gate: Json) -> Section:
    languages = ", ".join(model.languages)
    sentences = [
        f"Scores interviews in {languages} whose words come from {', '.join(model.recognisers)}.",
        "Performance is known only for people who were hired and stayed; what the rejected would have done is not.",
    ]
    sentences += [
        *model.limits,
        *(
            f"Not settled or not met: {one['asks']} ({one['found']})"
            for one in gate["checks"]
            if one["outcome"] in {"fail", "insufficient"}
        ),
    ]
    if evidence.search is None:
        sentences.append("Nobody searched for a less discriminatory alternative.")
    if "today" in model.documents:
        sentences.append(model.documents["today"]["said"])
    return Section("Known limits", tuple(sentences))


def _rules(audit: Json | None) -> Iterator[Section]:
    if audit is None or not audit.get("checks"):
        return
    rows = tuple(
        (one["pack"], one["version"], one["clause"], one["asks"]["en"], one["answer"]) for one in audit["checks"]
    )
    yield Section(
        "Rules, clause by clause",
        (str(audit.get("disclaimer", "Not legal advice.")),),
        (Table(("pack", "version", "clause", "asks", "answer"), rows),),
    )


def _estimate(found: Json) -> str:
    if found.get("value") is None:
        return f"– ({found.get('reason') or 'not known'})"
    return f"{short(found['value'])} {limits(found.get('low'), found.get('high'))}"


def _number(value: float | None) -> str:
    return "–" if value is None else short(value)


def _text(cell: Cell) -> str:
    return short(cell) if isinstance(cell, float) and not float(cell).is_integer() else str(cell)
