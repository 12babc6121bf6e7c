"""What homes would have paid on several plans, as a table and as a document."""

from collections.abc import Mapping, Sequence

from gridplus.digest import Document
from gridplus.tariff import Course, course_document, regret_ubolt

Courses = Mapping[str, Sequence[Course]]
_NAME, _CELL = 24, 13


def comparison_table(courses: Courses) -> str:
    """A row per home: net bill in BOLT on each plan, then the cheapest and the dearest regret."""
    plans = [course.plan for course in next(iter(courses.values()))]
    head = "home".ljust(_NAME) + "".join(plan.id[: _CELL - 1].rjust(_CELL) for plan in plans)
    lines = [head + "  cheapest"]
    for name, of_home in courses.items():
        regrets = regret_ubolt(of_home)
        cells = "".join(_cell(course).rjust(_CELL) for course in of_home)
        lines.append(name[: _NAME - 1].ljust(_NAME) + cells + f"  {_cheapest(of_home, regrets)}")
    lines.append("mean regret".ljust(_NAME) + _mean_regrets(courses))
    notes = [
        f"{plans[at].id}: bills wait from {course.waits.day} on: {course.waits.reason.value}"
        for at, course in enumerate(next(iter(courses.values())))
        if course.waits is not None
    ]
    lines += [*notes, "BOLT, charges less credits, taxes in; 1 BOLT = 1 dollar."]
    return "\n".join(lines) + "\n"


def comparison_document(courses: Courses) -> Document:
    """Every figure: per home and plan the exact sums, worst day and month, and the regret."""
    return {
        name: [
            {
                "plan": course.plan.id,
                **course_document(course),
                "regret_ubolt": regret,
                "worst_day": _worst(*course.worst_day) if course.days_abolt else None,
                "worst_month": _worst(*course.worst_month) if course.days_abolt else None,
            }
            for course, regret in zip(of_home, regret_ubolt(of_home), strict=True)
        ]
        for name, of_home in courses.items()
    }


def _worst(when: object, net_ubolt: int) -> Document:
    return {"when": str(when), "net_ubolt": net_ubolt}


def _cell(course: Course) -> str:
    return "waits" if course.waits is not None else cents(course.net_ubolt)


def _cheapest(courses: Sequence[Course], regrets: Sequence[int | None]) -> str:
    return next(
        (c.plan.id for c, regret in zip(courses, regrets, strict=True) if regret == 0), "none"
    )


def _mean_regrets(courses: Courses) -> str:
    columns = zip(*(regret_ubolt(of_home) for of_home in courses.values()), strict=True)
    cells = []
    for column in columns:
        known = [regret for regret in column if regret is not None]
        cells.append(cents(sum(known) // len(known)) if len(known) == len(column) else "waits")
    return "".join(cell.rjust(_CELL) for cell in cells)


def cents(amount_ubolt: int) -> str:
    """µBOLT as BOLT with two places, half up."""
    hundredths = (amount_ubolt * 2 + 10_000) // 20_000
    sign = "-" if hundredths < 0 else ""
    return f"{sign}{abs(hundredths) // 100:,}.{abs(hundredths) % 100:02d}"
