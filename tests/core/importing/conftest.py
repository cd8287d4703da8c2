"""Files to import, made on the fly, and the folder of real ones where it exists."""

from pathlib import Path

import pytest

REAL = Path(__file__).resolve().parents[4] / "shared" / "data" / "real"


@pytest.fixture(scope="session")
def real():
    if not REAL.is_dir():
        pytest.skip(f"the folder of real files is not here: {REAL}")
    return REAL


@pytest.fixture
def workbook(tmp_path):
    """Write rows (or sheets of rows) to an .xlsx and give its path."""
    from openpyxl import Workbook

    def write(rows, name="book.xlsx", **sheets):
        book = Workbook()
        book.active.title = "Sheet1"
        for row in rows:
            book.active.append(row)
        for title, more in sheets.items():
            sheet = book.create_sheet(title)
            for row in more:
                sheet.append(row)
        book.save(tmp_path / name)
        return tmp_path / name

    return write
