"""Fusion's pace: interviews a second in training and prediction, on the CPU and, where there is one, on a CUDA device.

Six answers, three modalities of 20, 12 and 8 features, the face absent in every third interview; one processor thread.
The baseline is the linear model on the same people. Data are put on the device once and stay there; the share of time
in which the device computes is the sum of its kernels' times over the wall clock of the epochs.
"""

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch

from tests.benchmarks import Figure
from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.models.linear.ridge import CompetencyRidge

MODALITIES = {"language": range(20), "prosody": range(20, 32), "face": range(32, 40)}
ANSWERS, COMPETENCIES, EPOCHS, BATCH = 6, 4, 2, 1024
Floats = npt.NDArray[np.float64]


def run(reduced: bool) -> list[Figure]:
    """Seconds include preparation, calibration and the look at the persons held out."""
    n = 20_000 if reduced else 100_000
    x, y = planted(n)
    linear = seconds(lambda: [CompetencyRidge().fit(np.nanmean(x[:, :, :32], axis=1), one) for one in y.T])
    figures = [Figure(f"linear, {n} interviews, {COMPETENCIES} competencies", f"{linear:.1f} s")]
    for device in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
        model = FusionRegressor(MODALITIES, epochs=EPOCHS, batch=BATCH, device=device)
        took = seconds(lambda model=model: model.fit(x, y))
        figures.append(
            Figure(
                f"fusion, training on {device}, {EPOCHS} epochs of {n}", f"{EPOCHS * n / took:,.0f} interviews a second"
            )
        )
        if device == "cuda":
            figures.append(Figure("share of the time in which the GPU computes", f"{computing(x, y):.0%}"))
    predicting = seconds(lambda: model.predict(x))
    return [
        *figures,
        Figure("fusion, prediction in float64 on the CPU", f"{n / predicting:,.0f} interviews a second"),
    ]


def planted(n: int) -> tuple[Floats, Floats]:
    """Sequences (n, 6, 40) and ratings (n, 4)."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, ANSWERS, 40))
    x[::3, :, 32:] = np.nan
    y = x[:, :, :COMPETENCIES].mean(axis=1) + 0.3 * rng.standard_normal((n, COMPETENCIES))
    return x, y


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def computing(x: Floats, y: Floats) -> float:
    """Share of two epochs' wall clock in which kernels run; preparation counts as waiting."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiler:
        took = seconds(lambda: FusionRegressor(MODALITIES, epochs=EPOCHS, batch=BATCH, device="cuda").fit(x, y))
    busy = sum(event.self_device_time_total for event in profiler.key_averages())
    return float(busy / 1e6 / took)
