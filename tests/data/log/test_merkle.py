"""The hash tree of RFC 6962: known roots, and proofs that hold for every leaf and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.data.log.tree import (
    Tree,
    consistency_proof,
    consistent,
    included,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
)

LEAVES = [leaf_hash(bytes.fromhex(content)) for content in ("", "00", "10", "2021")]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
]
MANY = [leaf_hash(bytes([n])) for n in range(40)]


@pytest.mark.parametrize("size", range(5))
def test_roots_are_the_published_ones(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]


def test_a_growing_tree_has_the_root_of_the_definition() -> None:
    def defined(leaves: list[bytes]) -> bytes:  # RFC 6962, word for word
        if len(leaves) == 1:
            return leaves[0]
        k = max(2**i for i in range(10) if 2**i < len(leaves))
        return node_hash(defined(leaves[:k]), defined(leaves[k:]))

    tree = Tree()
    for size, leaf in enumerate(MANY, start=1):
        tree.add(leaf)
        assert (tree.size, tree.root()) == (size, defined(MANY[:size]))


def test_every_leaf_is_shown_to_be_where_it_is_and_nowhere_else() -> None:
    for size in range(1, len(MANY) + 1):
        root = root_of(MANY[:size])
        for index in range(size):
            proof = inclusion_proof(MANY[:size], index)
            assert included(MANY[index], index, size, proof, root)
            assert not any(included(MANY[index], other, size, proof, root) for other in range(size) if other != index)
            assert not included(leaf_hash(b"forged"), index, size, proof, root)


def test_every_earlier_tree_is_shown_to_have_grown_into_this_one() -> None:
    for size in range(1, len(MANY) + 1):
        root = root_of(MANY[:size])
        for old in range(1, size + 1):
            proof = consistency_proof(MANY[:size], old)
            assert consistent(old, root_of(MANY[:old]), size, root, proof)
            assert not consistent(old, root_of([*MANY[: old - 1], leaf_hash(b"forged")]), size, root, proof)


@given(st.integers(1, 40), st.data())
def test_a_damaged_proof_shows_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(MANY[:size], index)
    longer = [*proof, b"\0" * 32]
    assert not included(MANY[index], index, size, longer, root_of(MANY[:size]))
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        damaged = [*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :]]
        assert not included(MANY[index], index, size, damaged, root_of(MANY[:size]))
        assert not included(MANY[index], index, size, proof[:-1], root_of(MANY[:size]))


def test_leaves_that_do_not_exist_have_no_proof() -> None:
    with pytest.raises(IndexError, match="There are leaves 0 to 3. Got 4 instead."):
        inclusion_proof(LEAVES, 4)
    with pytest.raises(IndexError, match="1 to 4 leaves. Got 0 instead."):
        consistency_proof(LEAVES, 0)
