"""What remains of a fit: standardisation, network, head and calibration, as tensors and JSON and nothing else.

How much of what matters was measured of an interview, and of each of its answers.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vivavoce.models.fusion.heads import MOST_LEVELS, Gaussian, Head, Ordinal
from vivavoce.models.fusion.learn import Cohort, repeatable
from vivavoce.models.fusion.network import Modality, Network
from vivavoce.models.linear.ridge import measured_share

Floats = npt.NDArray[np.float64]
Arrays = dict[str, npt.NDArray[Any]]

MOST = 1e6  # of a parameter's size: learned ones are below 100, and sums of such cannot leave float32's range
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

    @property
    def start(self) -> Floats:
        """Expected ratings of somebody of whom nothing is known, shape (k,): those of the training's people."""
        outputs = torch.zeros(1, self.k * self.head.each, dtype=torch.float64)
        if self.network.common is not None:
            outputs = torch.cat([outputs, self.network.common.detach().double().reshape(1, -1)], dim=1)
        mean, _ = self.head.moments(outputs, torch.as_tensor(self.spread))
        found: Floats = _plain(mean)[0]
        return found

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

        Parameters
        ----------
        document
            As :meth:`document` makes it; its sizes are believed, so bound them beforehand.
        tensors
            By name.

        Raises
        ------
        ValueError
            For tensors that are missing or too many, of another type or shape, not finite, or of a spread below 0.
        """
        k, head_name = int(document["competencies"]), str(document["head"])
        sizes = {name: len(columns) for name, columns in document["modalities"].items()}
        _check_parts(tensors, sizes, k, head_name)
        modalities = tuple(
            Modality(
                name, tuple(columns), *(tensors[f"modality/{name}/{part}"] for part in ("mean", "scale", "marked"))
            )
            for name, columns in document["modalities"].items()
        )
        head: Head = (
            Gaussian(tensors["head/mean"], tensors["head/scale"])
            if head_name == "gaussian"
            else Ordinal(tensors["head/levels"], tensors["head/start"])
        )
        answers, width = int(document["answers"]), int(document["width"])
        inputs = {one.name: one.inputs for one in modalities}
        network = Network(inputs, answers, width, k * head.each, _start(head), 0)
        own = {f"network/{name}": one.numpy() for name, one in network.state_dict().items()}
        _check_names(tensors, {name for name in tensors if not name.startswith("network/")} | set(own))
        for name, one in own.items():
            _check(tensors, name, np.float32, one.shape, most=MOST)
        network.load_state_dict(
            {name.removeprefix("network/"): torch.as_tensor(np.array(tensors[name])) for name in own}
        )
        return FittedFusion(modalities, answers, width, k, head, tensors["spread"], network)


def _check_parts(tensors: Mapping[str, npt.NDArray[Any]], sizes: Mapping[str, int], k: int, head: str) -> None:
    """Refuse everything but the network's parameters that is not as it must be: by name, type, shape and value."""
    wanted: dict[str, tuple[type, tuple[int, ...]]] = {"spread": (np.float64, (k,))}
    for name, count in sizes.items():
        wanted |= {f"modality/{name}/{part}": (np.float64, (count,)) for part in ("mean", "scale")}
        wanted[f"modality/{name}/marked"] = (np.bool_, (count,))
    if head == "gaussian":
        wanted |= {"head/mean": (np.float64, (k,)), "head/scale": (np.float64, (k,))}
    else:
        steps = tensors["head/levels"].size if "head/levels" in tensors else 0
        if not 2 <= steps <= MOST_LEVELS:
            raise ValueError(f"head/levels must be 2 to {MOST_LEVELS} numbers. Got {steps} instead.")
        wanted |= {"head/levels": (np.float64, (steps,)), "head/start": (np.float64, (k, steps - 1))}
    _check_names(tensors, {name for name in tensors if name.startswith("network/")} | set(wanted))
    for name, (kind, shape) in wanted.items():
        steady = name.endswith("/scale") and name.startswith("modality/")  # infinite where a column does not vary
        _check(tensors, name, kind, shape, most=np.inf if name.startswith("modality/") else MOST, finite=not steady)
    for name in wanted:
        if name.endswith(("scale", "spread")) and not np.all(tensors[name] > 0):
            raise ValueError(f"{name} must be above 0 everywhere.")
    if head != "gaussian" and not np.all(np.diff(tensors["head/levels"]) > 0):
        raise ValueError("head/levels must rise.")


