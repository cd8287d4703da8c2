"""Sixty ways to smuggle a script into a page, each of which would call `zx`, and how to see that one came through."""

from __future__ import annotations

import re

from lxml import html

PAYLOADS = (
    "<script zxa>zx(1)</script>",
    "<img zxa src=x onerror=zx(2)>",
    '"><script zxa>zx(3)</script>',
    "'><script zxa>zx(4)</script>",
    "</script><script zxa>zx(5)</script>",
    "</title><script zxa>zx(6)</script>",
    "</textarea><script zxa>zx(7)</script>",
    "</option></select><svg zxa onload=zx(8)>",
    '" zxa onmouseover=zx(9) x="',
    "' zxa onfocus=zx(10) autofocus x='",
    "` zxa onfocus=zx(11) `",
    "<svg zxa onload=zx(12)>",
    "<svg zxa><script>zx(13)</script></svg>",
    "<svg><animate zxa onbegin=zx(14) attributeName=x>",
    "<svg><a zxa xlink:href=javascript:zx(15)><text y=9>x",
    "<math zxa href=javascript:zx(16)>x</math>",
    "<iframe zxa srcdoc='<script>parent.zx(17)</script>'>",
    "<iframe zxa src=javascript:parent.zx(18)>",
    "<object zxa data=javascript:zx(19)>",
    "<embed zxa src=javascript:zx(20)>",
    "<a zxa href=javascript:zx(21)>x</a>",
    "<a zxa href='jav&#x09;ascript:zx(22)'>x</a>",
    "<a zxa href=' &#14; javascript:zx(23)'>x</a>",
    "<form zxa action=javascript:zx(24)><button>x",
    "<button zxa formaction=javascript:zx(25)>x",
    "<input zxa onfocus=zx(26) autofocus>",
    "<details zxa open ontoggle=zx(27)>",
    "<video zxa><source onerror=zx(28)>",
    "<audio zxa src=x onerror=zx(29)>",
    "<body zxa onload=zx(30)>",
    "<marquee zxa onstart=zx(31)>x</marquee>",
    "<style zxa>@import 'javascript:zx(32)'</style>",
    "<style zxa onload=zx(33)></style>",
    "<link zxa rel=stylesheet href=data:,zx(34)>",
    "<link zxa rel=import href=data:text/html,zx(35)>",
    "<meta zxa http-equiv=refresh content='0;javascript:zx(36)'>",
    "<base zxa href=javascript:zx(37)//>",
    "<template zxa><script>zx(38)</script></template>",
    "<noscript zxa><p title='</noscript><img src=x onerror=zx(39)>'>",
    "<!--><img zxa src=x onerror=zx(40)>-->",
    "<![CDATA[><img zxa src=x onerror=zx(41)>]]>",
    "<img zxa src=x onerror=\"zx(42)\" /onerror='zx(42)'",
    "<IMG ZXA SRC=x OnErRoR=zx(43)>",
    "<img/zxa/src=x/onerror=zx(44)>",
    "<scr<script zxa>ipt>zx(45)</scr</script>ipt>",
    "%3Cscript%3Ezx(46)%3C/script%3E",
    "&lt;script zxa&gt;zx(47)&lt;/script&gt;",
    "\\u003cscript zxa\\u003ezx(48)",
    "＜script zxa＞zx(49)＜/script＞",
    "javascript:zx(50)",
    "data:text/html,<script zxa>zx(51)</script>",
    "vbscript:zx(52)",
    "';zx(53);//",
    '";zx(54);//',
    "${zx(55)}",
    "{{constructor.constructor('zx(56)')()}}",
    '<p zxa hx-get="/logout" hx-trigger=load x-data x-init="zx(57)">',
    '<p zxa x-data="{a:zx(58)}" @click=zx(58) x-html="\'<b>\'">',
    "[x](javascript:zx(59))",
    "<x zxa onclick=zx(60) style=position:fixed;inset:0>",
)
XLINK = "{http://www.w3.org/1999/xlink}href"
ADDRESSES = ("href", "src", "action", "formaction", "data", "xlink:href", XLINK, "poster")
LIVE = re.compile(r"[\x00-\x20]*(javascript|vbscript|data:text)", re.I)


def executable(page: str) -> list[str]:
    """What a browser would take from a payload for markup or for an address with a script."""
    found = ["<body"] if re.search(r"<body[^>]*\szxa", page) else []  # a second body gives its attributes to the first
    for element in html.document_fromstring(page).iter():
        if not isinstance(element.tag, str):
            continue
        for name, value in element.attrib.items():
            name = str(name).lower()
            if name == "zxa" or (name.startswith("on") and "zx(" in value) or name.startswith(("@click", "x-init")):
                found.append(f"<{element.tag} {name}={value[:60]}>")
            if name in ADDRESSES and LIVE.match(value):
                found.append(f"<{element.tag} {name}={value[:60]}>")
        if element.tag == "script" and "zx(" in (element.text or ""):
            found.append(f"<script>{(element.text or '')[:60]}")
    return found
