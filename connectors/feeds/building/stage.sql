-- One code for b00003, B-00003 and Ｂ00003: the lease book writes B00003. Land is stated in mu; 1 mu = 666.67 m2.
select
    row_number,
    upper(replace(replace(plain_text(楼栋编号), '-', ''), 'Ｂ', 'B')) as building_code,
    楼栋名称 as building_name,
    用途 as use_code,
    to_amount("建筑面积(㎡)") as floor_area_m2,
    to_amount("可租面积(㎡)") as lettable_area_m2,
    to_amount("占地面积(亩)") * 666.67 as land_area_m2,
    to_amount(容积率) as plot_ratio,
    to_date(竣工日期) as completed_date
from delivery
