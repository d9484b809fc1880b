"""faster-whisper: the same Whisper in CTranslate2, 8-bit integers; words, times and checks by the same rules.

The library's own detector, windows, fallbacks and checks stay off: ours come before and after, so that a word is
heard, or refused, for the same reasons whichever engine is asked. Nothing is conditioned on earlier text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from whisper.audio import log_mel_spectrogram
from whisper.timing import WordTiming
from whisper.utils import compression_ratio

from vivavoce.features.transcript.dictation import MOST_TOKENS, Chances, Dictation, Written
from vivavoce.features.transcript.recognise import AUTO
from vivavoce.features.transcript.weights import Checkpoint, Opened, WeightsError, open_converted
from vivavoce.features.transcript.whisper import FRAME_S, SMOOTHING, joined
from vivavoce.features.transcript.windows import Window
from vivavoce.features.transcript.words import TimedText

PRECISIONS = {"cpu": "int8", "cuda": "int8_float16"}
PROMPT_SHARE = 2  # the library gives the text one half of the length that it is allowed
MELS_PER_FRAME = 2  # steps of the spectrogram to one of the encoder


@dataclass(frozen=True, eq=False)
class Heard:
    """Windows after the encoder, shape (windows, 1500, state)."""

    features: npt.NDArray[Any]

    def rows(self, indices: Sequence[int]) -> "Heard":
        """Some of the windows, in the order given."""
        return Heard(self.features[list(indices)])


class FasterRecogniser(Dictation[Heard]):
    """A loaded model, and its files: sampling takes a fresh one of the same bytes."""

    def __init__(self, opened: Opened, device: torch.device, most_tokens: int = MOST_TOKENS) -> None:
        self._opened, self._device = opened, device
        self._library = _library_model(opened, device)
        self._model = self._library.model
        super().__init__("faster-whisper", opened.sha256, self._model.compute_type, most_tokens)

    @classmethod
    def load(cls, checkpoint: Checkpoint, *, device: str = AUTO) -> "FasterRecogniser":
        """Read a folder from ``locate_converted``.

        Raises
        ------
        WeightsError
            If the folder is not what was pinned, or holds no Whisper.
        """
        place = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == AUTO else device)
        opened = open_converted(checkpoint)
        try:
            return cls(opened, place)
        except (RuntimeError, ValueError) as error:
            raise WeightsError(f"{checkpoint.path} holds no Whisper of CTranslate2's form: {error}") from error

    def encode(self, windows: Sequence[Window]) -> Heard:
        """Window by window, which on a processor takes three quarters of the time of eight together."""
        mels = [log_mel_spectrogram(torch.from_numpy(window.sound), self._model.n_mels) for window in windows]
        return Heard(
            np.concatenate([np.array(self._model.encode(_view(mel[None].numpy()), to_cpu=True)) for mel in mels])
        )

    def language_chances(self, encoded: Heard) -> Chances:
        """As the library tells them; an English-only model knows ``en``."""
        if not self._model.is_multilingual:
            return {"en": [1.0] * len(encoded.features)}
        found = [dict(row) for row in self._model.detect_language(_view(encoded.features))]
        return {token[2:-2]: [row[token] for row in found] for token in found[0]}  # "<|en|>" without its marks

    def decode(self, encoded: Heard, language: str, temperature: float, seed: int) -> list[Written]:
        """Greedy decoding, or a sample of a fresh model: the library seeds a model's sampler once, when it is built."""
        import ctranslate2
        from faster_whisper.transcribe import get_suppressed_tokens

        tokenizer = self._tokenizer(language)
        prompt = [*tokenizer.sot_sequence, tokenizer.no_timestamps]
        model, sampling = self._model, {"sampling_topk": 1, "sampling_temperature": 1.0}
        if temperature > 0:
            ctranslate2.set_random_seed(seed)
            model, sampling = (
                _library_model(self._opened, self._device).model,
                {"sampling_topk": 0, "sampling_temperature": temperature},
            )
        results = model.generate(
            _view(encoded.features),
            [prompt] * len(encoded.features),
            beam_size=1,
            length_penalty=0,  # a score is then the sum of log probabilities
            max_length=PROMPT_SHARE * self.most_tokens,
            suppress_tokens=get_suppressed_tokens(tokenizer, [-1]),
            return_scores=True,
            return_no_speech_prob=True,
            **sampling,
        )
        return [_written(result, tokenizer) for result in results]

    def align(
        self, encoded: Heard, texts: Sequence[Sequence[int]], filled: Sequence[float], language: str
    ) -> list[list[TimedText]]:
        """One teacher-forced pass over the texts, by the library."""
        frames = [max(2, min(encoded.features.shape[1], round(one / FRAME_S))) * MELS_PER_FRAME for one in filled]
        tokens = [list(text) for text in texts]
        found = self._library.find_alignment(
            self._tokenizer(language), tokens, _view(encoded.features), frames, SMOOTHING
        )
        return [joined([WordTiming(**row) for row in rows]) for rows in found]

    def _tokenizer(self, language: str) -> Any:
        from faster_whisper.tokenizer import Tokenizer

        return Tokenizer(self._library.hf_tokenizer, self._model.is_multilingual, "transcribe", language)


def _library_model(opened: Opened, device: torch.device) -> Any:
    """The library's model from open files; it reads nothing else and asks no hub."""
    from faster_whisper import WhisperModel

    return WhisperModel(
        "converted",
        device=device.type,
        device_index=device.index or 0,
        compute_type=PRECISIONS[device.type],
        cpu_threads=torch.get_num_threads(),
        files=opened.contents(),
    )


def _view(values: npt.NDArray[Any]) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(np.ascontiguousarray(values))


def _written(result: Any, tokenizer: Any) -> Written:
    """A result of the library; as OpenAI's code does, the end token counts in the mean."""
    tokens = tuple(token for token in result.sequences_ids[0] if token < tokenizer.eot)
    text = tokenizer.decode(list(tokens)).strip()
    return Written(tokens, result.scores[0] / (len(tokens) + 1), result.no_speech_prob, compression_ratio(text))
