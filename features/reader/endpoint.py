"""A language model at an address as a reader: the protocol of chat completions, over HTTPS or to this machine.

Nothing but masked words, questions and anchors leaves. No redirect is followed, no proxy of the environment used; what
comes back is bounded in time and size, and read as strictly as a schema says. The key comes from a variable of the
environment, and stands in no record and no message.
"""

import http.client
import json
import math
import os
import re
import ssl
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.data.errors import VivaError
from vivavoce.data.reader import Reader
from vivavoce.features.reader.reading import Prompt, ReaderFailed, Reply, TooLongToRead, instructions

LOOPBACK = ("127.0.0.1", "::1", "localhost")
TRIES = 3
WAIT_S = 1.0  # before the second try; twice as long before the third
MOST_BYTES = 2**20  # of a reply: it holds a number and three quotes
MOST_LETTERS = 24_000  # of an answer: an hour of speech has more, and is no answer to one question
MOST_TOKENS = 800  # that it may write
TOP = 20  # alternatives asked for at each token: the scale's numbers are among them where anything is
SURE = 0.5  # least share of the probability that the scale's numbers must hold together
SECONDS = 60.0  # for one try


class EndpointRefused(VivaError):
    """An address to which no words may go."""


class _Rating(BaseModel):
    """What the model must write."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    rating: int
    quotes: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(max_length=3)]


class _Unusable(Exception):
    """One try that came to nothing; ``again`` says whether another may."""

    def __init__(self, said: str, *, again: bool = True) -> None:
        super().__init__(said)
        self.again = again


def check_address(address: str) -> tuple[Literal["http", "https"], str, int | None, str]:
    """Scheme, host, port and path of an address to which words may go.

    Raises
    ------
    EndpointRefused
        For anything but HTTPS, or HTTP to this machine; and for names, passwords, queries or marks in it.

    Examples
    --------
    >>> check_address("http://127.0.0.1:8080/v1")
    ('http', '127.0.0.1', 8080, '/v1')
    >>> check_address("http://example.org/v1")
    Traceback (most recent call last):
    ...
    vivavoce.features.reader.endpoint.EndpointRefused: --endpoint must begin with https://...
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError as error:
        raise EndpointRefused(f"--endpoint is no address: {error}.") from error
    host = parts.hostname or ""
    if (
        not host
        or parts.username
        or parts.password
        or parts.query
        or parts.fragment
        or re.search(r"[\s\x00-\x1f]", address)
    ):
        raise EndpointRefused(
            "--endpoint must be scheme, host, port and path alone: no name, key, query or blank in it."
        )
    if parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK):
        return ("https" if parts.scheme == "https" else "http"), host, port, parts.path.rstrip("/")
    raise EndpointRefused(f"--endpoint must begin with https://, or lead to this machine. Got {parts.scheme}://{host}.")


