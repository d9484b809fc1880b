"""Which recogniser for films and real clips: words, times, processor time and memory, side by side in one run.

Every way runs alone in a process of its own with one thread, from the same sound to words; loading is left out of the
time and not of the memory. Then what unclear speech costs beside clear speech, and how many interviews a machine gets
through from manifest to scores. Needs Whisper's weights and the extra ``fast``.
"""

import csv
import multiprocessing
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from tests.benchmarks import Figure, processes
from tests.benchmarks.recordings import DEMO, demo_rows, write
from tests.conftest import data_folder
from tests.demo.make import HEARD
from tests.features.real import read_sound
from tests.features.transcript.dictations import paired
from vivavoce.data.media.memory import AudioSpool
from vivavoce.evaluation.recognition import word_error_rate
from vivavoce.features.speech import find_speech
from vivavoce.features.transcript.engines import open_recogniser
from vivavoce.features.transcript.inventions import plain
from vivavoce.features.transcript.provided import read_transcript
from vivavoce.features.transcript.recognise import Engine, Passage

Found = TypeVar("Found")
Words = list[tuple[str, float]]  # what was heard, and when it begins (nan where a way tells no times)
Hear = Callable[[np.ndarray, str], Words]
SIX_MINUTES = 360.0
FILM_MINUTES_S = 3600.0  # of media in a full run
CLEAR, UNCLEAR = ("c01", "en"), ("c04", "zh")  # an English voice, and one that no Whisper understands
CLAUSE = re.compile(r"^\d\d:(\d\d):([\d.]+) -->", re.MULTILINE)  # when it begins: minutes, seconds
PROMISED = {"whisper": 130, "faster-whisper": 300}  # interviews of six minutes an hour, two workers


@dataclass(frozen=True)
class Heard:
    """What one way made of a film and of real clips."""

    cpu_s: float
    error: float
    starts: np.ndarray  # how far the first words of planted clauses are from where they were put, seconds
    clips_cpu_s: float
    clips_error: float
    peak_mib: float


def run(reduced: bool) -> list[Figure]:
    """One film and nine clips by every way; two films for what unclear speech costs; all heard films to scores."""
    found = {name: alone(hear_all, name) for name in WAYS}
    ours = found[Engine.WHISPER.value]
    figures = [Figure(name, told(one), one.cpu_s / ours.cpu_s) for name, one in found.items()]
    for name in PROMISED:
        clear, unclear = (alone(cost, name, *film) for film in (CLEAR, UNCLEAR))
        measured = f"{unclear:.3f} against {clear:.3f} CPU s a second"
        figures.append(Figure(f"{name}: unclear speech against clear", measured, unclear / clear, "≤ 2×"))
    return figures + throughput(1 if reduced else round(FILM_MINUTES_S / sum(map(seconds, HEARD))))


def told(one: Heard) -> str:
    """A row of the table."""
    late = np.abs(one.starts)
    times = f"{np.median(late):.2f}/{np.quantile(late, 0.95):.2f} s" if len(late) else "none"
    return (
        f"{one.cpu_s:.1f} s, error {one.error:.3f}, starts {times}, clips {one.clips_cpu_s:.1f} s, error "
        f"{one.clips_error:.3f}, {one.peak_mib:.0f} MiB"
    )


def throughput(copies: int) -> list[Figure]:
    """From manifest to scores, start-up included."""
    figures, usual = [], 0.0
    for name, promised in PROMISED.items():
        for workers in (2, 1):
            with tempfile.TemporaryDirectory() as place:
                media = copies * sum(map(seconds, HEARD))
                command = (
                    "-m", "vivavoce", "score", batch(Path(place), copies), "--out", Path(place) / "out", "--asr", name,
                    "--workers", workers,
                )  # fmt: skip
                wall = processes.run([sys.executable, *map(str, command)], environment={}).wall_s
            an_hour = 3600 * media / SIX_MINUTES / wall
            usual = usual or an_hour
            what = f"{name}, workers: {workers}: {media:.0f} s of film to scores"
            target = f"≥ {promised} an hour" if workers == 2 else ""
            figures.append(Figure(what, f"{wall:.0f} s, {an_hour:.0f} of six minutes an hour", an_hour / usual, target))
    return figures


def batch(folder: Path, copies: int) -> Path:
    """The films to be heard under new ids."""
    shutil.copytree(DEMO / "media", folder / "media")  # a link would be refused
    rows = [
        demo_rows()[name] | {"interview_id": f"{name}x{i}", "candidate_id": f"{name}x{i}", "transcript": None}
        for i in range(copies)
        for name in HEARD
    ]
    return write(folder, rows)


