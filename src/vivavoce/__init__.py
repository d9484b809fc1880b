"""Recorded job interviews in, competency scores that can be defended out.

What a notebook needs stands here and is imported when it is first used; tables are DataFrames, paths or URLs::

    import vivavoce as vv

    run = vv.score("interviews.jsonl", out="results")  # run.scores, run.features, run.status; run.report
    model = vv.train(run.features, ratings=ratings, outcomes=outcomes, framework="f.yaml")
    audit = vv.audit(run.scores, groups=groups, select=0.25)  # audit.by_group, audit.findings, audit.verdict

The subpackages read in the order in which data flows: ``data`` → ``features`` → ``models`` →
``training`` / ``evaluation`` / ``fairness`` → ``pipelines``.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vivavoce import models as models
    from vivavoce.data.errors import Exit as Exit
    from vivavoce.data.errors import VivaError as VivaError
    from vivavoce.data.framework import load_framework as read_framework
    from vivavoce.pipelines.audit import audit as audit
    from vivavoce.pipelines.auditing.made import Audited as Audited
    from vivavoce.pipelines.manifest import Manifested as Manifested
    from vivavoce.pipelines.manifest import manifest as manifest
    from vivavoce.pipelines.publish import Published as Published
    from vivavoce.pipelines.publish import publish as publish
    from vivavoce.pipelines.score import Run as Run
    from vivavoce.pipelines.score import measure as measure
    from vivavoce.pipelines.score import score as score
    from vivavoce.pipelines.train import Trained as Trained
    from vivavoce.pipelines.train import train as train
    from vivavoce.pipelines.trained import Model as Model
    from vivavoce.pipelines.trained import load as load

__version__ = "0.1.0"

_src = Path(__file__).parents[1]
if _src.name == "src":  # a checkout: the subpackages are the folders beside src/
    __path__.insert(0, str(_src.parent))

_FRONT = {  # each name of the front door, and where it is
    "manifest": "pipelines.manifest:manifest",
    "score": "pipelines.score:score",
    "measure": "pipelines.score:measure",
    "train": "pipelines.train:train",
    "audit": "pipelines.audit:audit",
    "load": "pipelines.trained:load",
    "publish": "pipelines.publish:publish",
    "Run": "pipelines.score:Run",
    "Manifested": "pipelines.manifest:Manifested",
    "Model": "pipelines.trained:Model",
    "Trained": "pipelines.train:Trained",
    "Audited": "pipelines.audit:Audited",
    "Published": "pipelines.publish:Published",
    "read_framework": "data.framework:load_framework",
    "models": "models:",
    "VivaError": "data.errors:VivaError",
    "Exit": "data.errors:Exit",
}

__all__ = [
    "Audited", "Exit", "Manifested", "Model", "Published", "Run", "Trained", "VivaError", "audit", "load", "manifest",
    "measure", "models", "publish", "read_framework", "score", "train",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """Import a name of the front door when it is first used (PEP 562)."""
    if name not in _FRONT:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    where, _, there = _FRONT[name].partition(":")
    module = import_module(f"{__name__}.{where}")
    found: object = getattr(module, there) if there else module
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__"})
