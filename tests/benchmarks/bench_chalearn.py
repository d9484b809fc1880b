"""Late fusion of given modality scores and audio features for ``interview``, on 6,000 clips of 15 s.

Folds hold whole source videos: several clips were cut from most of them, and show the same person and room. Every
figure is of predictions by ridges that saw no clip of that source; intervals draw sources again. The
modality scores are another group's predictions; how far their models were fitted to these very clips is not known, so
that the level says little, and the gain of one over the other is theirs as much as ours.

The figures describe impressions of 15 seconds of video blogs by paid raters: not job interviews, and no performance.
"""

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from tests.benchmarks import Figure
from tests.benchmarks.bench_mit_language import correlation, show
from tests.conftest import ROOT
from vivavoce.evaluation.estimate import Estimate, bootstrap
from vivavoce.evaluation.gain import gain
from vivavoce.models.fusion.estimator import FusionRegressor
from vivavoce.models.linear.ridge import CompetencyRidge
from vivavoce.training.fusion.choice import choose
from vivavoce.training.overall import cross_fitted
from vivavoce.training.scheme import splits_by_person

SOURCE = 11  # characters of a clip's name that name the video it was cut from
SETS = {
    "scene+audio scores": ("scene_audio",),
    "face scores": ("face",),
    "audio features": ("audio",),
    "scene+audio scores, audio features": ("scene_audio", "audio"),
    "all three": ("scene_audio", "audio", "face"),
}
WITHOUT, WITH = "scene+audio scores, audio features", "all three"
Floats = npt.NDArray[np.float64]


def run(reduced: bool) -> list[Figure]:
    """1 − MAE and r of every set, the gain of face, what splitting by clip would have claimed, and fusion's place."""
    folder = Path(os.environ.get("VIVA_DATA", ROOT.parent / "shared" / "data")) / "chalearn_fiv2"
    if not folder.is_dir():
        raise FileNotFoundError(f"bench_chalearn needs the clips' tables in {folder}. Set VIVA_DATA.")
    blocks, y, sources = read(folder)
    draws = 200 if reduced else 2000
    found = {name: predictions(blocks, used, y, sources) for name, used in SETS.items()}
    figures = [
        Figure(
            f"{name}: 1 − MAE, r",
            f"{show3(bootstrap(accuracy, one, y, persons=sources, draws=draws))}, "
            f"{show(bootstrap(correlation, one, y, persons=sources, draws=draws))}",
        )
        for name, one in found.items()
    ]
    face = gain(found[WITHOUT], found[WITH], y, sources, draws=draws)
    nearer = bootstrap(nearness, found[WITHOUT], found[WITH], y, persons=sources, draws=draws)
    by_clip = predictions(blocks, SETS[WITH], y, np.arange(len(y)))
    mean = np.full(len(y), y.mean())
    figures += [
        Figure("face over scene+audio: paired gain of r", f"{show3(face.gain)}, {face.verdict}", None, "> 0"),
        Figure("face over scene+audio: paired gain of 1 − MAE", show3(nearer), None, "> 0"),
        Figure("everybody's mean: 1 − MAE", f"{accuracy(mean, y):.3f}"),
        Figure(
            f"{len(y)} clips of {len(np.unique(sources))} sources, all three, folds by clip: r",
            f"{correlation(by_clip, y):+.3f}",
        ),
    ]
    return figures if reduced else [*figures, fusion_figure(blocks, y, sources)]


def read(folder: Path) -> tuple[dict[str, Floats], Floats, npt.NDArray[np.str_]]:
    """Columns by block (n, p), ratings (n,), sources (n,), of the clips that all three tables have."""
    scores, audio = (pd.read_csv(folder / name) for name in ("modality_scores_bunku.csv", "audio_features_26.csv"))
    table = pd.read_csv(folder / "annotations.csv")[["video", "interview"]].merge(scores, on="video")
    table = table.merge(audio.drop(columns="split"), on="video", validate="one_to_one").sort_values("video")
    blocks = {name: table.filter(like=f"{name}__").to_numpy(np.float64) for name in ("scene_audio", "face")}
    blocks["audio"] = table[[name for name in audio.columns if name not in {"video", "split"}]].to_numpy(np.float64)
    return blocks, table["interview"].to_numpy(np.float64), table["video"].str[:SOURCE].to_numpy(str)


def predictions(
    blocks: dict[str, Floats], used: tuple[str, ...], y: Floats, sources: npt.NDArray[np.str_] | npt.NDArray[np.intp]
) -> Floats:
    """Of ridges that saw no clip of the same source."""
    splits = splits_by_person(sources, folds=10)
    return cross_fitted(CompetencyRidge(), np.hstack([blocks[name] for name in used]), y, sources, splits=splits)


def fusion_figure(blocks: dict[str, Floats], y: Floats, sources: npt.NDArray[np.str_]) -> Figure:
    """Whether gates and hidden layers earn their place on the same columns: one answer for each clip."""
    columns = np.hstack(list(blocks.values()))
    edges = np.cumsum([0, *(one.shape[1] for one in blocks.values())])
    modalities = {name: range(*edges[i : i + 2]) for i, name in enumerate(blocks)}
    model = FusionRegressor(modalities, batch=256, width=16, patience=10)
    found = choose(model, columns[:, None, :], y[:, None], sources, ["interview"])
    return Figure("fusion or linear on all three", found.reason)


def accuracy(prediction: Floats, y: Floats) -> float:
    """1 − mean absolute error, of ratings from 0 to 1; ideal 1."""
    return 1 - float(np.mean(np.abs(prediction - y)))


def nearness(one: Floats, other: Floats, y: Floats) -> float:
    return accuracy(other, y) - accuracy(one, y)


def show3(found: Estimate) -> str:
    return f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
