"""Rule packs: every one shipped is whole, dated and sourced; faults are named by their place."""

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from vivavoce.data.table import InputRefused
from vivavoce.fairness.rules import ANSWERS, in_force, read_pack, shipped


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_pack_is_whole(name: str) -> None:
    pack = read_pack(name)
    assert pack.name == name
    assert pack.source
    assert pack.checks
    assert {check.kind for check in pack.checks} <= ANSWERS.keys()
    assert all(check.clause and check.asks.en and check.asks.zh for check in pack.checks)
    assert in_force(pack, date(2026, 12, 1))
    assert not in_force(pack, date(1970, 1, 1))


def test_only_the_city_lets_small_categories_stay_out() -> None:
    shares = {name: read_pack(name).left_out_share for name in shipped()}
    assert {name for name, share in shares.items() if share is not None} == {"nyc-ll144"}
    assert shares["nyc-ll144"] == Fraction(2, 100)


def test_an_unknown_pack_names_the_nearest() -> None:
    with pytest.raises(InputRefused, match="Did you mean 'nyc-ll144'"):
        read_pack("nyc-ll44")


def test_a_pack_of_ones_own_is_read_and_its_faults_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text("name: own\nversion: '1'\nstanding: law\nchekcs: []\n", encoding="utf-8")
    with pytest.raises(InputRefused, match="Did you mean 'checks'"):
        read_pack(str(path))
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(InputRefused, match="Write YAML"):
        read_pack(str(path))
    with pytest.raises(InputRefused, match="a file that can be read"):
        read_pack(str(tmp_path / "absent.yaml"))
