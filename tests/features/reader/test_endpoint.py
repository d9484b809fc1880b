"""A reader at an address: what leaves, what counts, and what a server can do wrong."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.features.reader.endpoints import Answer, Sent, faithful, reply, said, serving
from vivavoce.data.framework import load_framework
from vivavoce.data.reader import Reader
from vivavoce.features.language import AnswerText, written_answer
from vivavoce.features.reader import endpoint
from vivavoce.features.reader.endpoint import EndpointReader, EndpointRefused, check_address
from vivavoce.features.reader.reading import ReaderFailed, Reading, instructions_digest, read
from vivavoce.pipelines.scoring.batch import SHIPPED_FRAMEWORKS

FRAMEWORK = load_framework(SHIPPED_FRAMEWORKS / "software_engineer.yaml")
TEXT = "Last year I split the queue in half, because Ana had seen it fill up. After that nothing was late."
TEACH = ("1", "2", "3", "4", "5")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "WAIT_S", 0.01)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nobody listens: whoever used it would fail


def answer(text: str = TEXT, language: str = "en") -> AnswerText:
    question = FRAMEWORK.questions[0]
    shown = tuple(FRAMEWORK.competency(one) for one in question.shows[:1])
    return replace(written_answer(text, language), question=question.text[language], competencies=shown)  # type: ignore[index]


def reader(address: str, **more: object) -> Reader:
    return Reader("judge-1", "", 0, instructions_digest(), (1, 2, 3, 4, 5), endpoint=address, **more)  # type: ignore[arg-type]


def asked(how: Answer, *, seconds: float = 20.0, text: str = TEXT, language: str = "en", readings: int = 1) -> Reading:
    with serving(how) as served:
        own = reader(served.address, readings=readings)
        one = answer(text, language)
        return read(one, one.competencies[0], own, FRAMEWORK.scale, EndpointReader(own, seconds))


def test_the_number_is_the_rating_and_its_quote_is_found() -> None:
    found = asked(faithful, readings=3)
    assert found.points == (75.0,) * 3
    assert [answer().quote(span) for span in found.quoted] == ["Last year I split the queue"]


def test_probabilities_make_it_the_expected_value() -> None:
    chances = dict(zip(TEACH, (math.log(one) for one in (0.1, 0.1, 0.2, 0.4, 0.2)), strict=True))
    found = asked(lambda one: reply(4, [said(one)[:20]], chances))
    assert found.points[0] == pytest.approx(25 * (0.1 + 0.2 * 2 + 0.4 * 3 + 0.2 * 4))


def test_probabilities_that_say_too_little_leave_the_number() -> None:
    assert asked(lambda one: reply(4, [said(one)[:20]], {"4": math.log(0.3), "x": math.log(0.6)})).points == (75.0,)


def test_what_leaves_is_the_masked_words_the_question_and_the_anchors() -> None:
    with serving(faithful) as served:
        own = reader(served.address, readings=2)
        one = answer()
        read(one, one.competencies[0], own, FRAMEWORK.scale, EndpointReader(own))
    first, second = served.asked
    assert said(first) == said(second) == TEXT
    assert set(first) == {
        "model", "messages", "temperature", "max_tokens", "logprobs", "top_logprobs", "response_format",
    }  # fmt: skip
    assert first["temperature"] == 0
    assert first["response_format"]["json_schema"]["schema"]["properties"]["rating"]["enum"] == [1, 2, 3, 4, 5]
    assert first["messages"] != second["messages"], "readings are put in other words"
    assert "Authorization" not in served.headers[0]


def test_the_key_comes_from_its_variable_and_is_in_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUDGE_KEY", "sesame-1234")
    with serving(lambda _: Sent(b"no", 500)) as served:
        own = reader(served.address, readings=1, key_variable="JUDGE_KEY")
        with pytest.raises(ReaderFailed) as failed:
            EndpointReader(own).rate(next(iter(_prompts(own))))
    assert {one["Authorization"] for one in served.headers} == {"Bearer sesame-1234"}
    assert "sesame" not in str(failed.value)
    monkeypatch.delenv("JUDGE_KEY")
    with pytest.raises(ReaderFailed, match="JUDGE_KEY"):
        EndpointReader(own)


def _prompts(own: Reader) -> list[object]:
    from vivavoce.features.reader.reading import prompts

    one = answer()
    return list(prompts(one, one.competencies[0], own, FRAMEWORK.scale))  # type: ignore[return-value]


def test_an_invented_quote_voids_the_rating() -> None:
    found = asked(lambda _: reply(5, ["I doubled the company's revenue alone"]))
    assert (found.void, found.quoted) == ("invented_quote", ())


def test_a_rating_without_any_quote_counts_at_the_lowest_step_only() -> None:
    assert asked(lambda _: reply(4, [])).void == "invented_quote"
    assert asked(lambda _: reply(1, [])).points == (0.0,)


def test_blanks_and_width_of_a_quote_do_not_matter_and_nothing_else_does() -> None:
    assert asked(lambda _: reply(4, ["ｓｐｌｉｔ   the\nqueue"])).void is None
    assert asked(lambda _: reply(4, ["Split the queue"])).void == "invented_quote"
    assert asked(lambda _: reply(4, ["queue"])).void == "invented_quote", "too little to carry anything"
    chinese = "去年我把队列全部拆开，因为安娜看到它满了，之后再没有延误，大家都松了一口气。"
    assert asked(lambda _: reply(4, ["我把队列全部 拆开"]), text=chinese, language="zh").void is None
    assert asked(lambda _: reply(4, ["我把队列全部拆掉"]), text=chinese, language="zh").void == "invented_quote"


@pytest.mark.parametrize(
    ("how", "tries", "why"),
    [
        (lambda _: Sent(b"not JSON"), 3, "not the JSON"),
        (lambda _: Sent(b"[" * 100_000), 3, "not the JSON"),
        (lambda _: reply(9, []), 3, "no step of the scale"),
        (lambda _: reply(4, [], more="hidden"), 3, "not the JSON"),
        (lambda _: Sent(b"busy", 503), 3, "status 503"),
        (lambda _: Sent(b"no", 401), 1, "status 401"),
        (lambda _: Sent(b"", 302, {"Location": "http://127.0.0.1:9/v1/chat/completions"}), 1, "status 302"),
        (lambda _: Sent(b" " * (2**20 + 1)), 1, "more than"),
    ],
    ids=["bad JSON", "deep JSON", "off the scale", "more than asked", "busy", "forbidden", "redirect", "too much"],
)
def test_what_cannot_be_used_is_the_machines_failure_after_bounded_tries(how: Answer, tries: int, why: str) -> None:
    with serving(how) as served, pytest.raises(ReaderFailed, match=why):
        EndpointReader(reader(served.address)).rate(_prompts(reader(served.address))[0])  # type: ignore[arg-type]
    assert len(served.asked) == tries


def test_a_slow_reply_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "SECONDS", 0.3)
    monkeypatch.setattr(endpoint, "WAIT_S", 1.0)  # no time is left for another try
    with serving(lambda _: Sent(b" " * 1000, drip_s=0.05)) as served, pytest.raises(ReaderFailed, match="in time"):
        EndpointReader(reader(served.address), 0.4).rate(_prompts(reader(served.address))[0])  # type: ignore[arg-type]
    assert len(served.asked) == 1


def test_a_second_try_may_be_the_good_one() -> None:
    replies = iter([lambda _: Sent(b"busy", 503), lambda _: Sent(b"{}"), faithful])
    found: Callable[[dict[str, object]], Sent] = lambda one: next(replies)(one)  # noqa: E731
    assert asked(found).points == (75.0,)


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org/v1",
        "ftp://127.0.0.1/v1",
        "https://user:secret@example.org/v1",
        "https://example.org/v1?key=secret",
        "https://example.org/v1#x",
        "https://",
        "http://127.0.0.1.example.org/v1",
        "https://example.org:99999/v1",
        "https://exa mple.org/v1",
    ],
)
def test_words_go_to_https_or_this_machine_alone(address: str) -> None:
    with pytest.raises(EndpointRefused) as refused:
        check_address(address)
    assert "secret" not in str(refused.value)
