"""Jobs that agree lend one another strength, jobs that differ keep to themselves, and nobody's order matters."""

import numpy as np
import pytest
from scipy import special

from tests.planted import CENTRE, PRIOR, STRENGTH, people, truth
from tests.proof import proof_count
from vivavoce.models.simplex import Moments, log_likelihood, posteriors, slopes
from vivavoce.training.learned import LearnedWeights
from vivavoce.training.pooling import AGREEMENTS, COMMON, Beside, agreement_shares, pooled, said_by
from vivavoce.training.weights import learn_weights

ALL = tuple(PRIOR)
NOTHING = np.zeros((1, len(AGREEMENTS)))
BEFORE = agreement_shares(NOTHING, NOTHING)[0]  # any data
APART = np.array([[0.7, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.7], [0.1, 0.7, 0.1, 0.1]])
FAR = np.array([0.1, 0.2, 0.3, 0.4])


def cohort(weights, n, seed, correlation=0.5):
    """Scores and performance of one job's n people."""
    z, y, jobs = people(np.asarray(weights), 3 * n, correlation, seed)
    return z[jobs == "clerk"], y[jobs == "clerk"]


def beside(weights, n, seed, *, name="other", prior=PRIOR, shared=ALL):
    moments = Moments.of(*cohort(weights, n, seed))
    return Beside(name, f"{name} {seed}", prior, Moments.of_summary(**moments.summary()), shared)


def both(truths, n, seed, there=None) -> tuple[LearnedWeights, LearnedWeights]:
    """The first job's weights alone, and beside the others; n people each, or ``there`` in each of the others."""
    z, y = cohort(truths[0], n, 10 * seed)
    others = [beside(one, there or n, 10 * seed + i, name=f"job {i}") for i, one in enumerate(truths[1:], 1)]
    jobs = ["this"] * n
    return learn_weights(z, y, jobs, PRIOR, seed=seed), learn_weights(z, y, jobs, PRIOR, beside=others, seed=seed)


def values(found: LearnedWeights) -> np.ndarray:
    return np.array(list(found.values.values()))


def family(agreement, jobs, seed):
    """Weights of several jobs as the hierarchy draws them."""
    rng = np.random.default_rng([seed, 9])
    common = round(STRENGTH * agreement / (1 - agreement))
    counts = rng.multinomial(common, rng.dirichlet(STRENGTH * CENTRE))
    return rng.dirichlet(STRENGTH * CENTRE + counts, jobs)


def compared(truths, n, record_property, what, there=None):
    """Mean errors alone and pooled, the standard error of their difference, the mean share of nothing in common."""
    found = [(both(one, n, seed, there), one[0]) for seed, one in enumerate(truths)]
    alone, together = (np.array([np.linalg.norm(values(pair[i]) - true) for pair, true in found]) for i in (0, 1))
    nothing = float(np.mean([pair[1].pooling.agreements[0.0] for pair, _ in found]))
    paired = float((together - alone).std(ddof=1) / np.sqrt(len(found)))
    said = f"{alone.mean():.3f} / {together.mean():.3f} (± {paired:.3f}) / {nothing:.2f}"
    people_there = f"{n} people beside {there} each" if there else f"{n} people each"
    record_property(f"{what}, {people_there}: error alone / pooled / nothing in common", said)
    return alone.mean(), together.mean(), paired, nothing


@pytest.mark.proof
@pytest.mark.parametrize(("n", "far"), [(100, False), (100, True), (300, True)])
def test_jobs_with_equal_weights_gain(n, far, record_property):
    repeats = proof_count(3, 100)
    truths = [[FAR if far else truth(seed)] * 3 for seed in range(repeats)]
    alone, together, paired, nothing = compared(truths, n, record_property, "far" if far else "from the prior")
    if repeats == 100:
        assert together < alone - 3 * paired
    elif far:
        assert together < alone
    if n == 300:
        assert nothing < BEFORE[0]


@pytest.mark.proof
@pytest.mark.parametrize("what", ["from the prior", "far", "apart"])
def test_a_small_job_beside_large_ones(what, record_property):
    repeats = proof_count(2, 60)
    truths = [{"far": [FAR] * 3, "apart": APART}.get(what, [truth(seed)] * 3) for seed in range(repeats)]
    alone, together, paired, _ = compared(truths, 100, record_property, what, there=3000)
    if repeats == 60 and what != "apart":
        assert together < alone - 3 * paired


