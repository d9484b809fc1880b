"""A model version in hand: what it is, what it weighs, and how it scores a table of answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vivavoce.data.errors import VivaError
from vivavoce.data.people_tables import FEATURES
from vivavoce.data.table import read_table
from vivavoce.models.directory import load_model
from vivavoce.models.score import Standing
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.door import Data, named
from vivavoce.pipelines.door import Model as Reference
from vivavoce.pipelines.publishing.admission import points
from vivavoce.pipelines.scoring.model import REGISTERED

if TYPE_CHECKING:
    import pandas as pd

IDENTITY = ("interview_id", "candidate_id")
FINGERPRINT = b"fingerprint"  # of a column's metadata
NEEDED = (*IDENTITY, "question_id", "job", "asr_engine")


@dataclass(frozen=True)
class Model:
    """A model version.

    Parameters
    ----------
    version
        What it learned: norms, coefficients, fingerprints, documents.
    digest
        Which one it is: SHA-256 of its folder's manifest.
    standing
        ``experimental``, or what a gate admitted it as.
    folder
        Where it lies.
    """

    version: ModelVersion
    digest: str
    standing: Standing
    folder: Path

    @property
    def job(self) -> str:
        """The job family that it is for."""
        return self.version.framework.job

    @property
    def kind(self) -> str:
        """``linear``, ``fusion``, ``rubric`` or another."""
        return self.version.kind

    @property
    def weights(self) -> "pd.Series[float]":
        """Of each competency in the overall score, at least 0, summing to 1."""
        import pandas as pd

        return pd.Series(dict(self.version.weights), name="weight")

    @property
    def documents(self) -> Mapping[str, Any]:
        """What lies beside it: ``datasheet``, ``weights``, ``validity`` and the like."""
        return self.version.documents

    def score(self, features: Data) -> "pd.DataFrame":
        """Score interviews from their answers' measures, as :func:`vivavoce.score` would.

        Parameters
        ----------
        features
            One row for each answer: ``run.features``, or a ``features.parquet``.

        Returns
        -------
        DataFrame
            One row for each interview and competency, and ``overall``: ``interview_id, candidate_id, job, competency,
            score, model_digest, standing``; a score is 0–100, ``nan`` where too little was measured.

        Raises
        ------
        VivaError
            For a table that is none of answers, and one that was measured otherwise than the model's training.
        """
        answers = self._answers(features)
        found = points(self.version, answers)
        people = answers.drop_duplicates("interview_id").set_index("interview_id")["candidate_id"]
        found = found.rename_axis("interview_id").reset_index()
        rows = found.melt("interview_id", var_name="competency", value_name="score")
        rows.insert(1, "candidate_id", rows["interview_id"].map(people))
        rows.insert(2, "job", self.job)
        return rows.assign(model_digest=self.digest, standing=self.standing.value)

    def questions(self, features: Data) -> "pd.DataFrame":
        """What each answer alone would score: ``interview_id, candidate_id, job, question_id, score``, 0–100."""
        import pandas as pd

        answers, found = self._answers(features), []
        for question in self.version.framework.questions:
            asked = answers[answers["question_id"] == question.id]
            if asked.empty:
                continue
            alone = points(self.version, asked)[list(question.shows)].mean(axis=1)
            people = asked.drop_duplicates("interview_id").set_index("interview_id")["candidate_id"]
            one = {"interview_id": alone.index, "candidate_id": people.reindex(alone.index).to_numpy()}
            found.append(pd.DataFrame({**one, "job": self.job, "question_id": question.id, "score": alone.to_numpy()}))
        return pd.concat(found, ignore_index=True)

    def _answers(self, given: Data) -> "pd.DataFrame":
        """Answers for the model's job, measured as in training; those that were hardly heard are left out."""
        frame, prints = measured(given)
        frame = frame[frame["job"] == self.job]
        if frame.empty:
            raise VivaError(f"No answer is for the model's job, {self.job}. Give answers of people who applied for it.")
        self.version.check(prints, set(frame["asr_engine"].dropna()))
        if "unclear" in frame:
            frame = frame[frame["unclear"] != 1]
        return frame.reset_index(drop=True)


def measured(given: Data) -> "tuple[pd.DataFrame, dict[str, str]]":
    """A table of answers, and the fingerprint of each measure in it."""
    read = read_table(given, FEATURES, called="features")
    read.require(NEEDED)
    prints = {name: of[FINGERPRINT].decode() for name, of in read.metadata.items() if FINGERPRINT in of}
    if not prints:
        raise VivaError(
            f"{read.source}: nothing says how these features were measured.",
            remedy="Give run.features as it is, or a features.parquet; a DataFrame made from it keeps its attrs.",
        )
    return read.frame, prints


def load(model: Reference) -> Model:
    """Load a model version: a folder that ``viva train`` wrote, or ``models:/NAME@champion`` of the registry.

    A registered one is verified first, and has the standing that its gate gave it.

    Raises
    ------
    VivaError
        For a folder that is no model version, and a registered one that may not be used.
    """
    text = named(model)
    if not text.startswith(REGISTERED):
        version, digest = load_model(Path(text))
        return Model(version, digest, Standing.EXPERIMENTAL, Path(text))
    from vivavoce.pipelines.registry import resolve_here

    found = resolve_here(text)
    version, digest = load_model(found.folder, digest=found.digest)
    return Model(version, digest, found.standing, found.folder)
