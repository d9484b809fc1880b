"""pocketsphinx: a recogniser whose English model ships in its wheel, for wiring and smoke runs.

It hears roughly three words in four on clean read speech and far fewer elsewhere; what it writes is never good
enough to be scored, and its engine's name says who wrote it.

References
----------
Huggins-Daines et al., PocketSphinx: a free, real-time continuous speech recognition system for hand-held devices,
ICASSP 2006.
"""

import re
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import Any

import numpy as np

from vivavoce.data.schema import Stage
from vivavoce.features.speech import SPEECH
from vivavoce.features.transcript.recognise import NoRecogniser, Passage, WrongLanguage
from vivavoce.features.transcript.windows import phrases, speech_of, within_speech
from vivavoce.features.transcript.words import Transcript, Word

FRAME_S = 0.01  # pocketsphinx's step
LONGEST_S = 15.0  # of one utterance: search time grows faster than length
FULL_SCALE = 32767  # of 16-bit samples
MARKUP = re.compile(r"\(\d+\)$")  # "read(2)" is the second pronunciation of "read"


class SphinxRecogniser:
    """English, with the model of the wheel. A word's confidence is its posterior in the search lattice."""

    engine = "pocketsphinx:5"

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ModuleNotFoundError as error:
            raise NoRecogniser(
                "The recogniser 'pocketsphinx' is not installed: pip install 'vivavoce[offline-asr]' (for smoke runs "
                "only), or fetch Whisper's weights (viva weights fetch base)."
            ) from error
        self._decoder: Any = Decoder(loglevel="FATAL")

    @property
    def stage(self) -> Stage:
        """The wheel's version stands for its model too."""
        return Stage(
            "transcript",
            "1",
            {"engine": self.engine, "release": metadata.version("pocketsphinx"), "longest_s": LONGEST_S},
            (SPEECH,),
        )

    def recognise(self, passages: Sequence[Passage]) -> list[Transcript]:
        """One transcript per passage; ``auto`` is taken for English. Raises ``WrongLanguage`` for any other."""
        for passage in passages:
            if passage.language == "zh":
                raise WrongLanguage(passage.language, ("en",))
        return [Transcript(tuple(self._words(passage)), "en", self.engine, word_times=True) for passage in passages]

    def _words(self, passage: Passage) -> Iterator[Word]:
        segments = speech_of(passage)
        for start, end in phrases(passage, LONGEST_S):
            samples = np.clip(passage.audio.read(start, end), -1, 1)
            self._decoder.reinit_feat()  # forget the last utterance's loudness: order must not change a word
            self._decoder.start_utt()
            self._decoder.process_raw((samples * FULL_SCALE).astype("<i2").tobytes(), full_utt=True)
            self._decoder.end_utt()
            for heard in self._decoder.seg() or ():
                text = MARKUP.sub("", heard.word)
                first, last = start + heard.start_frame * FRAME_S, start + (heard.end_frame + 1) * FRAME_S
                spoken = within_speech(first, last, segments)
                if text[0] not in "<[" and spoken is not None:
                    yield Word(text, round(spoken[0], 3), round(spoken[1], 3), round(min(heard.prob, 1.0), 3))
