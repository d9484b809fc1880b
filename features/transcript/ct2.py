"""Whisper in CTranslate2's binary form, read as the checkpoint that OpenAI publishes: the same tensors by its names.

The form (version 6): a version, the specification's name and revision, then each variable with its length-prefixed
name, rank, dimensions, type, length and bytes, little-endian; aliases at the end. CTranslate2 keeps the three
projections of self-attention, and key and value of cross-attention, one below the other; Whisper's key has no bias, and
zeros stand there.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import torch

from vivavoce.data.errors import VivaError

VERSION = 6
SPECIFICATION = "WhisperSpec"
TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)  # by CTranslate2's number
MOST_VARIABLES = 10_000  # of any size: a file that claims more is none

Tensors = dict[str, torch.Tensor]


class NotConverted(VivaError, ValueError):
    """Bytes that are no Whisper of this form, or one whose weights were made coarser."""


def read_converted(file: BinaryIO) -> dict[str, Any]:
    """``dims`` and ``model_state_dict`` as :func:`torch.load` gives them of an official checkpoint, in half precision.

    Parameters
    ----------
    file
        A ``model.bin`` in half or single precision, at its beginning.

    Raises
    ------
    NotConverted
        For anything else.
    """
    try:
        variables = dict(_variables(file))
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise NotConverted(f"it cannot be read as CTranslate2's form: {error}") from error
    coarse = next((name for name in variables if name.endswith("weight_scale")), None)
    if coarse:
        raise NotConverted(f"its weights were made coarser ({coarse}): take them in half precision")
    try:
        encoder, decoder = _part("encoder", variables), _part("decoder", variables)
        dims = {
            "n_mels": encoder["conv1.weight"].shape[1],
            "n_vocab": decoder["token_embedding.weight"].shape[0],
            **_sizes("audio", "encoder", encoder, variables),
            **_sizes("text", "decoder", decoder, variables),
        }
    except KeyError as error:
        raise NotConverted(f"it holds no {error}") from error
    state = {f"encoder.{name}": value for name, value in encoder.items()}
    return {"dims": dims, "model_state_dict": state | {f"decoder.{name}": value for name, value in decoder.items()}}


def _variables(file: BinaryIO) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Every variable, as it stands."""

    def number(form: str) -> int:
        (found,) = struct.unpack(f"<{form}", file.read(struct.calcsize(f"<{form}")))
        return int(found)

    def text() -> str:
        return file.read(number("H")).rstrip(b"\0").decode()

    version, named = number("I"), text()
    if (version, named) != (VERSION, SPECIFICATION):
        raise NotConverted(f"it is {named!r} of version {version}; read is {SPECIFICATION!r} of version {VERSION}")
    number("I")  # the specification's revision
    count = number("I")
    if count > MOST_VARIABLES:
        raise NotConverted(f"it claims {count} variables")
    for _ in range(count):
        name, rank = text(), number("B")
        shape = [number("I") for _ in range(rank)]
        kind, length = TYPES[number("B")], number("I")
        yield name, np.frombuffer(file.read(length), kind).reshape(shape)


def _sizes(of: str, part: str, tensors: Tensors, variables: Mapping[str, npt.NDArray[Any]]) -> dict[str, int]:
    context, state = tensors["positional_embedding"].shape
    layers = {name.split(".")[1] for name in tensors if name.startswith("blocks.")}
    heads = int(variables[f"{part}/num_heads"])
    return {f"n_{of}_ctx": context, f"n_{of}_state": state, f"n_{of}_head": heads, f"n_{of}_layer": len(layers)}


def _part(part: str, variables: Mapping[str, npt.NDArray[Any]]) -> Tensors:
    """One half of the network under OpenAI's names."""
    given = {name.removeprefix(f"{part}/"): one for name, one in variables.items() if name.startswith(f"{part}/")}

    def take(name: str) -> torch.Tensor:
        return torch.from_numpy(given[name].copy())

    norm = "ln_post" if part == "encoder" else "ln"
    found = {"positional_embedding": take("position_encodings/encodings")}
    found |= {f"{norm}.weight": take("layer_norm/gamma"), f"{norm}.bias": take("layer_norm/beta")}
    if part == "encoder":
        found |= {
            f"{name}.{kind}": take(f"{name}/{kind}") for name in ("conv1", "conv2") for kind in ("weight", "bias")
        }
    else:
        found["token_embedding.weight"] = take("embeddings/weight")
    for layer in sorted({name.split("/")[0] for name in given if name.startswith("layer_") and name[6].isdigit()}):
        block = f"blocks.{layer.removeprefix('layer_')}"
        _attention(f"{block}.attn", f"{layer}/self_attention", ("query", "key", "value"), (), take, found)
        if part == "decoder":
            _attention(f"{block}.cross_attn", f"{layer}/attention", ("query",), ("key", "value"), take, found)
        for ours, theirs in (("mlp.0", "ffn/linear_0"), ("mlp.2", "ffn/linear_1")):
            found |= {f"{block}.{ours}.{kind}": take(f"{layer}/{theirs}/{kind}") for kind in ("weight", "bias")}
        _norm(f"{block}.mlp_ln", f"{layer}/ffn", take, found)
    return found


def _attention(
    ours: str, theirs: str, first: tuple[str, ...], second: tuple[str, ...], take: Any, into: Tensors
) -> None:
    """Projections that lie one below the other, apart again; the last linear map is the output."""
    stacked = [(f"{theirs}/linear_0", first)] + ([(f"{theirs}/linear_1", second)] if second else [])
    for name, parts in stacked:
        weight, bias = take(f"{name}/weight").chunk(len(parts)), take(f"{name}/bias").chunk(len(parts))
        for part, w, b in zip(parts, weight, bias, strict=True):
            into[f"{ours}.{part}.weight"] = w
            if part != "key":
                into[f"{ours}.{part}.bias"] = b
            elif bool(b.any()):
                raise NotConverted(f"{name}: the key has a bias, which Whisper has not")
    last = f"{theirs}/linear_{len(stacked)}"
    into |= {f"{ours}.out.{kind}": take(f"{last}/{kind}") for kind in ("weight", "bias")}
    _norm(f"{ours}_ln", theirs, take, into)


def _norm(ours: str, theirs: str, take: Any, into: Tensors) -> None:
    into[f"{ours}.weight"], into[f"{ours}.bias"] = take(f"{theirs}/layer_norm/gamma"), take(f"{theirs}/layer_norm/beta")
