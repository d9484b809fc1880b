"""Whisper's own weights on real clips: errors and confidence, sounds without speech, times of planted joins.

Skips where the weights or the clips are not here, and says so.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from tests.conftest import data_folder
from tests.features.real import RATE
from tests.features.transcript.dictations import passage
from tests.features.transcript.real_clips import Clip, conditions, joined, read_clips
from tests.features.transcript.real_hearing import (
    ENGINES,
    LANGUAGES,
    Hearing,
    above,
    calibration_error,
    calibration_of,
    groups,
    hearings,
    open_engine,
    said_of,
)
from tests.proof import proof_count
from tests.small_whisper.recordings import KINDS, non_speech, room
from vivavoce.features.transcript.dictation import Dictation
from vivavoce.features.transcript.recognise import NoRecogniser
from vivavoce.features.transcript.words import UNCLEAR_BELOW

pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("real ears")]
Record = Callable[[str, object], None]
FEW = ("clean", "noise2 0 dB")  # of the reduced run


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Dictation[Any]:
    try:
        return open_engine(request.param)
    except NoRecogniser as error:
        pytest.skip(f"real weights absent: {error}")


@pytest.fixture(scope="module")
def clips(viva_data: object) -> tuple[Clip, ...]:
    return read_clips(data_folder() / "speech")


def words_of(found: Sequence[Hearing]) -> np.ndarray:
    return np.concatenate([one.words for one in found])


def test_errors_and_confidence_on_real_clips(
    engine: Dictation[Any], clips: tuple[Clip, ...], record_property: Record
) -> None:
    """Eleven clips of seven people decide no line: what is held is what the least use of a confidence asks for."""
    wanted = conditions(data_folder() / "speech") if proof_count(0, 1) else FEW
    found = hearings(engine, clips[proof_count(6, 0) :: proof_count(3, 1)], wanted)
    for language in LANGUAGES:
        for name, heard in groups([one for one in found if one.language == language]).items():
            record_property(f"{language}, {name}", f"error {said_of(heard)}, calibration error {calibration_of(heard)}")
    believed, all_of_it = above(found, UNCLEAR_BELOW), above(found, 0.0)
    record_property("error above the line", f"{believed.value:.2f} (all answers {all_of_it.value:.2f})")
    clean = [one for one in found if one.condition == "clean" and one.language == "en"]
    assert above(clean, 0.0).value <= 0.15
    assert believed.value <= all_of_it.value
    assert calibration_error(words_of(found)) <= 0.25
    table = words_of(found)
    sure = table[:, 0] >= 0.8
    if proof_count(0, 1):
        assert table[sure, 1].mean() > table[~sure, 1].mean() + 0.1


def breath(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Breathing in and out close to a microphone, shape (samples,)."""
    t = np.arange(round(seconds * RATE)) / RATE
    air = sosfilt(butter(2, (300, 3000), "bandpass", fs=RATE, output="sos"), rng.normal(0, 1, len(t)))
    swell = np.sin(np.pi * rng.uniform(0.3, 0.6) * t + rng.uniform(0, 3)) ** 2
    return (0.1 * air * swell + room(seconds, rng)).astype(np.float32)


def test_real_weights_hear_no_word_where_nobody_speaks(engine: Dictation[Any], record_property: Record) -> None:
    rng = np.random.default_rng(9)
    kinds = (*KINDS, "breath")
    count = proof_count(30, 300)
    spoken = []
    for i in range(count):
        kind = kinds[i % len(kinds)]
        sound = breath(5.0, rng) if kind == "breath" else non_speech(kind, 5.0, rng)
        (heard,) = engine.recognise([passage(sound, ("en", "zh", "auto")[i % 3])])
        spoken += [kind] if heard.words else []
    record_property("clips", count)
    record_property("clips with a word", f"{len(spoken)} {' '.join(sorted(set(spoken)))}")
    assert len(spoken) <= 0.01 * count, spoken


def test_first_words_begin_where_their_clips_were_joined(
    engine: Dictation[Any], clips: tuple[Clip, ...], record_property: Record
) -> None:
    """The nearest word's start beside where each clip's voice begins; clips joined in silence at random distances."""
    english = tuple(one for one in clips if one.language == "en")
    rng = np.random.default_rng(3)
    off: list[float] = []
    for _ in range(proof_count(1, 20)):
        placed = list(joined(english, rng))
        sound = room(30.0, rng)
        for one in placed:
            begin = round(one.at * RATE)
            sound[begin : begin + len(one.clip.sound)] += one.clip.sound
        (heard,) = engine.recognise([passage(sound, "en")])
        begins = np.array([word.start for word in heard.words])
        off += [float(np.abs(begins - one.voice).min()) for one in placed]
    record_property("joins", len(off))
    record_property("median, 95 % within", f"{np.median(off):.2f} s, {np.quantile(off, 0.95):.2f} s")
    assert np.median(off) <= 0.15
