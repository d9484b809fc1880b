"""Papers ready to post or to file, filled from an audit and declared facts: what is missing is marked as a blank.

A paper is one file in ``auditing/papers``: parts with their clause, each with lines (a fact, or a value of the audit),
words, tables, and the checks whose answers belong to it. A public paper holds what its law wants public, small
categories included where the law says so, and no answers; the others are for the file.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console

from vivavoce.data.problem import Problem, nearest
from vivavoce.data.table import InputRefused
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.fairness.needs import published
from vivavoce.fairness.rules import Reported, read_pack, vocabulary
from vivavoce.pipelines.auditing.clauses import checks_grid, published_grid
from vivavoce.pipelines.report.blocks import LANGUAGES, Block, Grid, Heading, Language, Paragraph, Say, Story, speaker
from vivavoce.pipelines.report.page import page, print_beside

Json = dict[str, Any]
SHIPPED = files("vivavoce.pipelines") / "auditing" / "papers"
FIELD = re.compile(r"\{(\w+)\}")


def shipped() -> list[str]:
    """Names of the papers that come with vivavoce."""
    return sorted(Path(entry.name).stem for entry in SHIPPED.iterdir() if entry.name.endswith(".yaml"))


@cache
def template(name: str) -> Json:
    """A paper's template. Raises :class:`InputRefused` for a name that is none."""
    if name not in shipped():
        remedy = f"Name a paper. {nearest(name, shipped())}"
        raise InputRefused(Path(name), [Problem("paper", repr(name), remedy)])
    found: Json = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


def pack_of(name: str) -> str:
    """The rule pack whose answers a paper needs. Raises :class:`InputRefused` for a name that is no paper."""
    return str(template(name)["pack"])


def facts_of(name: str) -> list[str]:
    """Names of the facts that a paper has a place for."""
    parts = template(name)["parts"]
    lines = [line["fact"] for part in parts for line in part.get("lines", ()) if "fact" in line]
    return lines + [field for part in parts if "text" in part for field in FIELD.findall(part["text"]["en"])]


def fill(name: str, audit: Mapping[str, Any]) -> Json:
    """A paper's content, as its JSON says it; ``blanks`` names everything that nobody gave.

    Parameters
    ----------
    name
        Of the paper.
    audit
        The complete document, with the answers of the paper's pack.
    """
    paper = template(name)
    parts = [_part(part, paper, audit) for part in paper["parts"]]
    lines = [line for part in parts for line in (*part["lines"], *part["fields"].values())]
    return {
        "paper": name, "title": paper["title"], "public": paper.get("public", False), "pack": paper["pack"],
        "made": audit["made"], "vivavoce": audit["vivavoce"], "disclaimer": audit["disclaimer"], "parts": parts,
        "blanks": list(dict.fromkeys(line["name"] for line in lines if line["value"] is None)),
    }  # fmt: skip


def _part(part: Json, paper: Json, audit: Mapping[str, Any]) -> Json:
    checks = {check["check"]: check for check in audit["checks"] if check["pack"] == paper["pack"]}
    lines = [
        found for line in part.get("lines", ()) if (found := _line(line, audit))
        and ("of" not in line or checks[line["of"]]["answer"] != "not_applicable")
        and (found["value"] is not None or not line.get("optional"))
    ]  # fmt: skip
    wanted = part.get("tables")
    reported = read_pack(paper["pack"]).table if wanted is True else Reported(**wanted) if wanted else None
    text = part.get("text")
    return {
        "heading": part["heading"], "clause": part["clause"], "sure": part.get("sure"), "text": text, "lines": lines,
        "fields": {field: _line({"fact": field}, audit) for field in FIELD.findall(text["en"] if text else "")},
        "tables": published(reported, audit), "wants_tables": reported is not None,
        "checks": [] if paper.get("public") else [
            *(checks[one] for one in part.get("checks", ())),
            *(one for one in audit["checks"] if one["answer"] == part.get("answers")),
        ],
    }  # fmt: skip


