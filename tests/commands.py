"""Commands asked in this process, under the one handler: how each ended, and what it said."""

import io
import os
from collections.abc import Callable
from contextlib import redirect_stderr
from typing import Any
from unittest.mock import patch

from vivavoce.data.errors import Exit
from vivavoce.pipelines.terminal import run


def ended(command: Callable[..., Any], *asked: Any, **named: Any) -> Exit:
    """How it ended; what it and the handler say goes to stderr."""

    def end() -> int:
        found = command(*asked, **named)
        return found if isinstance(found, int) else found.exit

    return run(end)


def told(command: Callable[..., Any], *asked: Any, width: int = 300, **named: Any) -> tuple[Exit, str]:
    """How it ended, and what it and the handler said."""
    with redirect_stderr(io.StringIO()) as said, patch.dict(os.environ, COLUMNS=str(width)):
        return ended(command, *asked, **named), said.getvalue()
