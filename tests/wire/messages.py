"""One example of each message, and a strategy for all of them."""

from datetime import date

from hypothesis import strategies as st

from gridplus.channel import Counters, Voucher
from gridplus.meter import IntervalRead, SignedRead
from gridplus.tariff import (
    NOTHING_GIVEN,
    Called,
    Cause,
    ChannelIdentity,
    Code,
    Delta,
    Evidence,
    Given,
    GroupEvidence,
    Hand,
    JoinedRequest,
    Line,
    LinkEvidence,
    MonthToDate,
    PaidRequest,
    RestatedLink,
    Restatement,
    Revision,
    SettledRequest,
    Sibling,
    Statement,
    Tally,
)
from gridplus.tariff.line import RANK
from gridplus.units import SETTLEMENT_INTERVAL_S, U48_MAX, Interval
from gridplus.wallet import Address, Cfg, ChannelId, Close, Descriptor, Rotate, SetCap
from gridplus.wire import (
    Acknowledgement,
    AskOrder,
    AskWord,
    BatchAnswer,
    BilledDay,
    BilledRecord,
    BillOffer,
    Channels,
    ChannelStatus,
    EnrolVen,
    FetchRestatement,
    FinalWord,
    HubAction,
    JoinRequest,
    OpenChannel,
    OrderAnswer,
    OrderNotice,
    OrderRestatement,
    OwedVoucher,
    OwedVouchers,
    PriceEvent,
    PriceEvents,
    RefusalMessage,
    RequestJoined,
    RestatementOffer,
    RightInputs,
    StreamPlace,
    SubmitBatch,
    SubmitRead,
    SubmitVoucher,
    VenEnrolled,
)
from gridplus.wire.batches import Item, ItemAnswer
from gridplus.wire.message import Message
from gridplus.wire.orders import ROLES
from gridplus.wire.releases import Release, ReleasedFile, Version

u48 = st.integers(0, U48_MAX)
seconds = st.integers(0, 1 << 33)
exact = st.integers(0, 10**30)


def octets(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


addresses = octets(20).filter(any).map(Address)
channels = octets(32).map(ChannelId)
counters = st.builds(Counters, u48, u48)
intervals = st.integers(0, 1 << 23).map(
    lambda n: Interval(n * SETTLEMENT_INTERVAL_S, SETTLEMENT_INTERVAL_S)
)
reads = st.builds(IntervalRead, intervals, u48, u48, u48, u48)
lines = st.builds(Line, st.sampled_from(Code), u48, st.integers(0, 1 << 40), exact)
memories = st.lists(
    st.tuples(st.sampled_from(["demand", "net_metering"]), st.lists(u48, min_size=1).map(tuple)),
    unique_by=lambda item: item[0],
).map(lambda found: tuple(sorted(found)))
months = st.none() | st.builds(
    MonthToDate, st.integers(1970 * 12, 2200 * 12), seconds, u48, u48, memories
)
givens = st.builds(
    Given, st.none() | st.builds(Called, octets(32), u48, st.integers(0, 1 << 40)), u48
)
statements = st.builds(
    Statement,
    channel=channels,
    read=reads,
    plan_digest=octets(32),
    price_digest=octets(32),
    given=givens,
    month=months,
    lines=st.lists(lines, max_size=len(Code)).map(tuple),
    after=st.builds(Tally, exact, exact, months),
    spent_ubolt=u48,
    earned_ubolt=u48,
    previous_head=octets(32),
)
groups = st.builds(
    GroupEvidence,
    count=st.integers(0, (1 << 32) - 1),
    closed_at_s=seconds,
    path=st.lists(st.builds(Sibling, st.sampled_from(Hand), octets(32)), max_size=8).map(tuple),
    signature=octets(64),
)
signatures = st.none() | octets(64)
descriptors = st.builds(
    Descriptor,
    addresses,
    addresses,
    st.integers(1, (1 << 256) - 1),
    st.integers(1, (1 << 256) - 1),
    octets(32),
)
EXAMPLE_DESCRIPTOR = Descriptor(
    Address(b"\x01" * 20), Address(b"\x02" * 20), 3 << 240, 4, b"\x05" * 32
)
identities = st.builds(
    ChannelIdentity,
    chain_id=u48,
    vault=addresses,
    anchor=addresses,
    descriptor=st.just(EXAMPLE_DESCRIPTOR),
    opening_cap=st.integers(0, 0xFFFE),
    voucher_key=addresses,
)
records = st.builds(
    BilledRecord, statements, st.builds(Evidence, octets(64), groups, signatures, signatures)
)
texts = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=80)
events = st.builds(
    PriceEvent,
    sequence=st.integers(1, U48_MAX),
    program=texts,
    operating_day=st.dates(),
    prices=octets(32),
    published_at_s=seconds,
)
pages = st.lists(events, max_size=5, unique_by=lambda e: e.sequence).map(
    lambda found: PriceEvents(tuple(sorted(found, key=lambda e: e.sequence)))
)

