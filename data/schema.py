"""What a feature is: one named number per answer, declared once, with unit, range, meaning and source.

A *stage* is whatever can change a value (a recogniser, a face mesh, a set of parameters); a feature's
fingerprint covers its own declaration and every stage upstream of it.
"""

import hashlib
import inspect
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from vivavoce.data.identity import refuse_name
from vivavoce.data.interview import Modality

NAME = re.compile(r"^[a-z]+\.[a-z0-9_]+$")


@dataclass(frozen=True)
class Absent:
    """Not measured, and why (``sampling_rate``, ``no_encoder``, ``too_short`` …). Written as ``nan``, never as zero."""

    reason: str


Value = float | Absent
Measures = dict[str, Value]


@dataclass(frozen=True)
class Stage:
    """One step that can change a value.

    Examples
    --------
    >>> speech = Stage("speech", "1", {"threshold": 0.5})
    >>> other = Stage("speech", "1", {"threshold": 0.4})
    >>> Stage("pitch", "1", {}, (speech,)).fingerprint == Stage("pitch", "1", {}, (other,)).fingerprint
    False
    """

    name: str
    version: str
    parameters: Mapping[str, str | int | float | bool | None]
    upstream: tuple["Stage", ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over name, version, parameters and everything upstream."""
        return digest_of(
            {
                "name": self.name,
                "version": self.version,
                "parameters": dict(self.parameters),
                "upstream": [stage.fingerprint for stage in self.upstream],
            }
        )


def digest_of(document: object) -> str:
    """SHA-256 (hex) of a JSON document with sorted keys and no spaces, so that equal content has one digest."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Feature:
    """The declaration of one number.

    Parameters
    ----------
    name
        ``family.measure_unit``, e.g. ``prosody.f0_median_hz``. Where ``per_competency``, one number per competency
        of the framework, in columns ``name.competency_id``.
    modality
        Whose consent it needs.
    unit
        ``Hz``, ``dB``, ``s``, ``deg``, ``share``, ``per 100 words``, ``per min``, ``count``, ``ratio``, ``semitone`` …
    low, high
        The plausible range; a value outside it is a measurement error, not a person.
    meaning
        One sentence for the report's reader.
    source
        Where the formula comes from.
    moved_by
        What moves it besides the candidate: ``microphone``, ``camera``, ``language``, ``room``, ``recogniser``.
    resists
        What it must hold still under: ``level``, ``resampling``, ``codec``, ``mirroring``, ``scaling``,
        ``brightness``, ``frame_rate``, ``trimming``.
    impairment_sensitive
        Approximates a clinical sign or penalises stammering: never in a score by default.
    quality
        Describes the recording, not the person: never in a score at all.
    proxy_of
        Protected attributes that it is known to tell groups apart by (``sex``): it places nobody among others, and a
        model that uses it has to answer for it.
    """

    name: str
    modality: Modality
    unit: str
    low: float
    high: float
    meaning: str
    source: str
    moved_by: tuple[str, ...] = ()
    resists: tuple[str, ...] = ()
    impairment_sensitive: bool = False
    quality: bool = False
    per_competency: bool = False
    proxy_of: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse malformed names, empty ranges and anything that claims what must not be claimed."""
        if not NAME.match(self.name):
            raise ValueError(
                f"A feature's name must read family.measure_unit in lower case. Got {self.name!r} instead."
            )
        if not self.low < self.high or not all(map(math.isfinite, (self.low, self.high))):
            raise ValueError(
                f"{self.name}: the plausible range must be finite and rising. Got {self.low} to {self.high}."
            )
        refuse_name(self.name)
        refuse_name(self.meaning)

    def plausible(self, value: float) -> bool:
        """Whether a value lies in the plausible range, ends included."""
        return self.low <= value <= self.high


M = TypeVar("M")
Function = Callable[[M], Value]


class Family(Generic[M]):
    """The features that are measured from one kind of material (an answer's text, its voice track, its face track).

    Adding a feature is one function under ``@family.feature(...)``.

    Examples
    --------
    >>> from vivavoce.data.interview import Modality
    >>> words = Family[list[str]]("language", Modality.TEXT, Stage("words", "1", {}))
    >>> @words.feature("language.words_count", unit="count", low=0, high=5000, meaning="Words.", source="count")
    ... def words_count(tokens: list[str]) -> Value:
    ...     return float(len(tokens))
    >>> words.measure(["so", "we", "shipped"])
    {'language.words_count': 3.0}
    """

    def __init__(self, name: str, modality: Modality, stage: Stage) -> None:
        self.name = name
        self.modality = modality
        self.stage = stage
        self._functions: dict[str, tuple[Feature, Function[M]]] = {}

    def feature(
        self,
        name: str,
        *,
        unit: str,
        low: float,
        high: float,
        meaning: str,
        source: str,
        moved_by: tuple[str, ...] = (),
        resists: tuple[str, ...] = (),
        impairment_sensitive: bool = False,
        quality: bool = False,
        per_competency: bool = False,
        proxy_of: tuple[str, ...] = (),
    ) -> Callable[[Function[M]], Function[M]]:
        """Declare the decorated function as a feature; its material goes in, its value or ``Absent`` comes out."""
        declared = Feature(
            name=name,
            modality=self.modality,
            unit=unit,
            low=low,
            high=high,
            meaning=meaning,
            source=source,
            moved_by=moved_by,
            resists=resists,
            impairment_sensitive=impairment_sensitive,
            quality=quality,
            per_competency=per_competency,
            proxy_of=proxy_of,
        )
        if name in self._functions:
            raise ValueError(f"{name} is declared twice in family {self.name!r}.")

        def register(function: Function[M]) -> Function[M]:
            self._functions[name] = (declared, function)
            return function

        return register

    def __iter__(self) -> Iterator[Feature]:
        """Iterate over the declarations in the order in which they were made."""
        return (declared for declared, _ in self._functions.values())

    def fingerprint(self, name: str, stage: Stage | None = None) -> str:
        """SHA-256 (hex) that changes whenever the value of this feature could: declaration, code, stage, upstream."""
        declared, function = self._functions[name]
        return digest_of(
            {
                "name": declared.name,
                "unit": declared.unit,
                "code": hashlib.sha256(inspect.getsource(function).encode()).hexdigest(),
                "stage": (stage or self.stage).fingerprint,
            }
        )

    def measure(self, material: M) -> Measures:
        """Every feature of the family for one answer; a value that is not finite is a defect (``ValueError``)."""
        measures: Measures = {}
        for name, (_, function) in self._functions.items():
            value = function(material)
            if not isinstance(value, Absent):
                value = float(value)
                if not math.isfinite(value):
                    raise ValueError(f"{name} must be finite or Absent with a reason. Got {value} instead.")
            measures[name] = value
        return measures

    def absent(self, reason: str) -> Measures:
        """Every feature of the family as not measured, for one reason."""
        return {name: Absent(reason) for name in self._functions}
