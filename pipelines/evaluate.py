"""``viva evaluate``: what scores of written answers are worth, before the first interview.

Written answers with levels, versions of one another, or ways of pleasing by words alone go in; how well the rubric
ranks the levels, how far a version moves, whether words alone beat an honest middling answer, and who is routed come
out, by language and job, with intervals.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import numpy as np
from rich.console import Console

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.framework import Framework, load_frameworks
from vivavoce.evaluation.correlation import rank_correlation, told_apart
from vivavoce.evaluation.estimate import Estimate, Floats, bootstrap
from vivavoce.features.language.encoder import SentenceEncoder
from vivavoce.models.rubric.rubric import rubric_parameters
from vivavoce.pipelines.door import Model, Place, folder_for, front_door, models_of
from vivavoce.pipelines.scoring.batch import SHIPPED_FRAMEWORKS
from vivavoce.pipelines.scoring.model import Scorer, load_scorers
from vivavoce.pipelines.scoring.reading import Desk, Reads, find_desk
from vivavoce.pipelines.terminal import Told, keep, say
from vivavoce.pipelines.written import LEVELS, PLAIN, Scored, Written, read_written, score_written

ALL = "all"
NOBODY: Mapping[str, Scorer] = {}
FEWEST = 15  # interviews from which limits over people are more than rough


@dataclass(frozen=True)
class EvaluateRequest:
    """What ``viva evaluate`` may be asked for."""

    answers: Annotated[Place | Sequence[Place], "Written interviews, one JSON object per line."]
    _: KW_ONLY
    out: Annotated[Place, "Folder for evaluation.json and evaluation.md."]
    framework: Annotated[Place | None, "A framework, or a folder of them; left out: the shipped ones."] = None
    model: Annotated[
        Model | Sequence[Model],
        "A version instead of the rubric: its folder, or models:/NAME@champion; one for each job.",
    ] = ()
    reader_weights: Annotated[Place | None, "Where the weights of a --model that reads lie."] = None


@front_door(EvaluateRequest)
def evaluate(request: EvaluateRequest) -> Told:
    """Score written answers by the rubric, or a version, and say what the scores are worth.

    Raises
    ------
    VivaError
        For answers and frameworks that cannot be read, with everything that is wrong with them.
    """
    said, folder = Console(stderr=True), folder_for(request.out)
    frameworks = load_frameworks(Path(request.framework) if request.framework else SHIPPED_FRAMEWORKS)
    given = [request.answers] if isinstance(request.answers, str | Path) else request.answers
    scorers = load_scorers(models_of(request.model))
    frameworks = frameworks | {job: one.model.framework for job, one in scorers.items()}
    rows = [row for one in given for row in read_written(Path(one), frameworks)]
    if scorers:
        rows = [row for row in rows if row.job in scorers and row.language in scorers[row.job].model.languages]
        if not rows:
            raise VivaError(f"No answer is for a model's job ({', '.join(scorers)}): write some, or name another.")
    desk = find_desk([one.model for one in scorers.values()], request.reader_weights)
    if desk is not None and desk.outside:
        say(said, f"{len(rows)} written interviews are sent to {desk.reader.endpoint}.", "yellow")
    document = evaluation(rows, frameworks, SentenceEncoder.offline(), scorers, desk)
    keep(folder / "evaluation.json", document)
    page = folder / "evaluation.md"
    page.write_text(page_of(document), encoding="utf-8")
    say(said, f"{page}: written.")
    above = [one for one in document["attacks"] if one["above"]]
    return Told(document, Exit.FINDING if above else Exit.DONE)


def evaluation(
    rows: Sequence[Written],
    frameworks: Mapping[str, Framework],
    encoder: SentenceEncoder | None,
    scorers: Mapping[str, Scorer] = NOBODY,
    desk: Desk | None = None,
) -> dict[str, Any]:
    """Everything that written interviews say about scores, as ``evaluation.json`` holds it.

    Scores are the rubric's, or those of each job's version; a reader's are not asked for the words that carry them.
    """
    reads = None if desk is None else Reads(desk, quoting=False)
    models = {job: one.model for job, one in scorers.items()}
    scored = [score_written(row, frameworks[row.job], encoder, models.get(row.job), reads) for row in rows]
    honest = [one for one in scored if one.row.kind is None]
    return {
        "format": 1,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "rubric": rubric_parameters().digest,
        "models": {job: {"digest": one.digest, "kind": one.model.kind} for job, one in scorers.items()},
        "reader": None if desk is None else desk.reader.document(),
        "encoder": encoder is not None,
        "levels": [_ranked(language, job, own) for language, job, own in _places(honest) if own],
        "versions": list(_versions(honest)),
        "attacks": list(_attacks(scored)),
        "routed": _routed(honest),
        "interviews": [{"id": one.row.id, "points": _digits(one.points), "routed": one.routed} for one in scored],
    }


def _places(honest: Sequence[Scored]) -> Iterator[tuple[str, str, list[Scored]]]:
    """Language, job, and the plain interviews with a level there: of each language, then of each of its jobs."""
    plain = [one for one in honest if one.row.variant == PLAIN and one.row.level and one.points is not None]
    for language in sorted({one.row.language for one in plain}):
        own = [one for one in plain if one.row.language == language]
        yield language, ALL, own
        for job in sorted({one.row.job for one in own}):
            yield language, job, [one for one in own if one.row.job == job]


def _ranked(language: str, job: str, own: Sequence[Scored]) -> dict[str, Any]:
    levels = np.array([LEVELS.index(str(one.row.level)) for one in own], np.float64)
    points = np.array([one.points for one in own], np.float64)
    found = levels, points
    means = {name: points[levels == i] for i, name in enumerate(LEVELS)}
    return {
        "language": language,
        "job": job,
        "interviews": len(own),
        "spearman": _limits(rank_correlation, *found),
        "strong_from_weak": _limits(told_apart, *found),
        "means": {name: _digits(float(one.mean())) for name, one in means.items() if len(one)},
    }


def _limits(statistic: Callable[..., float], *columns: Floats) -> dict[str, Any]:
    """A statistic with its 95 % limits over people; without them below ``FEWEST``, where they would be too narrow."""
    if len(columns[0]) < FEWEST:
        found = Estimate(statistic(*columns), reason=f"fewer than {FEWEST} interviews: no limits")
    else:
        found = bootstrap(statistic, *columns)
    numbers = {name: _digits(getattr(found, name), 3) for name in ("value", "low", "high")}
    return numbers | ({"reason": found.reason} if found.reason else {})


def _versions(honest: Sequence[Scored]) -> Iterator[dict[str, Any]]:
    """How far each kind of version lies from its originals, in points, and how many of it are routed."""
    points = {one.row.id: one.points for one in honest}
    others = [one for one in honest if one.row.variant != PLAIN and one.row.of in points]
    for language, variant in sorted({(one.row.language, one.row.variant) for one in others}):
        own = [one for one in others if (one.row.language, one.row.variant) == (language, variant)]
        pairs = [(one.points, points[str(one.row.of)]) for one in own]
        apart = [after - before for after, before in pairs if after is not None and before is not None]
        yield {
            "language": language,
            "variant": variant,
            "interviews": len(own),
            "shift": _limits(np.mean, np.array(apart)),
            "routed": sum(one.routed for one in own),
        }


def _attacks(scored: Sequence[Scored]) -> Iterator[dict[str, Any]]:
    """What each kind of pleasing by words alone earns, beside the median of honest middling interviews."""
    for language, kind in sorted({(one.row.language, one.row.kind) for one in scored if one.row.kind}):
        own = [one for one in scored if (one.row.language, one.row.kind) == (language, kind)]
        honest = [
            one.points
            for one in scored
            if one.row.language == language and one.row.kind is None and one.row.variant == PLAIN
            if one.row.level == "middling" and one.points is not None
        ]
        earned = [one.points for one in own if one.points is not None]
        left = [one.points for one in own if one.points is not None and not one.routed]
        beside = median(honest) if honest else None
        yield {
            "language": language,
            "kind": kind,
            "interviews": len(own),
            "routed": sum(one.routed for one in own),
            "median": _digits(median(left)) if left else None,
            "if_nobody_were_routed": _digits(median(earned)) if earned else None,
            "middling": _digits(beside),
            "above": bool(left) and beside is not None and median(left) > beside,
        }


def _routed(honest: Sequence[Scored]) -> dict[str, Any]:
    """How many honest interviews go to people as repetitive, with an upper limit (Clopper & Pearson 1934)."""
    from scipy import stats

    plain = [one for one in honest if one.row.variant == PLAIN]
    n, routed = len(plain), sum(one.routed for one in plain)
    most = 1.0 if routed == n else float(stats.beta.ppf(0.975, routed + 1, n - routed))
    return {"interviews": n, "routed": routed, "at_most": _digits(most, 3)}


def _digits(value: float | None, digits: int = 1) -> float | None:
    return None if value is None or value != value else round(float(value), digits)  # nan is no JSON


def page_of(document: Mapping[str, Any]) -> str:
    """The figures as a page of Markdown, English with Chinese headings."""
    routed = document["routed"]
    parts = [
        "# What scores of written answers are worth 书面回答的分数说明什么",
        f"{_scored_by(document)}. Levels are what a writer was asked for, no rater's: nothing here says "
        "anything about job performance. 水平是写作时的要求，不是评分者的判断；这里的数字都不说明工作表现。",
        "## Levels 水平",
        _table(
            ("language 语言", "job 职位", "n", "Spearman", "strong from weak (AUC) 强弱之分", *LEVELS),
            (
                (one["language"], one["job"], one["interviews"], _brief(one["spearman"]),
                 _brief(one["strong_from_weak"]), *(one["means"].get(name, "") for name in LEVELS))
                for one in document["levels"]
            ),
        ),
        "## Versions 同一访谈的其他说法",
        _table(
            ("language 语言", "version 说法", "n", "shift in points 分差", "routed 转人工"),
            ((one["language"], one["variant"], one["interviews"], _brief(one["shift"]), one["routed"])
             for one in document["versions"]),
        ),
        "## Words alone 只靠用词",
        _table(
            ("language 语言", "kind 方式", "n", "routed 转人工", "median of the others 其余中位数",
             "median if nobody were routed 若都不转", "honest middling 诚实中等", "above 高于"),
            ((one["language"], one["kind"], one["interviews"], one["routed"], one["median"],
              one["if_nobody_were_routed"], one["middling"], "yes 是" if one["above"] else "no 否")
             for one in document["attacks"]),
        ),
        "## Routed 转人工",
        f"{routed['routed']} of {routed['interviews']} honest interviews go to people as `repetitive_text` (at most "
        f"{100 * routed['at_most']:.1f} %, 95 %). 诚实访谈中有 {routed['routed']}/{routed['interviews']} 场因内容重复"
        "转由人处理。",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _scored_by(document: Mapping[str, Any]) -> str:
    """Which version gave the scores, and who read for it."""
    models, reader = document["models"], document["reader"]
    if not models:
        return f"Rubric `{document['rubric'][:12]}`"
    beside = "" if reader is None else f", read by {reader['name']} ({reader['endpoint'] or reader['sha256'][:12]})"
    return ", ".join(f"{job}: {one['kind']} `{one['digest'][:12]}`" for job, one in models.items()) + beside


def _table(heads: Sequence[str], rows: Iterator[Sequence[object]] | Any) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join("–" if cell is None else str(cell) for cell in line) + " |" for line in lines)


def _brief(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return str(found.get("reason", "–"))
    limits = "" if found["low"] is None else f" [{found['low']:.2f}, {found['high']:.2f}]"
    return f"{found['value']:.2f}{limits}"