@pytest.mark.proof
@pytest.mark.parametrize("n", [100, 300, 1000])
def test_jobs_that_are_worlds_apart_are_told_apart(n, record_property):
    alone, together, _, nothing = compared([APART] * proof_count(2, 30), n, record_property, "apart")
    if n >= 1000:
        assert nothing > 0.8
        assert together < 1.05 * alone
    assert together < np.linalg.norm(CENTRE - APART[0])


@pytest.mark.proof
def test_jobs_that_have_nothing_in_common_lose_nothing(record_property):
    repeats = proof_count(3, 100)
    truths = [family(0.0, 3, seed) for seed in range(repeats)]
    alone, together, paired, _ = compared(truths, 100, record_property, "independent")
    assert together < alone + 2 * max(paired, 0.002)


@pytest.mark.proof
@pytest.mark.parametrize("n", [100, 1000])
def test_intervals_cover_truths_from_the_hierarchy(n, record_property):
    repeats, covered = proof_count(3, 100), []
    agreements = np.random.default_rng(1).choice(AGREEMENTS, repeats, p=BEFORE)
    for seed, agreement in enumerate(agreements):
        truths = family(agreement, 3, seed)
        found = both(truths, n, seed)[1]
        covered += [one.low <= true <= one.high for one, true in zip(found.weights, truths[0], strict=True)]
    record_property(f"coverage of 90 % intervals, {n} people each", round(float(np.mean(covered)), 3))
    assert np.mean(covered) >= proof_count(75, 85) / 100


def test_the_posterior_is_that_of_drawing_everything():
    strength, common, prior = 8.0, 1.0, {"a": 0.5, "b": 0.3, "c": 0.2}
    centre = np.array(list(prior.values()))
    here, there = (Moments.of(*_three(weights, seed)) for weights, seed in (((0.2, 0.3, 0.5), 1), ((0.1, 0.3, 0.6), 2)))
    rng = np.random.default_rng(0)
    counts = rng.multinomial(round(common * strength), rng.dirichlet(strength * centre, 200_000))
    gammas = [rng.gamma(strength * centre + counts) for _ in range(2)]
    mine, other = (one / one.sum(axis=1, keepdims=True) for one in gammas)
    log = log_likelihood(mine, [here]) + log_likelihood(other, [there]) + np.log(slopes(other, there).positive)
    share = special.softmax(log)
    alone = [log_likelihood(mine, [here]), log_likelihood(other, [there]) + np.log(slopes(other, there).positive)]
    gain = special.logsumexp(log) + np.log(len(log)) - special.logsumexp(alone[0]) - special.logsumexp(alone[1])
    [own] = posteriors(centre, [strength], [here], particles=4000)
    [said] = said_by([Beside("other", "d", prior, there, tuple(prior))], prior, [strength])
    found = pooled(own, prior, [here], said, np.random.default_rng(1))[COMMON.index(common)]
    assert found.weights.mean(axis=0) == pytest.approx(share @ mine, abs=0.015)
    assert found.weights.std(axis=0) == pytest.approx(np.sqrt(share @ (mine - share @ mine) ** 2), abs=0.015)
    assert found.gain == pytest.approx(gain, abs=0.2)


def _three(weights, seed):
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((80, 3))
    return z, 0.6 * z @ weights + rng.standard_normal(80) * 0.5


def test_who_knows_nothing_changes_nothing():
    z = np.random.default_rng(1).standard_normal((60, 4)) * 1e-6
    nobody = Beside("other", "d", PRIOR, Moments.of(z, np.arange(60.0)), ALL)
    z, y = cohort(FAR, 100, 3)
    found = learn_weights(z, y, ["this"] * 100, PRIOR, beside=[nobody])
    assert list(found.pooling.agreements.values()) == pytest.approx(BEFORE, abs=0.02)
    assert values(found) == pytest.approx(list(found.pooling.alone.values()), abs=0.02)
    assert found.pooling.verdict == "whether the jobs agree cannot be told"


SALES = {"negotiation": 0.4, "teamwork": 0.2, "learning": 0.1, "coaching": 0.3}
SHARED = ("teamwork", "learning")


