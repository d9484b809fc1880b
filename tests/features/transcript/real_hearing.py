"""What Whisper's own weights mishear and what their confidence is worth on real clips, as in ``docs/hearing.md``.

``python -m tests.features.transcript.real_hearing`` prints them; the proofs beside it hold them.
"""

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from tests.conftest import data_folder
from tests.features.transcript.dictations import paired, passage, text
from tests.features.transcript.real_clips import Clip, change, conditions, read_clips
from vivavoce.data.script import simplified
from vivavoce.evaluation.recognition import WORD, ErrorRate, error_interval, word_error_rate
from vivavoce.features.transcript.dictation import Dictation
from vivavoce.features.transcript.words import Transcript, answer_confidence

ENGINES = ("whisper", "faster-whisper")
LANGUAGES = {"en": "English", "zh": "Chinese"}
TENTHS = 10
DRAWS = 1000  # of speakers


@dataclass(frozen=True)
class Hearing:
    """One clip under one condition: errors, the answer's confidence, and of every written word confidence and truth."""

    speaker: str
    language: str
    condition: str
    errors: ErrorRate
    confidence: float | None
    words: np.ndarray  # shape (n, 2): confidence, whether it was said


def open_engine(name: str) -> Dictation[Any]:
    """Real weights in one of both engines. Raises ``NoRecogniser`` where they are not here."""
    from vivavoce.features.transcript.weights import locate, locate_converted

    if name == "whisper":
        from vivavoce.features.transcript.whisper import WhisperRecogniser

        return WhisperRecogniser.load(locate(), device="cpu")
    from vivavoce.features.transcript.faster import FasterRecogniser

    return FasterRecogniser.load(locate_converted(), device="cpu")


def hearings(engine: Dictation[Any], clips: Sequence[Clip], wanted: Iterable[str]) -> list[Hearing]:
    """Every clip under every wanted condition."""
    others = conditions(data_folder() / "speech")
    found = []
    for condition in wanted:
        for clip in clips:
            (heard,) = engine.recognise([passage(change(clip.sound, condition, others[condition]), clip.language)])
            found.append(_hearing(clip, condition, heard))
    return found


def _hearing(clip: Clip, condition: str, heard: Transcript) -> Hearing:
    def units(said: str) -> list[str]:
        return WORD[clip.language].findall((simplified(said) if clip.language == "zh" else said).casefold())

    written = [(unit, word.confidence) for word in heard.words for unit in units(word.text)]
    right = {j for _, j in paired(units(clip.text), [unit for unit, _ in written])}
    words = [(confidence, j in right) for j, (_, confidence) in enumerate(written)]
    errors = word_error_rate(clip.text, text(heard), clip.language)
    table = np.array(words, dtype=float).reshape(-1, 2)
    return Hearing(clip.speaker, clip.language, condition, errors, answer_confidence(heard), table)


def calibration_error(words: np.ndarray) -> float:
    """Mean distance of confidence and truth by tenth of confidence, 0–1, ideal 0; nan without words."""
    if not len(words):
        return float("nan")
    tenth = np.minimum((words[:, 0] * TENTHS).astype(int), TENTHS - 1)
    apart = [abs(np.subtract(*words[tenth == low].mean(axis=0))) * (tenth == low).mean() for low in np.unique(tenth)]
    return float(sum(apart))


def by_speaker(found: Sequence[Hearing]) -> dict[str, list[Hearing]]:
    """Hearings of each speaker."""
    speakers: dict[str, list[Hearing]] = {}
    for one in found:
        speakers.setdefault(one.speaker, []).append(one)
    return speakers


def said_of(found: Sequence[Hearing]) -> str:
    """Error rate with its 95 % interval over speakers, 0–1; no interval for fewer than two."""
    persons = {name: [one.errors for one in heard] for name, heard in by_speaker(found).items()}
    rate = error_interval(persons, lambda errors: errors.value)
    return f"{rate.value:.2f}{_limits(rate.low, rate.high)}"


