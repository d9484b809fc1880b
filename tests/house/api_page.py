"""The API page, made from docstrings and declared options: ``python -m tests.house.api_page > docs/api.md``."""

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import vivavoce as vv
from vivavoce.pipelines.door import Option, options

FUNCTIONS = ("manifest", "score", "measure", "train", "audit", "publish", "load", "read_framework")
RESULTS = ("Manifested", "Run", "Trained", "Model", "Audited", "Published", "VivaError", "Exit")
ESTIMATORS = ("CompetencyRidge", "FusionRegressor")
INTRODUCTION = """# The front door in Python

Written by `make docs` from the docstrings. `import vivavoce as vv` loads nothing heavy: each name is imported when it
is first used. Tables are DataFrames, files (`.csv`, `.xlsx`, `.parquet`; [tables.md](tables.md)) or `URL#table`
everywhere; what is wrong is a `VivaError` whose message says where, what, and how to mend it. The same options with the
same defaults are those of the [command line](commands.md).

本页由 `make docs` 依据文档字符串生成。表格处处可为 DataFrame、文件或 `URL#表名`；
出错时抛出 `VivaError`，说明位置、所给的值与解决办法。
"""


def page() -> str:
    """The page as Markdown."""
    parts = [INTRODUCTION, "## Functions\n"]
    parts += [block for name in FUNCTIONS for block in _function(name, getattr(vv, name))]
    parts.append("## Results\n")
    parts += [block for name in RESULTS for block in _class(name, getattr(vv, name))]
    parts.append("## Estimators\n\nAs `vv.models.…`, under scikit-learn's conventions.\n")
    parts += [block for name in ESTIMATORS for block in _class(f"models.{name}", getattr(vv.models, name))]
    return "\n".join(parts)


def _function(name: str, function: Callable[..., Any]) -> Iterator[str]:
    yield f"### `vv.{name}`\n"
    yield _text(function)
    declared = list(options(function))
    if declared:
        yield "| option | | default |\n|---|---|---|"
        yield from (f"| `{one.name}` | {_cell(one.said)} | {_default(one)} |" for one in declared)
        yield ""


def _default(option: Option) -> str:
    if option.default is inspect.Parameter.empty:
        return "must be given"
    if option.default is None or option.default == ():
        return ""
    return f"`{option.default!r}`"


def _cell(text: str) -> str:
    return re.sub(r" \[default: (.*)\]$", r" Default: \1.", text).replace("|", "\\|")


def _class(name: str, found: type) -> Iterator[str]:
    yield f"### `vv.{name}`\n"
    yield _text(found)
    for member, value in inspect.getmembers(found):
        if member.startswith("_") or member not in _own(found):
            continue
        told = value.fget if isinstance(value, property) else value
        if not (inspect.isfunction(told) and inspect.getdoc(told)):
            continue
        call = "" if isinstance(value, property) else "(…)"
        first = " ".join((inspect.getdoc(told) or "").split("\n\n")[0].split())
        yield f"- `.{member}{call}` {_marks(first)}"
    yield ""


def _own(found: type) -> set[str]:
    return {name for one in found.__mro__ if one.__module__.startswith("vivavoce") for name in vars(one)}


def _text(found: Any) -> str:
    """A docstring as Markdown: sections as headings of lists, examples fenced."""
    sections = re.split(r"^(\w+)\n-+\n", inspect.getdoc(found) or "", flags=re.MULTILINE)
    parts = [_marks(sections[0].strip()), ""]
    for title, body in zip(sections[1::2], sections[2::2], strict=True):
        body = body.strip("\n")
        if title in {"Examples"}:
            parts += ["```python", body, "```", ""]
            continue
        parts.append(f"*{title}*\n")
        for item in re.split(r"\n(?=\S)", body):
            head, _, rest = item.partition("\n")
            parts.append(
                f"- `{head}`: {_marks(' '.join(textwrap.dedent(rest).split()))}" if rest else f"- {_marks(head)}"
            )
        parts.append("")
    return "\n".join(parts)


def _marks(text: str) -> str:
    """Roles and double backticks as Markdown has them."""
    return re.sub(r":\w+:`~?(?:[\w.]*\.)?(\w+)`", r"`\1`", text).replace("``", "`")


if __name__ == "__main__":
    print(page(), end="")
