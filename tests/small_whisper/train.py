"""Train the small Whisper: ``python -m tests.small_whisper.train OUT.pt`` (about 40 minutes on one core).

Whisper's own classes, checkpoint format and tokenizer; two layers; forty words. Two things make it learn within
minutes. It starts on short windows. And because we know when every word is spoken, the decoder's attention is
guided there: the last layer to the word that is about to be written, half of the first layer to the one that
was written last [1]_. Only the tokens in use have rows of their own; the 51,000 others share one that learns never
to win.

References
----------
.. [1] Tachibana, Uenoyama, Aihara, Efficiently trainable text-to-speech system based on deep convolutional networks
   with guided attention, ICASSP 2018.
"""

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from whisper.audio import log_mel_spectrogram
from whisper.model import ModelDimensions, Whisper, disable_sdpa
from whisper.tokenizer import Tokenizer, get_tokenizer

from tests.small_whisper.recordings import KINDS, Planted, Recording, non_speech
from tests.small_whisper.synthesis import RATE, Sound, Voice, speak
from tests.small_whisper.vocabulary import WORDS
from vivavoce.features.transcript.windows import CONTEXT_S, KEPT_GAP_S, SEPARATOR_S

DIMENSIONS = ModelDimensions(80, 1500, 80, 4, 2, 51865, 448, 80, 4, 2)
FRAME_S = 0.02  # one position of the encoder
VOICES = 64
WARM_UP = 50  # steps


@dataclass(frozen=True)
class Stage:
    """One part of the course: windows of so many seconds, so many steps of so many windows, the highest rate."""

    seconds: float
    steps: int
    windows: int
    rate: float


COURSE = (
    Stage(3.0, 1200, 32, 2e-3),
    Stage(8.0, 600, 16, 1.5e-3),
    Stage(15.0, 500, 8, 1.5e-3),
    Stage(22.0, 500, 6, 1.5e-3),
    Stage(30.0, 1100, 4, 1.5e-3),
)


@dataclass(frozen=True)
class Example:
    """One window: sound, tokens from ``sot`` to ``eot``, and each text token's frames (start, end, pause's end)."""

    sound: Sound
    tokens: list[int]
    spans: list[tuple[float, float, float]]


class Bank:
    """Every word in every voice, spoken once; windows are assembled from it."""

    def __init__(self, rng: np.random.Generator, voices: int = VOICES) -> None:
        self.rng = rng
        speakers = [Voice.draw(rng) for _ in range(voices)]
        self.spoken = {
            language: [{word: speak(signs, voice, rng) for word, signs in words.items()} for voice in speakers]
            for language, words in WORDS.items()
        }

    def window(self, seconds: float) -> Example:
        """A random window; one in eight holds no speech, or next to none."""
        rng = self.rng
        if rng.random() < 0.125:
            sound = non_speech(str(rng.choice(KINDS)), seconds, rng) * rng.uniform(0.1, 1.5)
            tokenizer = tokens_of("en")
            return Example(
                sound.astype(np.float32), [*tokenizer.sot_sequence_including_notimestamps, tokenizer.eot], []
            )
        recording = self.recording(seconds * (1.0 if rng.random() < 0.6 else rng.uniform(0.3, 1.0)), seconds)
        return example_of(recording)

    def recording(self, filled: float, seconds: float) -> Recording:
        """Words from the bank in ``filled`` of ``seconds``; the rest is digital silence, as in a packed window."""
        rng = self.rng
        language = str(rng.choice(["en", "zh"]))
        voice = self.spoken[language][int(rng.integers(len(self.spoken[language])))]
        names = list(voice)
        sound = np.zeros(round(seconds * RATE), np.float32)
        packed, separators = rng.random() < 0.5, []
        at, words = float(rng.uniform(0.0, 0.4)), []
        while True:
            text = names[int(rng.integers(len(names)))]
            spoken = voice[text] * 10 ** (rng.uniform(-8, 3) / 20)
            if at + len(spoken) / RATE > filled:
                break
            first = round(at * RATE)
            sound[first : first + len(spoken)] += spoken
            end = at + len(spoken) / RATE
            words.append(Planted(text, at, end))
            at = end + float(rng.uniform(0.15, 0.55))
            if packed and at - end > KEPT_GAP_S - 2 * CONTEXT_S:
                at = end + 2 * CONTEXT_S + SEPARATOR_S
                separators.append((end + CONTEXT_S, at - CONTEXT_S))
        covered = round(filled * RATE)
        noise = rng.normal(0, 10 ** (rng.uniform(-80, -35) / 20), covered)
        for first_s, last_s in separators:
            noise[round(first_s * RATE) : round(last_s * RATE)] = 0.0
        sound[:covered] += noise
        return Recording(sound * np.float32(10 ** (rng.uniform(-25, 3) / 20)), tuple(words), language)


