"""The words that names, trades and addresses of the demo city are made of; the city and its firms are invented."""

from __future__ import annotations

from dataclasses import dataclass

CITY = "临澜"
DISTRICT = "高新区"
ROADS = ("云澜大道", "星湖街", "创新路", "科技三路", "望江路", "松涛街", "青岚路", "汇智路", "东平街", "栖霞路")
OTHER_CITIES = ("江屿", "宁川", "南溪", "海陵港", "云岫")
OTHER_DISTRICTS = ("滨江区", "开发区", "西城区", "平山县", "港北区")
OTHER_ROADS = ("人民路", "解放街", "建设大道", "文昌路", "滨河西路", "朝阳街")
# Digits 3-8 of a credit code say where a firm registered. These codes are in no revision of GB/T 2260, as those of
# development zones are not.
PARK_DIVISION = "329905"
CITY_DIVISIONS = ("329902", "329903", "329905", "329921")
OTHER_DIVISIONS = ("339902", "369905", "359903", "449906", "539911")

BRAND_FIRST = (
    *"华中恒瑞锐启创博天宏远盛嘉德信诚安康明新泰金昊鼎凯万亿优佳卓晟铭腾飞祥云海江源科智联通达富",
    "AK",
    "TS",
    "D8",
    "BY",
)
BRAND_SECOND = tuple("达泰隆昌丰润盈和兴成利通信捷迅科讯创锋航宇辰阳光辉峰岳川泽源宝玉林森木石晶微芯澜涛")
BRAND_THIRD = tuple("达泰隆昌丰润兴利通捷科德克斯特曼诺维安尔")

BUILDING_NAMES = ("创智中心", "启航大厦", "云谷", "科创园", "明珠大厦", "联东产业园", "汇金大厦", "智造园")
# the register's word, and the code of what it means
BUILDING_USES = (
    ("标准厂房", "factory"),
    ("写字楼", "office"),
    ("研发楼", "research"),
    ("综合楼", "mixed"),
    ("配套商业", "retail"),
)

# simplified to traditional, for the characters above that differ
TRADITIONAL = str.maketrans(
    "华锐启创远诚鼎凯万亿优铭腾飞云联达丰润兴阳辉岳宝电络务计软测检贸术发经营责任装备业运输储训医药饮汽车动饰设资询财税"
    "园区数据传会议维团饭厂产",
    "華銳啟創遠誠鼎凱萬億優銘騰飛雲聯達豐潤興陽輝嶽寶電絡務計軟測檢貿術發經營責任裝備業運輸儲訓醫藥飲汽車動飾設資詢財稅"
    "園區數據傳會議維團飯廠產",
)

SURNAMES = tuple("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗")
# of two characters each, so that no person's name turns up inside a firm's by chance
GIVEN = (
    *("秀兰", "建国", "志强", "晓燕", "海燕", "丽娟", "永强", "国栋", "雪梅", "俊杰"),
    *("玉珍", "红霞", "文静", "少华", "小红", "桂英", "立群", "亚男", "素芬", "伟民"),
)


@dataclass(frozen=True)
class Industry:
    """A trade: its GB/T 4754-2017 class, the words names use for it, and its ordinary figures per head and month."""

    code: str
    words: tuple[str, ...]
    weight: float  # share of the park's firms
    sales: float  # taxable sales per head, yuan a month
    wage: float  # contribution wage per head, yuan a month
    kwh: float  # electricity per head, kWh a month
    gas: float  # gas per head, m3 a month; 0 where the trade uses none
    swing: float  # seasonal amplitude of sales
    peak: int  # month of the year in which sales peak
    vat: float  # VAT due as a share of sales, of a general taxpayer


