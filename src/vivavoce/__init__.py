"""Recorded job interviews in, competency scores that can be defended out.

The subpackages read in the order in which data flows: ``data`` → ``features`` → ``models`` →
``training`` / ``evaluation`` / ``fairness`` → ``pipelines``.
"""

from pathlib import Path

__version__ = "0.1.0"

_src = Path(__file__).parents[1]
if _src.name == "src":  # a checkout: the subpackages are the folders beside src/
    __path__.insert(0, str(_src.parent))
