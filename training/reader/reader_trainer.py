"""A reader made a version: weights by file, name or address; with people, what they say its ratings are worth.

Without people it is bare: ``viva score --model`` reads with it and writes its ratings beside the other measures. Made
again from that table and from human ratings, it is the same reader with evidence, and goes through the same gate.
"""

from dataclasses import replace
from typing import Any

from vivavoce.data.framework import Framework
from vivavoce.data.reader import READINGS, Reader
from vivavoce.evaluation.estimate import Floats
from vivavoce.features.reader.endpoint import EndpointRefused, check_address
from vivavoce.features.reader.local_reader import ReaderRefused, find_weights
from vivavoce.features.reader.reading import CODE, MOST_READINGS, READER, instructions_digest, points_of
from vivavoce.models.reader.reader_version import RATING, ReaderVersion
from vivavoce.training import BadTraining
from vivavoce.training.inputs import Inputs
from vivavoce.training.rubric.rubric_trainer import KEPT, beside, weighted
from vivavoce.training.rubric.rubric_trainer import points_of as scored_points
from vivavoce.training.trainers import Made, Settings, Trainer
from vivavoce.training.variants import Variant, fewer_questions, refuse_unknown


def reader_of(framework: Framework, asked: dict[str, Any]) -> Reader:
    """Who reads, from what was asked for.

    Raises
    ------
    BadTraining
        For neither or both of weights and an address, and for what cannot be used of either.
    """
    weights, endpoint, name = asked.get("weights_file"), asked.get("endpoint"), asked.get("model_name")
    readings = asked.get("readings") or READINGS
    if (weights is None) == (endpoint is None):
        raise BadTraining("--kind reader needs --weights-file, or --endpoint with --model-name: one of the two.")
    if (endpoint is None) != (name is None) or (asked.get("key_variable") and endpoint is None):
        raise BadTraining("--endpoint and --model-name belong together, and --key-variable to them alone.")
    if not 1 <= readings <= MOST_READINGS:
        raise BadTraining(f"--readings must be 1 to {MOST_READINGS}. Got {readings} instead.")
    try:
        points = points_of(framework.scale)
        if endpoint is not None:
            check_address(endpoint)
            known: tuple[str, str, int] = (str(name), "", 0)
        else:
            found = find_weights(weights or "")
            known = found.name, found.sha256, found.size
    except (ReaderRefused, EndpointRefused, ValueError) as error:
        raise BadTraining(str(error)) from error
    return Reader(*known, instructions_digest(), points, readings, endpoint, asked.get("key_variable"))


class ReaderTrainer:
    """Makes reader versions, of which nothing is learned; people say what the ratings are worth."""

    learns = False
    idle = ("tune", "sample_weights", "thorough", "beside", "split")
    why_idle = "learns nothing"

    def bare(self, framework: Framework, settings: Settings) -> ReaderVersion:
        """A version that nobody has been scored with."""
        reader = reader_of(framework, dict(settings.reading))
        fingerprint = READER.fingerprint(RATING, reader.stage(CODE))
        return ReaderVersion(
            framework=framework,
            weights=framework.weights,
            fingerprints={f"{RATING}.{name}": fingerprint for name in sorted(framework.weights)},
            recognisers=(),
            documents={
                "weights": {"reason": KEPT},
                "validity": {"ratings": {}, "performance": {"persons": 0}},
                "datasheet": {"persons": 0, "digests": {}},
            },
            reader=reader,
        )

    def train(self, inputs: Inputs, framework: Framework, settings: Settings) -> Made[ReaderVersion]:
        """The reader with what these people say about it; their answers must have been read by it already."""
        bare = self.bare(framework, settings)
        other = [name for name, wanted in bare.fingerprints.items() if inputs.fingerprints.get(name) != wanted]
        if other:
            raise BadTraining(
                f"These people's answers were not read by {bare.reader.said} with {bare.reader.readings} readings "
                f"({', '.join(other)}): score them with a version that was made without features first."
            )
        model = replace(bare, recognisers=inputs.recognisers, languages=inputs.languages or framework.languages)
        return beside(model, inputs, settings.seed, {})

    def scores_under(
        self,
        model: ReaderVersion,
        inputs: Inputs,
        variant: Variant | None,
        seed: int,  # noqa: ARG002 (no chance in it)
    ) -> dict[str, Floats]:
        """Points of every interview by competency and ``overall``, as the ratings are, or of fewer questions."""
        if variant is None:
            return scored_points(model, inputs)
        framework = fewer_questions(model.framework, variant)
        if variant.weights is not None:
            framework = weighted(framework, variant.name, variant.weights)
        refuse_unknown(variant, "modalities", variant.without_modalities, set())
        refuse_unknown(variant, "features", variant.without_features, set())
        return scored_points(replace(model, framework=framework, weights=framework.weights), inputs)


TRAINER: Trainer[ReaderVersion] = ReaderTrainer()