INDUSTRIES = (
    Industry(
        "I6513", ("软件", "信息技术", "网络科技", "智能科技", "云计算"), 14, 62_000, 13_500, 95, 0, 0.10, 12, 0.034
    ),
    Industry("I6520", ("微电子", "集成电路", "芯片技术", "半导体设计"), 5, 98_000, 18_500, 160, 0, 0.05, 11, 0.041),
    Industry("I6450", ("数据科技", "大数据服务", "数字技术"), 4, 70_000, 12_800, 120, 0, 0.06, 12, 0.032),
    Industry("C3973", ("半导体", "电子材料", "晶圆科技"), 3, 120_000, 11_000, 2_900, 35, 0.05, 10, 0.036),
    Industry("C3921", ("通信设备", "光通信", "通讯科技"), 4, 110_000, 9_800, 620, 8, 0.08, 11, 0.035),
    Industry("C3525", ("精密模具", "模具", "模塑科技"), 5, 66_000, 7_900, 1_150, 0, 0.06, 9, 0.043),
    Industry("C3670", ("汽车零部件", "汽车电子", "动力部件"), 5, 105_000, 8_600, 1_380, 22, 0.10, 11, 0.030),
    Industry("C3825", ("光伏科技", "新能源", "太阳能材料"), 3, 150_000, 8_900, 2_100, 15, 0.22, 6, 0.024),
    Industry("C3311", ("金属结构", "钢构工程", "金属制品"), 4, 78_000, 7_200, 980, 30, 0.08, 10, 0.031),
    Industry("C2720", ("制药", "生物医药", "药业"), 4, 96_000, 10_800, 860, 60, 0.05, 1, 0.052),
    Industry("C1499", ("食品", "农产品加工", "调味食品"), 3, 72_000, 6_400, 540, 85, 0.45, 1, 0.022),
    Industry("C2319", ("包装印刷", "印务", "彩印包装"), 3, 55_000, 6_900, 690, 0, 0.10, 9, 0.037),
    Industry("F5199", ("贸易", "商贸", "进出口", "供应链管理"), 10, 210_000, 7_600, 60, 0, 0.12, 11, 0.009),
    Industry("F5279", ("电子产品销售", "数码科技", "通讯器材"), 3, 88_000, 6_100, 110, 0, 0.28, 11, 0.015),
    Industry("G5990", ("仓储服务", "物流", "仓储物流"), 4, 52_000, 7_000, 420, 0, 0.18, 11, 0.021),
    Industry("H6210", ("餐饮管理", "餐饮", "饭店"), 4, 21_000, 5_200, 310, 75, 0.15, 7, 0.018),
    Industry("K7020", ("物业管理", "物业服务", "园区运营"), 3, 24_000, 5_600, 260, 0, 0.03, 12, 0.026),
    Industry("L7241", ("会计服务", "税务咨询", "财务咨询"), 4, 31_000, 8_200, 55, 0, 0.30, 5, 0.030),
    Industry("L7251", ("广告传媒", "文化传播", "品牌策划"), 5, 46_000, 8_000, 65, 0, 0.14, 11, 0.026),
    Industry("L7263", ("人力资源", "劳务派遣", "人才服务"), 2, 38_000, 7_400, 50, 0, 0.05, 3, 0.028),
    Industry("L7291", ("旅行社", "国际旅行", "会议会展"), 2, 54_000, 6_300, 60, 0, 0.55, 8, 0.012),
    Industry("M7320", ("工程技术", "科技研究", "新材料研究"), 5, 58_000, 15_200, 240, 5, 0.05, 12, 0.029),
    Industry("M7452", ("检测技术", "检测认证", "计量检测"), 3, 42_000, 9_400, 380, 6, 0.07, 11, 0.036),
    Industry("P8391", ("职业培训", "教育科技", "技能培训"), 3, 28_000, 7_700, 85, 0, 0.35, 7, 0.020),
    # no share of its own: only the banks among the sister families
    Industry("J6621", ("银行",), 0, 130_000, 14_500, 110, 0, 0.05, 12, 0.030),
)

# How sister firms differ: a number, the part of the town that a bank's branch serves, their place in a group.
ORDINALS = ("第一", "第二", "第三", "第四", "第五", "第六", "第七", "第八")
QUARTERS = ("永清", "永宁", "望江", "望海", "东平", "西平", "青岚", "青溪")
GROUP_WORDS = ("集团", "控股", "投资", "发展")
