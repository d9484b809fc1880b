"""A throw-away PostgreSQL cluster that listens on a unix socket in a folder of its own, and on nothing else."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def _as_user(command: list[str]) -> list[str]:
    """A command as it may run: not as root."""
    if os.getuid() != 0:
        return command
    try:
        pwd.getpwnam(OTHER_USER)
    except KeyError:
        pytest.skip(f"PostgreSQL does not run as root, and there is no user {OTHER_USER!r}")
    if shutil.which("runuser") is None:
        pytest.skip("PostgreSQL does not run as root, and runuser is absent")
    return ["runuser", "-u", OTHER_USER, "--", *command]


@contextmanager
def cluster(folder: Path, password: str) -> Iterator[str]:
    """A running cluster; gives the URL of its database ``postgres`` for a user who logs in with a password."""
    binaries, home = programs(), folder / "pg"
    home.mkdir()
    (folder / "pw").write_text(password)
    if os.getuid() == 0:
        account = pwd.getpwnam(OTHER_USER) if OTHER_USER in {one.pw_name for one in pwd.getpwall()} else None
        if account:
            os.chown(home, account.pw_uid, account.pw_gid)
            os.chown(folder / "pw", account.pw_uid, account.pw_gid)
    data = str(home / "data")

    def run(*command: str) -> None:
        done = subprocess.run(
            _as_user(list(command)), capture_output=True, text=True, cwd=home, check=False, timeout=90
        )
        assert done.returncode == 0, done.stdout + done.stderr

    run(str(binaries / "initdb"), "-D", data, "-U", "viva", "--auth=scram-sha-256", f"--pwfile={folder / 'pw'}", "-N")
    options = f"-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"
    run(str(binaries / "pg_ctl"), "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://viva:{password}@/postgres?host={home}"
    finally:
        run(str(binaries / "pg_ctl"), "-D", data, "-w", "-m", "immediate", "stop")