def calibration_of(found: Sequence[Hearing], measure: Callable[[np.ndarray], float] = calibration_error) -> str:
    """A measure of the written words with its 95 % interval over speakers."""
    speakers = [np.concatenate([one.words for one in heard]) for heard in by_speaker(found).values()]
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(speakers), (DRAWS if len(speakers) > 1 else 0, len(speakers)))
    values = [measure(np.concatenate([speakers[i] for i in drawn])) for drawn in draws]
    kept = [value for value in values if np.isfinite(value)]
    low, high = np.quantile(kept, [0.025, 0.975]) if kept else (np.nan, np.nan)
    return f"{measure(np.concatenate(speakers)):.2f}{_limits(float(low), float(high))}"


def _limits(low: float, high: float) -> str:
    return f" ({low:.2f}–{high:.2f})" if np.isfinite(low) else ""


def groups(found: Sequence[Hearing]) -> dict[str, list[Hearing]]:
    """Conditions as the tables show them: a noise over all levels, a level over all noises, others as they are."""
    rows: dict[str, list[Hearing]] = {}
    for one in found:
        parts = one.condition.split()
        names = (f"noises, {parts[1]} dB", f"{parts[0]}, all levels") if parts[-1] == "dB" else (one.condition,)
        for name in names:
            rows.setdefault(name, []).append(one)
    return rows


def tables(found: dict[str, list[Hearing]]) -> str:
    """Markdown: errors and calibration by condition, then the curve by tenth, of every engine by name."""
    head = [f"{engine}, {language}" for engine in found for language in LANGUAGES.values()]
    lines = ["| condition | " + " | ".join(f"{one}: error | calibration error" for one in head) + " |"]
    lines.append("|---|" + "---:|" * (2 * len(head)))
    first = next(iter(found.values()))
    for name in groups(first):
        cells = [
            cell
            for heard in found.values()
            for language in LANGUAGES
            for chosen in [[one for one in groups(heard)[name] if one.language == language]]
            for cell in (said_of(chosen), calibration_of(chosen))
        ]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "| confidence | " + " | ".join(f"{one}: words | right" for one in head) + " |"]
    lines.append("|---|" + "---:|" * (2 * len(head)))
    for low in range(TENTHS):
        cells = [cell for heard in found.values() for language in LANGUAGES for cell in tenth_of(heard, language, low)]
        lines.append(f"| {low / 10:.1f}–{(low + 1) / 10:.1f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def tenth_of(heard: Sequence[Hearing], language: str, low: int) -> tuple[str, str]:
    """Written words of one tenth of confidence, and the share of them that was said with its interval."""

    def inside(words: np.ndarray) -> np.ndarray:
        return words[np.minimum((words[:, 0] * TENTHS).astype(int), TENTHS - 1) == low]

    def right(words: np.ndarray) -> float:
        chosen = inside(words)
        return float(chosen[:, 1].mean()) if len(chosen) else float("nan")

    chosen = [one for one in heard if one.language == language]
    count = sum(len(inside(one.words)) for one in chosen)
    return str(count), calibration_of(chosen, right) if count else ""


def above(found: Sequence[Hearing], line: float) -> ErrorRate:
    """Errors of the answers that are believed, pooled."""
    kept = [one.errors for one in found if one.confidence is not None and one.confidence >= line]
    return reduce(add, kept, ErrorRate(0, 0, 0, 0))


def main() -> None:
    """Measure with the engines that are named, else both, and print the tables."""
    from vivavoce.features.transcript.words import UNCLEAR_BELOW

    folder = data_folder() / "speech"
    names = sys.argv[1:] or ENGINES
    found = {name: hearings(open_engine(name), read_clips(folder), conditions(folder)) for name in names}
    print(tables(found))
    for name, heard in found.items():
        for language in LANGUAGES:
            chosen = [one for one in heard if one.language == language]
            kept = [one for one in chosen if one.confidence is not None and one.confidence >= UNCLEAR_BELOW]
            print(f"{name}, {language}: {len(kept)} of {len(chosen)} answers above the line, error {said_of(kept)};")
            lost = [one for one in chosen if not any(one is other for other in kept)]
            print(f"  below it {said_of(lost) if lost else 'none'}")


if __name__ == "__main__":
    main()
