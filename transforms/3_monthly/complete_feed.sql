-- title: Feeds that are whole lists | 全量名单类数据源
-- one row is: one feed with deliveries that leave out only enterprises that have stopped
--   | 一个名单即全部的数据源：名单中没有的即已停止
-- answers: does a missing row say that an enterprise has stopped, or may it be late? | 名单中没有，是已停止还是可能迟报？
-- key: feed
-- rules: What the feed declares (feed.yml: complete). Feeds that replace everything are whole lists unless they say
--   otherwise.
--   | 以数据源声明为准；全量替换的数据源未声明的，视为全量名单。
-- known gaps: none known | 暂无已知缺陷。
-- checked by: tests/models/monthly.complete_feed
select feed
from ops.feed
where is_complete