read_messages = st.builds(SubmitRead, st.builds(SignedRead, channels, reads, octets(64)))


def _owed(submitted: SubmitVoucher, again: bool) -> OwedVoucher:
    return OwedVoucher(submitted.channel, submitted.voucher, again)


vouchers = st.builds(
    SubmitVoucher, channels, st.builds(Voucher, octets(32).map(Cfg), u48, u48, octets(64))
)
items: st.SearchStrategy[Item] = st.one_of(read_messages, vouchers)
refusals = st.builds(
    RefusalMessage, st.from_regex(r"[A-Z][A-Z_]{0,39}", fullmatch=True), texts, counters
)
acknowledgements = st.builds(Acknowledgement, channels, counters, groups)
answers: st.SearchStrategy[ItemAnswer] = st.one_of(acknowledgements, refusals)

nonces, instants = st.integers(0, 255), st.integers(0, 1 << 40)
actions: st.SearchStrategy[HubAction] = st.one_of(
    st.builds(Close, channels, u48, u48, nonces, instants),
    st.builds(Rotate, channels, addresses, octets(32).map(Cfg), u48, u48, nonces, instants),
    st.builds(SetCap, channels, st.integers(0, 0xFFFE), nonces, instants),
)
signed = st.dictionaries(st.sampled_from(["owner", "guardian", "device"]), octets(64))
owed = st.integers(-(10**20), 10**20).filter(bool)
rich = st.integers(10**24, 2 * 10**24)
deltas = st.lists(st.tuples(st.sampled_from(Code), owed), max_size=4, unique_by=lambda d: d[0]).map(
    lambda found: tuple(Delta(*each) for each in sorted(found, key=lambda d: RANK[d[0]]))
)
revisions = st.builds(
    Revision,
    intervals,
    st.dates(),
    octets(32),
    u48,
    u48,
    octets(32),
    st.none() | octets(32),
    st.booleans(),
    deltas,
)
revised = st.lists(
    revisions, min_size=1, max_size=3, unique_by=lambda each: each.interval.start_s
).map(lambda found: tuple(sorted(found, key=lambda each: each.interval.start_s)))
restatements = st.builds(
    Restatement,
    channels,
    st.sampled_from(Cause),
    seconds,
    revised,
    months,
    st.builds(Tally, rich, rich, months),
    octets(32),
)
link_evidence = st.builds(LinkEvidence, groups, signatures, signatures)
right_inputs = st.lists(
    st.builds(RightInputs, intervals, st.none() | st.tuples(u48, u48), st.none() | octets(32)),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each.interval.start_s,
).map(lambda found: tuple(sorted(found, key=lambda each: each.interval.start_s)))
links = st.builds(RestatedLink, restatements, link_evidence)

paid_requests = st.builds(
    lambda name, version, span, price, method, signature: PaidRequest(
        name, version, span.start_s, span.end_s, price, method, signature
    ),
    texts,
    st.integers(0, (1 << 32) - 1),
    intervals,
    st.integers(0, 1 << 40),
    st.sampled_from(["10-of-10", "high-4-of-5 adjusted", "3-hours-before"]),
    octets(64),
)
joined_requests = st.builds(JoinedRequest, paid_requests, octets(64), groups)


