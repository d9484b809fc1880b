"""The speech detector's network: silero-vad 16 kHz, its own weights, run over blocks instead of frame by frame.

The library calls its network once per 32 ms frame. Everything before the recurrent cell looks at one frame only,
so a whole block goes through the convolutions at once and the cell then walks along it: the same probabilities
(within 1e-4; tested against the library) for about a sixth of the time.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

RATE = 16_000  # Hz
FRAME = 512  # samples: 32 ms, the step that the network was trained on
CONTEXT = 64  # samples of the previous frame that each frame is shown
BLOCK = 512  # frames per pass: 16.4 s, about 20 MB of activations


PUBLISHED = {  # what each layer is called in the library's own network
    "stft.weight": "stft.forward_basis_buffer",
    **{f"convolutions.{i}.{part}": f"encoder.{i}.reparam_conv.{part}" for i in range(4) for part in ("weight", "bias")},
    **{f"memory.{part}": f"decoder.rnn.{part}" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")},
    **{f"verdict.{part}": f"decoder.decoder.2.{part}" for part in ("weight", "bias")},
}


class Detector(nn.Module):
    """silero-vad's 16 kHz network."""

    def __init__(self) -> None:
        super().__init__()
        self.stft = nn.Conv1d(1, 258, kernel_size=256, stride=128, bias=False)
        shapes = ((129, 128, 1), (128, 64, 2), (64, 64, 2), (64, 128, 1))  # channels in, channels out, stride
        self.convolutions = nn.ModuleList(nn.Conv1d(i, o, kernel_size=3, stride=s, padding=1) for i, o, s in shapes)
        self.memory = nn.LSTMCell(128, 128)
        self.verdict = nn.Conv1d(128, 1, kernel_size=1)

    def embed(self, frames: Tensor) -> Tensor:
        """Everything before memory: frames (n, CONTEXT + FRAME) to (n, 128)."""
        padded = functional.pad(frames, (0, CONTEXT), mode="reflect")
        real, imaginary = self.stft(padded[:, None]).chunk(2, dim=1)
        hidden = (real**2 + imaginary**2).sqrt()
        for convolution in self.convolutions:
            hidden = convolution(hidden).relu()
        embedded: Tensor = hidden.squeeze(-1)
        return embedded

    def forward(self, frames: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Speech probabilities (n,) of consecutive frames, and the memory after the last."""
        hidden = []
        for row in self.embed(frames):
            state = self.memory(row[None], state)
            hidden.append(state[0])
        return torch.sigmoid(self.verdict(torch.cat(hidden).relu()[..., None])).flatten(), state


def load_detector() -> Detector:
    """The network with the weights that silero-vad ships."""
    import silero_vad

    published = silero_vad.load_silero_vad()._model.state_dict()
    network = Detector().eval()
    network.load_state_dict({ours: published[theirs] for ours, theirs in PUBLISHED.items()})
    return network


def speech_probabilities(network: Detector, blocks: Iterable[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Probability of speech in every 32 ms frame.

    Parameters
    ----------
    network
        From ``load_detector``; it keeps no memory between calls.
    blocks
        Consecutive pieces of one recording, 16 kHz mono, of any length; how it was cut changes nothing.

    Returns
    -------
    ndarray, shape (ceil(samples / 512),)
        0–1; the last frame is filled with zeros. Four bytes per 32 ms are all that grows with length.
    """
    context = torch.zeros(CONTEXT)
    state = (torch.zeros(1, 128), torch.zeros(1, 128))
    found: list[npt.NDArray[np.float32]] = [np.zeros(0, np.float32)]
    with torch.inference_mode():
        for block in _framed(blocks):
            frames = torch.from_numpy(block)
            shown = torch.cat([context, frames.flatten()[:-CONTEXT]]).unfold(0, CONTEXT, FRAME)
            probabilities, state = network(torch.cat([shown, frames], dim=1), state)
            context = frames[-1, -CONTEXT:].clone()
            found.append(probabilities.numpy())
    return np.concatenate(found)


def _framed(blocks: Iterable[npt.NDArray[np.float32]]) -> Iterator[npt.NDArray[np.float32]]:
    """The same samples as (≤ BLOCK, FRAME) arrays, zeros after the last sample."""
    kept = np.zeros(0, np.float32)
    for block in blocks:
        kept = np.concatenate([kept, block.astype(np.float32, copy=False)])
        while len(kept) >= BLOCK * FRAME:
            yield kept[: BLOCK * FRAME].reshape(BLOCK, FRAME)
            kept = kept[BLOCK * FRAME :]
    if len(kept):
        yield np.pad(kept, (0, -len(kept) % FRAME)).reshape(-1, FRAME)
