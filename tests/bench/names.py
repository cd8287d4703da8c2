"""Invented company names, trademark and invention titles, the same for the same seed."""

from __future__ import annotations

import random

CITIES = [
    "北京",
    "上海",
    "广州",
    "深圳",
    "杭州",
    "苏州",
    "南京",
    "成都",
    "武汉",
    "西安",
    "重庆",
    "天津",
    "青岛",
    "长沙",
    "郑州",
    "东莞",
    "宁波",
    "佛山",
    "合肥",
    "厦门",
    "无锡",
    "济南",
    "大连",
    "福州",
    "沈阳",
    "昆明",
    "哈尔滨",
    "常州",
    "温州",
    "石家庄",
    "南宁",
    "长春",
    "泉州",
    "贵阳",
    "南昌",
    "珠海",
    "嘉兴",
    "惠州",
    "中山",
    "台州",
    "烟台",
    "兰州",
    "绍兴",
    "海口",
    "扬州",
]
CHARACTERS = (
    "华盛远达新宏恒瑞丰泰嘉博正信德安康乐天地海江河山林云星辰光明智慧创联合众友邦国兴隆昌茂盈利通顺和平清源泉润泽沐风雅致"
    "卓越超凡力量金银铜铁木水火土春夏秋冬东南西北中凯腾飞翔鹏鸿雁龙虎豹麟凤鹤松柏竹梅兰菊荷莲芝萱朗晨曦旭晖映彩虹霞"
)
BUSINESS = (
    ("科技", 30),
    ("贸易", 10),
    ("生物医药", 6),
    ("新能源", 6),
    ("机械", 6),
    ("食品", 6),
    ("电子", 6),
    ("网络", 5),
    ("文化传媒", 5),
    ("服饰", 5),
    ("材料", 4),
    ("环保", 4),
    ("汽车零部件", 3),
    ("家具", 2),
    ("电池", 1),
    ("琥珀工艺", 0.02),
)
FORMS = (("有限公司", 70), ("股份有限公司", 15), ("集团有限公司", 8), ("厂", 4), ("研究院", 3))
SUBJECTS = [
    "电池",
    "充电",
    "显示面板",
    "图像处理",
    "数据加密",
    "发动机",
    "药物组合物",
    "疫苗",
    "传感器",
    "机器人",
    "无人机",
    "滤芯",
    "阀门",
    "天线",
    "芯片封装",
    "复合材料",
    "涂料",
]
KINDS = ["方法", "装置", "系统", "设备", "方法及装置", "结构", "工艺", "组件", "存储介质"]


def _weighted(chance: random.Random, pairs: tuple[tuple[str, float], ...]) -> str:
    return chance.choices([p[0] for p in pairs], [p[1] for p in pairs])[0]


def word(chance: random.Random, length: int = 2) -> str:
    """A made-up name of `length` characters."""
    return "".join(chance.choices(CHARACTERS, k=length))


def company(chance: random.Random) -> str:
    """For example 深圳华盛新能源有限公司."""
    return (
        chance.choice(CITIES)
        + word(chance, chance.choice((2, 2, 3)))
        + _weighted(chance, BUSINESS)
        + _weighted(chance, FORMS)
    )


def invention(chance: random.Random) -> str:
    """For example 一种华盛电池充电方法."""
    return f"一种{word(chance)}{chance.choice(SUBJECTS)}{chance.choice(SUBJECTS)}{chance.choice(KINDS)}"
