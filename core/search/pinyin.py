"""Chinese names by their sound: pieces of pinyin and of initials for the index, and what typed letters may mean."""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import pairwise, product

INITIALS, PAIR = "¹", "²"
"""What pieces of initials and pairs of syllables begin with; no text keeps such a character once it is normalised."""
WINDOW = 6
"""Initials are kept in pieces of so many letters from each character on."""
MOST_READINGS, MOST_WAYS = 64, 8
"""Of one piece, which a run of polyphones multiplies; and of typed letters that can be cut in several ways."""
LONGEST = 40
POLYPHONES = """
重zhong,chong 长chang,zhang 行xing,hang 乐le,yue 单dan,shan 曾zeng,ceng 仇chou,qiu 解jie,xie 朴pu,piao 盖gai,ge
查cha,zha 翟zhai,di 尉wei,yu 区qu,ou 召zhao,shao 缪miao,mou 覃qin,tan 参can,shen,cen 都du,dou 大da,dai 石shi,dan
万wan,mo 俟si,qi 宿su,xiu 厦sha,xia 堡bao,pu,bu 浒hu,xu 蚌bang,beng 六liu,lu 阿a,e 尾wei,yi 会hui,kuai
调tiao,diao 传chuan,zhuan 藏cang,zang 朝chao,zhao 弹dan,tan 得de,dei 地di,de 恶e,wu 佛fo,fu 给gei,ji 还hai,huan
和he,huo,hu 壳ke,qiao 核he,hu 巷xiang,hang 虹hong,jiang 角jiao,jue 降jiang,xiang 觉jue,jiao 卡ka,qia 率lv,shuai
绿lv,lu 露lu,lou 落luo,la 没mei,mo 秘mi,bi 泌mi,bi 模mo,mu 拗ao,niu 屏ping,bing 柏bai,bo 薄bao,bo 奇qi,ji
强qiang,jiang 亲qin,qing 色se,shai 塞sai,se 省sheng,xing 什shi,shen 属shu,zhu 数shu,shuo 说shuo,shui 提ti,di
拓tuo,ta 校xiao,jiao 血xue,xie 吓xia,he 咽yan,ye 叶ye,xie 熟shu,shou 荥xing,ying 乾qian,gan 车che,ju
称cheng,chen 乘cheng,sheng 盛sheng,cheng 伺si,ci 折zhe,she 种zhong,chong 著zhu,zhuo 琢zhuo,zuo 谁shui,shei
似si,shi 识shi,zhi 系xi,ji 隗wei,kui 员yuan,yun 贠yun,yuan 洗xi,xian 牟mou,mu 黑hei,he 郇xun,huan 晟sheng,cheng
乜nie,mie 祭ji,zhai 佴nai,er 繁fan,po 莞guan,wan 圳zhen 泊bo,po 镐hao,gao 铅qian,yan
"""
"""Characters of names and common words that are read in several ways, each with all readings that matter."""
_SYLLABLES = """
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang cao ce cen ceng
cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan chuang chui chun chuo ci cong cou cu cuan
cui cun cuo da dai dan dang dao de dei den deng di dia dian diao die ding diu dong dou du duan dui dun duo e ei en eng
er fa fan fang fei fen feng fo fou fu ga gai gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo
ha hai han hang hao he hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing
jiong jiu ju juan jue jun ka kai kan kang kao ke kei ken keng kong kou ku kua kuai kuan kuang kui kun kuo la lai lan
lang lao le lei len leng li lia lian liang liao lie lin ling liu lo long lou lu luan lun luo lv lve ma mai man mang
mao me mei men meng mi mian miao mie min ming miu mo mou mu na nai nan nang nao ne nei nen neng ni nian niang niao nie
nin ning niu nong nou nu nuan nun nuo nv nve o ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu
qi qia qian qiang qiao qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru rua ruan rui run
ruo sa sai san sang sao se sen seng sha shai shan shang shao she shei shen sheng shi shou shu shua shuai shuan shuang
shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te tei teng ti tian tiao tie ting tong tou tu tuan
tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan
yang yao ye yi yin ying yo yong you yu yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe
zhei zhen zheng zhi zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
"""
SYLLABLES = frozenset(_SYLLABLES.split())
_BEGINNINGS = frozenset(s[:n] for s in SYLLABLES for n in range(1, len(s)))


