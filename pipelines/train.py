"""``viva train``: measured features, human ratings and later performance in; a model version out, ``experimental``."""

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from vivavoce.data.framework import FrameworkError, load_framework
from vivavoce.data.refused import RefusedName
from vivavoce.models.version import ModelVersion

EXIT_TRAINED, EXIT_BAD_INPUT = 0, 2


@dataclass(frozen=True)
class TrainingRequest:
    """What one training is asked to do; ``outcomes`` is None where performance is not known yet."""

    features: Path
    ratings: Path
    outcomes: Path | None
    framework: Path
    out: Path
    seed: int = 0


def run_train(request: TrainingRequest, *, console: Console | None = None) -> int:
    """Train one job family's model and save it in a new folder; returns the exit status."""
    from vivavoce.models.directory import save_model
    from vivavoce.models.norms import NoNorms
    from vivavoce.training.inputs import BadTraining

    said = console or Console(stderr=True)
    try:
        if request.out.exists():
            raise FileExistsError(f"{request.out} exists: a model version never changes. Name a new folder.")
        model = _trained(request, said)
        digest = save_model(model, request.out)
    except (BadTraining, NoNorms, FrameworkError, RefusedName, FileExistsError) as error:
        said.print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
        return EXIT_BAD_INPUT
    for line in summary(model):
        said.print(line, markup=False, highlight=False, soft_wrap=True)
    said.print(f"{request.out}: model {digest[:12]}, experimental.", markup=False, highlight=False, soft_wrap=True)
    return EXIT_TRAINED


def _trained(request: TrainingRequest, said: Console) -> ModelVersion:
    from vivavoce.training.fit import fit_model
    from vivavoce.training.joining import read_inputs

    framework = load_framework(request.framework)
    inputs = read_inputs(request.features, request.ratings, request.outcomes, framework)
    for one in inputs.lost:
        line = f"Left out: {one.count} {one.step} ({', '.join(one.ids)}{', …' if one.count > len(one.ids) else ''})."
        said.print(line, markup=False, highlight=False, soft_wrap=True)
    return fit_model(inputs, framework, seed=request.seed)


def summary(model: ModelVersion) -> list[str]:
    """What was learned, one line each: agreement with people, weights, validity, findings."""
    lines = []
    for name, found in model.documents["validity"]["ratings"].items():
        lines.append(f"{name}: r with human ratings {_r(found['linear'])}, answer length {_r(found['answer length'])}")
    weights = model.documents["weights"]
    lines += weights.get("shifts", [f"Weights: {weights.get('reason')}"])
    correlations = model.documents["validity"]["performance"].get("correlations", {})
    lines += [f"r with performance, {name} weights: {_r(correlations[name])}" for name in WEIGHTINGS if correlations]
    return [*lines, *weights.get("findings", [])]


WEIGHTINGS = ("learned", "framework", "unit")


def _r(found: dict[str, float | str | None]) -> str:
    if found["value"] is None:
        return f"– ({found['reason']})"
    return f"{found['value']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"
