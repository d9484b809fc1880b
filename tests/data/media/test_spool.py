"""The spool gives back what was put in, by time, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.data.media.memory import RATE_HZ, WRITE_SAMPLES, AudioSpool


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5000), max_size=6), st.integers(0, 20_000), st.integers(0, 20_000))
def test_any_span_comes_back_as_it_was_put_in(lengths: list[int], first: int, count: int) -> None:
    truth = np.arange(sum(lengths), dtype=np.float32)
    with AudioSpool() as audio:
        for block in np.split(truth, np.cumsum(lengths)[:-1]) if lengths else []:
            audio.append(block)
        assert len(audio) == len(truth)
        found = audio.read(first / RATE_HZ, (first + count) / RATE_HZ)
        np.testing.assert_array_equal(found, truth[first : first + count])
        assert found.dtype == np.float32


def test_blocks_join_to_the_whole() -> None:
    truth = np.random.default_rng(0).standard_normal(WRITE_SAMPLES + 12_345).astype(np.float32)
    with AudioSpool.from_array(truth) as audio:
        blocks = list(audio.blocks(7.3))
        assert {len(block) for block in blocks[:-1]} == {round(7.3 * RATE_HZ)}
        np.testing.assert_array_equal(np.concatenate(blocks), truth)
        assert audio.duration == len(truth) / RATE_HZ


def test_silence_is_zeros_that_take_no_space() -> None:
    with AudioSpool() as audio:
        audio.append(np.ones(10, np.float32))
        audio.append_silence(3600 * RATE_HZ)
        audio.append(np.ones(10, np.float32))
        assert audio.duration == pytest.approx(3600 + 20 / RATE_HZ)
        assert not audio.read(1800, 1801).any()
        assert audio.read(3600, 3601).sum() == 10
        assert os.fstat(audio.fileno()).st_blocks * 512 < 100_000


def test_a_spool_handed_on_is_the_same_sound() -> None:
    with AudioSpool() as audio, AudioSpool(os.dup(audio.fileno())) as other:
        other.append(np.ones(5, np.float32))
        audio.append(np.zeros(5, np.float32))
        np.testing.assert_array_equal(audio.read(0, 1), [1] * 5 + [0] * 5)


@pytest.mark.parametrize(("start", "end"), [(-1.0, 1.0), (2.0, 1.0), (float("nan"), 1.0)])
def test_a_span_that_is_none_is_refused(start: float, end: float) -> None:
    with AudioSpool.from_array(np.zeros(10)) as audio, pytest.raises(ValueError, match=r"needs 0 ≤ start ≤ end"):
        audio.read(start, end)


def test_two_channels_and_empty_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must have shape \(n,\), mono at 16 kHz. Got \(2, 10\) instead"):
        AudioSpool.from_array(np.zeros((2, 10)))
    with AudioSpool.from_array(np.zeros(10)) as audio, pytest.raises(ValueError, match=r"must be ≥ 1/16000. Got 0"):
        list(audio.blocks(0))


def test_nothing_is_left_when_the_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import numpy, os, time; from vivavoce.data.media.memory import AudioSpool\n"
        f"audio = AudioSpool(folder={str(tmp_path)!r}); audio.append(numpy.ones(99999, 'f4'))\n"
        f"print(os.listdir({str(tmp_path)!r}), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "[]"
        process.send_signal(signal.SIGKILL)
    assert list(tmp_path.iterdir()) == []
