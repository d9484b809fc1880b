"""The demo carried by every format ends with its score, or not scored with the reason: docs/transcripts.md."""

import os
import re
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.exports import FORMATS, Turn, srt
from tests.pipelines.runs import DEMO, ROWS, rows, viva, write_manifest
from vivavoce.data.track import Track
from vivavoce.features.transcript.provided import read_transcript
from vivavoce.features.transcript.words import Account, Transcript, Word
from vivavoce.pipelines.report.blocks import known
from vivavoce.pipelines.scoring.answers import AnswerSpan
from vivavoce.pipelines.scoring.report import TEXTS
from vivavoce.pipelines.scoring.words import Heard, held_to_answers

pytestmark = pytest.mark.xdist_group("transcripts")

MAIN = "c06"  # two people, two answers
OTHERS = {"c05": ("Zoom .vtt", ".srt in GB18030", "飞书妙记 .txt")}
SCORED = ("c01", "c02", "c05", "c08", "c13")  # the demo's others with one recording and captions
FULL = os.environ.get("VIVA_PROOF") == "full" or os.environ.get("VIVA_TABLE") == "write"
QUICK = (
    "Zoom .vtt",
    "Webex .vtt, names in identifiers",
    "YouTube .vtt, rolling",
    ".srt, no blank lines",
    ".ass",
    ".ttml",
    "whisper.cpp .json",
    "AWS Transcribe .json",
    "Otter .txt",
    "Teams .docx",
)
CARRIED = [(MAIN, what) for what in (FORMATS if FULL else QUICK)] + [
    (one, what) for one, some in (dict.fromkeys(SCORED, FORMATS) if FULL else OTHERS).items() for what in some
]
PAGE = ROOT / "docs" / "transcripts.md"
STRONG = "I measured the root cause myself, agreed a plan with three teams and cut the cost by forty percent in a year."


def turns_of(interview: str) -> list[Turn]:
    """The cues of a demo transcript."""
    text = (DEMO / ROWS[interview]["transcript"]).read_text(encoding="utf-8")
    found = re.findall(r"([\d:.]+) --> ([\d:.]+)\n(?:<v ([^>]+)>|([^:\n]+): )(.*?)(?:</v>)?\n", text)
    return [(_seconds(a), _seconds(b), one or other, said) for a, b, one, other, said in found]


def _seconds(clock: str) -> float:
    hours, minutes, seconds = clock.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def shifted(turns: list[Turn], by: float, factor: float = 1.0) -> list[Turn]:
    return [(a * factor + by, b * factor + by, name, text) for a, b, name, text in turns]


def with_planted(turns: list[Turn], label: str) -> list[Turn]:
    """Strong sentences of somebody else under a label after every third turn."""
    found = []
    for i, (a, b, name, text) in enumerate(turns):
        middle = (a + b) / 2
        found += [(a, middle, name, text), (middle, b, label, STRONG)] if i % 3 == 2 else [(a, b, name, text)]
    return found


PLANTED = ("Dr. Anna Lee", "anna lee", "王芳.人力", "+49 170 1234567")
PECULIAR: dict[str, Any] = {
    "an hour late": lambda turns: shifted(turns, 3600.0),
    "on wall-clock time": lambda turns: shifted(turns, 50_733.0),
    "in milliseconds": lambda turns: shifted(turns, 0.0, 1000.0),
    "of another interview": lambda turns: shifted(turns[:12], 0.0, 9.7),
} | {f"with words of {label}": partial(with_planted, label=label) for label in PLANTED}


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], dict[str, Any]]:
    """Status, reason, detail and score by interview and format: all in one run."""
    folder = tmp_path_factory.mktemp("carried")
    listed = []

    def add(interview: str, what: str, name: str, content: str | bytes) -> None:
        row = ROWS[interview]
        (folder / "media").mkdir(exist_ok=True)
        if not (folder / row["media"]).exists():
            shutil.copyfile(DEMO / row["media"], folder / row["media"])
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        listed.append(row | {"interview_id": f"{interview} {what}", "transcript": name})

    for i, (interview, what) in enumerate(CARRIED):
        suffix, write = FORMATS[what]
        add(interview, what, f"{i}{suffix}", write(turns_of(interview)))
    for i, (what, change) in enumerate(PECULIAR.items()):
        add(MAIN, what, f"p{i}.srt", srt(change(turns_of(MAIN))))
    manifest = write_manifest(folder, listed)
    viva(
        "score", manifest, "--out", folder / "out", "--profile", "language", "--asr", "provided", "--workers", 2, ends=3
    )
    scores = {
        one["interview_id"]: one["score"] for one in rows(folder / "out", "scores") if one["competency"] == "overall"
    }
    return {
        (one["interview_id"][:3], one["interview_id"][4:]): {**one, "score": scores[one["interview_id"]]}
        for one in rows(folder / "out", "status")
    }


