"""Demo chapter: the letterhead of the invented agency, and letters of its cases, some of them released."""

from __future__ import annotations

import io
import math
import secrets
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select

from core import acting_as, add_file, create, db, load_principal, may, record_class, registry, system, transaction
from plugins.documents import kinds, services
from plugins.documents.jobs import print_many
from plugins.documents.printing import FONTS
from plugins.documents.records import Letterhead

MANAGER, AGENTS = "s15", ("s09", "s10", "s18")
INK, RED = "#26336f", "#c3272b"
HOUSE = {
    "name_zh": "澜岐知识产权",
    "name_en": "LANQI INTELLECTUAL PROPERTY",
    "legal_name": "北京澜岐知识产权代理有限公司",
    "address": "北京市海淀区澜岐路 1 号澜岐大厦 8 层",
    "address_en": "8F Lanqi Building, 1 Lanqi Road, Haidian District, Beijing",
    "phone": "010-5550 0100",
    "email": "service@lanqi.example",
    "website": "www.lanqi.example",
    "bank_name": "澜江银行北京海淀支行",
    "bank_account": "6210 0000 0000 0100",
    "tax_id": "91110108MA0LANQI0X",
    "patent_agency_code": "19999",
}
LETTERS = (
    ("clients.client", "case_status_report", "zh", True),
    ("clients.client", "mark_list", "zh", True),
    ("clients.client", "case_status_report", "en", False),
    ("cases.case", "filing_confirmation_request", "zh", False),
    ("cases.case", "filing_confirmation", "zh", True),
    ("cases.case", "filing_confirmation", "en", False),
    ("cases.case", "renewal_reminder", "zh", False),
    ("cases.case", "power_of_attorney", "zh", False),
    ("cases.event", "forward_notice", "zh", True),
)
"""Record type, kind, language, whether it is released."""
CLIENTS = ("杭知味食品有限公司", "蜀岭茶业有限公司", "京络星云软件有限公司")


def load(_session: Any) -> None:
    """Letterhead and letters; nothing where the agency of the demo is absent, or has them already."""
    with system("look whether the demo has its letters") as session:
        user = record_class("core.user")
        people = dict(session.execute(select(user.login, user.id).where(user.login.in_((MANAGER, *AGENTS)))).all())
        known = session.scalars(select(Letterhead.id).limit(1)).first()
    if MANAGER not in people or known is not None:
        return
    _letterhead()
    batch = secrets.token_hex(12)
    for record_key, code, language, released in LETTERS:
        if code in registry().documents.get(record_key, {}):
            _ask(people, record_key, code, language, released, batch)
    print_many(batch)


def _letterhead() -> None:
    with system("the letterhead of the demo") as session:
        house = create(Letterhead, HOUSE)
        house.logo_id = add_file(house, "logo.png", io.BytesIO(_logo()), "logo").id
        house.seal_image_id = add_file(house, "seal.png", io.BytesIO(_seal(HOUSE["legal_name"])), "seal").id
        session.flush()


def _ask(people: dict[str, int], record_key: str, code: str, language: str, released: bool, batch: str) -> None:
    """The first record that somebody of the agency may make this letter of."""
    kind = kinds.kind_of(record_key, code)
    for login in (MANAGER, *AGENTS):
        principal = load_principal(people[login]) if login in people else None
        if principal is None or not principal.can(record_key, "make_document"):
            continue
        with acting_as(principal), transaction():
            record = next((r for r in _candidates(record_key) if _fits(kind, r)), None)
            if record is not None:
                services.make(record, code, language, after={"release": released}, batch=batch)
                return


def _fits(kind: Any, record: Any) -> bool:

    return (kind.available is None or kind.available(record) is True) and may(record, "make_document")


def _candidates(record_key: str) -> list[Any]:
    """Records of the demo's portal clients first, the newest of each."""
    model = registry().types[record_key].model
    found = list(db.session.scalars(select(model).order_by(model.id.desc()).limit(400)))
    order = {name: at for at, name in enumerate(CLIENTS)}
    return sorted(found, key=lambda record: order.get(_client_name(record), len(order)))


def _client_name(record: Any) -> str:
    case = getattr(record, "case", record)
    client = getattr(case, "client", case)
    return getattr(client, "name", "") or ""


def _logo() -> bytes:
    picture = Image.new("RGB", (240, 240), "white")
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((6, 6, 234, 234), 46, fill=INK)
    for row in range(3):
        points = [(x, 84 + row * 40 + 13 * math.sin(x / 22 + row)) for x in range(46, 195, 3)]
        draw.line(points, fill="white", width=13, joint="curve")
    return _png(picture)


def _seal(name: str) -> bytes:
    """A round seal: ring, star, the name along the upper arc."""
    size, middle = 640, 320
    picture = Image.new("RGBA", (size, size), (255, 255, 255, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((12, 12, size - 12, size - 12), outline=RED, width=14)
    star = [
        (middle + r * math.sin(k * math.pi / 5), middle - r * math.cos(k * math.pi / 5))
        for k in range(10)
        for r in ((96, 38)[k % 2],)
    ]
    draw.polygon(star, fill=RED)
    font = ImageFont.truetype(str(FONTS / "NotoSansSC-Bold.ttf"), 62)
    for at, sign in enumerate(name):
        angle = -130 + 260 * at / (len(name) - 1)
        tile = Image.new("RGBA", (90, 90), (255, 255, 255, 0))
        ImageDraw.Draw(tile).text((45, 45), sign, font=font, fill=RED, anchor="mm")
        tile = tile.rotate(-angle, resample=Image.Resampling.BICUBIC)
        x, y = (middle + 238 * f(math.radians(angle)) * s for f, s in ((math.sin, 1), (math.cos, -1)))
        picture.alpha_composite(tile, (round(x) - 45, round(y) - 45))
    return _png(picture)


def _png(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "PNG")
    return target.getvalue()
