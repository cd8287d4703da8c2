"""Nice classes 1 to 45 with short titles of our own wording. The official lists of goods are not here."""

from __future__ import annotations

from core import Choice, L

_TITLES = """
1|工业用化学品|Chemicals for industry
2|颜料、涂料、漆|Paints, varnishes
3|日化、化妆品、清洁制剂|Cosmetics, cleaning preparations
4|工业油脂、燃料|Industrial oils, fuels
5|药品、医用卫生制剂|Pharmaceuticals
6|普通金属及制品|Common metals and goods
7|机器、机床、马达|Machines, motors
8|手动工具、餐具|Hand tools, cutlery
9|科学仪器、电子、软件|Scientific and electronic apparatus, software
10|医疗器械|Medical apparatus
11|照明、加热、制冷、卫浴设备|Lighting, heating, cooling, sanitary
12|运载工具|Vehicles
13|火器、弹药、烟火|Firearms, fireworks
14|贵金属、珠宝、钟表|Precious metals, jewellery, clocks
15|乐器|Musical instruments
16|纸、印刷品、文具|Paper, printed matter, stationery
17|橡胶、塑料半成品、绝缘材料|Rubber, plastics, insulation
18|皮革、箱包、伞|Leather, bags, umbrellas
19|非金属建筑材料|Non-metallic building materials
20|家具|Furniture
21|家用器具、玻璃、瓷器|Household utensils, glass, porcelain
22|绳、网、帐篷、袋|Ropes, nets, tents, sacks
23|纺织用纱、线|Yarns and threads
24|织物、家用纺织品|Textiles, household linen
25|服装、鞋、帽|Clothing, footwear, headgear
26|花边、纽扣、假发|Lace, buttons, false hair
27|地毯、墙纸|Carpets, wall hangings
28|游戏、玩具、体育用品|Games, toys, sports articles
29|肉、乳、加工果蔬|Meat, dairy, preserved food
30|咖啡、茶、糕点、调味品|Coffee, tea, bakery, condiments
31|生鲜农产品、饲料、活动物|Fresh produce, feed, live animals
32|啤酒、无酒精饮料|Beer, soft drinks
33|含酒精饮料|Alcoholic beverages
34|烟草、烟具|Tobacco, smokers' articles
35|广告、商业管理、替他人推销|Advertising, business management
36|金融、保险、不动产|Finance, insurance, real estate
37|建筑、安装、维修|Construction, installation, repair
38|电信|Telecommunications
39|运输、仓储、旅行安排|Transport, storage, travel
40|材料处理|Treatment of materials
41|教育、娱乐、文体|Education, entertainment
42|科技研发、软件服务|Science, IT and software services
43|餐饮、临时住宿|Food, drink, temporary accommodation
44|医疗、美容、农林服务|Medical, beauty, agricultural services
45|法律、安全、个人服务|Legal, security, personal services
"""


def _choices() -> tuple[Choice, ...]:
    rows = (line.split("|") for line in _TITLES.strip().splitlines())
    return tuple(
        Choice(number, L(f"第 {number} 类 {zh}", f"{number} {en}"), synonyms=(zh, en)) for number, zh, en in rows
    )


CLASSES: tuple[Choice, ...] = _choices()
"""The 45 classes as choices; the code is the number."""


def title(number: int | str) -> str:
    """The short title of a class in the current language; empty for what is no class."""
    found = next((choice for choice in CLASSES if choice.code == str(number)), None)
    return str(found.label) if found else ""