@pytest.mark.parametrize(("interview", "what"), CARRIED)
def test_every_format_ends_with_the_same_score(carried: Any, interview: str, what: str) -> None:
    found, truth = carried[interview, what], carried[interview, "Zoom .vtt"]
    assert truth["status"] == "scored"
    assert found["status"] == "scored", found["detail"]
    assert found["score"] == pytest.approx(truth["score"], abs=0.1)


@pytest.mark.parametrize("label", PLANTED)
def test_no_score_from_the_wrong_mouth(carried: Any, label: str) -> None:
    found, truth = carried[MAIN, f"with words of {label}"], carried[MAIN, "Zoom .vtt"]
    assert found["reason"] == "several_speakers" or found["score"] <= truth["score"] + 0.1


def test_times_are_mended_or_refused(carried: Any) -> None:
    truth = carried[MAIN, "Zoom .vtt"]["score"]
    for what, told in (("an hour late", "shifted"), ("on wall-clock time", "shifted"), ("in milliseconds", "0.001")):
        found = carried[MAIN, what]
        assert found["status"] == "scored"
        assert told in found["mended"]
        assert found["words_left_out"] == 0
        assert found["score"] == pytest.approx(truth, abs=0.5)
    assert carried[MAIN, "of another interview"]["reason"] == "transcript_mismatch"


def test_the_table_is_what_the_tests_saw(carried: Any, tmp_path: Path) -> None:
    said_of: list[str] = []
    head = [
        "| format or peculiarity | words | speakers | first word, s | status | score |",
        "|---|---:|---:|---:|---|---:|",
    ]
    for (interview, what), found in carried.items():
        if interview != MAIN:
            continue
        turns = turns_of(interview)
        suffix, write = FORMATS.get(what, (".srt", srt))
        content = write(turns if what in FORMATS else PECULIAR[what](turns))
        file = tmp_path / f"one{suffix}"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        said = read_transcript(file, known=(ROWS[interview]["candidate_name"],))
        score = "–" if found["score"] is None else f"{found['score']:.1f}"
        ended = found["status"] if found["reason"] is None else f"{found['status']} ({found['reason']})"
        said_of.append(
            f"| {what} | {len(said.words)} | {len(said.speakers)} | {said.words[0].start:.1f} | {ended} | {score} |"
        )
    table = "\n".join([*head, *said_of])
    if os.environ.get("VIVA_TABLE") == "write":
        text = PAGE.read_text(encoding="utf-8")
        before, tail = text.split("<!-- table -->")[0], text.split("<!-- end -->")[1]
        PAGE.write_text(f"{before}<!-- table -->\n{table}\n<!-- end -->{tail}", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8").splitlines()
    assert not [line for line in said_of if line not in page], (
        "VIVA_TABLE=write pytest tests/pipelines/test_transcripts.py"
    )


def test_every_count_of_a_transcript_is_told_in_both_languages() -> None:
    sources = (ROOT / "features" / "transcript").rglob("*.py")
    kinds = {kind for source in sources for kind in re.findall(r'note\(\s*"([^"]+)"', source.read_text("utf-8"))}
    assert len(kinds) > 20
    texts = known(TEXTS)
    assert {kind for kind in kinds if "kind_" + re.sub(r"\W+", "_", kind) not in texts} == set()


def test_a_turn_is_held_to_its_answer_and_one_over_two_answers_is_counted() -> None:
    words = tuple(Word(f"w{i}", 10.0 + i, 11.0 + i) for i in range(10))
    said = Transcript(words, "en", "provided:notes", False)
    spans = (AnswerSpan("q1", 0, 0.0, 19.0), AnswerSpan("q2", 0, 19.0, 40.0))

    def heard(*turns: tuple[float, float]) -> Heard:
        speech = Track(np.zeros((0, 2)), np.zeros((0, 0)), ())
        return Heard(said, speech, np.zeros((0, 2)), said, by_others=False, account=Account(turns=turns))

    held = held_to_answers({0: heard((10.0, 20.0))}, spans)[0]  # one second reaches into the second answer
    assert (held.words.words[0].start, held.words.words[-1].end) == (10.0, pytest.approx(19.0))
    assert held.over == 0
    long = held_to_answers({0: heard((10.0, 30.0))}, spans)[0]
    assert (long.words, long.over) == (said, 1)
    plain = heard()
    assert held_to_answers({0: plain}, spans)[0] is plain
