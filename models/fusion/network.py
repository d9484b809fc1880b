"""The network: one recurrent encoder for each modality, gates, and what the heads read from.

Sequences of answers as a network takes them: standardised, and marked where something was not measured.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from vivavoce.models.linear.ridge import REACH
from vivavoce.models.score import answer_means

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

CONSTANT = 1e-12  # spread relative to a column's size, below which it is rounding


@dataclass(frozen=True)
class Modality:
    """One modality's columns, and what they were in training.

    Parameters
    ----------
    name
        ``language``, ``prosody``, ``face`` …
    columns
        Which of the features it has, p indices.
    mean, scale
        Over all measured values of training, shape (p,); the scale of a column that does not vary is infinite, so
        that it says nothing.
    marked
        Columns that lacked a value in some answer in which the modality was present, shape (p,): these get a marker.
    """

    name: str
    columns: tuple[int, ...]
    mean: Floats
    scale: Floats
    marked: Flags

    @staticmethod
    def of(name: str, columns: Sequence[int], x: Floats) -> "Modality":
        """From the training sequences, shape (n, answers, features)."""
        mine = x[:, :, list(columns)].reshape(-1, len(columns))
        missing = np.isnan(mine)
        count = np.maximum((~missing).sum(axis=0), 1)
        mean = np.where(missing, 0.0, mine).sum(axis=0) / count
        scale = np.sqrt((np.where(missing, 0.0, mine - mean) ** 2).sum(axis=0) / count)
        steady = scale <= CONSTANT * np.maximum(np.abs(mean), 1.0)
        present = ~missing.all(axis=1)
        return Modality(
            name, tuple(columns), mean, np.where(steady, np.inf, scale), (missing & present[:, None]).any(axis=0)
        )

    @property
    def inputs(self) -> int:
        """How many numbers of an answer reach the network: every column and its marker where it has one."""
        return len(self.columns) + int(self.marked.sum())

    def present(self, x: Floats) -> Flags:
        """In which answers anything was measured, shape (n, answers)."""
        found: Flags = ~np.isnan(x[:, :, list(self.columns)]).all(axis=2)
        return found

    def values(self, x: Floats) -> Floats:
        """Standardised values and markers, shape (n, answers, inputs); all 0 where the modality is absent.

        A value further than REACH standard deviations from the mean counts as one at that distance, as in the linear
        model: one slip of a tracker must not make a score.
        """
        mine = x[:, :, list(self.columns)]
        missing = np.isnan(mine)
        standard = np.where(missing, 0.0, np.clip((mine - self.mean) / self.scale, -REACH, REACH))
        marks = missing[:, :, self.marked] & self.present(x)[:, :, None]
        return np.concatenate([standard, marks.astype(np.float64)], axis=2)


def sequences(
    columns: Mapping[str, npt.ArrayLike],
    interview: npt.ArrayLike,
    question: Sequence[str] | npt.NDArray[np.str_],
    questions: Sequence[str],
    interviews: int,
) -> Floats:
    """Answers in the order of the questions, shape (interviews, questions, columns), in training and in scoring.

    Parameters
    ----------
    columns
        Values of m answers by feature, shape (m,) each; ``nan`` where not measured.
    interview, question
        Which interview an answer belongs to, 0 to ``interviews`` − 1, and what was asked, shape (m,).
    questions
        Ids, in the framework's order; answers to others do not count. Several answers to one count as their mean.
    interviews
        How many there are.

    Examples
    --------
    >>> sequences({"language.a": [1.0, 3.0, 9.0]}, [0, 0, 1], ["q2", "q1", "q1"], ["q1", "q2"], 2)[:, :, 0]
    array([[ 3.,  1.],
           [ 9., nan]])
    """
    places = [answer_means(columns, interview, question, [one], interviews) for one in questions]
    return np.stack([np.column_stack([place[name] for name in columns]) for place in places], axis=1)


def modalities_of(asked: Mapping[str, Sequence[int]] | None, x: Floats) -> tuple[Modality, ...]:
    """The modalities of the training sequences; all columns are one where none are named.

    Raises
    ------
    ValueError
        For columns that do not exist, that belong to two modalities or to none, and names that are no plain words.
    """
    p = x.shape[2]
    named = {"all": range(p)} if asked is None else asked
    columns = sorted(column for mine in named.values() for column in mine)
    if columns != list(range(p)):
        raise ValueError(
            f"The 'modalities' parameter of FusionRegressor must give every one of the {p} columns to exactly one "
            f"modality. Got {{name: columns}} = { {name: list(mine) for name, mine in named.items()} } instead."
        )
    odd = [name for name in named if not name.isidentifier()]
    if odd:
        raise ValueError(f"A modality's name must be one plain word. Got {odd} instead.")
    return tuple(Modality.of(name, list(mine), x) for name, mine in named.items())


def seed_of(seed: int, name: str) -> int:
    """A seed of its own for each part of the network, so that a further part leaves the others as they were."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{name}".encode()).digest()[:7], "big")


