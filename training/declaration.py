"""The declared schema of somebody else's table: what each column is, in which unit and range, and from what source.

Training refuses columns that nobody declared: an outcome, an id or a date among the features would be learned by
heart. ``viva``'s own ``features.parquet`` carries its declarations; any other table needs them in a YAML file.
"""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from vivavoce.data.competency import Part, Sentence
from vivavoce.data.interview import Modality
from vivavoce.data.schema import Feature, digest_of
from vivavoce.training.document import read_document

Finite = Annotated[float, Field(strict=False)]


class DeclaredColumn(Part):
    """One feature of the table; ``column`` is what the table calls it, by default its name."""

    name: Sentence
    column: Sentence | None = None
    modality: Modality
    unit: Sentence
    low: Finite
    high: Finite
    meaning: Sentence
    source: Sentence
    impairment_sensitive: bool = False
    quality: bool = False
    per_competency: bool = False
    proxy_of: tuple[Sentence, ...] = ()

    @model_validator(mode="after")
    def _is_a_feature(self) -> Self:
        self.feature  # noqa: B018 (its checks are the point: name, range, nothing that must not be claimed)
        return self

    @property
    def feature(self) -> Feature:
        """As the feature schema declares it."""
        body = self.model_dump(exclude={"column"})
        return Feature(**body)


class Declaration(Part):
    """The schema of a table.

    ``consent`` says under which policy its people agreed to training, where the table has no column ``purposes``.
    ``recogniser`` says whose words the features rest on, where it has no column ``asr_engine``.
    """

    features: Annotated[tuple[DeclaredColumn, ...], Field(min_length=1)]
    consent: Sentence | None = None
    recogniser: Sentence | None = None

    @model_validator(mode="after")
    def _once(self) -> Self:
        for names in ([one.name for one in self.features], [one.column or one.name for one in self.features]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{twice[0]} is declared twice: keep one.")
        return self

    def fingerprint(self, declared: DeclaredColumn) -> str:
        """SHA-256 (hex) of a column's declaration and of whose words it rests on."""
        return digest_of({**declared.model_dump(mode="json", exclude={"column"}), "recogniser": self.recogniser})


def read_declaration(path: Path) -> Declaration:
    """Read a table's schema (``BadTraining`` lists everything wrong in it)."""
    return read_document(path, Declaration, {"features": DeclaredColumn})
