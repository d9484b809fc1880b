"""Where what outlives a run is kept: keys, registry, event log."""

from collections.abc import Mapping
from pathlib import Path


def place(environment: Mapping[str, str], variable: str, name: str) -> Path:
    """Return what an environment variable names, else ``vivavoce/NAME`` in the user's data folder.

    Examples
    --------
    >>> place({"XDG_DATA_HOME": "/srv/share"}, "VIVA_LOG", "log").as_posix()
    '/srv/share/vivavoce/log'
    >>> place({"VIVA_LOG": "/srv/log"}, "VIVA_LOG", "log").as_posix()
    '/srv/log'
    """
    if named := environment.get(variable):
        return Path(named)
    data_home = environment.get("XDG_DATA_HOME")
    return (Path(data_home) if data_home else Path.home() / ".local" / "share") / "vivavoce" / name