def test_only_what_jobs_share_is_pooled_and_its_mass_stays():
    z, y = cohort([0.35, 0.35, 0.05, 0.25], 200, 3)  # teamwork .05 to learning .25, where the framework says .20 to .10
    others = [
        beside([0.4, 0.1, 0.5, 0.0], 3000, seed, name=f"sales {seed}", prior=SALES, shared=SHARED) for seed in (4, 5)
    ]
    found = learn_weights(z, y, ["this"] * 200, PRIOR, beside=others)
    alone = found.pooling.alone
    relative, before = (one["teamwork"] / (one["teamwork"] + one["learning"]) for one in (found.values, alone))
    assert abs(relative - 1 / 6) < abs(before - 1 / 6) - 0.03
    mass, was = (one["teamwork"] + one["learning"] for one in (found.values, alone))
    assert mass == pytest.approx(was, abs=0.05)
    kept, own = (
        one["problem_solving"] / (one["problem_solving"] + one["technical_fit"]) for one in (found.values, alone)
    )
    assert kept == pytest.approx(own, abs=0.05)


def test_jobs_that_confirm_their_own_framework_do_not_pull_this_one_to_theirs():
    other = dict(zip(PRIOR, (0.1, 0.2, 0.3, 0.4), strict=True))
    z, y = cohort(CENTRE, 200, 6)
    jobs = ["this"] * 200
    confirmed, contrary = (
        learn_weights(z, y, jobs, PRIOR, beside=[beside(FAR, 5000, seed, prior=prior) for seed in (7, 8)])
        for prior in (other, PRIOR)
    )
    assert confirmed.values["problem_solving"] > contrary.values["problem_solving"] + 0.08
    assert values(confirmed) == pytest.approx(list(confirmed.pooling.alone.values()), abs=0.05)


def test_a_job_may_stand_apart_from_jobs_that_agree():
    z, y = cohort(APART[0], 500, 6)
    found = learn_weights(z, y, ["this"] * 500, PRIOR, beside=[beside(FAR, 3000, seed) for seed in (7, 8)])
    assert found.pooling.verdict == "the jobs differ"
    assert values(found) == pytest.approx(list(found.pooling.alone.values()), abs=0.03)


def test_the_order_of_jobs_does_not_matter_and_the_same_seed_gives_the_same_numbers():
    z, y = cohort(FAR, 100, 1)
    others = [beside(FAR, 100, seed, name=f"job {seed}") for seed in (2, 3, 4)]
    documents = [
        learn_weights(z, y, ["this"] * 100, PRIOR, beside=order, seed=5).document()
        for order in (others, others[::-1], others)
    ]
    assert documents[0] == documents[1] == documents[2]


def test_no_neighbours_are_no_pooling():
    z, y = cohort(FAR, 100, 1)
    one, other = (learn_weights(z, y, ["this"] * 100, PRIOR, **more) for more in ({}, {"beside": ()}))
    assert one.document() == other.document()
    assert one.document()["pooling"] is None


def test_what_is_said_names_the_jobs_the_strength_and_what_it_moved():
    found = both([FAR] * 3, 1000, 1)[1]
    document = found.document()["pooling"]
    assert document["verdict"] == "the jobs agree"
    assert sum(document["agreements"].values()) == pytest.approx(1)
    assert [one["digest"] for one in document["beside"]] == ["job 1 11", "job 2 12"]
    said = next(said for said in found.findings() if said.startswith("Pooled with"))
    assert said.startswith("Pooled with job 1 (1000 people, 4 competencies), job 2 (1000 people, 4 competencies): ")
    assert "Alone, weights were" in said


def test_what_a_version_keeps_of_people_is_rounded_and_says_as_much():
    z, y = cohort(FAR, 150, 2)
    kept = Moments.of(z, y).summary()
    assert set(kept) == {"persons", "covariance", "correlations"}
    assert kept == Moments.of(z, 17 * y + 4).summary()  # neither level nor spread of performance
    one, other = (posteriors(CENTRE, [8.0], [moments])[0] for moments in (Moments.of(z, y), Moments.of_summary(**kept)))
    assert one.weights.mean(axis=0) == pytest.approx(other.weights.mean(axis=0), abs=0.02)


@pytest.mark.parametrize("shared", [(), ("teamwork",), ("teamwork", "coaching")])
def test_too_little_in_common_is_refused(shared):
    with pytest.raises(ValueError, match="pooled over 2 or more competencies that both have"):
        learn_weights(*cohort(FAR, 100, 1), ["this"] * 100, PRIOR, beside=[beside(FAR, 100, 2, shared=shared)])
