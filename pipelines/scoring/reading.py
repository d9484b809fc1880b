"""Answers read by the reader that a version names: each reading sealed under the person's key."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vivavoce.data.framework import Competency, Framework
from vivavoce.data.interview import Interview, Purpose
from vivavoce.data.reader import Reader
from vivavoce.data.schema import Measures, digest_of
from vivavoce.data.vault.store import Artefact, Store
from vivavoce.features.language import AnswerText
from vivavoce.features.reader.endpoint import EndpointReader
from vivavoce.features.reader.local_reader import SECONDS, LocalReader, ReaderWeights, weights_of
from vivavoce.features.reader.reading import CODE, READER, Engine, Reading, read, read_answer
from vivavoce.models.reader.reader_version import RATING, RUBRIC, SPREAD
from vivavoce.models.version import ModelVersion
from vivavoce.pipelines.scoring.configuration import RequestRefused
from vivavoce.pipelines.scoring.outputs import Row

LEAST = 3  # ratings or scores for a coefficient


@dataclass(frozen=True)
class Desk:
    """Everything that reading needs, found and checked before anybody is read.

    Parameters
    ----------
    reader
        Who reads.
    weights
        Where its weights lie; None where an address reads.
    seconds
        For one answer and competency.
    """

    reader: Reader
    weights: ReaderWeights | None
    seconds: float = SECONDS

    @property
    def outside(self) -> bool:
        """Whether words leave."""
        return self.reader.endpoint is not None

    @property
    def fingerprints(self) -> dict[str, str]:
        """Of every measure that it makes."""
        stage = self.reader.stage(CODE)
        return {feature.name: READER.fingerprint(feature.name, stage) for feature in READER}

    def open(self) -> Engine:
        """The engine; raises ``ReaderFailed`` where it cannot be opened."""
        if self.weights is None:
            return EndpointReader(self.reader, self.seconds)
        return LocalReader(self.weights, self.reader.points, self.seconds)

    def agreed(self, interview: Interview) -> bool:
        """Whether a row's consent covers this reader: one outside needs a purpose of its own."""
        return not self.outside or (
            interview.consent is not None and Purpose.EXTERNAL_READER in interview.consent.purposes
        )


def find_desk(models: Sequence[ModelVersion], given: str | Path | None, seconds: float = SECONDS) -> Desk | None:
    """The one reader of a run; None where no version has one.

    Raises
    ------
    RequestRefused
        For two readers, and for weights that are named and read by nobody.
    ReaderRefused
        For weights that are not there, or are others.
    """
    readers = list(dict.fromkeys(model.reads for model in models if model.reads is not None))
    if not readers:
        if given is not None:
            raise RequestRefused("--reader-weights is for a --model of the kind that reads: leave it out.")
        return None
    if len(readers) > 1:
        named = ", ".join(one.said for one in readers)
        raise RequestRefused(f"One run has one reader, and these models have several ({named}): score job by job.")
    (reader,) = readers
    return Desk(reader, None if reader.endpoint else weights_of(reader, given), seconds)


@dataclass
class Reads:
    """Reads answers of one framework after the other; with a store, nobody's answer twice."""

    desk: Desk
    store: Store | None = None
    quoting: bool = True  # whether words that carry a rating are looked for where the reader gives none
    _engine: Engine | None = field(default=None, repr=False)

    def measure(
        self, answer: AnswerText, framework: Framework, candidate: str | None = None
    ) -> tuple[Measures, Mapping[str, tuple[tuple[int, int], ...]]]:
        """Measures of one answer, and the spans of its words that carry them.

        Raises
        ------
        ReaderFailed
            Where the reader gives nothing that can be used: nothing is sealed of what failed.
        """
        return read_answer(answer, lambda competency: self._read(answer, competency, framework, candidate))

    def _read(self, answer: AnswerText, competency: Competency, framework: Framework, candidate: str | None) -> Reading:
        reader, stage = self.desk.reader, self.desk.reader.stage(CODE)
        text = answer.quote((0, len(answer.words)))
        about = [
            answer.language,
            answer.question,
            text,
            competency.model_dump(mode="json"),
            framework.scale.model_dump(),
        ]
        address = hashlib.sha256(digest_of(about).encode()).hexdigest()
        kept = None if self.store is None or candidate is None else self.store.get(candidate, address, stage)
        if kept is not None:
            return Reading.from_document(kept.document)
        self._engine = self._engine or self.desk.open()
        found = read(answer, competency, reader, framework.scale, self._engine, quoting=self.quoting)
        if self.store is not None and candidate is not None:
            self.store.put(candidate, address, stage, Artefact(found.document(), {}))
        return found


def reading_account(rows: Sequence[Row], desk: Desk) -> dict[str, Any]:
    """What ``run.json`` says of the reader: which one, how its readings agree, and how it agrees with the rubric.

    ``icc`` is one reading's reliability over all answers and competencies, ICC(1,1) of Shrout & Fleiss (1979), which
    rests on each rating's mean and spread alone; ``rubric`` is Spearman's correlation over competency scores; None for
    fewer than three of either.
    """
    import numpy as np

    from vivavoce.evaluation.correlation import rank_correlation
    from vivavoce.evaluation.reliability import icc

    k = desk.reader.readings
    spread = [
        (value, answer.values[f"{SPREAD}.{name.rpartition('.')[2]}"])
        for row in rows
        for answer in row.result.answers
        for name, value in answer.values.items()
        if name.startswith(f"{RATING}.") and f"{SPREAD}.{name.rpartition('.')[2]}" in answer.values
    ]
    pairs = [
        (score.value, one.value)
        for row in rows
        for score in row.result.scores
        for one in score.evidence
        if one.measure == RUBRIC and score.value is not None and one.value is not None
    ]
    found: dict[str, Any] = {"reader": desk.reader.document(), "ratings": len(spread), "scores": len(pairs)}
    found |= {"icc": None, "rubric": None}
    if k > 1 and len(spread) >= LEAST:
        means, apart = np.array(spread).T
        steps = np.linspace(-1.0, 1.0, k)  # any k values of this mean and spread have the same squares
        table = means[:, None] + apart[:, None] * steps / steps.std(ddof=1)
        found["icc"] = _finite(float(icc(table).icc_1_1))
    if len(pairs) >= LEAST:
        ours, theirs = np.array(pairs).T
        found["rubric"] = _finite(rank_correlation(theirs, ours))
    return found


def _finite(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None
