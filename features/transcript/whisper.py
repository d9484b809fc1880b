"""OpenAI's Whisper in torch: any official weights or a local checkpoint, on a processor or a GPU."""

from collections.abc import Sequence

import torch
from whisper.decoding import DecodingOptions, DecodingResult, DecodingTask, PyTorchInference

from vivavoce.features.transcript.alignment import TimedText, align
from vivavoce.features.transcript.decoding import MOST_TOKENS, Chances, Written
from vivavoce.features.transcript.dictation import Dictation
from vivavoce.features.transcript.encoding import Encoded, encode, passes
from vivavoce.features.transcript.network import Network, load_network
from vivavoce.features.transcript.recognise import AUTO
from vivavoce.features.transcript.weights import Checkpoint
from vivavoce.features.transcript.windows import Window


class WhisperRecogniser(Dictation[Encoded]):
    """A loaded network; ``most_tokens`` as in ``Dictation``."""

    def __init__(self, network: Network, most_tokens: int = MOST_TOKENS) -> None:
        super().__init__("whisper", network.sha256, str(network.dtype), most_tokens)
        self.network = network

    @classmethod
    def load(cls, checkpoint: Checkpoint, *, device: str = AUTO) -> "WhisperRecogniser":
        """Read weights from ``locate``. Raises ``WeightsError`` where they are not what they should be."""
        return cls(load_network(checkpoint, device))

    def encode(self, windows: Sequence[Window]) -> Encoded:
        """One forward pass; what it gives is shared by everything after it."""
        return encode(self.network, windows)

    def language_chances(self, encoded: Encoded) -> Chances:
        """Of the official languages; an English-only network knows ``en``."""
        if not self.network.languages:
            return {"en": [1.0] * len(encoded.features)}
        tokenizer = self.network.tokenizer("en")
        start = torch.full((len(encoded.features), 1), tokenizer.sot, device=self.network.device)
        with torch.inference_mode():
            scores = self.network.model.decoder(start, encoded.features, kv_cache=encoded.memory)[:, 0]
        chances = scores[:, list(tokenizer.all_language_tokens)].softmax(dim=-1).cpu().double()
        return dict(zip(tokenizer.all_language_codes, chances.T.tolist(), strict=True))

    def decode(self, encoded: Encoded, language: str, temperature: float, seed: int) -> list[Written]:
        """The library's decoding of the windows; text tokens are those below the end token."""
        options = DecodingOptions(
            language=language,
            temperature=temperature,
            sample_len=self.most_tokens,
            without_timestamps=True,  # words get their times from attention; nothing is conditioned on earlier text
            fp16=self.network.dtype == torch.float16,
        )
        task = DecodingTask(self.network.model, options)
        task.inference = _Inference(self.network, encoded, len(task.initial_tokens))
        devices = [self.network.device] if self.network.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            results: list[DecodingResult] = task.run(encoded.features)
        return [
            Written(
                tuple(token for token in result.tokens if token < task.tokenizer.eot),
                result.avg_logprob,
                result.no_speech_prob,
                result.compression_ratio,
            )
            for result in results
        ]

    def align(
        self, encoded: Encoded, texts: Sequence[Sequence[int]], filled: Sequence[float], language: str
    ) -> list[list[TimedText]]:
        """One teacher-forced pass over each text."""
        found: list[list[TimedText]] = []
        for some in passes(self.network, len(texts)):
            rows = encoded.rows(range(some.start, some.stop))
            found += align(self.network, rows, texts[some], filled[some], language)
        return found


class _Inference(PyTorchInference):  # type: ignore[misc]  # the library has no types
    """The library's decoder steps, with cross-attention keys and values that are already there."""

    def __init__(self, network: Network, encoded: Encoded, prompt: int) -> None:
        super().__init__(network.model, prompt)
        self.kv_cache, self.hooks = network.model.install_kv_cache_hooks(encoded.memory)
