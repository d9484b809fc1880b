"""One small process that has the decoding libraries loaded and forks a child per file (Linux).

The standard library's fork server is not used: it imports the caller's main module in every child and cannot be
started from a daemonic worker. Here the worker holds one end of a socket; when the worker ends, however it ends, the
server reads the end of that socket and goes, and the kernel kills its children with it (PR_SET_PDEATHSIG).
"""

import atexit
import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

Message = dict[str, Any]
MESSAGE_BYTES = 65_536  # more than any message: they carry numbers and one sentence
MOST_DESCRIPTORS = 16  # media, replies, frames, sound and its channels
PR_SET_PDEATHSIG = 1  # linux/prctl.h


def send(channel: socket.socket, message: Message) -> None:
    """Send one message; a channel keeps their bounds."""
    channel.send(json.dumps(message).encode())


def receive(channel: socket.socket, seconds: float) -> Message:
    """Wait for one message; an empty one means that the other end is gone. Raises ``TimeoutError``."""
    if seconds <= 0:
        raise TimeoutError
    channel.settimeout(seconds)
    try:
        data = channel.recv(MESSAGE_BYTES)
    except ConnectionResetError:  # it went with a message of ours unread: told once, before its own last words
        data = channel.recv(MESSAGE_BYTES)
    return json.loads(data) if data else {}


def acknowledge(channel: socket.socket) -> None:
    """Say that a picture was taken. Whether anyone still listens is learnt from the next message."""
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        channel.send(b"+")


class ForkServer:
    """The worker's side: starts the server when it is first needed, and again where it has died."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        atexit.register(self.close)

    def start(self, message: Message, descriptors: Sequence[int]) -> socket.socket:
        """Fork a child that works on the message. The socket returned carries its replies; closing it kills the child.

        The last message is ``{"exit": code}``, the child's return code, negative for the signal that ended it.
        """
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there, self._lock:
            handed = [there.fileno(), *descriptors]
            try:
                socket.send_fds(self._running(), [json.dumps(message).encode()], handed)
            except (BrokenPipeError, ConnectionResetError):  # it died between the check and the call
                self.close()
                socket.send_fds(self._running(), [json.dumps(message).encode()], handed)
        return here

    def _running(self) -> socket.socket:
        if self._process is None or self._control is None or self._process.poll() is not None:
            self.close()
            here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            command = [sys.executable, "-P", "-m", self._module, str(there.fileno())]
            one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}  # a process that forks has one thread
            with there:
                self._process = subprocess.Popen(  # noqa: S603
                    command, pass_fds=[there.fileno()], stdin=subprocess.DEVNULL, env={**os.environ, **one_thread}
                )
            self._control = here
            if not here.recv(MESSAGE_BYTES):
                raise RuntimeError(
                    f"The process that decodes media ({self._module}) does not start; its error is printed above. "
                    "Reinstall vivavoce with its dependencies (viva doctor names what is missing)."
                )
        return self._control

    def close(self) -> None:
        """End the server and, with it, every child that still runs."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            self._process.wait()
        self._process = self._control = None


@cache
def server_of(pid: int, module: str) -> ForkServer:  # noqa: ARG001
    """The one server of the process ``pid``; the process id is the key so that a forked worker starts its own."""
    return ForkServer(module)


def serve(control: socket.socket, work: Callable[[Message, list[int]], None]) -> None:
    """The server's side: fork a child for every message, report how it ended, until the worker closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted terminal reaches the worker, which decides
    gc.freeze()
    control.send(b"ready")
    poll = select.poll()
    poll.register(control, select.POLLIN)
    children: dict[int, tuple[int, socket.socket]] = {}  # by pidfd: process id, replies
    while True:
        descriptor, _ = poll.poll()[0]  # one at a time: what handles it may close, and number anew, the others
        if descriptor == control.fileno():
            data, handed, _, _ = socket.recv_fds(control, MESSAGE_BYTES, MOST_DESCRIPTORS)
            if not data:
                return
            pid = os.fork()
            if not pid:
                control.close()
                _child(work, json.loads(data), handed)
            for other in handed[1:]:
                os.close(other)
            replies, ended = socket.socket(fileno=handed[0]), os.pidfd_open(pid)
            children[ended] = pid, replies
            poll.register(ended, select.POLLIN)
            poll.register(replies, 0)  # nothing but the worker's hanging up
        elif descriptor in children:
            pid, replies = children.pop(descriptor)
            _report(replies, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            poll.unregister(descriptor)
            _forget(poll, replies)
            os.close(descriptor)
        else:
            poll.unregister(descriptor)
            os.kill(next(pid for pid, replies in children.values() if replies.fileno() == descriptor), signal.SIGKILL)


def _report(replies: socket.socket, code: int) -> None:
    try:
        replies.send(json.dumps({"exit": code}).encode(), socket.MSG_DONTWAIT)
    except (BrokenPipeError, ConnectionResetError):
        return  # the worker hung up: nobody asks any more


def _forget(poll: select.poll, replies: socket.socket) -> None:
    with contextlib.suppress(KeyError):  # it was unregistered when the worker hung up
        poll.unregister(replies)
    replies.close()


def _child(work: Callable[[Message, list[int]], None], message: Message, handed: list[int]) -> None:
    """Run the work in the forked child and end the process there, whatever happens."""
    code = 1
    try:
        server = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == server:  # else it died before the call above
            work(message, handed)
            code = 0
    finally:
        if code:
            traceback.print_exc()
        os._exit(code)
