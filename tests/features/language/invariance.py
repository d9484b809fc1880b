"""How far the language measures move when only the writing, or the silence around the words, changes."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from vivavoce.data.schema import Absent, Feature, Measures
from vivavoce.features.language import COVERAGE, LANGUAGE, AnswerText, measure_competency, relate
from vivavoce.features.language.answer_text import CLAUSE_END, CLOSERS
from vivavoce.features.language.encoder import Encoder
from vivavoce.features.transcript.words import Word

Words = tuple[Word, ...]


def respelt(change: Callable[[str], str]) -> Callable[[Words], Words]:
    """Every word's text changed; words that become empty are left out."""
    return lambda words: tuple(replace(word, text=text) for word in words if (text := change(word.text)))


def later(words: Words, seconds: float = 7.3) -> Words:
    """The answer after a longer silence."""
    return tuple(replace(word, start=word.start + seconds, end=word.end + seconds) for word in words)


CHANGES: dict[str, tuple[str, Callable[[Words], Words]]] = {
    "lower case": ("case", respelt(str.lower)),
    "capitals": ("case", respelt(str.upper)),
    "no punctuation": ("punctuation", respelt(lambda text: text.rstrip("".join(CLAUSE_END) + CLOSERS))),
    "silence before it": ("trimming", later),
}
"""What is done to the words, and the resistance that it tries."""


def table(answers: Sequence[AnswerText]) -> str:
    """Markdown: mean absolute shift in standard deviations between the answers; declared resistances are bold."""
    before = [LANGUAGE.measure(answer) for answer in answers]
    after = {
        label: (kind, [LANGUAGE.measure(replace(answer, words=change(answer.words))) for answer in answers])
        for label, (kind, change) in CHANGES.items()
    }
    asked = {"language.relevance_cosine", "language.repetition_share"}
    return _table([feature for feature in LANGUAGE if feature.name not in asked], before, after)


def asked_table(interviews: Sequence[Sequence[AnswerText]], encoder: Encoder) -> str:
    """The same of the measures that compare an answer with question, framework or the person's other answers."""
    before = [row for answers in interviews for row in compared(answers, encoder)]
    after = {
        label: (kind, [row for answers in interviews for row in compared(changed(answers, change), encoder)])
        for label, (kind, change) in CHANGES.items()
    }
    return _table([feature for feature in (*LANGUAGE, *COVERAGE) if feature.name in before[0]], before, after)


def changed(answers: Sequence[AnswerText], change: Callable[[Words], Words]) -> list[AnswerText]:
    """Every answer with its words changed."""
    return [replace(answer, words=change(answer.words)) for answer in answers]


def compared(answers: Sequence[AnswerText], encoder: Encoder) -> list[Measures]:
    """One row for each answer and competency that it shows."""
    rows = []
    for answer in relate(answers, encoder):
        own = LANGUAGE.measure(answer)
        for competency in answer.competencies:
            found = measure_competency(answer, competency)[0]
            rows.append(
                {
                    **{name: own[name] for name in ("language.relevance_cosine", "language.repetition_share")},
                    **{name.removesuffix(f".{competency.id}"): value for name, value in found.items()},
                }
            )
    return rows


def _table(
    features: Sequence[Feature], before: Sequence[Measures], after: dict[str, tuple[str, list[Measures]]]
) -> str:
    lines = ["| measure | " + " | ".join(after) + " |", "|---" * (len(after) + 1) + "|"]
    for feature in features:
        values = [row[feature.name] for row in before if not isinstance(row[feature.name], Absent)]
        spread = float(np.std(values)) if len(values) > 1 else 0.0
        cells = []
        for kind, rows in after.values():
            pairs = [(a[feature.name], b[feature.name]) for a, b in zip(before, rows, strict=True)]
            moved = [abs(a - b) for a, b in pairs if not isinstance(a, Absent) and not isinstance(b, Absent)]
            shift = f"{np.mean(moved) / spread:.2f}" if moved and spread > 0 else ""
            cells.append(f"**{shift}**" if shift and kind in feature.resists else shift)
        lines.append(f"| `{feature.name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)