def _check_names(tensors: Mapping[str, object], wanted: Collection[str]) -> None:
    odd = set(tensors) ^ set(wanted)
    if odd:
        raise ValueError(f"tensors that are missing or too many: {', '.join(sorted(odd))}.")


def _check(
    tensors: Mapping[str, npt.NDArray[Any]],
    name: str,
    kind: type,
    shape: tuple[int, ...],
    *,
    most: float,
    finite: bool = True,
) -> None:
    found = tensors[name]
    if found.dtype != kind or found.shape != shape:
        raise ValueError(f"{name} must be {np.dtype(kind)} {shape}. Got {found.dtype} {found.shape} instead.")
    if finite and not (np.isfinite(found).all() and np.all(np.abs(found, dtype=np.float64) <= most)):
        raise ValueError(f"{name}: every number must be finite, and at most {most:g} in size.")


def cohort_of(modalities: tuple[Modality, ...], x: Floats, ratings: Floats, weights: Floats) -> Cohort:
    """Sequences (n, answers, features), ratings (n, k) and weights (n,) as the network takes them, in float32."""
    return Cohort(
        tuple(torch.as_tensor(one.values(x), dtype=torch.float32) for one in modalities),
        tuple(torch.as_tensor(one.present(x)) for one in modalities),
        torch.tensor(ratings, dtype=torch.float32),  # copied: a caller's array may not be writable
        torch.tensor(weights, dtype=torch.float32),
    )


def _start(head: Head) -> Tensor | None:
    return None if head.start is None else torch.as_tensor(head.start, dtype=torch.float32)


def _blocks(x: Floats) -> list[Floats]:
    return [x[i : i + BLOCK] for i in range(0, max(len(x), 1), BLOCK)]


def _plain(found: Tensor) -> Floats:
    return found.float().double().numpy()


def _where_measured(x: Floats, found: Tensor) -> Floats:
    nothing = np.isnan(x).all(axis=(1, 2))
    return np.where(nothing[:, None], np.nan, _plain(found))


Flags = npt.NDArray[np.bool_]

USUAL = 0.5  # of the training's answers to a question: a column measured less often is not missed in one


def measured_shares(x: Floats, influence: Floats) -> Floats:
    """Share of each competency's influence on columns that were measured in some answer, 0–1, shape (n, k); ideal 1.

    Parameters
    ----------
    x
        Sequences, shape (n, questions, p).
    influence
        Of each column on each competency, at least 0, shape (k, p).

    Examples
    --------
    >>> measured_shares(np.array([[[1.0, np.nan], [np.nan, np.nan]]]), np.array([[3.0, 1.0], [0.0, 2.0]]))
    array([[0.75, 0.  ]])
    """
    some = np.where(np.isnan(x).all(axis=1), np.nan, 0.0)
    return np.column_stack([measured_share(list(some.T), one) for one in influence])


def usual_columns(x: Floats) -> Flags:
    """Which columns the training's answers to each question usually have, shape (questions, p).

    A competency's own columns are in answers that show it only; elsewhere nobody misses them.
    """
    given = ~np.isnan(x).all(axis=2)
    count = np.maximum(given.sum(axis=0), 1)
    often = (~np.isnan(x)).sum(axis=0) >= USUAL * count[:, None]
    found: Flags = often & given.any(axis=0)[:, None]
    return found


def heard(x: Floats, influence: Floats, usual: Flags, least: float) -> Flags:
    """Which answers of one interview count as heard for each competency, shape (questions, k).

    An answer is heard where at least ``least`` of the influence of its question's usual columns was measured.

    Parameters
    ----------
    x
        One interview, shape (questions, p).
    influence, usual
        Shapes (k, p) and (questions, p).
    """
    known = ~np.isnan(x)
    found = np.empty((len(x), len(influence)), np.bool_)
    for place, (measured, expected) in enumerate(zip(known, usual, strict=True)):
        total = influence[:, expected].sum(axis=1)
        found[place] = measured.any() & (influence[:, expected & measured].sum(axis=1) >= least * total)
    return found
