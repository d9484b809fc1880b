"""A server on this machine that speaks the protocol of chat completions, as well or as badly as a test wants."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Answer = Callable[[dict[str, Any]], "Sent"]


@dataclass
class Sent:
    """What the server sends back."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip_s: float = 0.0  # between single bytes


@dataclass
class Served:
    """A running server: its address, and every request that it got."""

    address: str
    asked: list[dict[str, Any]]
    headers: list[dict[str, str]]


def said(request: dict[str, Any]) -> str:
    """What the candidate said, as the request has it."""
    text: str = request["messages"][-1]["content"]
    return text.partition("<answer>\n")[2].partition("\n</answer>")[0]


def reply(rating: int, quotes: list[str], chances: dict[str, float] | None = None, **more: Any) -> Sent:
    """A reply as the schema wants it; with ``chances`` (logarithms by token) probabilities come with it."""
    content = json.dumps({"rating": rating, "quotes": quotes, **more}, ensure_ascii=False)
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": content}}
    if chances:
        top = [{"token": token, "logprob": value} for token, value in chances.items()]
        choice["logprobs"] = {
            "content": [
                {"token": '{"rating": ', "logprob": 0.0, "top_logprobs": []},
                {"token": str(rating), "logprob": chances[str(rating)], "top_logprobs": top},
            ]
        }
    return Sent(json.dumps({"choices": [choice]}, ensure_ascii=False).encode())


def faithful(request: dict[str, Any]) -> Sent:
    """A reply of rating 4 that quotes the first words of the answer, whatever it is asked."""
    text = said(request)
    return reply(4, [text[:10] if not text.isascii() else " ".join(text.split()[:6])])


@contextmanager
def serving(answer: Answer) -> Iterator[Served]:
    """Serve on a free port of this machine until the end of the block."""
    served = Served("", [], [])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/chat/completions"
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.asked.append(request)
            served.headers.append(dict(self.headers))
            sent = answer(request)
            self.send_response(sent.status)
            for name, value in sent.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent.body)))
            self.end_headers()
            try:
                for one in [bytes([b]) for b in sent.body] if sent.drip_s else [sent.body]:
                    self.wfile.write(one)
                    self.wfile.flush()
                    time.sleep(sent.drip_s)
            except OSError:
                return  # whoever asked has gone

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
