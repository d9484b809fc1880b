import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.data.vault.keys import HEADER, NONCE_BYTES, TAG_BYTES, Tampered, derive, seal, unseal

KEY = bytes(range(32))


@given(content=st.binary(max_size=300), address=st.text(max_size=40))
def test_opens_with_its_key_at_its_address_only(content: bytes, address: str) -> None:
    sealed = seal(KEY, content, address)
    assert len(sealed) == len(content) + len(HEADER) + NONCE_BYTES + TAG_BYTES == len(content) + 33
    assert unseal(KEY, sealed, address) == content
    with pytest.raises(Tampered, match="its seal is broken: the bytes were changed, moved here or sealed with another"):
        unseal(KEY, sealed, address + "/")
    with pytest.raises(Tampered, match="its seal is broken"):
        unseal(bytes(32), sealed, address)


@given(content=st.binary(min_size=1, max_size=60), place=st.integers(0, 1000), bit=st.integers(0, 7))
def test_no_bit_can_change_and_no_byte_be_lost(content: bytes, place: int, bit: int) -> None:
    sealed = seal(KEY, content, "a")
    place %= len(sealed)
    with pytest.raises(Tampered):
        unseal(KEY, sealed[:place] + bytes([sealed[place] ^ 1 << bit]) + sealed[place + 1 :], "a")
    with pytest.raises(Tampered):
        unseal(KEY, sealed[:place], "a")


def test_is_plain_aes_256_gcm_that_any_other_tool_can_open() -> None:
    sealed = seal(KEY, b"content", "the address")
    nonce, body = sealed[5:17], sealed[17:]
    assert AESGCM(KEY).decrypt(nonce, body, b"VIVA\x01the address") == b"content"


def test_keys_for_two_purposes_differ() -> None:
    assert len({KEY, derive(KEY, "names"), derive(KEY, "artefacts"), derive(bytes(32), "names")}) == 4
    assert derive(KEY, "names") == derive(KEY, "names")
