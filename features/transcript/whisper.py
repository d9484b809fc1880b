"""OpenAI's Whisper in torch: any official weights or a local checkpoint, on a processor or a GPU.

When each word was said: from the attention that the decoder pays to the sound while it is told the text.

One teacher-forced pass over the finished text, on the encoder's output and the keys and values that decoding used;
the library runs the encoder a second time for this. The rest follows the published method: the attention of the
alignment heads is standardised over tokens, smoothed by a median over frames, averaged, and a monotonic path is laid
through it.

References
----------
Radford et al., Robust speech recognition via large-scale weak supervision, 2022, and its reference implementation's
``timing.py``. Sakoe & Chiba, Dynamic programming algorithm optimization for spoken word recognition, IEEE Trans. ASSP
26 (1978).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import median_filter
from whisper.audio import N_SAMPLES_PER_TOKEN, SAMPLE_RATE
from whisper.decoding import DecodingOptions, DecodingResult, DecodingTask, PyTorchInference
from whisper.model import TextDecoder, Whisper, disable_sdpa
from whisper.timing import WordTiming, merge_punctuations

from vivavoce.data.track import Array
from vivavoce.features.transcript.dictation import MOST_TOKENS, Chances, Dictation, Written
from vivavoce.features.transcript.network import Encoded, Network, encode, load_network, passes
from vivavoce.features.transcript.recognise import AUTO
from vivavoce.features.transcript.weights import Checkpoint
from vivavoce.features.transcript.windows import Window
from vivavoce.features.transcript.words import TimedText

FRAME_S = N_SAMPLES_PER_TOKEN / SAMPLE_RATE  # 0.02 s: one position of the encoder
SMOOTHING = 7  # frames of the median filter, 0.14 s: the library's width
OPENING = "\"'“¿([{-"  # marks that belong to the next word
CLOSING = "\"'.。,，!！?？:：”)]}、"  # and to the one before


def align(
    network: Network, encoded: Encoded, texts: Sequence[Sequence[int]], filled: Sequence[float], language: str
) -> list[list[TimedText]]:
    """Times of every word of windows in one language, in one pass of the decoder.

    Parameters
    ----------
    network
        Whisper.
    encoded
        The windows, as decoding saw them.
    texts
        Text tokens per window, at least one each.
    filled
        Seconds of each window that hold sound; no word ends later.
    language
        ``en`` or ``zh``.

    Returns
    -------
    list of list of TimedText
        Per window, in order; punctuation is joined to its word.
    """
    tokenizer = network.tokenizer(language)
    prompt = [*tokenizer.sot_sequence_including_notimestamps]
    length = max(map(len, texts))
    rows = [[*prompt, *text, *[tokenizer.eot] * (length + 1 - len(text))] for text in texts]
    tokens = torch.tensor(rows, device=network.device)
    with torch.inference_mode(), disable_sdpa(), _attention(network.model) as heads:
        hidden = _hidden(network.model.decoder, tokens, encoded)[:, len(prompt) - 1 :]
        rows_of_text = network.model.decoder.token_embedding.weight[: tokenizer.eot].to(hidden.dtype)
        chances = [_chances(row[: len(text)] @ rows_of_text.T, text) for row, text in zip(hidden, texts, strict=True)]
    attention = torch.stack(heads, dim=1)[:, :, len(prompt) - 1 :]  # rows that predict text tokens and the end
    aligned = []
    for i, text in enumerate(texts):
        frames = max(2, min(attention.shape[-1], round(filled[i] / FRAME_S)))
        path = row_starts(-sharpen(attention[i, :, : len(text) + 1, :frames])) * FRAME_S
        said = chances[i]
        words, parts = tokenizer.split_to_word_tokens([*text, tokenizer.eot])
        edges = np.cumsum([0, *map(len, parts[:-1])])
        timings = [
            WordTiming(word, part, path[a], path[b], float(np.mean(said[a:b])))
            for word, part, a, b in zip(words[:-1], parts[:-1], edges[:-1], edges[1:], strict=True)
        ]
        aligned.append(joined(timings))
    return aligned


def joined(timings: list[WordTiming]) -> list[TimedText]:
    """Words as the library times them, punctuation joined to its word."""
    merge_punctuations(timings, OPENING, CLOSING)
    return [TimedText(t.word, t.start, t.end, t.probability) for t in timings if t.word]


def _hidden(decoder: TextDecoder, tokens: torch.Tensor, encoded: Encoded) -> torch.Tensor:
    """The decoder's last states, shape (windows, tokens, state), before they are compared with 51,865 tokens.

    All windows at once those scores would take more memory than the rest of recognition.
    """
    x = (decoder.token_embedding(tokens) + decoder.positional_embedding[: tokens.shape[1]]).to(encoded.features.dtype)
    for block in decoder.blocks:
        x = block(x, encoded.features, mask=decoder.mask, kv_cache=encoded.memory)
    states: torch.Tensor = decoder.ln(x)
    return states


def _chances(scores: torch.Tensor, text: Sequence[int]) -> list[float]:
    """Probability of each token of a text, from the scores of all text tokens at its place, shape (tokens, texts)."""
    scores = scores.float()
    wanted = scores.gather(-1, torch.tensor(text, device=scores.device)[:, None])[:, 0]
    return list((wanted - scores.logsumexp(dim=-1)).exp().tolist())


def sharpen(attention: torch.Tensor) -> Array:
    """Raw attention scores (heads, tokens, frames) as one matrix (tokens, frames), high where a token was said."""
    weights = attention.softmax(dim=-1)
    std, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
    standard = ((weights - mean) / std.clamp_min(1e-12)).cpu().numpy()
    smooth: Array = median_filter(standard, size=(1, 1, SMOOTHING), mode="reflect").mean(axis=0, dtype=np.float64)
    return smooth


def row_starts(cost: Array) -> npt.NDArray[np.int64]:
    """The cheapest monotonic path through a matrix of costs, as the column at which it enters each row.

    Parameters
    ----------
    cost
        Shape (rows, columns). The path runs from the first cell to the last, right, down or both at each step.

    Returns
    -------
    ndarray of int, shape (rows,)
        Columns, ascending.

    Examples
    --------
    >>> row_starts(-np.array([[9.0, 9, 0, 0, 0], [0, 0, 9, 9, 0], [0, 0, 0, 0, 9]]))
    array([0, 2, 4])
    """
    rows, columns = cost.shape
    enters = np.zeros((rows, columns), dtype=np.int64)  # where the best path to a cell came into its row
    diagonal = np.zeros((rows, columns), dtype=bool)  # whether it came there from the left above
    total = np.cumsum(cost[0])
    for row in range(1, rows):
        left_above = np.concatenate([[np.inf], total[:-1]])
        diagonal[row] = left_above <= total
        # the cheapest way to a cell enters the row somewhere before it and walks right: a running minimum
        walked = np.cumsum(cost[row])
        entry = np.minimum(left_above, total) - np.concatenate([[0.0], walked[:-1]])
        best = np.minimum.accumulate(entry)
        fresh = entry <= best
        enters[row] = np.maximum.accumulate(np.where(fresh, np.arange(columns), 0))
        total = best + walked
    starts = np.zeros(rows, dtype=np.int64)
    column = columns - 1
    for row in range(rows - 1, 0, -1):
        column = starts[row] = enters[row, column]
        column -= int(diagonal[row, column])
    return starts


@contextmanager
def _attention(model: Whisper) -> Iterator[list[torch.Tensor]]:
    """Collect the alignment heads' scores, one tensor (windows, tokens, frames) per head, during a pass."""
    kept: list[torch.Tensor] = []
    wanted: dict[int, list[int]] = {}
    for layer, head in model.alignment_heads.indices().T.tolist():
        wanted.setdefault(layer, []).append(head)

    def keep(heads: list[int]) -> object:
        return lambda _module, _inputs, outputs: kept.extend(outputs[1][:, head] for head in heads)

    hooks = [model.decoder.blocks[i].cross_attn.register_forward_hook(keep(heads)) for i, heads in wanted.items()]
    try:
        yield kept
    finally:
        for hook in hooks:
            hook.remove()


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
