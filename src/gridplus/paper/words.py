"""Amounts as people read them; never rounded where they could be told exactly."""

HUNDREDTH_CENT_PER_KWH = 100_000
"""µBOLT/MWh."""


def kwh(energy_wh: int) -> str:
    """12345 -> '12.345'."""
    return f"{energy_wh // 1_000:,}.{energy_wh % 1_000:03d}"


def cents(price_ubolt_per_mwh: int) -> str:
    """A price in ¢/kWh, two digits, rounded half up: an average, not a price of the plan."""
    hundredths = (2 * price_ubolt_per_mwh + HUNDREDTH_CENT_PER_KWH) // (2 * HUNDREDTH_CENT_PER_KWH)
    sign, hundredths = ("-" if hundredths < 0 else ""), abs(hundredths)
    return f"{sign}{hundredths // 100:,}.{hundredths % 100:02d}"


def percent(tenths: int) -> str:
    """242 -> '24.2'."""
    return f"{tenths // 10}.{tenths % 10}"


def short(octets: bytes) -> str:
    """What tells a digest from others at a glance."""
    text = octets.hex()
    return f"0x{text[:8]}…{text[-6:]}"
