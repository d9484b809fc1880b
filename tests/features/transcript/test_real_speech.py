"""Whisper's own weights on real speech, by both engines: what is said, in which language, what is not believed.

One start of each engine for the whole run; where the weights or the clips are not here, these tests skip and say so.
"""

import csv
from collections.abc import Callable
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.demo.make import DEMO
from tests.features.real import RATE, read_sound
from tests.features.transcript.dictations import passage, text
from vivavoce.evaluation.recognition import word_error_rate
from vivavoce.features.transcript.dictation import Dictation
from vivavoce.features.transcript.recognise import NoRecogniser, WrongLanguage
from vivavoce.features.transcript.weights import Checkpoint, locate_converted
from vivavoce.features.transcript.words import UNCLEAR_BELOW, answer_confidence

pytestmark = pytest.mark.xdist_group("real ears")
Sounds = dict[str, list[tuple[str, np.ndarray]]]
FILLERS_ONLY = "wenet/nst_ID003.wav"
HOMOPHONES = "speechbrain/spk"  # whose transcripts are themselves wrong in places


@pytest.fixture(scope="module")
def clips(viva_data: Path) -> Sounds:
    """By language: what is said, and its sound."""
    with (viva_data / "speech" / "transcripts.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["file"] != FILLERS_ONLY]
    rows = [row for row in rows if not row["file"].startswith(HOMOPHONES)]
    return {
        language: [
            (row["transcript"], read_sound(viva_data / "speech" / row["file"]))
            for row in rows
            if row["lang"] == language
        ]
        for language in ("en", "zh")
    }


@pytest.fixture(scope="module", params=["whisper", "faster-whisper"])
def engine(request: pytest.FixtureRequest, whisper_weights: Checkpoint) -> Dictation[Any]:
    if request.param == "whisper":
        from vivavoce.features.transcript.whisper import WhisperRecogniser

        return WhisperRecogniser.load(whisper_weights, device="cpu")
    from vivavoce.features.transcript.faster import FasterRecogniser

    try:
        return FasterRecogniser.load(locate_converted(), device="cpu")
    except NoRecogniser as error:
        pytest.skip(f"real converted weights absent: {error}")


@pytest.mark.parametrize(("language", "most"), [("en", 0.05), ("zh", 0.35)])  # seen: .03 and .21
def test_clear_speech_is_understood(
    engine: Dictation[Any], clips: Sounds, language: str, most: float, record_property: Callable[[str, object], None]
) -> None:
    from vivavoce.features.transcript.hygiene import normalise

    heard = [normalise(one) for one in engine.recognise([passage(sound, language) for _, sound in clips[language]])]
    pairs = zip(clips[language], heard, strict=True)
    pooled = reduce(add, [word_error_rate(said, text(found), language) for (said, _), found in pairs])
    record_property(f"{engine.engine}, {language}", f"{pooled.value:.3f} of {pooled.reference}")
    assert pooled.value <= most
    assert all(answer_confidence(found) > UNCLEAR_BELOW for found in heard)


def test_the_wrong_language_is_told_and_an_unknown_voice_is_not_believed(engine: Dictation[Any], clips: Sounds) -> None:
    for declared, spoken in (("zh", "en"), ("en", "zh")):
        with pytest.raises(WrongLanguage, match=f"is in '{spoken}'"):
            engine.recognise([passage(clips[spoken][0][1], declared)])
    synthetic = read_sound(DEMO / "media" / "c07_q1.mp4")[: 25 * RATE]  # a Mandarin voice that no Whisper understands
    (heard,) = engine.recognise([passage(synthetic, "zh")])
    found = answer_confidence(heard)
    assert found is None or found < UNCLEAR_BELOW


def test_words_begin_where_the_corpus_says(
    engine: Dictation[Any], viva_data: Path, record_property: Callable[[str, object], None]
) -> None:
    """The one clip of GRID that comes with its alignment (25,000 units a second); median .1 s and .3 s at most."""
    folder = viva_data / "talking_face" / "grid"
    lines = [line.split() for line in (folder / "swwp2s.align").read_text().splitlines()]
    starts = {word: int(start) / 25_000 for start, _, word in lines if word != "sil"}
    (heard,) = engine.recognise([passage(read_sound(folder / "id2_vcd_swwp2s.mpg"), "en")])
    found = {word.text.casefold().strip(".,"): word.start for word in heard.words}
    apart = [abs(found[word] - start) for word, start in starts.items() if word in found]
    record_property(f"{engine.engine}, GRID", f"{len(apart)} of {len(starts)} words, {np.median(apart):.2f} s")
    assert len(apart) >= 3
    assert np.median(apart) <= 0.1
    assert max(apart) <= 0.3
