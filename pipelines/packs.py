"""``viva fair rules``: which rule packs there are, since when, what each clause asks, and a blank for its facts."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

from vivavoce.data.errors import VivaError
from vivavoce.data.vault.durable import write_durably
from vivavoce.fairness.facts import blank, facts_of
from vivavoce.fairness.rules import Pack, read_pack, shipped
from vivavoce.pipelines.auditing import papers
from vivavoce.pipelines.door import Place
from vivavoce.pipelines.terminal import Listed

PACKS = ("pack", "title", "standing", "from", "until", "in force", "clauses", "sure")
CLAUSES = ("pack", "check", "clause", "from", "until", "status", "sure", "asks")


def rules(
    packs: Annotated[Sequence[str], "Packs, shipped names or files: list their clauses. [default: every pack]"] = (),
    *,
    facts: Annotated[Place | None, "Write a blank of what these packs and their papers ask for."] = None,
) -> Listed:
    """List rule packs with dates and standing or, of packs that are named, every clause. Not legal advice.

    Raises
    ------
    VivaError
        For packs that cannot be read, and a file of facts that is there already.
    """
    read = [read_pack(name) for name in packs or shipped()]
    if facts is not None:
        if Path(facts).exists():
            raise VivaError(f"{facts} is there already, and a blank would take its place. Name another file.")
        asked = [name for pack in read for name in facts_of(pack)]
        named = [paper for paper in papers.shipped() if papers.pack_of(paper) in {pack.name for pack in read}]
        asked += [name for paper in named for name in papers.facts_of(paper)]
        write_durably(Path(facts), blank(asked).encode())
    today = date.today()
    if not packs:
        return Listed([_row(pack, today) for pack in read], PACKS)
    clauses = [
        {
            "pack": pack.name, "check": check.id, "clause": check.clause, "from": check.starts.isoformat(),
            "until": check.until and check.until.isoformat(), "status": check.status, "sure": check.sure,
            "asks": check.asks.en, "asks_zh": check.asks.zh, "source": check.source or pack.source,
        }
        for pack in read for check in pack.checks
    ]  # fmt: skip
    return Listed(clauses, CLAUSES)


def _row(pack: Pack, today: date) -> dict[str, object]:
    sure = Counter[str](check.sure for check in pack.checks)
    binding = sum(check.in_force(today) for check in pack.checks)
    return {
        "pack": pack.name, "title": pack.title.en, "title_zh": pack.title.zh, "standing": pack.standing,
        "from": pack.starts.isoformat(), "until": pack.ends and pack.ends.isoformat(),
        "in force": f"{binding} of {len(pack.checks)}", "clauses": len(pack.checks),
        "sure": " ".join(f"{name}{sure[name]}" for name in "HML" if sure[name]),
    }  # fmt: skip
