"""Commands asked in this process, under the one handler: how each ended, and what it said."""

import io
from collections.abc import Callable
from typing import Any

from rich.console import Console

from vivavoce.data.errors import Exit
from vivavoce.pipelines.terminal import run


def ended(command: Callable[..., int], *asked: Any, **named: Any) -> Exit:
    """How it ended; errors are said where ``console`` is, else on stderr."""
    return run(lambda: command(*asked, **named), console=named.get("console"))


def told(command: Callable[..., int], *asked: Any, width: int = 300, **named: Any) -> tuple[Exit, str]:
    """How it ended, and what it and the handler said."""
    said = io.StringIO()
    return ended(command, *asked, console=Console(file=said, width=width), **named), said.getvalue()
