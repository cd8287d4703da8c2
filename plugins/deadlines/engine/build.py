"""Makes the data files that the engine reads: pack.json out of the YAML sources, holidays.json out of chinesecalendar.

Run `python -m plugins.deadlines.engine.build` after editing a source; a test holds the files to their sources.
"""

import json
from datetime import date
from typing import Any

from .calendars import DATA
from .packs import compile_pack

# Closing days of the International Bureau as published in the PCT Newsletter (12/2016, 12/2018).
WIPO_CLOSED = (
    "2017-01-02", "2017-04-14", "2017-04-17", "2017-05-25", "2017-06-05", "2017-09-07", "2017-12-25", "2017-12-29",
    "2019-01-01", "2019-04-19", "2019-04-22", "2019-05-30", "2019-06-10", "2019-09-05", "2019-12-25", "2019-12-31",
)  # fmt: skip


def holiday_data() -> dict[str, Any]:
    """The State Council arrangements as chinesecalendar knows them, in the shape of holidays.json."""
    import chinese_calendar
    from chinese_calendar import constants

    names = {day: constants.Holiday(name).chinese for day, name in constants.holidays.items()}
    years = sorted({day.year for day in constants.holidays})
    return {
        "version": f"chinesecalendar-{_version(chinese_calendar)}",
        "years": [year for year in years if date(year, 10, 1) in constants.holidays],
        "off": {day.isoformat(): name for day, name in sorted(names.items())},
        "worked": sorted(day.isoformat() for day in constants.workdays),
        "closings": {"wipo": list(WIPO_CLOSED)},
    }


def _version(package: Any) -> str:
    from importlib.metadata import version

    return version(package.__name__.replace("_", "").replace("chinesecalendar", "chinesecalendar"))


def main() -> None:
    """Write both files."""
    for name, data in (("pack.json", compile_pack()), ("holidays.json", holiday_data())):
        (DATA / name).write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
