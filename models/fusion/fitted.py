"""What remains of a fit: standardisation, network, head and calibration, as tensors and JSON and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vivavoce.models.fusion.heads import Gaussian, Head, Ordinal
from vivavoce.models.fusion.learn import Cohort, repeatable
from vivavoce.models.fusion.network import Network
from vivavoce.models.fusion.sequences import Modality

Floats = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]

BLOCK = 4096  # interviews at a time, so that a million fit into memory


class Prediction(NamedTuple):
    """Expected rating and its standard deviation, shapes (n, k); gates, shape (n, modalities), 0 where absent."""

    mean: Floats
    sd: Floats
    gates: Floats


@dataclass(frozen=True)
class FittedFusion:
    """A fitted network with everything that it needs.

    Parameters
    ----------
    modalities
        Columns and standardisation of each.
    answers, width, k
        Answers of an interview, size of the states, competencies.
    head
        What the outputs mean.
    spread
        Calibration of each competency's spread, shape (k,).
    network
        Its parameters are float32; predictions are computed in float64 and given to float32's precision, so that they
        do not depend on how many rows were predicted at a time.
    """

    modalities: tuple[Modality, ...]
    answers: int
    width: int
    k: int
    head: Head
    spread: Floats
    network: Network

    def cohort(self, x: Floats, ratings: Floats, weights: Floats) -> Cohort:
        """Arrays as the network takes them."""
        return cohort_of(self.modalities, x, ratings, weights)

    def predict(self, x: Floats) -> Prediction:
        """For sequences (n, answers, features); ``nan`` for interviews in which nothing was measured."""
        mean, sd, gates = (np.vstack(parts) for parts in zip(*map(self._block, _blocks(x)), strict=True))
        return Prediction(mean, sd, gates)

    def interval(self, x: Floats, confidence: float) -> tuple[Floats, Floats]:
        """Limits between which ratings lie with this probability, shapes (n, k)."""
        pairs = []
        for block in _blocks(x):
            outputs, _ = self._outputs(block)
            limits = self.head.interval(outputs, torch.as_tensor(self.spread), confidence)
            pairs.append([_where_measured(block, one) for one in limits])
        low, high = (np.vstack(parts) for parts in zip(*pairs, strict=True))
        return low, high

    def _block(self, x: Floats) -> tuple[Floats, Floats, Floats]:
        outputs, gates = self._outputs(x)
        mean, sd = self.head.moments(outputs, torch.as_tensor(self.spread))
        return _where_measured(x, mean), _where_measured(x, sd), _plain(gates)

    def _outputs(self, x: Floats) -> tuple[Tensor, Tensor]:
        """Of the network in float64."""
        values = [torch.as_tensor(one.values(x)) for one in self.modalities]
        present = [torch.as_tensor(one.present(x)) for one in self.modalities]
        double = Network(self._inputs, self.answers, self.width, self.k * self.head.each, _start(self.head), 0).double()
        double.load_state_dict(self.network.state_dict())
        with repeatable("cpu"), torch.no_grad():
            found: tuple[Tensor, Tensor] = double(values, present)
        return found

    @property
    def _inputs(self) -> dict[str, int]:
        return {one.name: one.inputs for one in self.modalities}

    def to_tensors(self) -> Arrays:
        """All numbers by name, as a safetensors file takes them."""
        found: Arrays = {f"network/{name}": one.detach().numpy() for name, one in self.network.state_dict().items()}
        for one in self.modalities:
            found |= {f"modality/{one.name}/{part}": getattr(one, part) for part in ("mean", "scale", "marked")}
        names = ("mean", "scale") if isinstance(self.head, Gaussian) else ("levels", "start")
        found |= {f"head/{name}": getattr(self.head, name) for name in names}
        return {**found, "spread": self.spread}

    def document(self) -> dict[str, Any]:
        """The rest, as JSON."""
        return {
            "modalities": {one.name: list(one.columns) for one in self.modalities},
            "answers": self.answers,
            "width": self.width,
            "competencies": self.k,
            "head": "gaussian" if isinstance(self.head, Gaussian) else "ordinal",
        }

    @staticmethod
    def from_tensors(document: Mapping[str, Any], tensors: Mapping[str, npt.NDArray[Any]]) -> "FittedFusion":
        """The inverse of :meth:`to_tensors` and :meth:`document`.

        Raises
        ------
        KeyError, RuntimeError
            For tensors that are missing or have other shapes.
        """
        modalities = tuple(
            Modality(
                name, tuple(columns), *(tensors[f"modality/{name}/{part}"] for part in ("mean", "scale", "marked"))
            )
            for name, columns in document["modalities"].items()
        )
        head: Head = (
            Gaussian(tensors["head/mean"], tensors["head/scale"])
            if document["head"] == "gaussian"
            else Ordinal(tensors["head/levels"], tensors["head/start"])
        )
        answers, width, k = (int(document[name]) for name in ("answers", "width", "competencies"))
        inputs = {one.name: one.inputs for one in modalities}
        network = Network(inputs, answers, width, k * head.each, _start(head), 0)
        network.load_state_dict(
            {
                name.removeprefix("network/"): torch.as_tensor(np.array(one))
                for name, one in tensors.items()
                if name.startswith("network/")
            }
        )
        return FittedFusion(modalities, answers, width, k, head, tensors["spread"], network)


def cohort_of(modalities: tuple[Modality, ...], x: Floats, ratings: Floats, weights: Floats) -> Cohort:
    """Sequences (n, answers, features), ratings (n, k) and weights (n,) as the network takes them, in float32."""
    return Cohort(
        tuple(torch.as_tensor(one.values(x), dtype=torch.float32) for one in modalities),
        tuple(torch.as_tensor(one.present(x)) for one in modalities),
        torch.as_tensor(ratings, dtype=torch.float32),
        torch.as_tensor(weights, dtype=torch.float32),
    )


def _start(head: Head) -> Tensor | None:
    return None if head.start is None else torch.as_tensor(head.start, dtype=torch.float32)


def _blocks(x: Floats) -> list[Floats]:
    return [x[i : i + BLOCK] for i in range(0, len(x), BLOCK)]


def _plain(found: Tensor) -> Floats:
    return found.float().double().numpy()


def _where_measured(x: Floats, found: Tensor) -> Floats:
    nothing = np.isnan(x).all(axis=(1, 2))
    return np.where(nothing[:, None], np.nan, _plain(found))