@cache
def _polyphones() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in POLYPHONES.split():
        found[entry[0]] = tuple(dict.fromkeys((*found.get(entry[0], ()), *entry[1:].split(","))))
    return found


@lru_cache(maxsize=20_000)
def readings(character: str) -> tuple[str, ...]:
    """How one character is read, without tones and with v for ü; the first is the usual one, () when nobody knows."""
    from pypinyin import Style, pinyin  # its tables take a third of a second, which only searching needs

    usual = pinyin(character, style=Style.NORMAL, errors="ignore")
    first = tuple(r for r in (usual[0] if usual else ()) if r.isascii() and r.isalpha())
    return tuple(dict.fromkeys((*first[:1], *_polyphones().get(character, ()))))


@lru_cache(maxsize=50_000)
def sounds(run: str) -> tuple[str, ...]:
    """Index pieces of a run of Chinese characters: pairs of syllables, and initials from each character on."""
    read = [readings(character) for character in run]
    found: dict[str, None] = {}
    for place in range(len(read)):
        following = read[place + 1] if place + 1 < len(read) else ()
        for one in read[place]:
            found.update(dict.fromkeys(f"{PAIR}{one}{two}" for two in following or ("",)))
        found.update(dict.fromkeys(INITIALS + letters for letters in _initials(read[place : place + WINDOW])))
    return tuple(found)


def _initials(read: list[tuple[str, ...]]) -> list[str]:
    known = read[: next((n for n, each in enumerate(read) if not each), len(read))]
    if not known:
        return []
    choices = [tuple(dict.fromkeys(r[0] for r in each)) for each in known]
    return ["".join(letters) for _n, letters in zip(range(MOST_READINGS), product(*choices), strict=False)]


def initials_asked(letters: str) -> list[str]:
    """Pieces that all must be there when `letters` are initials; of the last one its beginning is enough."""
    if len(letters) <= WINDOW:
        return [INITIALS + letters]
    return [INITIALS + letters[n : n + WINDOW] for n in range(len(letters) - WINDOW + 1)]


def syllables_asked(letters: str) -> list[list[str]]:
    """The ways to read `letters` as pinyin, each as the pairs that all must be there; the last may be unfinished."""
    found = []
    for way in _ways(letters[:LONGEST]):
        pairs = [PAIR + one + two for one, two in pairwise(way)]
        found.append(pairs or [PAIR + way[0]])
    return found


def _ways(letters: str) -> list[list[str]]:
    """At most `MOST_WAYS` ways to cut letters into syllables, those with long ones first."""
    found: list[list[str]] = []

    def cut(rest: str, before: list[str]) -> None:
        if len(found) >= MOST_WAYS:
            return
        if not rest:
            found.append(before)
            return
        for size in range(min(6, len(rest)), 0, -1):
            piece = rest[:size]
            if piece in SYLLABLES or (size == len(rest) and piece in _BEGINNINGS):
                cut(rest[size:], [*before, piece])

    cut(letters, [])
    return [way for way in found if way]


def heard(text: str, letters: str) -> tuple[int, int] | None:
    """From where to where in a text its sound is `letters`: as initials, or as pinyin. None where it is not."""
    read = [readings(character) for character in text[: LONGEST * 2]]
    for start in range(len(read)):
        end = _as_initials(read, start, letters) or _as_syllables(read, start, letters)
        if end:
            return start, end
    return None


def _as_initials(read: list[tuple[str, ...]], start: int, letters: str) -> int | None:
    end = start + len(letters)
    if end > len(read):
        return None
    fits = all(any(r[0] == c for r in each) for c, each in zip(letters, read[start:end], strict=True))
    return end if fits else None


def _as_syllables(read: list[tuple[str, ...]], start: int, letters: str) -> int | None:
    if not letters:
        return start
    if start >= len(read):
        return None
    for sound in read[start]:
        if sound.startswith(letters):
            return start + 1
        if letters.startswith(sound) and (end := _as_syllables(read, start + 1, letters[len(sound) :])):
            return end
    return None
