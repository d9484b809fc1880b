"""A throw-away PostgreSQL cluster that listens on a unix socket in a folder of its own, and on nothing else."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

OTHER_USER = "postgres"  # PostgreSQL refuses to run as root; Debian's package brings this user
PLACES = ("/usr/lib/postgresql", "/usr/local/pgsql")


def programs() -> Path:
    """The folder of ``initdb`` and ``pg_ctl``; its absence skips the test and says so."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    for place in PLACES:
        for folder in sorted(Path(place).glob("**/bin"), reverse=True):
            if (folder / "initdb").is_file() and (folder / "pg_ctl").is_file():
                return folder
    pytest.skip(f"PostgreSQL absent: no initdb on the path or under {', '.join(PLACES)}")


def check_user() -> None:
    """Skip, and say so, where root has no other user to run the server as."""
    if os.getuid() != 0:
        return
    try:
        pwd.getpwnam(OTHER_USER)
    except KeyError:
        pytest.skip(f"PostgreSQL does not run as root, and there is no user {OTHER_USER!r}")
    if shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and runuser is absent")


def _as_user(command: list[str]) -> list[str]:
    """A command as it may run: not as root."""
    if os.getuid() != 0:
        return command
    return ["runuser", "-u", OTHER_USER, "--", *command]


@contextmanager
def cluster(password: str) -> Iterator[str]:
    """A running cluster; gives the URL of its database ``postgres`` for a user who logs in with a password.

    Its folder is no pytest folder: those are for their owner alone, and socket paths must be short.
    """
    check_user()
    binaries, home = programs(), Path(tempfile.mkdtemp(prefix="viva-pg-"))
    data, secret = str(home / "data"), home / "pw"
    secret.write_text(password)

    def run(*command: str) -> None:
        done = subprocess.run(
            _as_user(list(command)), capture_output=True, text=True, cwd=home, check=False, timeout=90
        )
        assert done.returncode == 0, done.stdout + done.stderr

    try:
        if os.getuid() == 0:
            for one in (home, secret):
                shutil.chown(one, OTHER_USER)
        run(str(binaries / "initdb"), "-D", data, "-U", "viva", "--auth=scram-sha-256", f"--pwfile={secret}", "-N")
        options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
        run(str(binaries / "pg_ctl"), "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://viva:{quote(password)}@/postgres?host={home}"
        finally:
            run(str(binaries / "pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home)