def tokens_of(language: str) -> Tokenizer:
    """Whisper's own tokenizer for a language."""
    return get_tokenizer(True, num_languages=99, language=language, task="transcribe")


def text_tokens(word: str, language: str) -> list[int]:
    """Tokens of one word as they stand in running text."""
    return tokens_of(language).encode(f" {word}" if language == "en" else word)


def example_of(recording: Recording) -> Example:
    """Tokens and their spans: a word's time is shared evenly by its tokens, the pause belongs to the last of them."""
    tokenizer = tokens_of(recording.language)
    tokens = [*tokenizer.sot_sequence_including_notimestamps]
    spans = []
    for i, word in enumerate(recording.words):
        parts = text_tokens(word.text, recording.language)
        until = recording.words[i + 1].start if i + 1 < len(recording.words) else word.end + 0.3
        edges = np.linspace(word.start, word.end, len(parts) + 1) / FRAME_S
        spans.extend((a, b, b) for a, b in pairwise(edges[:-1]))
        spans.append((edges[-2], edges[-1], until / FRAME_S))
        tokens.extend(parts)
    return Example(recording.sound, [*tokens, tokenizer.eot], spans)


def used_tokens() -> list[int]:
    """Every token that can be asked for, ascending."""
    tokenizer = tokens_of("en")
    special = [*tokenizer.sot_sequence_including_notimestamps, tokenizer.to_language_token("zh")]
    words = [t for language, words in WORDS.items() for word in words for t in text_tokens(word, language)]
    return sorted({*special, *words, tokenizer.eot, tokenizer.no_speech})


