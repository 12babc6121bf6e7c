"""Orders of an owner as they lie in the box's folder: older ones that are put back do not count."""

from dataclasses import replace
from pathlib import Path

from gridplus.agent import OrdersFolder, OwnersWord
from gridplus.agent.owners_word import ORDERS_FILE
from gridplus.control import Consent, Guidance, Signal, consent_digest, write_orders
from gridplus.demo.options import bundled
from gridplus.planner import parse_home
from tests.agent.box import Box, agent_box
from tests.hub.town import DAY, Town

HOME = parse_home(bundled("home.toml"), what="home.toml")
FAR_S = 1 << 33


def write(box: Box, number: int, *, until_s: int) -> bytes:
    """The owner's consent that prices move the battery; what the file was before."""
    house, path = box.house, box.folder / ORDERS_FILE
    before = path.read_bytes() if path.exists() else b""
    unsigned = Consent(house.channel, "battery", Signal.PRICE, number, until_s)
    signature = house.owner.sign(consent_digest(house.identity.domain, unsigned))
    path.write_bytes(write_orders([replace(unsigned, signature=signature)], ()))
    return before


def word_of(box: Box) -> OwnersWord:
    return OwnersWord(OrdersFolder(box.folder, box.house.identity), lambda _from_s, _until_s: ())


def guided(box: Box, word: OwnersWord) -> Guidance:
    seen = box.agent.memory.see_consents
    return word.guidance(HOME, day=DAY, now_s=DAY[0].start_s, seen=seen)


async def test_a_withdrawn_consent_is_not_brought_back_by_the_file_of_before(
    town: Town, tmp_path: Path
) -> None:
    async with agent_box(town, tmp_path) as box:
        word = word_of(box)
        write(box, 1, until_s=FAR_S)
        assert guided(box, word).apart == {}
        given = write(box, 2, until_s=0)
        assert "battery" in guided(box, word).apart
        await box.live()
        (box.folder / ORDERS_FILE).write_bytes(given)
        for _ in range(2):
            assert "battery" in guided(box, word).apart, "the last good orders go on"
            assert word.fault is not None
            assert "consent 2 of the battery to price was seen before" in word.fault
            await box.restart()
            word = word_of(box)
        write(box, 3, until_s=FAR_S)
        assert guided(box, word).apart == {}
        assert word.fault is None


async def test_orders_that_are_gone_altogether_are_named_too(town: Town, tmp_path: Path) -> None:
    async with agent_box(town, tmp_path) as box:
        word = word_of(box)
        write(box, 1, until_s=FAR_S)
        assert guided(box, word).apart == {}
        (box.folder / ORDERS_FILE).unlink()
        assert guided(box, word).apart == {}, "the last good orders go on"
        assert word.fault is not None
