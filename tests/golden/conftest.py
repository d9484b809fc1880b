"""The scored demo of the pipelines' tests: one machine, one folder."""

from tests.pipelines.conftest import _project_key, demo, shared

__all__ = ["_project_key", "demo", "shared"]
