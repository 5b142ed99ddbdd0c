-- title: Changes of name, code and seat | 名称代码住所变更
-- one row is: one recorded change of the name, the code or the registered seat of one enterprise
--   | 一家企业名称、代码或注册地址的一次登记变更
-- answers: what was this enterprise called before, which code did it bear, where was it registered, and until when?
--   | 这家企业以前叫什么、用什么代码、注册在哪里，到何时为止？
-- key: feed, event_no
-- rules: The register's events: rename → renamed, code_change → code_changed, address_change → seat_moved. The
--   enterprise stays one and the same, with one enterprise_id: nothing of this is growth, decline, an opening or a
--   closing. Entries that change nothing (the same text before and after) are left out. Whether people and meters
--   moved with the seat is answered by signals.seat_move.
--   | 取自登记事件：更名、换码、迁址。企业仍是同一家，编号不变：都不算增长、下降、新设或关闭。变更前后文字相同的不列。
--   人员与表具是否随之迁走见“住所迁移与去留”。
-- known gaps: A former name without an event has no date; it is in resolved.enterprise_name alone. Firms that are
--   registered elsewhere notify no register here.
--   | 没有事件的曾用名没有日期，只在“企业名称”中。在外地登记的企业没有登记事件。
-- column change_code: what changed | 变更类型 登记变更的种类
-- codes change_code:
--   * renamed: the name | 更名
--   * code_changed: the code | 换码
--   * seat_moved: the registered address | 迁址
-- checked by: tests/models/resolved.identity_event, tests/system/test_successions.py
select
    e.feed,
    e.event_no,
    l.enterprise_id,
    case e.event_code
        when 'rename' then 'renamed'
        when 'code_change' then 'code_changed'
        else 'seat_moved'
    end as change_code,
    e.event_date,
    e.before_text,
    e.after_text,
    e.received_at
from known.registration_event as e
inner join resolved.link as l on e.feed = l.feed and e.source_key = l.source_key
where
    e.event_code in ('rename', 'code_change', 'address_change')
    and coalesce(e.before_text, '') <> coalesce(e.after_text, '-')
