"""The registry of model versions, on MLflow: which versions there are, under which names, and which alias names which.

A version is a plain folder, known by its digest. MLflow keeps names, numbers, aliases and tags; the folders lie on a
shelf, each under its digest. What MLflow says is never believed: a folder counts only where its digest is the tag's,
and an alias only where the last signed promotion says the same (``pipelines/registry.py``).

Folders by digest: what was put there once is found again, and nothing there is ever changed.
"""

import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vivavoce.data.errors import Exit, VivaError
from vivavoce.data.problem import nearest, shorten
from vivavoce.data.run_owner import place
from vivavoce.data.signing.signature import copy_plain
from vivavoce.data.vault.durable import make_folder, sync_folder
from vivavoce.models.directory import load_model
from vivavoce.pipelines.publishing.bundle import MODEL, Verified

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion as MlflowVersion


class Shelf:
    """A folder of folders, each under the digest of what it holds. Whoever takes one down must verify it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, digest: str) -> Path:
        """Return where the folder of this digest is, or would be."""
        return self.folder / digest

    def put(self, source: Path, digest: str) -> Path:
        """Copy a folder to its place; one that is there already stays. Readers see it whole or not at all.

        Raises
        ------
        vivavoce.data.signing.signature.TreeRefused
            For links, pipes, odd names, or too much.
        """
        place = self.place(digest)
        if not place.exists():
            with self.scratch() as scratch:
                copy_plain(source, scratch / digest)
                try:
                    (scratch / digest).rename(place)
                except FileExistsError:  # another process was first, with the same content
                    return place
            sync_folder(self.folder)
        return place

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Lend a folder on the same file system, for what is still being copied."""
        make_folder(self.folder)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".") as scratch:
            yield Path(scratch)


NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}")
MODEL_TAG, FRAMEWORK_TAG, JOB_TAG, BUNDLE_TAG = (f"vivavoce.{part}" for part in ("model", "framework", "job", "bundle"))
DIGEST = re.compile(r"[0-9a-f]{64}")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")  # reached directly: folders lie on the shelf
SERVERS = ("http", "https")  # folders are uploaded, and the shelf holds what was downloaded
STORES = ("mlflow-artifacts", "s3", "gs", "wasbs", "abfss")  # where a server may have put them
EXPERIMENT = "vivavoce"
SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_MODEL_CODE_EXECUTION": "false",  # nothing here needs it
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


class RegistryRefused(VivaError):
    """A name, a version or a registry that cannot be used, or a version that is not what its tags say."""


class RegistryAway(RegistryRefused):
    """MLflow, or the store behind it, is out of reach or refuses."""

    status = Exit.MACHINE


@dataclass(frozen=True)
class Version:
    """One registered version.

    Parameters
    ----------
    name, number
        As MLflow counts them, from 1.
    model, framework
        Digests of the model version and of the framework that it scores by.
    job
        For which it scores.
    bundle
        Digest of the signed bundle that was attached last; None for what was never published.
    aliases
        That name it in MLflow at this moment.
    made
        When it was registered.
    source
        Where MLflow says it is.
    """

    name: str
    number: int
    model: str
    framework: str
    job: str
    bundle: str | None
    aliases: tuple[str, ...]
    made: datetime
    source: str