class Trainer:
    """The network, its tokens in use, and one step of learning."""

    def __init__(self) -> None:
        self.model = Whisper(DIMENSIONS)
        decoder = self.model.decoder
        torch.nn.init.normal_(decoder.token_embedding.weight, std=0.05)
        torch.nn.init.normal_(decoder.positional_embedding, std=0.05)
        self.used = torch.tensor(used_tokens())
        self.rest = torch.nn.Parameter(torch.zeros(DIMENSIONS.n_text_state))  # the row that all other tokens share
        self.index = torch.full((DIMENSIONS.n_vocab,), -100).scatter(0, self.used, torch.arange(len(self.used)))
        weights = [p for p in self.model.parameters() if p.requires_grad]
        self.optimiser = torch.optim.AdamW([*weights, self.rest], weight_decay=0.01)

    def encode(self, mel: torch.Tensor) -> torch.Tensor:
        """Whisper's encoder on windows of any length."""
        encoder = self.model.encoder
        x = functional.gelu(encoder.conv2(functional.gelu(encoder.conv1(mel)))).permute(0, 2, 1)
        x = x + encoder.positional_embedding[: x.shape[1]]
        for block in encoder.blocks:
            x = block(x)
        return encoder.ln_post(x)

    def decode(self, tokens: torch.Tensor, audio: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Last hidden states, and each layer's attention scores (windows, heads, tokens, frames)."""
        seen: list[torch.Tensor] = []
        x = self.model.decoder.token_embedding(tokens) + self.model.decoder.positional_embedding[: tokens.shape[1]]
        with disable_sdpa():
            for block in self.model.decoder.blocks:
                x = x + block.attn(block.attn_ln(x), mask=self.model.decoder.mask)[0]
                cross, query = block.cross_attn, block.cross_attn_ln(x)
                heads, scores = attend(cross.query(query), cross.key(audio), cross.value(audio), cross.n_head)
                seen.append(scores)
                x = x + cross.out(heads)
                x = x + block.mlp(block.mlp_ln(x))
        return self.model.decoder.ln(x), seen

    def step(self, examples: list[Example], guidance: float) -> tuple[float, float, float]:
        """One step: text loss, attention loss, share of text tokens that would have been written rightly."""
        mel = torch.stack([log_mel_spectrogram(e.sound, DIMENSIONS.n_mels) for e in examples])
        length = max(len(e.tokens) for e in examples)
        eot = examples[0].tokens[-1]
        tokens = torch.tensor([e.tokens + [eot] * (length - len(e.tokens)) for e in examples])
        hidden, seen = self.decode(tokens[:, :-1], self.encode(mel))
        logits = self.logits(hidden)
        wanted = self.index[tokens[:, 1:]].clone()
        wanted[:, 1:3] = -100  # "transcribe" and "no timestamps" are given, never asked for
        for row, example in enumerate(examples):
            wanted[row, len(example.tokens) - 1 :] = -100
            if not example.spans:
                wanted[row, 0] = self.index[tokens_of("en").no_speech]
        text = functional.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=-100)
        attention = guide(seen, examples, mel.shape[-1] // 2)
        self.optimiser.zero_grad()
        (text + guidance * attention).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        asked = wanted[:, 3:] != -100
        right = (logits[:, 3:].argmax(-1) == wanted[:, 3:])[asked].float().mean()
        return text.item(), attention.item(), right.item()

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Scores of the tokens in use, and of all others together."""
        rows = self.model.decoder.token_embedding.weight[self.used]
        others = hidden @ self.rest + math.log(DIMENSIONS.n_vocab - len(self.used))
        return torch.cat([hidden @ rows.T, others[..., None]], dim=-1)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint that ``save`` wrote."""
        self.model.load_state_dict(torch.load(path, weights_only=True)["model_state_dict"])
        unused = next(i for i in range(DIMENSIONS.n_vocab) if self.index[i] < 0)
        with torch.no_grad():
            self.rest.copy_(self.model.decoder.token_embedding.weight[unused])

    def save(self, path: Path) -> None:
        """Write the checkpoint in the official form, half precision."""
        weight = self.model.decoder.token_embedding.weight.detach().clone()
        unused = torch.ones(len(weight), dtype=torch.bool)
        unused[self.used] = False
        weight[unused] = self.rest.detach()
        state = {name: value.half() for name, value in self.model.state_dict().items()}
        state["decoder.token_embedding.weight"] = weight.half()
        torch.save({"dims": asdict(DIMENSIONS), "model_state_dict": state}, path)


def attend(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, heads: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Whisper's attention, and beside its output the scores (windows, heads, tokens, frames), fit to be learnt from."""
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    return (scores.softmax(-1) @ v).transpose(1, 2).flatten(2), scores


def guide(seen: list[torch.Tensor], examples: list[Example], frames: int) -> torch.Tensor:
    """How far attention is from where the words are (cross entropy, nats)."""
    first, last = seen[0], seen[-1]
    target = torch.zeros(len(examples), first.shape[2], frames)
    for row, example in enumerate(examples):
        for i, (start, end, until) in enumerate(example.spans):
            a, b, c = round(start), max(round(end), round(start) + 1), round(until)
            target[row, 3 + i, a:b] = 0.9 / (b - a)
            target[row, 3 + i, b : max(c, b + 1)] = 0.1 / max(c - b, 1)
    told = target.sum(-1) > 0.5
    coming = -(target[:, None] * last.log_softmax(-1)).sum(-1)
    written = -(target[:, None, :-1] * first[:, : first.shape[1] // 2, 1:].log_softmax(-1)).sum(-1)
    if not told.any():
        return coming.sum() * 0.0
    known = told[:, None]
    return (coming * known).sum() / (known.sum() * coming.shape[1]) + (written * known[:, :, :-1]).sum() / (
        known.sum() * written.shape[1]
    )


def train(path: Path, course: Sequence[Stage] = COURSE, begin: Path | None = None, seed: int = 0) -> None:
    """From short windows to full ones; prints its progress and writes the checkpoint after every stage.

    ``begin`` is a checkpoint of an earlier stage to go on from.
    """
    torch.manual_seed(seed)
    bank, trainer = Bank(np.random.default_rng(seed)), Trainer()
    if begin is not None:
        trainer.load(begin)
    began = time.monotonic()
    for stage in course:
        for step in range(stage.steps):
            share = min(1.0, step / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / stage.steps))
            for group in trainer.optimiser.param_groups:
                group["lr"] = stage.rate * max(share, 0.02)
            text, attention, right = trainer.step([bank.window(stage.seconds) for _ in range(stage.windows)], 0.5)
            if step % 25 == 24:
                spent = time.monotonic() - began
                print(
                    f"{spent:6.0f} s {step + 1:5d} of {stage.seconds:2.0f} s  {text:.3f} {attention:.3f} {right:.3f}",
                    flush=True,
                )
        trainer.save(path)


if __name__ == "__main__":
    torch.set_num_threads(1)
    train(Path(sys.argv[1]))
