"""Which model version an audit is of: its digest, what it scores with, and what it has to answer for."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from vivavoce.data.problem import Problem
from vivavoce.data.schema import Feature
from vivavoce.data.table import InputRefused, Source
from vivavoce.models.score import Standing
from vivavoce.pipelines.auditing.evidence import Evidence, Json, Told, declared
from vivavoce.pipelines.auditing.scores import People
from vivavoce.pipelines.door import Model
from vivavoce.pipelines.report.blocks import Block, Paragraph, Say
from vivavoce.pipelines.report.plots import decimal


def read(model: Model, _: Mapping[str, Any]) -> Path:
    """Its folder: it is opened when the scores' digest is compared with it."""
    from vivavoce.pipelines.scoring.model import model_folder  # loads what measures: slow, and seldom asked for

    return model_folder(model)


def describe(folder: Path, people: People, _: Mapping[str, Any]) -> Json:
    """The version that made the scores under audit."""
    return describe_model(folder, people.source, people.scores.model_digests, people.scores.standings)


def describe_model(folder: Path, scores: Source, digests: Sequence[str], standings: Sequence[str]) -> Json:
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
    InputRefused
        For a folder that is no model version, and scores that name none or another: an audit is of one version.
    """
    from vivavoce.models.directory import ModelRefused, load_model  # loads what measures: slow, and seldom asked for
    from vivavoce.pipelines.scoring.configuration import declared_features

    try:
        model, digest = load_model(folder)
    except ModelRefused as error:
        raise InputRefused(folder, [Problem("model", folder.name, str(error))]) from error
    if list(digests) != [digest]:
        shown = ", ".join(one[:12] for one in digests) or "no column 'model_digest'"
        remedy = f"Give scores that this version made (model_digest {digest[:12]}…), or leave --model out."
        raise InputRefused(scores, [Problem("model_digest", shown, remedy)])
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


def tell(model: Told, say: Say) -> Iterator[Block]:
    """Which version made the scores, and what it has to answer for."""
    weights = ", ".join(f"{name} {decimal(weight)}" for name, weight in model["weights"].items())
    values = {"digest": model["digest"][:12], "job": model["job"], "standing": ", ".join(model["standing"])}
    yield Paragraph(say("model", **values, weights=weights, n=len(model["features"])))
    for flag, said in (("proxy_of", "model_proxies"), ("impairment_sensitive", "model_impairments")):
        names = [one["name"] for one in model["features"] if one[flag]]
        if names:
            yield Paragraph(say(said, features=", ".join(names)), "insufficient")


MODEL: Evidence[Path] = Evidence(
    declared("model"),
    read=read,
    describe=describe,
    tell=tell,
    share=dict,  # what a version is says nothing of the people
    digests=lambda model: {"model": model["digest"]},
)
