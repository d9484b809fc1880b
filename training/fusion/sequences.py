"""A training's answers in the order in which fusion reads them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vivavoce.data.framework import Framework
from vivavoce.evaluation.arguments import Floats
from vivavoce.models.fusion.sequences import sequences
from vivavoce.training.inputs import Inputs
from vivavoce.training.tables import BadTraining

UNDECLARED = "undeclared"  # the modality of columns that declare none


@dataclass(frozen=True)
class Sequences:
    """The answers of a training's interviews, one place for each question of the framework.

    Parameters
    ----------
    values
        Shape (n, questions, p); ``nan`` where not measured or not asked; the mean where a question has several answers.
    columns
        p names.
    modalities
        The columns of each, as :class:`FusionRegressor` takes them.
    """

    values: Floats
    columns: tuple[str, ...]
    modalities: Mapping[str, tuple[int, ...]]

    def of(self, modalities: Collection[str]) -> "Sequences":
        """The same answers, of which only these modalities were looked at."""
        kept = sorted(i for name in modalities for i in self.modalities[name])
        place = {column: i for i, column in enumerate(kept)}
        named = {name: tuple(place[i] for i in self.modalities[name]) for name in self.modalities if name in modalities}
        return Sequences(self.values[:, :, kept], tuple(self.columns[i] for i in kept), named)


def sequences_of(inputs: Inputs, framework: Framework) -> Sequences:
    """Put a training's answers in the order of the framework's questions.

    Raises
    ------
    BadTraining
        Where only interviews are known, not their single answers, and where nothing was measured that varies.
    """
    if inputs.answers is None:
        raise BadTraining("fusion reads single answers, and these features are one row per interview: use linear.")
    columns = tuple(dict.fromkeys(name for own in inputs.features.values() for name in own))
    if not columns:
        raise BadTraining("None of the features was measured with more than one value.")
    of = inputs.answers
    given = {name: of.columns[name] for name in columns}
    questions = [question.id for question in framework.questions]
    values = sequences(given, of.interview, of.question, questions, len(inputs.interviews))
    modalities: dict[str, tuple[int, ...]] = {}
    for i, name in enumerate(columns):
        modality = inputs.modalities.get(name, UNDECLARED)
        modalities[modality] = (*modalities.get(modality, ()), i)
    return Sequences(values, columns, modalities)