def _line(line: Json, audit: Mapping[str, Any]) -> Json:
    """One place to fill: what it asks, and what is known; None is a blank."""
    if "fact" in line:
        what, fact = vocabulary().facts[line["fact"]], audit.get("facts", {}).get(line["fact"], {})
        value = fact.get("file") or fact.get("value")
        return {
            "name": line["fact"], "what": {"en": what.en, "zh": what.zh}, "value": value, "sha256": fact.get("sha256"),
        }  # fmt: skip
    value = audit
    for step in line["audit"].split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    if line["audit"] == "made" or line["audit"].endswith("_recorded"):
        value = str(value)[:10] if value else None
    return {"name": line["audit"], "what": {"en": line["en"], "zh": line["zh"]}, "value": value, "sha256": None}


def write_paper(folder: Path, name: str, audit: Mapping[str, Any]) -> Json:
    """Write a paper as page, PDF and JSON into a folder; returns its content."""
    paper = fill(name, audit)
    make_folder(folder)
    write_durably(folder / f"{name}.json", json.dumps(paper, ensure_ascii=False, indent=1, allow_nan=False).encode())
    stories = {language: Story(paper["title"][language], _note(paper, language), tuple(tell(paper, language)))
               for language in LANGUAGES}  # fmt: skip
    write_durably(folder / f"{name}.html", page(stories, paper["made"]).encode())
    said = Console(stderr=True)
    print_beside(folder / f"{name}.html", said)
    blanks = f"{len(paper['blanks'])} blanks are to be filled in" if paper["blanks"] else "no blank is left"
    said.print(f"{folder / name}.html: {blanks}", markup=False, highlight=False, soft_wrap=True)
    return paper


def _note(paper: Json, language: Language) -> str:
    say = speaker(language)
    return say("paper_public" if paper["public"] else "paper_inside", made=paper["made"][:10])


def tell(paper: Json, language: Language) -> Iterator[Block]:
    """A paper's blocks in one language."""
    say = speaker(language)
    if paper["blanks"]:
        yield Paragraph(say("paper_blanks", n=len(paper["blanks"])), "insufficient")
    for i, part in enumerate(paper["parts"]):
        yield Heading(2, part["heading"][language], f"part-{i}")
        sure = f" · {say('sure')}: {part['sure']}" if part["sure"] else ""
        yield Paragraph(part["clause"] + sure, "small")
        if part["text"]:
            values = {name: _words(line, say, language, within=True) for name, line in part["fields"].items()}
            yield Paragraph(FIELD.sub(lambda found, values=values: values[found[1]], part["text"][language]))  # type: ignore[misc]
        if part["lines"]:
            rows = tuple((line["what"][language], _words(line, say, language)) for line in part["lines"])
            yield Grid(part["heading"][language], ("", ""), (False, False), rows)
        yield from (published_grid(table, say, language) for table in part["tables"])
        if part["wants_tables"] and not part["tables"]:
            yield Paragraph(say("paper_no_tables"), "insufficient")
        if part["checks"]:
            yield checks_grid(f"{part['heading'][language]}: {say('rules')}", part["checks"], say, language)


def _words(line: Json, say: Say, language: Language, *, within: bool = False) -> str:
    """A place as it is read: in a cell, or ``within`` a sentence, which must say what is missing."""
    value = line["value"]
    if value is None:
        return say("blank", what=line["what"][language]) if within else say("blank_place")
    if line["name"] == "status":
        return say(f"verdict_{value}")
    if isinstance(value, bool):
        return say("yes" if value else "no")
    if isinstance(value, Mapping):
        value = ", ".join(filter(None, map(_item, value.items()))) or "–"
    elif isinstance(value, list):
        value = ", ".join(map(str, value))
    return f"{value} (SHA-256 {line['sha256'][:12]}…)" if line["sha256"] else str(value)


def _item(named: tuple[str, Any]) -> str:
    """One of several: a weight, a file with its digest, a word; empty for what is none of these."""
    name, one = named
    if isinstance(one, Mapping):
        return f"{one['file']} (SHA-256 {one['sha256'][:12]}…)" if one.get("sha256") else ""
    return f"{name} {one:.3g}" if isinstance(one, float) else f"{name}: {one}" if isinstance(one, str) else ""
