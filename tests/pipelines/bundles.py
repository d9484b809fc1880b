"""A trained model, its audit, a gate's decision and keys, made into a bundle for tests."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.data.log.logs import make_key
from tests.models.test_directory import model
from vivavoce.data.signing.key import Role, SigningKey, Trust
from vivavoce.models.directory import load_model, save_model
from vivavoce.pipelines.publishing.bundle import Parts, make_bundle, sign_bundle

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Made:
    """A signed bundle with what made it; ``home`` holds keys and the trust file."""

    home: Path
    folder: Path
    model: Path
    auditor: SigningKey
    publisher: SigningKey

    @property
    def trust_file(self) -> Path:
        return self.home / "trust.json"

    @property
    def trust(self) -> Trust:
        return Trust.read(self.trust_file)


def make_model(folder: Path, people: int = 60) -> Path:
    """A model version; ``people`` tells several from each other."""
    planted = model()
    documents = {**planted.documents, "datasheet": {"persons": people}}
    save_model(type(planted)(**{**vars(planted), "documents": documents}), folder)
    return folder


def make_audit(folder: Path, digest: str, made: datetime = NOW) -> Path:
    folder.mkdir(parents=True)
    audit = {"version": 1, "made": made.isoformat(), "model": {"digest": digest}, "status": "ok"}
    (folder / "audit.json").write_text(json.dumps(audit))
    (folder / "audit.html").write_text("<p>the report</p>")
    return folder


def gate(digest: str, admission: str = "published", made: datetime = NOW, days: float = 365) -> dict[str, Any]:
    expires = (made + timedelta(days=days)).isoformat()
    return {"format": 1, "model_digest": digest, "made": made.isoformat(), "admission": admission, "expires": expires}


def make_keys(home: Path) -> tuple[SigningKey, SigningKey]:
    return make_key(home, "auditor", Role.AUDIT), make_key(home, "publisher", Role.PUBLISH)


def bundle_of(folder: Path, model_folder: Path, *signers: SigningKey, made: datetime = NOW, **decision: Any) -> Path:
    """A bundle of a model, its audit made beside it."""
    digest = load_model(model_folder)[1]
    audit = make_audit(folder.with_name(f"{folder.name}-audit"), digest, made)
    cards = {"card.md": b"# Card\n", "card.html": b"<h1>Card</h1>"}
    make_bundle(folder, Parts(model_folder, audit, gate(digest, made=made, **decision), cards), now=made)
    for key in signers:
        sign_bundle(folder, key, now=made)
    return folder


def make_all(home: Path) -> Made:
    auditor, publisher = make_keys(home)
    folder = make_model(home / "v1")
    return Made(home, bundle_of(home / "bundle", folder, auditor, publisher), folder, auditor, publisher)
