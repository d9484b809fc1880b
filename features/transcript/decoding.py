"""From encoded windows to a language and to tokens: one decoder loop for many windows at a time."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from whisper.decoding import DecodingOptions, DecodingResult, DecodingTask, PyTorchInference

from vivavoce.features.transcript.encoding import Encoded
from vivavoce.features.transcript.network import Network
from vivavoce.features.transcript.recognise import LANGUAGES, WrongLanguage
from vivavoce.features.transcript.windows import Window

BATCH = 4  # windows at a time: with base each takes 1.0 s of decoding, alone 2.4 s; 8 take 0.7 s and 200 MB more
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)  # tried in turn where greedy decoding fails; the library's steps
TOO_REPETITIVE = 2.4  # gzip ratio above which a text is a loop; from the Whisper paper, section 4.5
TOO_UNSURE = -1.0  # mean log probability per token below which a decoding failed; ibid.
NO_SPEECH = 0.6  # probability of "no speech" above which an unsure window is empty; ibid.
FOREIGN = 0.5  # probability from which another language than ours is believed: more likely than all others together
MOST_TOKENS = 224  # of one window: half of the decoder's context, the library's limit


@dataclass(frozen=True)
class Written:
    """What one window was decoded to; ``tokens`` are text only."""

    tokens: tuple[int, ...]
    mean_log_probability: float
    no_speech: float
    repetition: float

    @property
    def failed(self) -> bool:
        """Whether another temperature should be tried: a loop, or too unsure, and not just silence."""
        return not self.empty and (self.repetition > TOO_REPETITIVE or self.mean_log_probability < TOO_UNSURE)

    @property
    def empty(self) -> bool:
        """Whether the window holds no speech after all: the network says so and its words are unsure."""
        return self.no_speech > NO_SPEECH and self.mean_log_probability < TOO_UNSURE


def language_of(network: Network, encoded: Encoded, weights: Sequence[float]) -> str:
    """The language of windows that are known to share one.

    Parameters
    ----------
    network
        Whisper. An English-only one answers ``en``.
    encoded
        The windows.
    weights
        Seconds of sound in each window: a full one says more than a short rest.

    Raises
    ------
    WrongLanguage
        If another language than English or Chinese is more likely than not.
    """
    if not network.languages:
        return "en"
    tokenizer = network.tokenizer("en")
    start = torch.full((len(weights), 1), tokenizer.sot, device=network.device)
    with torch.inference_mode():
        scores = network.model.decoder(start, encoded.features, kv_cache=encoded.memory)[:, 0]
    chances = scores[:, list(tokenizer.all_language_tokens)].softmax(dim=-1).cpu().double()
    mean = torch.tensor(weights, dtype=torch.float64) @ chances / sum(weights)
    shares = dict(zip(tokenizer.all_language_codes, mean.tolist(), strict=True))
    likeliest = max(shares, key=lambda code: shares[code])
    if likeliest not in LANGUAGES and shares[likeliest] > FOREIGN:
        raise WrongLanguage(likeliest, LANGUAGES)
    return max(LANGUAGES, key=lambda code: shares[code])


def write(
    network: Network, encoded: Encoded, windows: Sequence[Window], language: str, most_tokens: int = MOST_TOKENS
) -> list[Written]:
    """Decode windows of one language: greedily and together; where that fails, one by one with rising temperature.

    Parameters
    ----------
    network
        Whisper.
    encoded
        The windows after the encoder.
    windows
        The same windows, whose sound seeds the sampling: the same window is always decoded alike.
    language
        ``en`` or ``zh``.
    most_tokens
        Tokens that a window may take; for timing with weights that know no words.
    """
    options = DecodingOptions(
        language=language,
        sample_len=most_tokens,
        without_timestamps=True,  # words get their times from attention; nothing is conditioned on earlier text
        fp16=network.dtype == torch.float16,
    )
    written = _decode(network, encoded, options)
    for i, (row, window) in enumerate(zip(written, windows, strict=True)):
        if row.failed:
            written[i] = _retry(network, row, encoded.rows([i]), window, options)
    return written


class _Inference(PyTorchInference):  # type: ignore[misc]  # the library has no types
    """The library's decoder steps, with cross-attention keys and values that are already there."""

    def __init__(self, network: Network, encoded: Encoded, prompt: int) -> None:
        super().__init__(network.model, prompt)
        self.kv_cache, self.hooks = network.model.install_kv_cache_hooks(encoded.memory)


def _decode(network: Network, encoded: Encoded, options: DecodingOptions) -> list[Written]:
    """The library's decoding of the windows; text tokens are those below the end token."""
    task = DecodingTask(network.model, options)
    task.inference = _Inference(network, encoded, len(task.initial_tokens))
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


def _retry(network: Network, failed: Written, encoded: Encoded, window: Window, options: DecodingOptions) -> Written:
    """Sample at rising temperatures until a decoding passes; else keep the most probable that is no loop."""
    seed = int.from_bytes(hashlib.sha256(window.sound.tobytes()).digest()[:8], "big")
    tried = [failed]
    devices = [network.device] if network.device.type == "cuda" else []
    for temperature in TEMPERATURES:
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            tried.extend(_decode(network, encoded, replace(options, temperature=temperature)))
        if not tried[-1].failed:
            return tried[-1]
    return max(tried, key=lambda row: -math.inf if row.repetition > TOO_REPETITIVE else row.mean_log_probability)
