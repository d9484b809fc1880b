"""The encoder's work, done once per window and used by everything after it.

Language detection, decoding, fallbacks and word times all look at the same encoder output through the same keys and
values of the decoder's cross-attention. Both are kept: the projections alone cost a tenth of the encoder.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from whisper.audio import log_mel_spectrogram

from vivavoce.features.transcript.network import Network
from vivavoce.features.transcript.windows import Window

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
