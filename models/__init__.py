"""From numbers to scores: what a model version is, the rubric, and estimators as scikit-learn has them."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vivavoce.models.fusion.estimator import FusionRegressor as FusionRegressor
    from vivavoce.models.linear.ridge import CompetencyRidge as CompetencyRidge

_ESTIMATORS = {"CompetencyRidge": "linear.ridge", "FusionRegressor": "fusion.estimator"}

__all__ = ["CompetencyRidge", "FusionRegressor"]


def __getattr__(name: str) -> object:
    """Import an estimator when it is first used: one of them needs torch."""
    if name not in _ESTIMATORS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_ESTIMATORS[name]}"), name)
    globals()[name] = found
    return found
