import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vivavoce.data.track import Track
from vivavoce.data.vault.store import Artefact, CorruptArtefact

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def tracks(draw: st.DrawFn) -> Track:
    rows, columns = draw(st.integers(0, 6)), draw(st.integers(0, 4))
    kind = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    starts = np.arange(rows, dtype=np.float64)
    values = draw(arrays(kind, (rows, columns)))
    return Track(np.column_stack([starts, starts + 0.5]), values, tuple(f"v{i}" for i in range(columns)))


@settings(max_examples=60, deadline=None)
@given(document=st.dictionaries(st.text(), JSON, max_size=5), found=st.dictionaries(st.text(), tracks(), max_size=3))
def test_comes_back_bit_for_bit(document: dict[str, object], found: dict[str, Track]) -> None:
    content = Artefact(document, found).to_bytes()
    read = Artefact.from_bytes(content)
    assert read.document == document
    assert read.tracks.keys() == found.keys()
    for name, track in found.items():
        assert read.tracks[name].names == track.names
        for before, after in ((track.spans, read.tracks[name].spans), (track.values, read.tracks[name].values)):
            assert (before.dtype, before.shape, before.tobytes()) == (after.dtype, after.shape, after.tobytes())
    assert read.to_bytes() == content


def test_equal_content_has_equal_bytes_whatever_its_order_or_memory() -> None:
    values = np.arange(12.0).reshape(3, 4)
    spans = np.column_stack([np.arange(3.0), np.arange(3.0) + 1])
    straight, turned = Track(spans, values, tuple("abcd")), Track(spans, np.asfortranarray(values), tuple("abcd"))
    one = Artefact({"engine": "yin", "hop_s": 0.01}, {"pitch": straight, "level": straight})
    two = Artefact({"hop_s": 0.01, "engine": "yin"}, {"level": turned, "pitch": turned})
    assert one.to_bytes() == two.to_bytes()


def test_is_compact() -> None:
    spans = np.column_stack([np.arange(1000.0), np.arange(1000.0) + 0.5])
    content = Artefact({}, {"yaw": Track(spans, np.full((1000, 3), np.nan), ("a", "b", "c"))}).to_bytes()
    assert len(content) < 0.25 * 1000 * 5 * 8


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7), cut=st.integers(0, 10_000))
def test_damage_is_an_error_never_another_artefact(place: int, bit: int, cut: int) -> None:
    artefact = Artefact({"words": ["so", "we"]}, {"t": Track(np.array([[0.0, 1.0]]), np.array([[2.0]]), ("x",))})
    whole = artefact.to_bytes()
    flipped = bytearray(whole)
    flipped[place % len(whole)] ^= 1 << bit
    for damaged in (bytes(flipped), whole[: cut % len(whole)]):
        try:
            read = Artefact.from_bytes(damaged)
        except CorruptArtefact:
            continue
        assert read.to_bytes() == whole  # a flipped bit of zlib's header that means nothing


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "incomplete"),
        (zlib.compress(b"x" * 50), "SafetensorError"),
        (Artefact({}, {}).to_bytes()[:-3], "incomplete"),
    ],
)
def test_says_why_it_is_no_artefact(content: bytes, why: str) -> None:
    with pytest.raises(CorruptArtefact, match=why):
        Artefact.from_bytes(content)


@pytest.mark.parametrize("document", [{"x": float("nan")}, {"x": {1, 2}}, {"x": b"bytes"}])
def test_refuses_what_is_not_json(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must be JSON with finite numbers"):
        Artefact(document, {})


@pytest.mark.parametrize("document", [{"x": (1, 2)}, {"x": {1: "one"}}])
def test_refuses_what_would_not_come_back_equal(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="use lists for tuples and strings for keys"):
        Artefact(document, {})


def test_refuses_other_numbers() -> None:
    with pytest.raises(ValueError, match="Track 'n' must hold one of float16, float32, float64. Got int64 instead."):
        Artefact({}, {"n": Track(np.array([[0.0, 1.0]]), np.array([[2]]), ("x",))})
