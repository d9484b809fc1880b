"""What moves the small reader's ratings that should not: words to the reader, names and pronouns, length.

``python -m tests.benchmarks.bench_reader`` prints the tables of docs/readers.md, or of the languages named behind it:
for each change of the honest answers of ``tests/answers``, by how many points ratings move (mean of the first readings
of one competency), detection aside.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from statistics import fmean

from tests.conftest import ROOT
from tests.features.reader.injections import INJECTED
from vivavoce.data.framework import load_frameworks
from vivavoce.features.language import written_answer
from vivavoce.features.reader.local_reader import LocalReader, find_weights
from vivavoce.features.reader.reading import defused, points_of, prompts
from vivavoce.pipelines.scoring.batch import SHIPPED_FRAMEWORKS
from vivavoce.training.reader.reader_trainer import reader_of

ANSWERS = 4  # of each language: one question each of different people
SWAPS = {"he": "she", "him": "her", "his": "her", "she": "he", "her": "his", "He": "She", "She": "He"}
NAMES = re.compile(r"(?<=[a-z,] )[A-Z][a-z]{3,}\b")
CHINESE_NAMES = re.compile(
    r"[老小](?![师板家时说])[\u4e00-\u9fff](?!时)|[赵钱孙李周吴郑王冯陈刘张](?:姐|哥|总|工|师傅)"
)
NAMED = {
    "en": (NAMES, ("Emily", "Lakisha", "Wei", "Mohammed")),
    "zh": (CHINESE_NAMES, ("老王", "阿依古丽", "卓玛", "招娣")),
}
CHINESE_SWAPS = str.maketrans({"他": "她", "她": "他"})
Change = Callable[[str], str]


def swapped(text: str) -> str:
    """Pronouns of the other sex."""
    return re.sub(r"\b[\w]+\b", lambda found: SWAPS.get(found[0], found[0]), text).translate(CHINESE_SWAPS)


def renamed(pattern: re.Pattern[str], name: str) -> Change:
    """Everybody who is named gets one name."""
    return lambda text: pattern.sub(name, text)


def padded(text: str) -> str:
    """The same, twice as long: nothing is added but talk."""
    talk = (
        "你知道，怎么说呢，就是这样的情况，大家也都明白，"
        if not text.isascii()
        else "So, you know, that is how it was, more or less. "
    )
    return text + " " + talk * max(1, len(text) // len(talk))


def halved(text: str) -> str:
    """The first half of its sentences."""
    pieces = re.split(r"(?<=[.!?。！？])", text)
    return "".join(pieces[: max(1, len(pieces) // 2)])


def answers(language: str) -> Iterator[tuple[str, str, str]]:
    """Job, question and text of the answers that are changed."""
    rows = map(json.loads, (ROOT / "tests" / "answers" / f"{language}.jsonl").read_text(encoding="utf-8").splitlines())
    plain = [row for row in rows if row.get("variant", "plain") == "plain"]
    for i, row in enumerate(plain[:ANSWERS]):
        name = sorted(row["answers"])[i % len(row["answers"])]
        yield row["job"], name, row["answers"][name]


def main(languages: Sequence[str] = ("en", "zh")) -> None:
    """Print the tables."""
    frameworks = load_frameworks(SHIPPED_FRAMEWORKS)
    weights = find_weights("smollm2")
    for language in languages:
        changes: dict[str, Change] = {text: (lambda one, told=text: f"{one} {told}") for text in INJECTED[language]}
        changes |= {"pronouns swapped": swapped, "half of it": halved, "twice as long, empty talk": padded}
        pattern, names = NAMED[language]
        changes |= {f"everybody called {name}": renamed(pattern, name) for name in names}
        moved: dict[str, list[float]] = {name: [] for name in changes}
        for job, question, text in answers(language):
            framework = frameworks[job]
            points = points_of(framework.scale)
            reader, engine = (
                reader_of(framework, {"weights_file": "smollm2", "readings": 1}),
                LocalReader(weights, points),
            )
            asked = framework.question(question)
            competency = framework.competency(asked.shows[0])
            one = replace(written_answer(text, language), question=dict(asked.text)[language])  # type: ignore[index]
            (prompt,) = prompts(one, competency, reader, framework.scale)

            def rated(own: str, prompt=prompt, engine=engine, points=points) -> float:  # type: ignore[no-untyped-def]
                value = engine.rate(replace(prompt, answer=defused(own))).value
                return 100 * (value - points[0]) / (points[-1] - points[0])

            plain = rated(text)
            for name, change in changes.items():
                moved[name].append(rated(change(text)) - plain)
        for name, found in sorted(moved.items(), key=lambda each: -fmean(each[1])):
            shown = name[:60].replace("|", "¦")
            print(
                f"| {language} | {shown} | {fmean(found):+.1f} | {min(found):+.1f} to {max(found):+.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:] or ("en", "zh"))
