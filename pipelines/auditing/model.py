"""Which model version an audit is of: its digest, what it scores with, and what it has to answer for. As JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vivavoce.data.problem import Problem
from vivavoce.data.schema import Feature
from vivavoce.fairness.records import BadInput
from vivavoce.models.directory import load_model
from vivavoce.models.files import ModelRefused
from vivavoce.models.score import Standing
from vivavoce.pipelines.declared import declared_features

Json = dict[str, Any]


def describe_model(folder: Path, scores: Path, digests: Sequence[str], standings: Sequence[str]) -> Json:
    """The version in a folder, where these scores are its own.

    Parameters
    ----------
    folder
        A model version; every file is checked against its manifest.
    scores
        The scores under audit, for messages.
    digests, standings
        What the scores' rows say of the model that made them.

    Raises
    ------
    BadInput
        For a folder that is no model version, and scores that name none or another: an audit is of one version.
    """
    try:
        model, digest = load_model(folder)
    except ModelRefused as error:
        raise BadInput(folder, [Problem("model", folder.name, str(error))]) from error
    if list(digests) != [digest]:
        shown = ", ".join(one[:12] for one in digests) or "no column 'model_digest'"
        remedy = f"Give scores that this version made (model_digest {digest[:12]}…), or leave --model out."
        raise BadInput(scores, [Problem("model_digest", shown, remedy)])
    declared = declared_features()
    return {
        "digest": digest,
        "standing": list(standings) or [Standing.EXPERIMENTAL.value],
        "job": model.framework.job,
        "framework": model.framework.digest,
        "weights": dict(model.weights),
        "recognisers": list(model.recognisers),
        "features": [_feature(name, model.fingerprints[name], declared) for name in sorted(model.fingerprints)],
        "competencies": {name: list(own) for name, own in model.features.items()},
    }


def _feature(name: str, fingerprint: str, declared: dict[str, Feature]) -> Json:
    """A column that the model uses, with what its declaration warns of; null where nobody declares it."""
    feature = declared.get(name) or declared.get(name.rpartition(".")[0])
    return {
        "name": name,
        "fingerprint": fingerprint,
        "declared": feature is not None,
        "modality": feature.modality.value if feature else None,
        "proxy_of": list(feature.proxy_of) if feature else None,
        "impairment_sensitive": feature.impairment_sensitive if feature else None,
        "quality": feature.quality if feature else None,
    }
