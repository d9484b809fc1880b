"""Signing keys on disk: made once, read by their owner only, never half."""

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from vivavoce.data.signing.key import KeyRefused, SigningKey


def test_a_key_comes_back(tmp_path: Path) -> None:
    made = SigningKey.create(tmp_path / "keys" / "ana.key")
    found = SigningKey.read(tmp_path / "keys" / "ana.key")
    assert (found.id, found.public) == (made.id, made.public)
    assert (tmp_path / "keys" / "ana.key").stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    made = SigningKey.create(tmp_path / "ana.key")
    with pytest.raises(KeyRefused, match="never overwritten"):
        SigningKey.create(tmp_path / "ana.key")
    assert SigningKey.read(tmp_path / "ana.key").id == made.id


def test_a_passphrase_locks_it(tmp_path: Path) -> None:
    path = tmp_path / "ana.key"
    made = SigningKey.create(path, b"correct horse")
    assert SigningKey.read(path, b"correct horse").id == made.id
    with pytest.raises(KeyRefused, match="needs its passphrase"):
        SigningKey.read(path)
    with pytest.raises(KeyRefused, match="its passphrase is another one"):
        SigningKey.read(path, b"wrong")


def test_its_secret_is_in_no_message(tmp_path: Path) -> None:
    made = SigningKey.create(tmp_path / "ana.key")
    assert "private" not in repr(made)
    assert made.private.private_bytes_raw().hex() not in repr(made)


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (None, 0o600, "cannot be read: No such file.*viva keys create"),
        (b"no key", 0o600, "is damaged, no key"),
        (b"", 0o600, "is damaged, no key"),
        ("p256", 0o600, "must be an Ed25519 key"),
        ("good", 0o640, r"Others may read the key .* \(mode 0640, at most 0600\).*chmod 600"),
        ("good", 0o602, "Others may read"),
    ],
)
def test_what_is_no_private_key_is_refused(tmp_path: Path, content: bytes | str | None, mode: int, said: str) -> None:
    path = tmp_path / "ana.key"
    if content == "good":
        SigningKey.create(path)
    elif content == "p256":
        other = generate_private_key(SECP256R1())
        path.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    elif isinstance(content, bytes):
        path.write_bytes(content)
    if path.exists():
        path.chmod(mode)
    with pytest.raises(KeyRefused, match=said):
        SigningKey.read(path)


def test_openssl_can_read_it(tmp_path: Path) -> None:
    made = SigningKey.create(tmp_path / "ana.key")
    command = ["openssl", "pkey", "-in", str(tmp_path / "ana.key"), "-pubout", "-outform", "DER"]
    try:
        seen = subprocess.run(command, capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    assert seen[-32:].hex() == made.public
