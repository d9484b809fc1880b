"""Measured features as training reads them: every column declared, by viva itself or in a schema beside the table.

The declared schema of somebody else's table: what each column is, in which unit and range, and from what source.

Training refuses columns that nobody declared: an outcome, an id or a date among the features would be learned by
heart. ``viva``'s own ``features.parquet`` carries its declarations; any other table needs them in a YAML file.

Columns that know too much: an outcome, a rating, an id or a date that was declared a feature.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field, model_validator
from scipy import stats

from vivavoce.data.framework import Part, Sentence
from vivavoce.data.interview import Modality
from vivavoce.data.people_tables import FEATURES
from vivavoce.data.problem import Problem, nearest
from vivavoce.data.schema import Feature, digest_of
from vivavoce.data.table import Given, Maps, Table, TableRefused, read_table
from vivavoce.training import BadTraining
from vivavoce.training.inputs import read_document

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


def read_measured(source: Given, job: str, schema: Path | None = None, maps: Maps | None = None) -> Measured:
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
    maps
        What the user calls these columns.

    Raises
    ------
    TableRefused, BadTraining
        For columns that nobody declared, declared ones that are not there, that hold no numbers or values outside
        their plausible range, and a table that says nothing of consent.
    """
    table = read_table(source, FEATURES, maps=maps, called="features")
    beside = Path(table.source.place).with_suffix(".yaml") if table.source.is_file else None
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
        remedy = f"They carry no fingerprint, so viva did not measure them. {NOT_DECLARED}"
        raise TableRefused(table.source, [Problem("header", ", ".join(strange), remedy)])


def _declared(table: Table, schema: Declaration, job: str) -> Measured:
    frame, found = table.frame, {}
    prints, modalities, proxies = {}, {}, {}
    lacking: list[str] = []
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
            lacking.append(called)
            continue
        for name in own:
            kept = columns[name][1]
            found[kept] = _plausible(table, name, feature)
            if not feature.impairment_sensitive and not feature.quality:
                prints[kept], modalities[kept] = schema.fingerprint(one), feature.modality.value
                if feature.proxy_of:
                    proxies[kept] = ",".join(feature.proxy_of)
    strange = [str(name) for name in frame.columns if name not in IDENTITY and name not in columns]
    problems = [
        Problem(
            "header",
            f"no column {called}",
            f"It is declared: name it, or remove it from the schema. {nearest(called, strange)}",
        )
        for called in lacking
    ]
    table.refuse(problems)
    _refuse_strange(table, strange)
    kept_ids = {str(name): frame[name] for name in frame.columns if name in IDENTITY}
    given = {**kept_ids, **_stated(table, schema, job), **found}
    whole = replace(table, frame=pd.DataFrame(given, index=frame.index))
    return Measured(whole, prints, modalities, proxies, schema.consent)


def _plausible(table: Table, name: str, feature: Feature) -> Floats:
    values = table.numbers(name, optional=True)
    remedy = (
        f"Its plausible range is {feature.low:g} to {feature.high:g} {feature.unit}: outside is a measurement error, "
        "not a person. Empty this cell, or correct the declared range."
    )
    outside = np.flatnonzero((values < feature.low) | (values > feature.high))
    table.refuse([table.problem(int(row), name, f"{values[row]:g}", remedy) for row in outside])
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


TOO_CLOSE = 0.98  # a feature that agrees so well with what came later, or with people, is a copy of it
LEAST = 20  # rows with both: among fewer such a correlation comes about by chance


def refuse_leaks(
    features: Mapping[str, Mapping[str, Floats]],
    later: Mapping[str, Floats],
    ratings: Mapping[str, Floats],
    orders: Mapping[str, Floats],
) -> None:
    """Refuse features that copy what they are to predict, or that count people.

    Parameters
    ----------
    features
        Columns by competency, shape (n,) each; ``nan`` where not measured.
    later
        Outcomes by name, shape (n,) each.
    ratings
        Mean human ratings by competency, shape (n,) each.
    orders
        Ranks that no feature may follow by name: of ids in the order of their names, of days; shape (n,) each.

    Raises
    ------
    BadTraining
        Naming every such column, what it copies and the correlation (beyond ± .98).

    Examples
    --------
    >>> x = np.random.default_rng(0).standard_normal(60)
    >>> refuse_leaks({"teamwork": {"language.a": x}}, {"sales": 2 * x + 1}, {}, {})
    Traceback (most recent call last):
    ...
    vivavoce.training.BadTraining: Columns that know too much: language.a is a copy of sales (r = 1.00). ...
    """
    columns = {name: values for own in features.values() for name, values in own.items()}
    means = {f"the ratings of {name}": (values, features.get(name, {})) for name, values in ratings.items()}
    found = [
        f"{name} is a copy of {what} (r = {r:.2f})"
        for what, (target, own) in {**{key: (one, columns) for key, one in later.items()}, **means}.items()
        for name, values in own.items()
        if abs(r := _pearson(values, target)) > TOO_CLOSE
    ]
    found += [
        f"{name} follows {what} (rank correlation {r:.2f})"
        for what, order in orders.items()
        for name, values in columns.items()
        if abs(r := _spearman(values, order)) > TOO_CLOSE
    ]
    if found:
        raise BadTraining(
            f"Columns that know too much: {'; '.join(found)}. Whatever is known only later, or counts people, "
            "predicts by heart: remove these columns."
        )


def _pearson(one: Floats, other: Floats) -> float:
    both = ~np.isnan(one) & ~np.isnan(other)
    if both.sum() < LEAST:
        return 0.0
    x, y = one[both] - one[both].mean(), other[both] - other[both].mean()
    norm = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / norm if norm > 0 else 0.0


def _spearman(one: Floats, other: Floats) -> float:
    both = ~np.isnan(one) & ~np.isnan(other)
    return _pearson(stats.rankdata(one[both]), stats.rankdata(other[both]))
