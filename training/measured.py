"""Measured features as training reads them: every column declared, by viva itself or in a schema beside the table."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from vivavoce.data.interview import Modality
from vivavoce.data.schema import Feature
from vivavoce.training.declaration import Declaration, read_declaration
from vivavoce.training.tables import BadTraining, Source, Table, read_table

Floats = npt.NDArray[np.float64]

IDENTITY = frozenset(
    ("interview_id", "candidate_id", "question_id", "job", "language", "asr_engine", "start_s", "end_s", "purposes")
) | frozenset(("unclear", "word_confidence", "site", "employer", "recorded_at"))
OWN = ("question_id", "job", "asr_engine", "purposes")  # what viva's own table always has
NOT_DECLARED = (
    "An outcome, an id or a date among the features would be learned by heart: remove these columns, or declare them "
    "in a YAML schema (the file's name with .yaml, or --schema)."
)


@dataclass(frozen=True)
class Measured:
    """Features of answers, or of whole interviews where the table knows no questions.

    Parameters
    ----------
    table
        As read; its frame has the features under their declared names.
    fingerprints, modalities
        Of every feature that may be scored (a modality only where one is declared).
    proxies
        Protected attributes that a feature is known to tell apart, by feature.
    consent
        The policy that covers training, where the schema states it for the whole table.
    """

    table: Table
    fingerprints: Mapping[str, str]
    modalities: Mapping[str, str]
    proxies: Mapping[str, str] = field(default_factory=dict)
    consent: str | None = None

    @property
    def frame(self) -> pd.DataFrame:
        """Its rows."""
        return self.table.frame


def read_measured(source: Source | str | Path, job: str, schema: Path | None = None) -> Measured:
    """Read features.

    Parameters
    ----------
    source
        ``features.parquet`` as viva writes it, whose columns carry their declarations; or any table with
        ``interview_id, candidate_id`` and numbers, declared in ``schema``.
    job
        Assumed where the table has no column ``job``.
    schema
        YAML (see :class:`Declaration`); by default the file beside the table with the suffix ``.yaml``.

    Raises
    ------
    BadTraining
        For columns that nobody declared, declared ones that are not there, that hold no numbers or values outside
        their plausible range, and a table that says nothing of consent.
    """
    table = read_table(source, ("interview_id", "candidate_id"))
    table.filled(("interview_id", "candidate_id"))
    beside = Path(table.source.place).with_suffix(".yaml") if table.source.table is None else None
    path = schema or (beside if beside is not None and beside.is_file() else None)
    if path is not None:
        return _declared(table, read_declaration(path), job)
    table.require(OWN)
    return _own(table)


def _own(table: Table) -> Measured:
    names = [str(name) for name in table.frame.columns if name not in IDENTITY]
    told = {name: table.metadata.get(name, {}) for name in names}
    _refuse_strange(table, [name for name in names if b"fingerprint" not in told[name]])
    used = [n for n in names if told[n].get(b"impairment_sensitive") != b"true" and told[n].get(b"quality") != b"true"]
    return Measured(
        table,
        {name: told[name][b"fingerprint"].decode() for name in used},
        {name: told[name][b"modality"].decode() for name in used if b"modality" in told[name]},
        {name: told[name][b"proxy_of"].decode() for name in used if told[name].get(b"proxy_of")},
    )


def _refuse_strange(table: Table, strange: list[str]) -> None:
    if strange:
        raise BadTraining(
            f"{table.source}: {', '.join(strange)} carry no fingerprint, so viva did not measure them. {NOT_DECLARED}"
        )


def _declared(table: Table, schema: Declaration, job: str) -> Measured:
    frame, found = table.frame, {}
    prints, modalities, proxies = {}, {}, {}
    columns: dict[str, tuple[Feature, str]] = {}
    for one in schema.features:
        called, feature = one.column or one.name, one.feature
        if feature.per_competency:
            own = [str(name) for name in frame.columns if str(name).startswith(f"{called}.")]
            columns.update({name: (feature, feature.name + name.removeprefix(called)) for name in own})
        elif called in frame.columns:
            own = [called]
            columns[called] = feature, feature.name
        else:
            own = []
        if not own:
            raise BadTraining(f"{table.source}: {called} is declared and not there. Remove it from the schema.")
        for name in own:
            kept = columns[name][1]
            found[kept] = _plausible(table, name, feature)
            if not feature.impairment_sensitive and not feature.quality:
                prints[kept], modalities[kept] = schema.fingerprint(one), feature.modality.value
                if feature.proxy_of:
                    proxies[kept] = ",".join(feature.proxy_of)
    _refuse_strange(table, [str(name) for name in frame.columns if name not in IDENTITY and name not in columns])
    kept_ids = {str(name): frame[name] for name in frame.columns if name in IDENTITY}
    given = {**kept_ids, **_stated(table, schema, job), **found}
    whole = Table(table.source, pd.DataFrame(given, index=frame.index), table.sha256)
    return Measured(whole, prints, modalities, proxies, schema.consent)


def _plausible(table: Table, name: str, feature: Feature) -> Floats:
    values = table.numbers(name, optional=True)
    outside = np.flatnonzero((values < feature.low) | (values > feature.high))
    if len(outside):
        row = int(outside[0])
        raise BadTraining(
            f"{table.source}: {name} in {table.place(row)} is {values[row]:g} ({len(outside)} such rows), outside its "
            f"plausible range of {feature.low:g} to {feature.high:g} {feature.unit}: a measurement error, not a "
            "person. Empty these cells, or correct the declared range."
        )
    return values


def _stated(table: Table, schema: Declaration, job: str) -> dict[str, str | None]:
    """What the schema says for every row, where the table has no column for it."""
    names = table.frame.columns
    found: dict[str, str | None] = {}
    if "job" not in names:
        found["job"] = job
    if "purposes" not in names:
        if schema.consent is None:
            raise BadTraining(
                f"{table.source}: nothing says that its people agreed to training. Add a column 'purposes' "
                "(score,train), or state the policy under 'consent' in the schema."
            )
        found["purposes"] = "train"
    if "asr_engine" not in names:
        if schema.recogniser is None and any(one.modality is Modality.TEXT for one in schema.features):
            raise BadTraining(
                f"{table.source}: nothing says whose words its text features rest on. Add a column 'asr_engine', or "
                "name the recogniser under 'recogniser' in the schema."
            )
        found["asr_engine"] = schema.recogniser
    return found
