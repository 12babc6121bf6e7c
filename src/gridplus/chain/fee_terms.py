"""What a service's configuration says of fees."""

from gridplus.chain.sender import USUAL_FEES, FeeRules
from gridplus.tariff import Fields
from gridplus.units import PPM

_LEAST_BUMP_PPM, _MOST_BUMP_PPM = 100_000, 10 * PPM
_MOST_BLOCKS = 10_000


def fee_rules(fields: Fields) -> FeeRules:
    """`fee_ceiling_wei`, `fee_bump_ppm` and `replace_after_blocks`, each with a default.

    Raises InputError that names the field: a node takes no replacement that offers less than a
    tenth more (go-ethereum, txpool.pricebump).
    """
    ceiling_wei = _integer(fields, "fee_ceiling_wei", usual=USUAL_FEES.ceiling_wei)
    bump_ppm = _integer(fields, "fee_bump_ppm", usual=USUAL_FEES.bump_ppm)
    blocks = _integer(fields, "replace_after_blocks", usual=USUAL_FEES.replace_after_blocks)
    if ceiling_wei == 0:
        fields.fail("fee_ceiling_wei", "is 0: nothing could ever be sent")
    if not _LEAST_BUMP_PPM <= bump_ppm <= _MOST_BUMP_PPM:
        fields.fail("fee_bump_ppm", "must be 100,000 (a tenth) to 10,000,000")
    if not 1 <= blocks <= _MOST_BLOCKS:
        fields.fail("replace_after_blocks", "must be 1 to 10,000")
    return FeeRules(ceiling_wei, replace_after_blocks=blocks, bump_ppm=bump_ppm)


def _integer(fields: Fields, key: str, *, usual: int) -> int:
    return fields.integer(key) if fields.has(key) else usual
