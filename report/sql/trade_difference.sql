select
    difference_code,
    count(*) as pair_month_count,
    sum(abs(difference_amount)) as difference_amount
from monthly.trade
where difference_code in ('amounts_differ', 'buyer_missing', 'seller_missing') and not is_provisional
group by difference_code
order by difference_code
