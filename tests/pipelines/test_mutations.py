"""Transcripts mutated at random, scored: no score is far from the truth unless the row says what happened to it."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.demo.transcript import clock
from tests.exports import FORMATS, Turn
from tests.features.transcript.test_labels import NAMES, PLAIN, STRONG
from tests.pipelines.runs import ROWS, batch
from tests.pipelines.test_transcripts import shifted, turns_of
from tests.proof import proof_count
from vivavoce.data.interview import Interview
from vivavoce.data.status import RowStatus
from vivavoce.features.transcript.formats.cue import TranscriptError
from vivavoce.features.transcript.provided import read_transcript
from vivavoce.models.score import OVERALL
from vivavoce.pipelines.scoring.batch import Request, prepare
from vivavoce.pipelines.scoring.job import InterviewJob, Task
from vivavoce.pipelines.scoring.outputs import Result

CARRIED = ("c05", "c06", "c13")  # weak in Chinese with an interviewer, strong with one, weak alone
FAR = 5.0  # points
SHIFTS = (-30.0, -2.0, 0.5, 5.0, 60.0, 3600.0)  # seconds


@dataclass(frozen=True)
class Bench:
    """Scores an interview with any transcript; its recording is observed once."""

    job: InterviewJob
    interviews: dict[str, Interview]
    folder: Path

    def score(self, name: str, path: Path) -> Result:
        one = self.interviews[name]
        recording = replace(one.recordings[0], transcript=path)
        task = Task(replace(one, recordings=(recording,)), (None,))
        return self.job(task, lambda _: None).result


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    folder = tmp_path_factory.mktemp("mutations")
    manifest = batch(folder, [ROWS[name] for name in CARRIED])
    ready = prepare(Request(manifest, out=folder / "out", profile="language", encoder="none", asr="provided"))
    interviews = {one.interview_id: one for one in ready.manifest.interviews}
    return Bench(InterviewJob(ready.settings), interviews, folder)


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Cuts, swaps, doubled and lost lines, flipped bytes, other encodings."""
    kind = chance.choice(("cut", "swap", "drop", "double", "flip", "encode", "blank"))
    lines = content.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    if kind == "cut":
        return content[: chance.randrange(len(content) + 1)]
    if kind == "swap":
        lines[one], lines[other] = lines[other], lines[one]
    elif kind == "drop":
        del lines[one]
    elif kind == "double":
        lines.insert(other, lines[one])
    elif kind == "blank":
        lines.insert(one, b"")
    elif kind == "encode":
        return content.decode("utf-8", "replace").encode(chance.choice(("utf-16", "gb18030", "cp1252")), "replace")
    else:
        changed = bytearray(content)
        for _ in range(chance.randint(1, 8)):
            if changed:
                changed[chance.randrange(len(changed))] = chance.randrange(256)
        return bytes(changed)
    return b"\n".join(lines)


def written(chance: random.Random) -> tuple[str, str, bytes]:
    """One of the interviews in one of the formats, at times at another time, mutated; with its name and ending."""
    name, form = chance.choice(CARRIED), chance.choice(list(FORMATS))
    suffix, write = FORMATS[form]
    turns: list[Turn] = turns_of(name)
    if chance.random() < 0.2:
        turns = [(max(0.0, a), *rest) for a, *rest in shifted(turns, chance.choice(SHIFTS)) if rest[0] > 0.2]
    content = write(turns)
    content = content if isinstance(content, bytes) else content.encode()
    for _ in range(chance.randint(1, 3)):
        content = mutated(content, chance)
    return name, suffix, content


def told(path: Path) -> str | None:
    """How reading the transcript ends where it alone leaves a mark; None where its words are taken as they stand."""
    try:
        transcript = read_transcript(path)
    except TranscriptError:
        return "unreadable"
    assert all(0 <= word.start <= word.end and word.text for word in transcript.words)
    assert 0 <= transcript.account.share <= 1
    return "mended" if transcript.account.mended else None


def overall(result: Result) -> float | None:
    return next(score.value for score in result.scores if score.competency == OVERALL)


@pytest.mark.proof
def test_no_mutation_moves_a_score_without_a_mark(bench: Bench, record_property: Callable[[str, object], None]) -> None:
    """A mark is another status than ``scored``, or an account of what was mended or left out on the row.

    Of those that reading alone has marked, every thirtieth is scored all the same.
    """
    truth = {name: overall(bench.score(name, bench.folder / ROWS[name]["transcript"])) for name in CARRIED}
    count, ends, slowest, far = proof_count(300, 10_000), Counter[str](), 0.0, []
    for n in range(count):
        name, suffix, content = written(random.Random(n))
        path = bench.folder / f"mutated{suffix}"
        path.write_bytes(content)
        begun = time.process_time()
        mark = told(path)
        if mark and n % 30:
            ends[mark] += 1
            continue
        result = bench.score(name, path)
        slowest = max(slowest, time.process_time() - begun)
        points = overall(result)
        if result.status is not RowStatus.SCORED:
            ends[str(result.reason).partition(":")[0]] += 1
            continue
        assert points is not None
        marked = bool(result.detail or result.mended)
        ends["scored, told" if marked else "scored"] += 1
        if not marked and abs(points - (truth[name] or 0.0)) > FAR:
            far.append((n, name, suffix, round(points - (truth[name] or 0.0), 1)))
    record_property("transcripts", count)
    record_property("ended as", dict(ends.most_common()))
    record_property("further than 5 points without a mark", len(far))
    record_property("slowest, s", round(slowest, 2))
    assert far == []
    assert slowest < 2


WRONG_MOUTHS = {"c13": "en", "c05": "zh"}  # weak ones
STRONG_TEXT = {language: " ".join(texts) for language, texts in STRONG.items()}


def planted(turns: list[Turn], style: str, label: str, own: str) -> str:
    """Subtitles in which somebody else's strong sentences stand between the candidate's, in the pauses."""
    cues, language = [], "en" if turns[0][3].isascii() else "zh"
    for i, (start, end, name, text) in enumerate(turns):
        cues.append((start, end, own.format(name) + text))
        if i % 3 == 1 and i + 1 < len(turns):
            cues.append((end, turns[i + 1][0], style.format(label) + STRONG_TEXT[language]))
    blocks = [f"{i}\n{clock(a, ',')} --> {clock(b, ',')}\n{text}\n" for i, (a, b, text) in enumerate(cues, 1)]
    return "\n".join(blocks)


@pytest.mark.parametrize("name", WRONG_MOUTHS)
def test_no_score_is_from_the_wrong_mouth(bench: Bench, name: str) -> None:
    """Every style of label with names of the kind that tools write; the candidate's in the same style or plain."""
    language, chance = WRONG_MOUTHS[name], random.Random(9)
    turns = turns_of(name)
    truth = overall(bench.score(name, bench.folder / ROWS[name]["transcript"]))
    assert truth is not None
    wrong, scored = [], 0
    for style in PLAIN:
        label, own = chance.choice(NAMES[language]), chance.choice((style, "{}: "))
        path = bench.folder / "planted.srt"
        path.write_text(planted(turns, style, label, own), encoding="utf-8")
        result = bench.score(name, path)
        points = overall(result)
        scored += points is not None
        said = "".join(answer.text for answer in result.answers).replace(" ", "")
        if any(text[:12].replace(" ", "") in said for text in STRONG[language]) or (
            points is not None and abs(points - truth) > 0.1
        ):
            wrong.append((style.format(label), own, result.status, points, result.detail))
    assert wrong == [], "\n".join(map(repr, wrong))
    assert scored > 8, "the candidate's own words are scored where the labels are understood"
