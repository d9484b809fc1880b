"""A hash tree over the lines of a log (RFC 6962, section 2.1): one root for all, short proofs for one.

A leaf is hashed behind the byte 0x00 and a node behind 0x01, so that no node can be passed off as a leaf. The tree over
n leaves splits at the largest power of two below n.
"""

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256().digest()  # the root of no leaves


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of one line, 32 bytes."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two neighbouring subtrees, 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """The root of a growing tree; it keeps only the roots of its complete subtrees, at most log2(n) + 1 of them.

    Examples
    --------
    >>> tree = Tree()
    >>> tree.add(leaf_hash(b""))
    >>> tree.root().hex()[:16], tree.size
    ('6e340b9cffb37a98', 1)
    """

    def __init__(self) -> None:
        self.size = 0
        self._complete: list[bytes] = []  # from the largest to the smallest

    def add(self, leaf: bytes) -> None:
        """Add one leaf by its hash."""
        self._complete.append(leaf)
        self.size += 1
        ended = self.size
        while ended % 2 == 0:  # the new leaf ends a subtree of 2, 4, 8 … leaves
            right = self._complete.pop()
            self._complete[-1] = node_hash(self._complete[-1], right)
            ended //= 2

    def root(self) -> bytes:
        """Return the root over all leaves so far, 32 bytes."""
        if not self._complete:
            return EMPTY
        *larger, root = self._complete
        for left in reversed(larger):
            root = node_hash(left, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes, 32 bytes."""
    tree = Tree()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return what shows that leaf ``index`` is in the tree: the hashes beside its path, from the leaf up.

    Raises
    ------
    IndexError
        If there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"There are leaves 0 to {len(leaves) - 1}. Got {index} instead.")
    if len(leaves) == 1:
        return []
    half = _split(len(leaves))
    if index < half:
        return [*inclusion_proof(leaves[:half], index), root_of(leaves[half:])]
    return [*inclusion_proof(leaves[half:], index - half), root_of(leaves[:half])]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Return what shows that the tree over the first ``old_size`` leaves, at least 1, grew into this one.

    Raises
    ------
    IndexError
        If the old tree was empty or larger than this one.
    """
    if not 1 <= old_size <= len(leaves):
        raise IndexError(f"The old tree must have 1 to {len(leaves)} leaves. Got {old_size} instead.")
    return _grown(leaves, old_size, whole=True)


def _grown(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    """``whole``: the old tree is all that this subtree had, so its root is known to whoever asks."""
    if old_size == len(leaves):
        return [] if whole else [root_of(leaves)]
    half = _split(len(leaves))
    if old_size <= half:
        return [*_grown(leaves[:half], old_size, whole=whole), root_of(leaves[half:])]
    return [*_grown(leaves[half:], old_size - half, whole=False), root_of(leaves[:half])]


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof shows that a leaf is number ``index`` of ``size`` leaves under a root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if here % 2 or here == last:
            found = node_hash(beside, found)
            while here % 2 == 0 and here:
                here, last = here // 2, last // 2
        else:
            found = node_hash(found, beside)
        here, last = here // 2, last // 2
    return last == 0 and found == root


def consistent(old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether a proof shows that a tree of ``old_size`` leaves grew into one of ``size`` (RFC 9162, 2.1.4.2)."""
    if old_size == size:
        return not proof and old_root == root
    if not 0 < old_size < size or not proof:
        return False
    rest = list(proof)
    first = old_root if old_size & (old_size - 1) == 0 else rest.pop(0)
    here, last = old_size - 1, size - 1
    while here % 2:
        here, last = here // 2, last // 2
    before = after = first
    for beside in rest:
        if last == 0:
            return False
        if here % 2 or here == last:
            before, after = node_hash(beside, before), node_hash(beside, after)
            while here % 2 == 0 and here:
                here, last = here // 2, last // 2
        else:
            after = node_hash(after, beside)
        here, last = here // 2, last // 2
    return last == 0 and before == old_root and after == root


def _split(n: int) -> int:
    """The largest power of two below n, for n of at least 2."""
    return 1 << (n - 1).bit_length() - 1
