"""A home as its owner describes it: what stands in it, and what is wanted of it."""

from dataclasses import dataclass

from gridplus.failures import InputError
from gridplus.planner.battery import Battery
from gridplus.planner.devices import NAMES, Appliance, Car, Climate, HotWater, Site, Wish


@dataclass(frozen=True, slots=True)
class Home:
    """The devices of a home, what its battery should hold at midnight, whether there is solar.

    `order` has every wish once, most important first. Raises InputError when there is nothing to
    plan, or when the end-of-day charge does not lie between reserve and capacity.
    """

    battery: Battery | None
    end_of_day_wh: int
    solar: bool
    car: Car | None = None
    climate: Climate | None = None
    water: HotWater | None = None
    appliances: tuple[Appliance, ...] = ()
    site: Site = Site()  # noqa: RUF009 - immutable
    order: tuple[Wish, ...] = tuple(Wish)

    def __post_init__(self) -> None:
        if not (self.battery or self.car or self.climate or self.water or self.appliances):
            raise InputError("there is no device to plan; add a [battery], a [car] or another")
        battery = self.battery
        if battery and not battery.reserve_wh <= self.end_of_day_wh <= battery.capacity_wh:
            raise InputError(
                f"end_of_day_wh is {self.end_of_day_wh}; it lies between the battery's "
                f"reserve_wh ({battery.reserve_wh}) and capacity_wh ({battery.capacity_wh})"
            )
        if len({appliance.name for appliance in self.appliances}) < len(self.appliances):
            raise InputError("two appliances have one name")
        if any(appliance.name in NAMES for appliance in self.appliances):
            raise InputError(f"an appliance is not named {', '.join(NAMES)}: these are others")
        if sorted(self.order, key=list(Wish).index) != list(Wish):
            raise InputError("order has every wish once")

    def require_battery(self) -> Battery:
        """The battery. Raises InputError for a home without one."""
        if self.battery is None:
            raise InputError("this home has no battery")
        return self.battery

    @property
    def is_battery_alone(self) -> bool:
        """Whether `plan_battery` plans all of it."""
        others = (self.car, self.climate, self.water, *self.appliances)
        return self.battery is not None and not any(others) and self.site == Site()