class EndpointReader:
    """Reads by asking an address, one request at a time, at temperature 0.

    Parameters
    ----------
    reader
        With its address.
    seconds
        For all tries of one reading together.

    Raises
    ------
    ReaderFailed
        Where the variable that should hold the key is not set.
    """

    def __init__(self, reader: Reader, seconds: float = SECONDS * TRIES) -> None:
        assert reader.endpoint is not None
        self._reader = reader
        self._seconds = seconds
        self._scheme, self._host, self._port, self._path = check_address(reader.endpoint)
        self._key = os.environ.get(reader.key_variable) if reader.key_variable else None
        if reader.key_variable and not self._key:
            raise ReaderFailed(f"The reader's key is not set: put it into the variable {reader.key_variable}.")

    def rate(self, prompt: Prompt) -> Reply:
        """One reading: the expected value where probabilities come with it, else the number that is written."""
        if len(prompt.answer) > MOST_LETTERS:
            raise TooLongToRead
        body = json.dumps(self._request(prompt), ensure_ascii=False).encode()
        until, said = time.monotonic() + self._seconds, ""
        for i in range(TRIES):
            try:
                return self._understood(self._asked(body, until))
            except _Unusable as error:
                said = str(error)
                if not error.again:
                    break
            pause = WAIT_S * 2**i
            if i + 1 == TRIES or time.monotonic() + pause > until:
                break
            time.sleep(pause)
        raise ReaderFailed(
            f"The reader at {self._reader.endpoint} gave nothing that can be used: {said}. Run the same command again "
            "when it answers; what was read is kept."
        )

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        told, points = instructions()[prompt.language], self._reader.points
        asked = f"{prompt.before}{prompt.answer}{prompt.behind}\n\n{prompt.task}\n{told['quoting']}"
        quotes = {"type": "array", "items": {"type": "string"}, "maxItems": 3}
        schema = {
            "type": "object",
            "properties": {"rating": {"type": "integer", "enum": list(points)}, "quotes": quotes},
            "required": ["rating", "quotes"],
            "additionalProperties": False,
        }
        return {
            "model": self._reader.name,
            "messages": [{"role": "system", "content": prompt.system}, {"role": "user", "content": asked}],
            "temperature": 0,
            "max_tokens": MOST_TOKENS,
            "logprobs": True,
            "top_logprobs": TOP,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "rating", "strict": True, "schema": schema},
            },
        }

    def _asked(self, body: bytes, until: float) -> bytes:
        """The reply's bytes; ``http.client`` follows no redirect and knows no proxy."""
        left = min(SECONDS, until - time.monotonic())
        if left <= 0:
            raise _Unusable("no time was left", again=False)
        connection: http.client.HTTPConnection
        if self._scheme == "https":
            connection = http.client.HTTPSConnection(
                self._host, self._port, timeout=left, context=ssl.create_default_context()
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=left)
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        stop = time.monotonic() + left
        try:
            connection.request("POST", f"{self._path}/chat/completions", body, headers)
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                again = response.status == http.HTTPStatus.TOO_MANY_REQUESTS or response.status >= 500
                raise _Unusable(f"status {response.status}", again=again)
            return _received(response, stop)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _Unusable(type(error).__name__) from error  # its text may hold the header
        finally:
            connection.close()

    def _understood(self, content: bytes) -> Reply:
        try:
            document = json.loads(content)
            choice = document["choices"][0]
            written = _Rating.model_validate_json(choice["message"]["content"])
        except (ValueError, KeyError, IndexError, TypeError, RecursionError, ValidationError) as error:
            raise _Unusable("its reply is not the JSON that was asked for") from error
        if written.rating not in self._reader.points:
            raise _Unusable(f"its rating, {written.rating}, is no step of the scale")
        expected = _expected(choice.get("logprobs"), written.rating, self._reader.points)
        return Reply(float(written.rating) if expected is None else expected, tuple(written.quotes))


def _received(response: http.client.HTTPResponse, stop: float) -> bytes:
    """All bytes of a reply, within time and size, however slowly they come."""
    found = bytearray()
    while block := response.read1(65_536):
        found += block
        if len(found) > MOST_BYTES:
            raise _Unusable(f"its reply has more than {MOST_BYTES} bytes", again=False)
        if time.monotonic() > stop:
            raise _Unusable("its reply did not come in time")
    return bytes(found)


def _expected(told: Any, rating: int, points: Sequence[int]) -> float | None:
    """The expected value at the token that is the rating; None where probabilities are not given, or say too little."""
    try:
        tokens = told["content"]
        at = next(one for one in tokens if str(one["token"]).strip() == str(rating))
        chances = dict.fromkeys(points, 0.0)
        for one in at["top_logprobs"]:
            text = str(one["token"]).strip()
            if text in map(str, points) and math.isfinite(one["logprob"]):
                chances[int(text)] += math.exp(min(0.0, float(one["logprob"])))
    except (KeyError, TypeError, ValueError, StopIteration):
        return None
    total = sum(chances.values())
    return sum(point * chance for point, chance in chances.items()) / total if total >= SURE else None
