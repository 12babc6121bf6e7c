"""Which epoch each device is in, as the registry's logs say: what voids a certificate at once."""

from collections.abc import Iterator, Mapping
from typing import Final

from gridplus.chain.follower import Cursor, Watch, follow
from gridplus.chain.port import Chain
from gridplus.chain.views import ask
from gridplus.contracts import registry
from gridplus.contracts.logs import parse_log
from gridplus.wallet import Address

NO_EPOCH: Final = -1
"""Of a device whose claim key the maker has revoked: no certificate names it."""


class Epochs(Mapping[bytes, int]):
    """By device id. `refresh` reads on; a log that a reorganisation undoes is read again.

    Logs are taken as soon as they are mined: a certificate that is refused too early is asked for
    again, one that is believed too long is not.
    """

    def __init__(self, chain: Chain, contract: Address) -> None:
        self._chain = chain
        self._watch = Watch(contract)
        self._cursor = Cursor(0)
        self._epochs: dict[bytes, int] = {}

    def __getitem__(self, device: bytes) -> int:
        return self._epochs[device]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._epochs)

    def __len__(self) -> int:
        return len(self._epochs)

    def refresh(self) -> None:
        """Blocking. Raises RemoteError when the node does not answer; what is known stays."""
        more = True
        while more:
            step = follow(self._chain, [self._watch], cursor=self._cursor)
            for log in step.undone:
                self._ask_again(parse_log(log.topics, log.data))
            for log in step.logs:
                self._take(parse_log(log.topics, log.data))
            self._cursor, more = step.cursor, step.more

    def _take(self, event: object) -> None:
        match event:
            case registry.Enrolled(device=device, epoch=epoch):
                self._epochs[device] = epoch
            case registry.Unenrolled(device=device, epoch=epoch):
                self._epochs[device] = epoch
            case registry.Revoked(device=device) if any(device):
                self._epochs[device] = NO_EPOCH
            case _:
                pass

    def _ask_again(self, undone: object) -> None:
        if isinstance(undone, registry.Enrolled | registry.Unenrolled | registry.Revoked):
            view = registry.device(undone.device)
            self._epochs[undone.device] = ask(self._chain, self._watch.contract, view=view).epoch
