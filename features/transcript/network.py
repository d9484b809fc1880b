"""Whisper's network as published: loaded from a checkpoint without running code from it.

The encoder's work, done once per window and used by everything after it.

Language detection, decoding, fallbacks and word times all look at the same encoder output through the same keys and
values of the decoder's cross-attention. Both are kept: the projections alone cost a tenth of the encoder.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

import torch
import whisper
from torch import nn
from whisper.audio import log_mel_spectrogram
from whisper.model import ModelDimensions, Whisper

from vivavoce.features.transcript.ct2 import read_converted
from vivavoce.features.transcript.packages import known_as
from vivavoce.features.transcript.recognise import AUTO
from vivavoce.features.transcript.weights import OFFICIAL, Checkpoint, WeightsError, check_digest, digest_of_file
from vivavoce.features.transcript.windows import Window

if TYPE_CHECKING:
    from whisper.tokenizer import Tokenizer


UNREADABLE = (pickle.UnpicklingError, EOFError, LookupError, TypeError, ValueError, RuntimeError)
"""What torch's restricted reader and a network of other dimensions raise on bytes that are no checkpoint."""


@dataclass(frozen=True, eq=False)
class Network:
    """A loaded Whisper, where it runs, the SHA-256 (hex) of its weights, and the precision that it computes in."""

    model: Whisper
    device: torch.device
    sha256: str
    dtype: torch.dtype = torch.float32

    @property
    def languages(self) -> bool:
        """Whether the network knows other languages than English."""
        return bool(self.model.is_multilingual)

    def tokenizer(self, language: str) -> "Tokenizer":
        """Whisper's tokenizer for a language."""
        return whisper.tokenizer.get_tokenizer(
            self.model.is_multilingual, num_languages=self.model.num_languages, language=language, task="transcribe"
        )


def load_network(checkpoint: Checkpoint, device: str = AUTO) -> Network:
    """Read a checkpoint ``{dims, model_state_dict}``, or a ``model.bin`` of CTranslate2's form in half precision.

    The file is opened once: the bytes that are checked are the bytes that are loaded. Alignment heads are those that
    OpenAI determined for the size whose digest the file has; for any other checkpoint the library's default, all heads
    of the upper half of the decoder.

    Parameters
    ----------
    checkpoint
        From ``locate``.
    device
        ``cpu``, ``cuda``, ``cuda:1`` …, or ``auto``: the GPU where there is one.

    Raises
    ------
    WeightsError
        If official weights have the wrong SHA-256, or the file is no Whisper checkpoint.
    """
    place = torch.device(("cuda" if torch.cuda.is_available() else "cpu") if device == AUTO else device)
    with checkpoint.path.open("rb") as file:
        digest = digest_of_file(file)
        check_digest(checkpoint, digest)
        model = _read(file, checkpoint)
    packaged = known_as(digest)
    size = packaged[0] if packaged else next((name for name, known in OFFICIAL.items() if known == digest), None)
    if size is not None:
        model.set_alignment_heads(whisper._ALIGNMENT_HEADS[size])
    network = Network(model.to(place).eval(), place, packaged[1] if packaged else digest)
    return halved(network) if place.type == "cuda" else network


def halved(network: Network) -> Network:
    """The network in half precision, for a GPU; a processor has no fast half.

    Matrices are converted once, where the library would convert them at every step; layer norms stay in single
    precision, as they are trained.
    """
    for module in network.model.modules():
        if isinstance(module, nn.Linear | nn.Conv1d):
            module.half()
    return replace(network, dtype=torch.float16)


def _read(file: BinaryIO, checkpoint: Checkpoint) -> Whisper:
    try:
        content = read_converted(file) if checkpoint.path.suffix == ".bin" else _load(file)
        model = Whisper(ModelDimensions(**content["dims"]))
        model.load_state_dict(content["model_state_dict"])
    except UNREADABLE as error:
        raise WeightsError(
            f"{checkpoint.path} is no Whisper checkpoint of the official form {{dims, model_state_dict}}: "
            f"{(str(error) or repr(error)).splitlines()[0]}"
        ) from error
    return model


def _load(file: BinaryIO) -> Any:
    return torch.load(file, map_location="cpu", weights_only=True)


AT_ONCE = 2  # windows in one pass of encoder or alignment: on a processor more take as long each, and 50 to 90 MB more


@dataclass(frozen=True, eq=False)
class Encoded:
    """Windows as the decoder sees them.

    Parameters
    ----------
    features
        The encoder's output, shape (windows, 1500, state).
    memory
        The decoder's cache as it stands before the first token: by module, keys and values of every cross-attention,
        shape (windows, 1500, state). The first entry is the empty self-attention of the first block, because the
        decoder counts its position by that one.
    """

    features: torch.Tensor
    memory: dict[nn.Module, torch.Tensor]

    def rows(self, indices: Sequence[int]) -> "Encoded":
        """Some of the windows, in the order given; neighbours are not copied."""
        chosen: slice | list[int] = list(indices)
        if chosen == list(range(indices[0], indices[0] + len(indices))):
            chosen = slice(indices[0], indices[0] + len(indices))
        return Encoded(self.features[chosen], {module: kept[chosen] for module, kept in self.memory.items()})


def encode(network: Network, windows: Sequence[Window]) -> Encoded:
    """Windows through the encoder in one forward pass.

    Each window's spectrogram is scaled by its own loudest point, never by a neighbour's.
    """
    model = network.model
    sounds = [torch.from_numpy(window.sound).to(network.device) for window in windows]
    mels = torch.stack([log_mel_spectrogram(sound, model.dims.n_mels) for sound in sounds])
    with torch.inference_mode():
        mels = mels.to(network.dtype)
        features = torch.cat([model.encoder(mels[some]) for some in passes(network, len(windows))])
        blocks = list(model.decoder.blocks)
        memory = {blocks[0].attn.key: features.new_zeros(len(windows), 0, model.dims.n_text_state)}
        for attention in (block.cross_attn for block in blocks):
            memory[attention.key] = attention.key(features)
            memory[attention.value] = attention.value(features)
    return Encoded(features, memory)


def passes(network: Network, windows: int) -> list[slice]:
    """Which of the windows go through the encoder, or are aligned, together: few on a processor, all on a GPU."""
    size = AT_ONCE if network.device.type == "cpu" else max(1, windows)
    return [slice(first, min(first + size, windows)) for first in range(0, windows, size)]
