"""A claim code can be typed from a label, cannot be guessed, and gives one key."""

import pytest

from gridplus.failures import InputError
from gridplus.keystore import claim_key, new_claim_code
from gridplus.keystore.claim_code import RANDOM_BYTES

CODE = "000G-40R4-0M30-E209-185G-RSDA"
ADDRESS = "be85291bf01440a48c4b4fab3ba2834c0f596b3d"
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_a_code_has_at_least_96_random_bits_and_no_two_are_alike() -> None:
    """I-RG-5."""
    assert RANDOM_BYTES * 8 >= 96
    codes = {new_claim_code() for _ in range(500)}
    assert len({claim_key(code).address for code in codes}) == 500
    assert all(len(code) == 29 and code.count("-") == 5 for code in codes)


@pytest.mark.parametrize("typed", [CODE.lower(), CODE.replace("-", ""), f" {CODE} \n"])
def test_a_code_is_typed_as_people_type(typed: str) -> None:
    assert claim_key(typed).address.hex() == ADDRESS
    alike = typed.upper().replace("1", "l").replace("0", "O")
    assert claim_key(alike).address.hex() == ADDRESS


def test_every_mistyped_letter_of_a_code_is_noticed_and_not_repeated() -> None:
    for at, right in enumerate(CODE):
        for letter in set(LETTERS) - {right}:
            typed = CODE[:at] + letter + CODE[at + 1 :]
            with pytest.raises(InputError) as refusal:
                claim_key(typed)
            assert typed not in str(refusal.value)


@pytest.mark.parametrize("typed", ["", "0", CODE[:-1], CODE + "0", "U" + CODE[1:], "é" + CODE[1:]])
def test_what_is_no_code_has_no_key(typed: str) -> None:
    with pytest.raises(InputError, match="24 letters"):
        claim_key(typed)
