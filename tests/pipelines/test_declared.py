"""No value can change without its fingerprint changing: every stage covers the code of its package."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import vivavoce.features
from vivavoce.data.identity import source_digest
from vivavoce.data.schema import Family, Stage
from vivavoce.pipelines.scoring.configuration import FAMILIES, Profile, declared_features, fingerprints

PACKAGES = Path(vivavoce.features.__path__[0])


def stages_of(stage: Stage) -> Iterator[Stage]:
    yield stage
    for one in stage.upstream:
        yield from stages_of(one)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: next(iter(family)).name)
def test_a_familys_stage_covers_its_package_and_all_upstream_their_code(family: Family[object]) -> None:
    assert family.stage.parameters["code"] == source_digest(PACKAGES / family.name)
    assert all("code" in stage.parameters for stage in stages_of(family.stage))


def test_every_feature_has_a_fingerprint_and_the_transcripts_code_is_in_the_words_ones(monkeypatch) -> None:
    before = fingerprints(Profile.ALL, "auto", None, None, 5.0)
    assert list(before) == [name for name in declared_features() if not name.startswith("reader.")]
    monkeypatch.setattr("vivavoce.features.transcript.words.CODE", "another")
    after = fingerprints(Profile.ALL, "auto", None, None, 5.0)
    changed = {name.partition(".")[0] for name in before if before[name] != after[name]}
    assert changed == {"language"}