@st.composite
def billed_days(draw: st.DrawFn) -> BilledDay:
    """Its settled reads are of the day's own channel."""
    identity = draw(identities)
    signed_reads = st.builds(SignedRead, st.just(identity.channel), reads, octets(64))
    under = st.lists(signed_reads, max_size=2).map(tuple)
    return BilledDay(
        identity,
        tuple(draw(st.lists(records, max_size=3))),
        tuple(draw(st.lists(links, max_size=2))),
        tuple(draw(st.lists(st.builds(SettledRequest, joined_requests, under), max_size=2))),
    )


messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(OpenChannel, identities),
    st.builds(ChannelStatus, channels, counters, octets(32)),
    read_messages,
    st.builds(BillOffer, statements, groups, signatures),
    vouchers,
    acknowledgements,
    refusals,
    st.lists(items, min_size=1, max_size=4).map(lambda found: SubmitBatch(tuple(found))),
    st.lists(answers, max_size=3).map(lambda found: BatchAnswer(tuple(found))),
    st.builds(
        StreamPlace,
        st.none() | st.integers(1, 65_535),
        st.none() | st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True),
    ),
    st.builds(
        OwedVouchers,
        st.integers(0, U48_MAX),
        st.lists(st.builds(_owed, vouchers, st.booleans()), max_size=3).map(tuple),
    ),
    events,
    pages,
    st.builds(EnrolVen, identities, octets(32), seconds, octets(64)),
    st.builds(VenEnrolled, texts, texts),
    st.builds(AskOrder, actions, signed),
    st.builds(AskWord, channels, instants, st.sampled_from([*ROLES]), octets(64)),
    st.builds(FinalWord, channels, counters, octets(32)),
    st.builds(OrderAnswer, channels, nonces, instants, signatures),
    st.builds(
        OrderNotice,
        channels,
        addresses,
        addresses,
        st.sampled_from(["close", "rotate"]),
        st.lists(texts, max_size=3).map(tuple),
        nonces,
        instants,
        octets(64),
    ),
    billed_days(),
    st.builds(JoinRequest, channels, paid_requests, octets(64)),
    st.builds(RequestJoined, channels, octets(32), groups),
    st.builds(OrderRestatement, channels, st.sampled_from(Cause), seconds, right_inputs),
    st.builds(FetchRestatement, channels, octets(32), octets(64)),
    st.builds(RestatementOffer, restatements, link_evidence),
    st.builds(Channels, st.lists(identities, max_size=3).map(tuple)),
)

_READ = IntervalRead(Interval(1_613_368_800, 900), 250, 0, 1_000_250, 77)
_STATEMENT = Statement(
    channel=ChannelId(b"\x0a" * 32),
    read=_READ,
    plan_digest=b"\x0b" * 32,
    price_digest=b"\x0c" * 32,
    given=NOTHING_GIVEN,
    month=None,
    lines=(Line(Code.ENERGY, 250, 25_130_000, 6_282_500_000_000_000),),
    after=Tally(10**18, 3),
    spent_ubolt=1_000_000,
    earned_ubolt=1,
    previous_head=b"\x0d" * 32,
)
_GROUP = GroupEvidence(2, 1_613_369_701, (Sibling(Hand.LEFT, b"\x0e" * 32),), b"\x0f" * 64)
_IDENTITY = ChannelIdentity(
    31_337,
    Address(b"\x10" * 20),
    Address(b"\x11" * 20),
    EXAMPLE_DESCRIPTOR,
    20,
    Address(b"\x12" * 20),
)
_EVENT = PriceEvent(7, "fixed-cap", date(2021, 2, 15), b"\x13" * 32, 1_613_300_000)

_VOUCHER = SubmitVoucher(ChannelId(b"\x0a" * 32), Voucher(Cfg(b"\x17" * 32), 5, 6, b"\x18" * 64))
_TOLD = Acknowledgement(ChannelId(b"\x0a" * 32), Counters(5, 6), _GROUP)

_RESTATED = RestatedLink(
    Restatement(
        ChannelId(b"\x0a" * 32),
        Cause.PRICES,
        1_613_400_000,
        (
            Revision(
                _READ.interval,
                date(2021, 2, 15),
                b"\x1b" * 32,
                250,
                0,
                b"\x0b" * 32,
                b"\x1c" * 32,
                False,
                (Delta(Code.ENERGY, -(10**12)), Delta(Code.EXPORT, 5)),
            ),
        ),
        None,
        Tally(10**18, 10**13),
        b"\x0d" * 32,
    ),
    LinkEvidence(_GROUP, b"\x16" * 64, None),
)

