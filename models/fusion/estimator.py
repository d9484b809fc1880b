"""Fusion behind scikit-learn's interface: sequences of answers in, ratings of competencies with their spread out."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.validation import _check_sample_weight, check_array, check_is_fitted, validate_data

from vivavoce.models.fusion.fitted import FittedFusion, cohort_of
from vivavoce.models.fusion.heads import HEADS, calibrated, head_of
from vivavoce.models.fusion.learn import Schedule, learn, repeatable
from vivavoce.models.fusion.network import Network, modalities_of

Floats = npt.NDArray[np.float64]

HELD_SHARE = 0.2  # of the persons: they end the learning and calibrate the spread


class FusionRegressor(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Recurrent encoders over answers, gated over modalities, one head per competency.

    Parameters
    ----------
    modalities
        Columns of each modality; every column in exactly one. By default all columns are one modality.
    head
        ``gaussian`` (means over raters) or ``ordinal`` (levels of a scale).
    width
        Of the encoders' states. 24 holds what some thousand interviews can teach.
    epochs, patience, batch, rate, decay
        See :class:`~vivavoce.models.fusion.learn.Schedule`.
    device
        ``cpu`` or ``cuda``; on CUDA products are computed in bfloat16.
    checkpoint
        A file that is written after every epoch and continued from; None: none.
    random_state
        Seed of everything: the same seed gives the same bytes.

    Attributes
    ----------
    fitted_
        :class:`~vivavoce.models.fusion.fitted.FittedFusion`, to be written as tensors and JSON.
    epochs_, best_epoch_
        How long it learned, and when the persons held out were predicted best.
    held_persons_
        How many persons were held out.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> answers = rng.standard_normal((200, 3, 2))  # 200 interviews of 3 answers, 2 features
    >>> rating = 3 + answers[:, :, 0].mean(axis=1)
    >>> model = FusionRegressor({"language": [0], "prosody": [1]}, epochs=40, width=8).fit(answers, rating)
    >>> bool(np.corrcoef(model.predict(answers), rating)[0, 1] > 0.9)
    True
    """

    def __init__(
        self,
        modalities: Mapping[str, Sequence[int]] | None = None,
        *,
        head: str = "gaussian",
        width: int = 24,
        epochs: int = 200,
        patience: int = 20,
        batch: int = 64,
        rate: float = 3e-3,
        decay: float = 1e-2,
        device: str = "cpu",
        checkpoint: Path | None = None,
        random_state: int = 0,
    ) -> None:
        self.modalities = modalities
        self.head = head
        self.width = width
        self.epochs = epochs
        self.patience = patience
        self.batch = batch
        self.rate = rate
        self.decay = decay
        self.device = device
        self.checkpoint = checkpoint
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn what it takes: ``nan``, sequences, several ratings at once."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.three_d_array = True
        tags.target_tags.multi_output = True
        return tags

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit one or several ratings.

        Parameters
        ----------
        X
            Sequences, shape (n, answers, features), ``nan`` where not measured; or (n, features), one answer each.
        y
            Ratings, shape (n,) or (n, k); ``nan`` where nobody rated, one rating of each competency at least.
        groups
            Whose row it is, shape (n,); by default every row is another person. A fifth of the persons is held out.
        sample_weight
            At least 0, shape (n,); by default 1.

        Raises
        ------
        ValueError
            For shapes that do not fit, infinite values, a device that is not there, unknown heads and modalities.
        CheckpointRefused
            Where the checkpoint is of another fit.
        """
        x = self._sequences(X, reset=True)
        ratings = self._ratings(y, len(x))
        weights = np.asarray(_check_sample_weight(sample_weight, x, ensure_non_negative=True), np.float64)
        if self.head not in HEADS:
            raise ValueError(
                f"The 'head' parameter of FusionRegressor must be one of {', '.join(HEADS)}. Got {self.head!r} instead."
            )
        if self.device != "cpu" and not torch.cuda.is_available():
            raise ValueError(
                f"The 'device' parameter of FusionRegressor asks for {self.device!r}, and this machine has no CUDA "
                "device. Use 'cpu'."
            )
        held = self._held(len(x), groups)
        modalities = modalities_of(self.modalities, x[~held])
        head = head_of(self.head, ratings)
        with repeatable(self.device):
            everybody = cohort_of(modalities, x, ratings, weights)
            seen, out = (everybody.rows(torch.as_tensor(np.flatnonzero(rows))) for rows in (~held, held))
            k = ratings.shape[1]
            start = None if head.start is None else torch.as_tensor(head.start, dtype=torch.float32)
            inputs = {one.name: one.inputs for one in modalities}
            network = Network(inputs, x.shape[1], self.width, k * head.each, start, self.random_state)
            schedule = Schedule(self.epochs, self.patience, self.batch, self.rate, self.decay, self.random_state)
            place = None if self.checkpoint is None else Path(self.checkpoint)
            digest = self._digest(x, ratings, weights, held)
            progress = learn(network, head, seen, out, schedule, self.device, place, digest)
            with torch.no_grad():
                outputs, _ = network(out.values, out.present)
            spread = calibrated(head, outputs.double(), out.ratings.double(), out.weights.double())
        self.fitted_ = FittedFusion(modalities, x.shape[1], self.width, k, head, spread, network)
        self.epochs_, self.best_epoch_, self.held_persons_ = progress.epoch, progress.best_epoch, int(held.sum())
        return self

    def predict(self, X: npt.ArrayLike) -> Floats:
        """Expected ratings, shape (n,) or (n, k) as in training; ``nan`` where nothing was measured."""
        return self._shaped(self._fitted.predict(self._sequences(X)).mean)

    def predict_spread(self, X: npt.ArrayLike) -> Floats:
        """Standard deviation of the rating about its expectation, shaped as :meth:`predict`."""
        return self._shaped(self._fitted.predict(self._sequences(X)).sd)

    def predict_interval(self, X: npt.ArrayLike, confidence: float = 0.9) -> tuple[Floats, Floats]:
        """Limits between which a rating lies with this probability, each shaped as :meth:`predict`."""
        low, high = self._fitted.interval(self._sequences(X), confidence)
        return self._shaped(low), self._shaped(high)

    def gates(self, X: npt.ArrayLike) -> Floats:
        """How far each modality was let through, 0–1, shape (n, modalities); exactly 0 where it is absent."""
        return self._fitted.predict(self._sequences(X)).gates

    @property
    def _fitted(self) -> FittedFusion:
        check_is_fitted(self)
        return self.fitted_

    def _shaped(self, found: Floats) -> Floats:
        return found[:, 0] if self._one_rating else found

    def _sequences(self, X: npt.ArrayLike, *, reset: bool = False) -> Floats:
        """Sequences (n, answers, features), checked."""
        if not reset:
            check_is_fitted(self)
        if np.asarray(X).ndim != 3:
            flat = validate_data(
                self, X, dtype=np.float64, ensure_all_finite="allow-nan", reset=reset, ensure_min_samples=1 + reset
            )
            x = np.asarray(flat, np.float64)[:, None, :]
        else:
            x = np.asarray(
                check_array(
                    X, dtype=np.float64, ensure_all_finite="allow-nan", allow_nd=True, ensure_min_samples=1 + reset
                )
            )
            validate_data(self, x[:, 0, :], ensure_all_finite="allow-nan", reset=reset)
        if not reset and x.shape[1] != self.fitted_.answers:
            raise ValueError(
                f"FusionRegressor was trained on interviews of {self.fitted_.answers} answers. Got {x.shape[1]} "
                "instead: a question that was not asked is an answer of nan."
            )
        return x

    def _ratings(self, y: npt.ArrayLike, n: int) -> Floats:
        """Ratings (n, k), checked."""
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None: FusionRegressor learns from ratings.")
        found = check_array(y, dtype=np.float64, ensure_2d=False, ensure_all_finite="allow-nan", input_name="y")
        self._one_rating = found.ndim == 1
        ratings = np.asarray(found, np.float64).reshape(len(found), -1)
        unrated = int(np.isnan(ratings).all(axis=0).sum())
        if len(ratings) != n or unrated:
            raise ValueError(
                f"The 'y' parameter of FusionRegressor must hold one row for each of {n} interviews and a rating of "
                f"every competency. Got {len(ratings)} rows, {unrated} competencies unrated."
            )
        return ratings

    def _held(self, n: int, groups: npt.ArrayLike | None) -> npt.NDArray[np.bool_]:
        """Which rows are of persons held out: a fifth of the persons, one at least."""
        persons = np.arange(n) if groups is None else np.asarray(groups)
        names, number = np.unique(persons, return_inverse=True)
        if len(persons) != n or len(names) < 2:
            raise ValueError(
                f"The 'groups' parameter of FusionRegressor must name at least 2 persons in {n} rows. Got {len(names)} "
                f"persons in {len(persons)} rows instead."
            )
        order = np.random.default_rng([self.random_state, 5]).permutation(len(names))
        held: npt.NDArray[np.bool_] = np.isin(number, order[: max(1, round(HELD_SHARE * len(names)))])
        return held

    def _digest(self, *arrays: npt.NDArray[Any]) -> str:
        """Of everything that the result depends on."""
        said = {name: value for name, value in self.get_params().items() if name != "checkpoint"}
        if self.modalities is not None:
            said["modalities"] = {name: list(map(int, columns)) for name, columns in self.modalities.items()}
        found = hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode())
        for one in arrays:
            found.update(str(one.shape).encode())
            found.update(np.ascontiguousarray(one).tobytes())
        return found.hexdigest()
