-- title: Provinces | 省级行政区
-- one row is: one province, municipality or region
-- answers: which provinces does an address or a name begin with, and by which characters are they called for short?
-- key: province
-- rules: Without 省, 市 or 自治区. abbreviations are all characters in use (四川: 川 and 蜀); none where names do not begin with
--   one. No two begin with the same two characters.
-- known gaps: none known
-- checked by: tests/transforms/test_matching.py
select
    p.province,
    p.abbreviations
from (
    values
    ('北京', '京'),
    ('天津', '津'),
    ('上海', '沪'),
    ('重庆', '渝'),
    ('河北', '冀'),
    ('山西', '晋'),
    ('辽宁', '辽'),
    ('吉林', '吉'),
    ('黑龙江', '黑'),
    ('江苏', '苏'),
    ('浙江', '浙'),
    ('安徽', '皖'),
    ('福建', '闽'),
    ('江西', '赣'),
    ('山东', '鲁'),
    ('河南', '豫'),
    ('湖北', '鄂'),
    ('湖南', '湘'),
    ('广东', '粤'),
    ('海南', '琼'),
    ('四川', '川蜀'),
    ('贵州', '黔贵'),
    ('云南', '滇云'),
    ('陕西', '陕'),
    ('甘肃', '甘'),
    ('青海', '青'),
    ('台湾', ''),
    ('内蒙古', '蒙'),
    ('广西', '桂'),
    ('西藏', '藏'),
    ('宁夏', '宁'),
    ('新疆', '新'),
    ('香港', ''),
    ('澳门', '')
) as p (province, abbreviations)