def alone(work: Callable[..., object], *arguments: object) -> object:
    """What a function gives in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def hear_all(name: str) -> Heard:
    """One way, in this process."""
    torch.set_num_threads(1)
    hear = WAYS[name]()
    film, language = CLEAR
    transcript = DEMO / "transcripts" / f"{film}.vtt"
    sound, said = read_sound(DEMO / "media" / f"{film}.mp4"), read_transcript(transcript)
    hear(sound[: 5 * 16_000], language)  # what is compiled or read on first use
    clauses = [60 * int(m) + float(s) for m, s in CLAUSE.findall(transcript.read_text(encoding="utf-8"))]
    cpu_s, words = timed(lambda: hear(sound, language))
    planted = [(word.text, word.start) for word in said.words]
    with (data_folder() / "speech" / "transcripts.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["lang"] == "en"]
    sounds = [read_sound(data_folder() / "speech" / row["file"]) for row in rows]
    clips_cpu_s, clips = timed(lambda: [hear(sound, "en") for sound in sounds])
    errors = [word_error_rate(row["transcript"], text(found), "en") for row, found in zip(rows, clips, strict=True)]
    return Heard(
        cpu_s,
        word_error_rate(text(planted), text(words), language).value,
        starts(planted, clauses, words),
        clips_cpu_s,
        reduce(add, errors).value,
        peak_mib(),
    )


def cost(name: str, film: str, language: str) -> float:
    """Processor seconds of recognition for a second of a film."""
    torch.set_num_threads(1)
    hear, sound = WAYS[name](), read_sound(DEMO / "media" / f"{film}.mp4")
    return timed(lambda: hear(sound, language))[0] / (len(sound) / 16_000)


def ours(engine: Engine) -> Hear:
    """Detector, windows, words with times and confidence."""
    recogniser = open_recogniser(engine, device="cpu")

    def hear(sound: np.ndarray, language: str) -> Words:
        with AudioSpool.from_array(sound) as audio:
            (heard,) = recogniser.recognise([Passage(audio, find_speech(audio), 0.0, audio.duration, language)])
        return [(word.text, word.start) for word in heard.words]

    return hear


def usual(*, times: bool) -> Hear:
    """The script that everybody writes: ``whisper.transcribe`` as it comes."""
    import whisper

    from vivavoce.features.transcript.network import load_network
    from vivavoce.features.transcript.weights import locate

    model = load_network(locate(), "cpu").model

    def hear(sound: np.ndarray, language: str) -> Words:
        found = whisper.transcribe(model, sound, language=language, word_timestamps=times, fp16=False)
        if not times:
            return [(word, np.nan) for word in found["text"].split()]
        return [(word["word"], word["start"]) for part in found["segments"] for word in part["words"]]

    return hear


def library(*, batched: bool) -> Hear:
    """faster-whisper's own ``transcribe`` with its own detector, in eight bits; one by one or eight at a time."""
    from faster_whisper import BatchedInferencePipeline

    from vivavoce.features.transcript.faster import _library_model
    from vivavoce.features.transcript.weights import locate_converted, open_converted

    model = _library_model(open_converted(locate_converted()), torch.device("cpu"))
    way = BatchedInferencePipeline(model) if batched else model
    more = {"batch_size": 8} if batched else {"vad_filter": True}

    def hear(sound: np.ndarray, language: str) -> Words:
        found, _ = way.transcribe(sound, language=language, word_timestamps=True, **more)
        return [(word.word, word.start) for part in found for word in part.words]

    return hear


WAYS: dict[str, Callable[[], Hear]] = {
    "whisper": lambda: ours(Engine.WHISPER),
    "faster-whisper": lambda: ours(Engine.FASTER_WHISPER),
    "transcribe": lambda: usual(times=False),
    "transcribe, word times": lambda: usual(times=True),
    "faster-whisper's transcribe": lambda: library(batched=False),
    "faster-whisper's batches": lambda: library(batched=True),
}


def timed(work: Callable[[], Found]) -> tuple[float, Found]:
    """Processor seconds, of all threads, and what was found."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def starts(planted: Words, clauses: Sequence[float], heard: Words) -> np.ndarray:
    """How much later each clause's first word was found than it was put; where it was recognised."""
    first = {i for i, (_, start) in enumerate(planted) if np.min(np.abs(np.subtract(clauses, start))) < 0.001}
    pairs = paired([plain(word) for word, _ in planted], [plain(word) for word, _ in heard])
    return np.array([heard[j][1] - planted[i][1] for i, j in pairs if i in first and np.isfinite(heard[j][1])])


def text(words: Words) -> str:
    return " ".join(word.strip() for word, _ in words)


def seconds(film: str) -> float:
    """Of a demo interview, to its last answer's end."""
    return float(demo_rows()[film]["questions"][-1]["end"])


def peak_mib() -> float:
    """The most memory that this process ever had."""
    (line,) = (one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
