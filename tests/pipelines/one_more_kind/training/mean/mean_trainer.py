"""Makes versions of means: of every competency, the share of its terms that answers cover."""

from dataclasses import replace

import numpy as np

from vivavoce.data.framework import Framework
from vivavoce.evaluation.estimate import Floats
from vivavoce.models.mean.mean_version import MeanVersion
from vivavoce.models.score import Norms
from vivavoce.training.datasheet import datasheet
from vivavoce.training.inputs import Inputs
from vivavoce.training.learned import without_nan
from vivavoce.training.trainers import OPTIONS, Made, Settings, Trainer
from vivavoce.training.validation.overall import agreement
from vivavoce.training.variants import Variant, change


class MeanTrainer:
    """Takes one measure for each competency as it is."""

    learns = False
    idle = tuple(OPTIONS)
    why_idle = "takes means as they are"

    def train(self, inputs: Inputs, framework: Framework, settings: Settings) -> Made[MeanVersion]:
        """Norms of these people, and what they say about it."""
        measures = {name: f"language.term_coverage_share.{name}" for name in framework.weights}
        model = MeanVersion(
            framework=framework,
            weights=framework.weights,
            fingerprints={column: inputs.fingerprints[column] for column in sorted(measures.values())},
            recognisers=inputs.recognisers,
            languages=inputs.languages,
            measures=measures,
            norms={name: Norms.of(inputs.features[name][column]) for name, column in measures.items()},
        )
        z = {name: model.norms[name].z(inputs.features[name][column]) for name, column in measures.items()}
        validity = {"ratings": agreement(inputs, z, settings.seed), "performance": {"persons": 0}}
        documents = {
            "datasheet": datasheet(inputs, settings.seed),
            "weights": {"reason": "nothing is learned: the framework's weights are kept"},
            "validity": validity,
        }
        overall = np.column_stack(list(z.values())) @ list(model.weights.values())
        return Made(replace(model, documents=without_nan(documents)), z, overall)

    def scores_under(
        self,
        model: MeanVersion,
        inputs: Inputs,
        variant: Variant | None,
        seed: int,  # noqa: ARG002
    ) -> dict[str, Floats]:
        """Points by competency and overall, of fewer questions where a variant says so."""
        changed, framework = (inputs, model.framework) if variant is None else change(inputs, model.framework, variant)
        z = {name: model.norms[name].z(changed.features[name][one]) for name, one in model.measures.items()}
        return replace(model, framework=framework).weighted(z)


TRAINER: Trainer[MeanVersion] = MeanTrainer()
