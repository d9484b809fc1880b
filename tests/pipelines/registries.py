"""A registry, keys and a log for tests; MLflow's empty database is made once, since its migrations take seconds."""

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.data.log.logs import make_key
from tests.pipelines.bundles import NOW, bundle_of, make_keys, make_model
from vivavoce.data.signing.key import Role, SigningKey
from vivavoce.pipelines.publishing.bundle import verify_bundle
from vivavoce.pipelines.publishing.registry import Registry, Version
from vivavoce.pipelines.records import Records

NAME = "engineer"


@dataclass(frozen=True)
class House:
    """Everything that publishing needs, in one folder."""

    home: Path
    registry: Registry
    records: Records
    auditor: SigningKey
    publisher: SigningKey

    @property
    def environment(self) -> dict[str, str]:
        return environment(self.home)

    def version(self, people: int, *, bundled: bool = True) -> Version:
        """Register a model, with a signed bundle or without."""
        folder = make_model(self.home / f"model{people}", people)
        version = self.registry.register(folder, NAME)
        if not bundled:
            return version
        bundle = bundle_of(self.home / f"bundle{people}", folder, self.auditor, self.publisher)
        return self.registry.attach(version, verify_bundle(bundle, self.records.trust(), now=NOW))


def environment(home: Path) -> dict[str, str]:
    places = {"KEYS": "", "TRUST": "trust.json", "LOG": "log", "REGISTRY": "registry.sqlite", "SHELF": "shelf"}
    return {f"VIVA_{name}": str(home / file) for name, file in places.items()}


@functools.cache
def _empty_database() -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        registry = Registry.of(environment(Path(scratch)))
        registry.register(make_model(Path(scratch, "model")), "other")
        return Path(scratch, "registry.sqlite").read_bytes()


def make_house(home: Path, uri: str | None = None) -> House:
    """``uri``: of a database that is there already; else a copy of an SQLite registry that holds only ``other``."""
    if uri is None:
        (home / "registry.sqlite").write_bytes(_empty_database())
    variables = environment(home) | ({"VIVA_REGISTRY": uri} if uri else {})
    make_key(home, "log", Role.LOG)
    auditor, publisher = make_keys(home)
    records = Records.of(variables, who="ana")
    records.create_log()
    return House(home, Registry.of(variables), records, auditor, publisher)
