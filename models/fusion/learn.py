"""The loop: minibatches, one look at the persons held out after each epoch, the best of them kept."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vivavoce.models.fusion.checkpoint import (
    Progress,
    optimiser_state,
    read_progress,
    restore_optimiser,
    write_progress,
)
from vivavoce.models.fusion.heads import Head
from vivavoce.models.fusion.network import Network


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to learn.

    Parameters
    ----------
    epochs
        At most.
    patience
        Epochs without a better prediction of the persons held out, after which learning ends.
    batch
        Interviews a step.
    rate, decay
        Of AdamW (Loshchilov & Hutter 2019).
    seed
        Of the order of interviews.
    """

    epochs: int
    patience: int
    batch: int
    rate: float
    decay: float
    seed: int


@dataclass(frozen=True)
class Cohort:
    """Interviews as the network takes them: values and presence by modality, ratings (n, k), weights (n,)."""

    values: tuple[Tensor, ...]
    present: tuple[Tensor, ...]
    ratings: Tensor
    weights: Tensor

    def rows(self, index: Tensor) -> "Cohort":
        """Some of the interviews."""
        return Cohort(
            tuple(one[index] for one in self.values),
            tuple(one[index] for one in self.present),
            self.ratings[index],
            self.weights[index],
        )

    def to(self, device: str) -> "Cohort":
        """The same on another device."""
        return Cohort(
            tuple(one.to(device) for one in self.values),
            tuple(one.to(device) for one in self.present),
            self.ratings.to(device),
            self.weights.to(device),
        )


@contextlib.contextmanager
def repeatable(device: str) -> Iterator[None]:
    """One thread and deterministic kernels while the block runs: sums come in one order, so the bytes are the same."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    if device != "cpu":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it CUDA's products may differ
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)


def learn(
    network: Network,
    head: Head,
    seen: Cohort,
    held: Cohort,
    schedule: Schedule,
    device: str,
    checkpoint: Path | None,
    digest: str,
) -> Progress:
    """Train until the persons held out stop gaining; the network then has the parameters that predicted them best.

    On CUDA products are computed in bfloat16, whose range needs no scaling of the loss; parameters stay in float32.
    With a checkpoint, every epoch is written to it, and a fit that was interrupted goes on where it stopped: the order
    of interviews depends on seed and epoch only, so that the result is the same to the bit.
    """
    network.to(device)
    seen, held = seen.to(device), held.to(device)
    optimiser = torch.optim.AdamW(network.parameters(), lr=schedule.rate, weight_decay=schedule.decay)
    progress = (read_progress(checkpoint, digest) if checkpoint else None) or Progress()
    if progress.now:
        network.load_state_dict(progress.now)
        restore_optimiser(optimiser, progress.moments)
    while progress.epoch < schedule.epochs and progress.epoch - progress.best_epoch < schedule.patience:
        _epoch(network, head, seen, optimiser, schedule, progress.epoch)
        progress.epoch += 1
        loss = _held_loss(network, head, held)
        if loss < progress.best_loss:
            progress.best_epoch, progress.best_loss = progress.epoch, loss
            progress.best = {name: one.detach().clone() for name, one in network.state_dict().items()}
        if checkpoint:
            progress.now, progress.moments = network.state_dict(), optimiser_state(optimiser)
            write_progress(checkpoint, progress, digest)
    if not progress.best:
        raise ValueError(
            f"FusionRegressor lost its way in {progress.epoch} epochs: the loss of the persons held out is no number. "
            f"Lower its 'rate' parameter (now {schedule.rate:g}), or look for features of extreme size."
        )
    network.load_state_dict(progress.best)
    network.to("cpu")
    return progress


def _epoch(
    network: Network, head: Head, seen: Cohort, optimiser: torch.optim.Optimizer, schedule: Schedule, epoch: int
) -> None:
    device = seen.ratings.device
    order = torch.as_tensor(np.random.default_rng([schedule.seed, epoch]).permutation(len(seen.ratings)), device=device)
    network.train()
    for rows in torch.split(order, schedule.batch):
        optimiser.zero_grad()
        torch.autograd.backward(_loss(network, head, seen.rows(rows)))
        optimiser.step()


def _held_loss(network: Network, head: Head, held: Cohort) -> float:
    network.eval()
    with torch.no_grad():
        return float(_loss(network, head, held))


def _loss(network: Network, head: Head, cohort: Cohort) -> Tensor:
    """Weighted mean over everything that was rated."""
    device = cohort.ratings.device.type
    with torch.autocast(device, torch.bfloat16, enabled=device == "cuda"):
        outputs, _ = network(cohort.values, cohort.present)
    rated = ~torch.isnan(cohort.ratings) * cohort.weights[:, None]
    spread = torch.ones(cohort.ratings.shape[1], device=cohort.ratings.device)
    losses = head.loss(outputs.float(), cohort.ratings, spread) * cohort.weights[:, None]
    return losses.sum() / rated.sum().clamp(min=1e-12)
