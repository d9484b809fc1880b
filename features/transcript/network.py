"""Whisper's network as published: loaded from a checkpoint without running code from it."""

import pickle
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import torch
import whisper
from torch import nn
from whisper.model import ModelDimensions, Whisper

from vivavoce.features.transcript.recognise import AUTO
from vivavoce.features.transcript.weights import OFFICIAL, Checkpoint, WeightsError, check_digest, digest_of_file

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
    """Read a checkpoint ``{dims, model_state_dict}``.

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
    size = next((name for name, known in OFFICIAL.items() if known == digest), None)
    if size is not None:
        model.set_alignment_heads(whisper._ALIGNMENT_HEADS[size])
    network = Network(model.to(place).eval(), place, digest)
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
        content = torch.load(file, map_location="cpu", weights_only=True)
        model = Whisper(ModelDimensions(**content["dims"]))
        model.load_state_dict(content["model_state_dict"])
    except UNREADABLE as error:
        raise WeightsError(
            f"{checkpoint.path} is no Whisper checkpoint of the official form {{dims, model_state_dict}}: "
            f"{(str(error) or repr(error)).splitlines()[0]}"
        ) from error
    return model