class Encoder(nn.Module):
    """What one modality says over the answers of an interview.

    A gated recurrent unit (Cho et al. 2014, EMNLP, 1724–1734) reads the answers in their order, each with a learned
    mark of its place; an answer in which the modality is absent leaves the state as it was. The mean of the present
    answers goes past it, so that what is linear need not be learned by the recurrence.
    """

    def __init__(self, inputs: int, answers: int, width: int) -> None:
        super().__init__()
        self.inward = nn.Linear(inputs, width)
        self.place = nn.Parameter(torch.randn(answers, width) / width**0.5)
        self.cell = nn.GRUCell(width, width)
        self.direct = nn.Linear(inputs, width, bias=False)
        self.gate = nn.Linear(width, 1)

    def forward(self, values: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """State (n, width) and gate (n, 1), both exactly 0 where the modality is absent in every answer."""
        each = nn.functional.gelu(self.inward(values) + self.place)
        state = values.new_zeros(len(values), self.place.shape[1])
        for i in range(values.shape[1]):
            read = self.cell(each[:, i], state.to(each.dtype))
            state = torch.where(present[:, i, None], read.to(state.dtype), state)
        count = present.sum(dim=1, keepdim=True).clamp(min=1)
        state = state + self.direct(values.sum(dim=1) / count)
        anywhere = present.any(dim=1, keepdim=True)
        return torch.where(anywhere, state, 0.0), torch.where(anywhere, torch.sigmoid(self.gate(state)), 0.0)


class Network(nn.Module):
    """Encoders, gates and outputs.

    Every present modality adds its state times its gate (Arevalo et al. 2017, arXiv:1702.01992); one that is absent
    adds exactly nothing. Outputs are linear in the sum, plus one hidden layer for what modalities say together; a
    head's numbers that belong to no person (``start``) follow them.
    """

    def __init__(
        self, inputs: Mapping[str, int], answers: int, width: int, outputs: int, start: Tensor | None, seed: int
    ) -> None:
        super().__init__()
        self.common = None if start is None else nn.Parameter(start.clone())
        self.encoders = nn.ModuleDict()
        with torch.random.fork_rng(devices=[]):
            for name, count in inputs.items():
                torch.manual_seed(seed_of(seed, name))
                self.encoders[name] = Encoder(count, answers, width)
            torch.manual_seed(seed_of(seed, ""))
            self.linear = nn.Linear(width, outputs)
            self.hidden = nn.Linear(width, width)
            self.together = nn.Linear(width, outputs, bias=False)
            nn.init.zeros_(self.linear.weight)
            nn.init.zeros_(self.linear.bias)
            nn.init.zeros_(self.together.weight)

    def forward(self, values: Sequence[Tensor], present: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Outputs (n, outputs) and gates (n, modalities).

        Parameters
        ----------
        values, present
            For each modality, shapes (n, answers, inputs) and (n, answers).
        """
        pairs = [encoder(v, p) for encoder, v, p in zip(self.encoders.values(), values, present, strict=True)]
        fused = sum((gate * state for state, gate in pairs), start=torch.zeros_like(pairs[0][0]))
        outputs = self.linear(fused) + self.together(nn.functional.gelu(self.hidden(fused)))
        if self.common is not None:
            outputs = torch.cat([outputs, self.common.reshape(1, -1).expand(len(outputs), -1)], dim=1)
        return outputs, torch.cat([gate for _, gate in pairs], dim=1)
