"""What a golden run found, kept by stage; compared path by path."""

import json
import math
import platform
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

from tests.golden.plain import Json

HERE = Path(__file__).parent / "truth"
BITS = re.compile(r"(demo|production|clips)\.|train\.\w+\.(version|scores|questions)\.")
FACE = re.compile(r"(demo|clips)\..*\bface\.")
"""The face moved by a last bit in one scoring of eighteen, on a crowded machine; the cause was not found."""
STATISTIC = 1e-12  # relative or absolute: sums in another order
# On another processor, whose vector units add in another order; beside each what AVX2 gave against AVX-512.
ELSEWHERE = {
    re.compile(r"(demo|clips)\."): 1e-2,  # sound and faces are measured in 32 bits, closeness is rounded: 6.5e-5
    re.compile(r"\w+\.fusion\."): 0.05,  # thousands of steps, each from the last bits of the one before: 5e-7
    re.compile(""): 1e-6,  # 1e-14
}
MOST = 20  # differences told at once
LIBRARIES = (
    "av", "librosa", "mediapipe", "numpy", "opencv-contrib-python", "pandas", "scikit-learn", "scipy", "silero-vad",
    "statsmodels", "torch", "transformers",
)  # fmt: skip


@cache
def machine() -> Mapping[str, str]:
    """What may move the last bits of a number: processor and libraries."""
    return {
        "processor": _processor(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    """Model, family and vector units; what the system says of itself where that is not told."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    units = [unit for unit in ("avx2", "avx512f", "amx_tile") if unit in said.get("flags", "").split()]
    named = [said[name] for name in ("model name", "cpu family", "model") if name in said]
    return " ".join([platform.machine(), *named, *units])


def read_truth(stage: str) -> tuple[Json, bool]:
    """A stage's truth, and whether it was made on a machine of this kind."""
    kept = json.loads((HERE / f"{stage}.json").read_text(encoding="utf-8"))
    return kept["found"], kept["made on"] == dict(machine())


def write_truth(stage: str, found: Json) -> None:
    """Keep a stage, a line for each mapping or list of plain values."""
    HERE.mkdir(exist_ok=True)
    text = _lines({"made on": dict(machine()), "found": found}, 0)
    (HERE / f"{stage}.json").write_text(text + "\n", encoding="utf-8")


def _lines(value: Json, depth: int) -> str:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(item, dict | list) for item in items):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    pad = " " * (depth + 1)
    if isinstance(value, dict):
        inner = [
            f"{pad}{json.dumps(name, ensure_ascii=False)}: {_lines(item, depth + 1)}" for name, item in value.items()
        ]
        return "{\n" + ",\n".join(inner) + f"\n{' ' * depth}}}"
    return "[\n" + ",\n".join(f"{pad}{_lines(item, depth + 1)}" for item in value) + f"\n{' ' * depth}]"


def differences(path: str, truth: Json, found: Json, *, alike: bool) -> Iterator[str]:
    """Every place where a run differs from the truth, as a sentence; ``alike``: on a machine of the same kind."""
    if isinstance(truth, dict) and isinstance(found, dict):
        for name in dict.fromkeys((*truth, *found)):
            where = f"{path}.{name}"
            if name not in found:
                yield f"{where}: {_shown(truth[name])} is gone"
            elif name not in truth:
                yield f"{where}: {_shown(found[name])} is new"
            else:
                yield from differences(where, truth[name], found[name], alike=alike)
    elif isinstance(truth, list) and isinstance(found, list) and len(truth) == len(found):
        for i, (one, other) in enumerate(zip(truth, found, strict=True)):
            yield from differences(f"{path}.{i}", one, other, alike=alike)
    elif not _same(path, truth, found, alike):
        yield f"{path}: {_shown(truth)} became {_shown(found)}"


def _same(path: str, truth: Json, found: Json, alike: bool) -> bool:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (truth, found))
    if not numbers:
        return type(truth) is type(found) and bool(truth == found)
    if alike and BITS.match(path) and not FACE.match(path):
        return float(truth).hex() == float(found).hex()
    if alike:
        return math.isclose(truth, found, rel_tol=STATISTIC, abs_tol=STATISTIC)
    loose = next(tolerance for places, tolerance in ELSEWHERE.items() if places.match(path))
    return math.isclose(truth, found, rel_tol=loose, abs_tol=loose)


def _shown(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def report(stage: str, found: Json) -> list[str]:
    """The differences of a stage, at most 20 of them and how many more."""
    truth, alike = read_truth(stage)
    told = list(differences(stage, truth, found, alike=alike))
    more = [f"... and {len(told) - MOST} more"] if len(told) > MOST else []
    return [*told[:MOST], *more]
