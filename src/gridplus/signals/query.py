"""Query parameters of a list, checked, and which objects they leave out."""

from dataclasses import dataclass, field

from gridplus.signals.objects import NONE, Held, Kind
from gridplus.signals.problems import Reason, Refused
from gridplus.signals.routes import PAGE, PAGING, Collection, Parameter
from gridplus.signals.schema import violation
from gridplus.signals.text import Json

_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Query:
    """What a list is asked for. All of it must hold; `equal` are fields with their value."""

    skip: int = 0
    limit: int = PAGE
    active: bool = False
    targets: frozenset[str] = NONE
    objects: frozenset[str] = NONE
    equal: dict[str, str] = field(default_factory=dict)

    def misses(self, held: Held, *, event_program: str) -> bool:
        """Whether `held`, which belongs to the program of that id, is not asked for."""
        for name, value in self.equal.items():
            is_program = name == "programID"
            if (event_program if is_program else held.says(name)) != value:
                return True
        if self.targets and not self.targets <= held.targets:
            return True
        return bool(self.objects) and not self.objects <= _subscribed(held)


def read_query(collection: Collection, pairs: tuple[tuple[str, str], ...]) -> Query | Refused:
    """The query of a list; parameters that the standard does not name are passed over."""
    known = {**collection.filters, **PAGING}
    values: dict[str, list[Json]] = {}
    for name, text in pairs:
        if name not in known:
            continue
        value = _value(known[name], text)
        if why := violation(known[name].schema, value, where=f"query.{name}"):
            return Reason.BAD_REQUEST.saying(why)
        values.setdefault(name, []).append(value)
    for name, given in values.items():
        if len(given) > 1 and not known[name].repeated:
            return Reason.BAD_REQUEST.saying(f"query.{name}: stands twice")
    one = {name: given[0] for name, given in values.items() if not known[name].repeated}
    many = {name: frozenset(map(str, given)) for name, given in values.items()}
    return Query(
        int(str(one.pop("skip", 0))),
        int(str(one.pop("limit", PAGE))),
        bool(one.pop("active", False)),
        many.get("targets", NONE),
        many.get("objects", NONE),
        {name: str(value) for name, value in one.items()},
    )


def _value(parameter: Parameter, text: str) -> Json:
    """The text as the parameter's type, or as it came, for the schema to refuse."""
    wanted = parameter.schema["type"]
    if wanted == "integer" and text.isascii() and text.isdigit() and len(text) <= _DIGITS:
        return int(text)
    if wanted == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


def _subscribed(held: Held) -> frozenset[str]:
    """The kinds of object that a subscription is about."""
    operations = held.body.get("objectOperations") if held.kind is Kind.SUBSCRIPTION else None
    found: set[str] = set()
    for each in operations if isinstance(operations, list) else []:
        named = each.get("objects") if isinstance(each, dict) else None
        found |= {str(name) for name in named} if isinstance(named, list) else set()
    return frozenset(found)