_REQUEST = PaidRequest(
    "request 7", 1, 1_613_368_800, 1_613_372_400, 500_000_000, "10-of-10", b"\x1d" * 64
)
_SETTLED = SettledRequest(
    JoinedRequest(_REQUEST, b"\x1e" * 64, _GROUP),
    (SignedRead(_IDENTITY.channel, _READ, b"\x19" * 64),),
)

EXAMPLES: tuple[Message, ...] = (
    JoinRequest(_IDENTITY.channel, _REQUEST, b"\x1e" * 64),
    RequestJoined(_IDENTITY.channel, b"\x1f" * 32, _GROUP),
    Release(
        Version(1, 2, 3),
        1_613_300_000,
        1_620_000_000,
        (ReleasedFile("gridplus-1.2.3.whl", 1_000, b"\x1b" * 32),),
        b"\x1c" * 64,
    ),
    StreamPlace(4_433),
    OwedVouchers(1, (OwedVoucher(_VOUCHER.channel, _VOUCHER.voucher, True),)),
    OrderRestatement(
        ChannelId(b"\x0a" * 32),
        Cause.READ,
        1_613_400_000,
        (RightInputs(_READ.interval, (5, 6), b"\x1c" * 32),),
    ),
    FetchRestatement(ChannelId(b"\x0a" * 32), b"\x0d" * 32, b"\x16" * 64),
    RestatementOffer(_RESTATED.restatement, _RESTATED.evidence),
    SubmitBatch((_VOUCHER,)),
    BatchAnswer((_TOLD, RefusalMessage("PAST_BILL", "it pays too much", Counters(5, 6)))),
    EnrolVen(_IDENTITY, b"\x14" * 32, 1_613_300_000, b"\x15" * 64),
    VenEnrolled("0a" * 32, "ven-1"),
    OpenChannel(_IDENTITY),
    ChannelStatus(ChannelId(b"\x0a" * 32), Counters(5, 6), b"\x14" * 32),
    SubmitRead(SignedRead(ChannelId(b"\x0a" * 32), _READ, b"\x15" * 64)),
    BillOffer(_STATEMENT, _GROUP, b"\x16" * 64),
    SubmitVoucher(ChannelId(b"\x0a" * 32), Voucher(Cfg(b"\x17" * 32), 5, 6, b"\x18" * 64)),
    Acknowledgement(ChannelId(b"\x0a" * 32), Counters(5, 6), _GROUP),
    RefusalMessage("PAST_BILL", "the voucher pays more than was billed", Counters(5, 6)),
    _EVENT,
    PriceEvents((_EVENT,)),
    BilledDay(
        _IDENTITY,
        (BilledRecord(_STATEMENT, Evidence(b"\x19" * 64, _GROUP, None, b"\x1a" * 64)),),
        (_RESTATED,),
        (_SETTLED,),
    ),
    Channels((_IDENTITY,)),
    AskOrder(
        Rotate(_STATEMENT.channel, _IDENTITY.voucher_key, _IDENTITY.cfg, 5, 6, 1, 1_613_900_000),
        {"owner": b"\x1b" * 64, "guardian": b"\x1b" * 64},
        _IDENTITY,
    ),
    AskOrder(Close(_STATEMENT.channel, 5, 6, 1, 1_613_900_000), {"owner": b"\x1b" * 64}),
    AskWord(_STATEMENT.channel, 1_613_386_400, "owner", b"\x1b" * 64),
    FinalWord(_STATEMENT.channel, Counters(5, 6), b"\x1f" * 32),
    OrderAnswer(_STATEMENT.channel, 1, 1_613_386_400, b"\x1c" * 64),
    OrderNotice(
        _STATEMENT.channel,
        Address(b"\x1d" * 20),
        Address(b"\x1e" * 20),
        "close",
        ("owner", "device"),
        1,
        1_613_386_400,
        b"\x1f" * 64,
    ),
)
