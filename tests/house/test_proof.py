"""``make proof`` writes what the proofs saw into a table."""

from xml.etree import ElementTree

from tests.proof import page, proof_count


def test_the_page_tells_outcome_and_figures_of_every_proof() -> None:
    results = ElementTree.fromstring(
        "<testsuites><testsuite>"
        "<testcase classname='tests.data.test_some' name='test_kill' time='12.4'>"
        "<properties><property name='kills' value='100'/><property name='lost' value='0'/></properties></testcase>"
        "<testcase classname='tests.data.test_fuzz' name='test_all' time='3'><failure>a hang</failure></testcase>"
        "</testsuite></testsuites>"
    )
    lines = page(results).splitlines()
    assert "| `data.test_some.test_kill` | passed | 12 | kills 100; lost 0 |" in lines
    assert "| `data.test_fuzz.test_all` | failure | 3 |  |" in lines


def test_counts_are_reduced_unless_the_full_proof_is_asked_for(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("VIVA_PROOF", raising=False)
    assert proof_count(3, 20) == 3
    monkeypatch.setenv("VIVA_PROOF", "full")
    assert proof_count(3, 20) == 20
