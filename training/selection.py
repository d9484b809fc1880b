"""How the people whose performance is known were selected: what a correction for range restriction may rest on."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from vivavoce.data.competency import Part, Sentence
from vivavoce.training.document import read_document

Spread = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, le=1)]


class Selection(Part):
    """How people were selected, and who says so.

    ``mechanism`` is ``direct`` (on this score, from the top), ``indirect`` (on something else) or ``unknown``.
    ``applicants_sd`` is the spread among applicants of what was selected on: of the overall score in its own unit
    (z), or of ``selector``, a criterion of the outcomes table that holds each person's value. ``reliability`` is the
    criterion's, where it is known from elsewhere, with its source.
    """

    mechanism: Literal["direct", "indirect", "unknown"]
    source: Sentence
    selector: Sentence | None = None
    applicants_sd: Spread | None = None
    reliability: Share | None = None
    reliability_source: Sentence | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.mechanism == "unknown" and self.applicants_sd is not None:
            raise ValueError("Where the mechanism is unknown no spread is of use: leave applicants_sd out.")
        if self.mechanism == "indirect" and self.applicants_sd is not None and self.selector is None:
            raise ValueError("Indirect selection needs the selector whose spread this is: name its criterion.")
        if self.mechanism == "direct" and self.selector is not None:
            raise ValueError("Direct selection is on the score itself: leave selector out, or write indirect.")
        if (self.reliability is None) != (self.reliability_source is None):
            raise ValueError("A reliability needs its source and a source its reliability: give both, or neither.")
        return self


def read_selection(path: Path) -> Selection:
    """Read a selection file (``BadTraining`` lists everything wrong in it)."""
    return read_document(path, Selection)
