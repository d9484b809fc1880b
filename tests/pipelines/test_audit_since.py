"""An older audit beside this one: a finding that closes, a group that is new, a job that is gone."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.pipelines.test_audit_tables import Counts, audited, from_csv
from tests.pipelines.test_audit_tables import no_paper as no_paper
from vivavoce.data.errors import VivaError
from vivavoce.data.identity import digest_file
from vivavoce.data.table import InputRefused
from vivavoce.pipelines.auditing.kinds import schema

THEN: Counts = [
    ("sex", "a", "men", 400, 100), ("sex", "a", "women", 400, 40), ("sex", "b", "men", 300, 90),
    ("sex", "b", "women", 300, 93), ("sex", "c", "men", 200, 60), ("sex", "c", "women", 200, 60),
]  # fmt: skip
NOW: Counts = [
    ("sex", "a", "men", 4000, 1000), ("sex", "a", "women", 4000, 1000), ("sex", "a", "=x", 4000, 1000),
    ("sex", "b", "men", 300, 90), ("sex", "b", "women", 300, 20),
]  # fmt: skip


def test_what_closed_what_is_new_and_what_is_gone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    older, out = tmp_path / "2025", tmp_path / "2026"
    audited(tmp_path, THEN, out=older)
    found = audited(tmp_path, NOW, out=out, since=older, tables=True)
    jsonschema.Draft202012Validator(schema()).validate(found.content)
    assert found.content["data"]["since"] == {
        "file": "2025/audit.json",
        "sha256": digest_file(older / "audit.json").sha256,
    }
    part = found.content["since"]
    assert part["people"] == {"then": 1800.0, "now": 12600.0}
    rows = {(row["stratum"], row["group"]): row for row in part["rows"]}
    (a,) = {key for key in rows if key[0] and key[0].endswith("a") and key[1] == "women"}
    assert (rows[a]["change"], rows[a]["then"]["ratio"], rows[a]["now"]["ratio"]) == ("better", 0.4, 1.0)
    assert {row["change"] for key, row in rows.items() if key[1] == "=x"} == {"new"}
    assert {row["change"] for key, row in rows.items() if (key[0] or "").endswith("= c")} == {"gone"}
    assert {"what": "group", "name": "=x", "attribute": "sex"} in part["new"]
    assert [one["what"] for one in part["gone"]] == ["place"]
    closed = {(one["stratum"], one["group"]): one["there"] for one in part["closed"]}
    assert closed[a] == "ok"
    assert [one["group"] for one in part["opened"] if (one["stratum"] or "").endswith("= b")] == ["women"]
    page = (out / "audit.html").read_text(encoding="utf-8")
    for words in ("Since the last audit", "与上次审计相比", "Described, not tested", "Closed: ", "已关闭："):
        assert words in page
    assert "Beside the audit of 2026-05-04" in capsys.readouterr().err
    assert {one["change"] for one in from_csv(out / "tables" / "since.csv")} == {row["change"] for row in part["rows"]}


def test_the_same_audit_moves_nothing(tmp_path: Path) -> None:
    audited(tmp_path, THEN, out=tmp_path / "older")
    part = audited(tmp_path, THEN, since=tmp_path / "older").content["since"]
    assert {row["change"] for row in part["rows"]} == {"same"}
    assert not any(part[name] for name in ("new", "gone", "closed", "opened", "clauses", "declared"))


def test_an_audit_that_is_none_is_refused(tmp_path: Path) -> None:
    older = tmp_path / "older"
    with pytest.raises(InputRefused, match="since"):
        audited(tmp_path, THEN, since=older)
    audited(tmp_path, THEN, out=older)
    content = json.loads((older / "audit.json").read_text(encoding="utf-8"))
    content["tables"][0]["rows"][0]["verdict"] = "fine"
    (older / "audit.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputRefused, match="verdict"):
        audited(tmp_path, THEN, since=older)
    with pytest.raises(VivaError, match="one folder"):
        audited(tmp_path, THEN, since=older, out=older)