class Registry:
    """A registry in a database or on a tracking server.

    Parameters
    ----------
    uri
        ``sqlite:///…``, ``postgresql+psycopg://…``, or ``http(s)://…`` of an MLflow server.
    shelf
        Where the versions' folders are; several machines that share a database must share it.

    Raises
    ------
    RegistryRefused
        For another kind of URI.
    """

    def __init__(self, uri: str, shelf: Shelf) -> None:
        scheme = urlsplit(uri).scheme.partition("+")[0]
        if scheme not in DATABASES + SERVERS:
            raise RegistryRefused(
                f"The registry must be a file, a database or a server ({', '.join(DATABASES + SERVERS)}). "
                f"Got {shorten(scheme or uri)} instead: set VIVA_REGISTRY."
            )
        self.uri = uri
        self.shelf = shelf
        self._remote = scheme in SERVERS
        self._file = Path(uri.removeprefix("sqlite:///")) if scheme == "sqlite" else None

    @staticmethod
    def of(environment: Mapping[str, str]) -> "Registry":
        """The registry that ``VIVA_REGISTRY`` names, as a file or a URI, with its shelf in ``VIVA_SHELF``.

        By default both lie in ``vivavoce`` in the user's data folder.
        """
        shelf = Shelf(place(environment, "VIVA_SHELF", "shelf"))
        named = environment.get("VIVA_REGISTRY", "")
        if "://" in named:
            return Registry(named, shelf)
        path = place(environment, "VIVA_REGISTRY", "registry.sqlite").absolute()
        return Registry(f"sqlite:///{path}", shelf)

    @staticmethod
    def here() -> "Registry":
        """Return that of this process."""
        return Registry.of(os.environ)

    @property
    def begun(self) -> bool:
        """Whether there is a registry at all: one in a file begins with the first version."""
        return self._file is None or self._file.exists()

    def register(self, folder: Path, name: str) -> Version:
        """Put a model version on the shelf and enter it under a name; one that is there already is returned as it is.

        Raises
        ------
        RegistryRefused
            For a name that is none, or a registry that cannot be reached.
        vivavoce.models.directory.ModelRefused, vivavoce.data.signing.signature.TreeRefused
            For a folder that is no model version.
        """
        check_name(name)
        model, digest = load_model(folder)
        self._create()
        with _said():
            self._enter(name)
            for found in self.versions(name):
                if found.model == digest:
                    return found
            source, run = self._put(folder, digest)
            tags = {MODEL_TAG: digest, FRAMEWORK_TAG: model.framework.digest, JOB_TAG: model.framework.job}
            made = self._client.create_model_version(name, source, run, tags=tags, await_creation_for=0)
        return self.version(name, int(made.version))

    def attach(self, version: Version, bundle: Verified) -> Version:
        """Put a verified bundle on the shelf beside its version.

        Raises
        ------
        RegistryRefused
            If the bundle is of another model.
        """
        if bundle.model != version.model:
            raise RegistryRefused(
                f"The bundle {bundle.folder} is of model {bundle.model[:12]}, and {version.name} {version.number} is "
                f"{version.model[:12]}: publish the version that was audited."
            )
        with _said():
            place = self.shelf.put(bundle.folder, bundle.digest)
            if self._remote:
                run = self._client.get_model_version(version.name, str(version.number)).run_id
                self._client.log_artifacts(str(run), str(place), f"bundle-{bundle.digest}")
            self._client.set_model_version_tag(version.name, str(version.number), BUNDLE_TAG, bundle.digest)
        return replace(version, bundle=bundle.digest)

    def names(self) -> list[str]:
        """Return every registered name, sorted."""
        self._reach()
        with _said():
            return sorted(found.name for found in self._pages(self._client.search_registered_models))

    def versions(self, name: str) -> list[Version]:
        """Return the versions of a name, oldest first; those that this program did not register are left out.

        Raises
        ------
        RegistryRefused
            If the name is not registered.
        """
        check_name(name)
        self._reach()
        with _said():
            model = self._client.search_registered_models(f"name = '{name}'")
            if not model:
                raise RegistryRefused(f"{name!r} is not registered. {nearest(name, self.names() or ['nothing yet'])}")
            aliases = model[0].aliases
            found = self._pages(self._client.search_model_versions, f"name = '{name}'")
        versions = [_version(one, aliases) for one in found if MODEL_TAG in one.tags]
        return sorted(versions, key=lambda one: one.number)

    def version(self, name: str, number: int) -> Version:
        """Return one version. Raises :class:`RegistryRefused` where there is none."""
        versions = self.versions(name)
        for one in versions:
            if one.number == number:
                return one
        numbers = ", ".join(str(one.number) for one in versions) or "none"
        raise RegistryRefused(f"{name} has no version {number} that viva registered. It has: {numbers}.")

    def alias(self, name: str, alias: str) -> Version | None:
        """Return what MLflow's alias names at this moment, or None; ``alias.py`` says whether it may."""
        return next((one for one in self.versions(name) if alias in one.aliases), None)

    def set_alias(self, version: Version, alias: str) -> None:
        """Let MLflow's alias name a version; only ``alias.py`` does, once the promotion is logged."""
        with _said():
            self._client.set_registered_model_alias(version.name, alias, str(version.number))

    def model_folder(self, version: Version) -> Path:
        """Return where the version's folder is; what it holds counts only under ``load_model(…, digest=…)``."""
        return self._get(version.model, version.source, lambda there: load_model(there, digest=version.model))

    def bundle_folder(self, version: Version) -> Path:
        """Return where the version's bundle is; it counts only once it is verified.

        Raises
        ------
        RegistryRefused
            If it has none.
        """
        if version.bundle is None:
            raise RegistryRefused(f"{version.name} {version.number} has no bundle: publish it first (viva publish).")
        source = f"{version.source.rpartition('/')[0]}/bundle-{version.bundle}"
        return self._get(version.bundle, source, lambda there: load_model(there / MODEL, digest=version.model))

    @cached_property
    def _client(self) -> "MlflowClient":
        os.environ.update(SETTINGS)  # before the import, which reads some of them
        try:
            from mlflow import MlflowClient
        except ImportError as error:
            raise RegistryAway("The registry needs MLflow. Install it: pip install 'vivavoce[track]'") from error
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        logging.getLogger("alembic").setLevel(logging.WARNING)
        return MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def _create(self) -> None:
        if self._file is not None:
            make_folder(self._file.parent)

    def _reach(self) -> None:
        if self._file is not None and not self._file.exists():
            raise RegistryRefused(
                f"There is no registry at {self._file}. Name it in VIVA_REGISTRY, or: viva model register"
            )

    def _enter(self, name: str) -> None:
        if not self._client.search_registered_models(f"name = '{name}'"):
            self._client.create_registered_model(name)

    def _pages(self, search: Any, query: str | None = None) -> Iterator[Any]:
        token = None
        while True:
            page = search(query, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _put(self, folder: Path, digest: str) -> tuple[str, str | None]:
        """Keep a model version; returns its source, and its run where a server keeps it."""
        place = self.shelf.put(folder, digest)
        if not self._remote:
            return str(place), None
        found = self._client.get_experiment_by_name(EXPERIMENT)
        experiment = found.experiment_id if found else self._client.create_experiment(EXPERIMENT)
        run = self._client.create_run(experiment, run_name=digest[:12]).info
        self._client.log_artifacts(run.run_id, str(place), "model")
        self._client.set_terminated(run.run_id)
        return f"{run.artifact_uri}/model", run.run_id

    def _get(self, digest: str, source: str, verify: Callable[[Path], object]) -> Path:
        place = self.shelf.place(digest)
        if place.exists():
            return place
        if not self._remote or urlsplit(source).scheme not in STORES:
            raise RegistryRefused(
                f"{place} is missing: machines that share a registry share its shelf too. Restore it, or name the "
                "shelf in VIVA_SHELF."
            )
        from mlflow.artifacts import download_artifacts

        with self.shelf.scratch() as scratch, _said():
            there = Path(download_artifacts(artifact_uri=source, dst_path=str(scratch), tracking_uri=self.uri))
            verify(there)  # before it is kept: what is on the shelf stays there
            return self.shelf.put(there, digest)


def check_name(name: str) -> None:
    """Refuse what is no name for a model, such as one that would lead out of a folder.

    Raises
    ------
    RegistryRefused
        With what a name must be.
    """
    if not NAME.fullmatch(name):
        raise RegistryRefused(
            f"A model's name must be 1 to 80 letters, digits, dashes and underscores. Got {shorten(name)} instead."
        )


def _version(found: "MlflowVersion", aliases: Mapping[str, str]) -> Version:
    tags = found.tags
    digests = (tags[MODEL_TAG], tags.get(FRAMEWORK_TAG, ""), *([tags[BUNDLE_TAG]] if BUNDLE_TAG in tags else []))
    if not all(DIGEST.fullmatch(digest) for digest in digests):
        raise RegistryRefused(f"{found.name} {found.version} has tags that are no digests: somebody changed them.")
    return Version(
        name=found.name,
        number=int(found.version),
        model=tags[MODEL_TAG],
        framework=tags[FRAMEWORK_TAG],
        job=tags.get(JOB_TAG, ""),
        bundle=tags.get(BUNDLE_TAG),
        aliases=tuple(sorted(alias for alias, number in aliases.items() if int(number) == int(found.version))),
        made=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        source=found.source or "",
    )


@contextmanager
def _said() -> Iterator[None]:
    """What MLflow refuses, in our words."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        raise RegistryAway(f"The registry refused: {error}") from error
