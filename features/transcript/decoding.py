"""From windows of sound to tokens: one encoder pass, one decoder loop, many windows at a time.

The encoder's output is kept: language detection, decoding, fallbacks and word times all use the same one.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from whisper.audio import log_mel_spectrogram
from whisper.decoding import DecodingOptions, DecodingResult, decode, detect_language

from vivavoce.features.transcript.network import Network
from vivavoce.features.transcript.recognise import LANGUAGES, WrongLanguage
from vivavoce.features.transcript.windows import Window

BATCH = 8  # windows at a time: past 8 the decoder gains little on two cores, and 8 hold 100 MB with base
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)  # tried in turn where greedy decoding fails; the library's steps
TOO_REPETITIVE = 2.4  # gzip ratio above which a text is a loop; from the Whisper paper, section 4.5
TOO_UNSURE = -1.0  # mean log probability per token below which a decoding failed; ibid.
NO_SPEECH = 0.6  # probability of "no speech" above which an unsure window is empty; ibid.
FOREIGN = 0.5  # probability from which another language than ours is believed: more likely than all others together
MOST_TOKENS = 224  # of one window: half of the decoder's context, the library's limit


@dataclass(frozen=True, eq=False)
class Written:
    """What one window was decoded to.

    ``features`` is the encoder's output for it, shape (1500, state). ``tokens`` are text only.
    """

    tokens: tuple[int, ...]
    features: torch.Tensor
    language: str
    mean_log_probability: float
    no_speech: float
    repetition: float
    temperature: float

    @property
    def failed(self) -> bool:
        """Whether another temperature should be tried: a loop, or too unsure, and not just silence."""
        if self.empty:
            return False
        return self.repetition > TOO_REPETITIVE or self.mean_log_probability < TOO_UNSURE

    @property
    def empty(self) -> bool:
        """Whether the window holds no speech after all: the network says so and its words are unsure."""
        return self.no_speech > NO_SPEECH and self.mean_log_probability < TOO_UNSURE


def encode(network: Network, windows: Sequence[Window]) -> torch.Tensor:
    """The encoder's output, shape (windows, 1500, state), in one forward pass.

    Each window's spectrogram is scaled by its own loudest point, never by a neighbour's.
    """
    sounds = [torch.from_numpy(window.sound).to(network.device) for window in windows]
    mels = torch.stack([log_mel_spectrogram(sound, network.model.dims.n_mels) for sound in sounds])
    with torch.inference_mode():
        features: torch.Tensor = network.model.encoder(mels.to(network.dtype))
    return features


def language_of(network: Network, features: torch.Tensor, weights: Sequence[float]) -> str:
    """The language of windows that are known to share one.

    Parameters
    ----------
    network
        Whisper. An English-only one answers ``en``.
    features
        Shape (windows, 1500, state).
    weights
        Seconds of sound in each window: a full one says more than a short rest.

    Raises
    ------
    WrongLanguage
        If another language than English or Chinese is more likely than not.
    """
    if not network.languages:
        return "en"
    _, found = detect_language(network.model, features, network.tokenizer("en"))
    total = sum(weights)
    shares = {code: sum(w * row[code] for w, row in zip(weights, found, strict=True)) / total for code in found[0]}
    likeliest = max(shares, key=lambda code: shares[code])
    if likeliest not in LANGUAGES and shares[likeliest] > FOREIGN:
        raise WrongLanguage(likeliest, LANGUAGES)
    return max(LANGUAGES, key=lambda code: shares[code])


def write(
    network: Network,
    features: torch.Tensor,
    windows: Sequence[Window],
    language: str,
    *,
    most_tokens: int = MOST_TOKENS,
) -> list[Written]:
    """Decode windows of one language: greedily and together; where that fails, one by one with rising temperature.

    Parameters
    ----------
    network
        Whisper.
    features
        The encoder's output for the windows, shape (windows, 1500, state).
    windows
        The windows, whose sound seeds the sampling: the same window is always decoded alike.
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
    end = network.tokenizer(language).eot
    first = [_written(result, end) for result in decode(network.model, features, options)]
    return [
        _retry(network, row, window, options, end) if row.failed else row
        for row, window in zip(first, windows, strict=True)
    ]


def _retry(network: Network, failed: Written, window: Window, options: DecodingOptions, end: int) -> Written:
    """Sample at rising temperatures until a decoding passes; else keep the best by probability."""
    seed = int.from_bytes(hashlib.sha256(window.sound.tobytes()).digest()[:8], "big")
    tried = [failed]
    devices = [network.device] if network.device.type == "cuda" else []
    for temperature in TEMPERATURES:
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(seed)
            (result,) = decode(network.model, failed.features[None], options, temperature=temperature)
        tried.append(_written(result, end))
        if not tried[-1].failed:
            return tried[-1]
    return max(tried, key=lambda row: -math.inf if row.repetition > TOO_REPETITIVE else row.mean_log_probability)


def _written(result: DecodingResult, end: int) -> Written:
    """The library's result, with text tokens (those below ``end``) only."""
    return Written(
        tuple(token for token in result.tokens if token < end),
        result.audio_features,
        result.language,
        result.avg_logprob,
        result.no_speech_prob,
        result.compression_ratio,
        result.temperature,
    )
