"""One spelling for an address, so that two silos that mean the same place can be compared part by part.

What the parts are (province, city, road, number, building and room) is read in transforms/matching/address.sql.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# addresses of these characters alone need no other spelling
_TO_BE_SPELLED = r"[^\x{4E00}-\x{9FFF}0-9A-Z\-#]"
_NO_PART_OF_AN_ADDRESS = r"[\s\p{Z}\p{Cf}\p{Cc}()\[\]{}<>,.。、;:\"'“”‘’【】〔〕]"
_DASHES = r"[\p{Pd}~_]"
# what forms print before the address itself, a postal code, and the country
_LABEL = (
    r"^((公司|企业|单位)?((法定|主要|实际|登记|注册|办公|经营|营业|生产|通讯|通信|联系|住所|现)+(地址|地点|场所|住所|所在地|地)"
    r"|所在地|地址|场所|住所)(为|是)?(位于)?|(公司|企业|单位)?位于)"
)
_POSTAL_CODE = r"^(邮编|邮政编码)?[0-9]{6}([^\x00-\x7F号弄幢栋室楼])"
_COUNTRY = r"^(中华人民共和国|中国|PRC)"
# 中国(江苏)自由贸易试验区苏州片区: no district, and its city is said again behind it
_FREE_TRADE_ZONE = r"^(\p{Han}{2,3}?)[省市]?自由贸易(?:试验)?区(?:\p{Han}{2,4}?片区)?(\p{Han})"
_ROWS_AT_ONCE = 200_000


def address_keys(addresses: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The key of each address: NFKC, upper case, without spaces, punctuation, labels (注册地址) and the country.

    Args:
        addresses: Addresses as stated; best distinct, since every row is worked on.

    Returns:
        One key per address, NULL where nothing is left of it.
    """
    text = addresses.combine_chunks() if isinstance(addresses, pa.ChunkedArray) else addresses
    text = text.cast(pa.string())
    pieces = [_keys(text.slice(start, _ROWS_AT_ONCE)) for start in range(0, max(len(text), 1), _ROWS_AT_ONCE)]
    return pa.concat_arrays(pieces)


def _keys(text: pa.Array) -> pa.Array:
    odd = pc.fill_null(pc.match_substring_regex(text, _TO_BE_SPELLED), False)
    spelled = pc.utf8_upper(pc.utf8_normalize(text.filter(odd), "NFKC"))
    spelled = pc.replace_substring_regex(spelled, _DASHES, "-")
    spelled = pc.replace_substring_regex(spelled, _NO_PART_OF_AN_ADDRESS, "")
    key = pc.replace_with_mask(text, odd, spelled) if np.asarray(pc.any(odd)) else text
    for pattern, kept in ((_LABEL, ""), (_POSTAL_CODE, r"\2"), (_COUNTRY, ""), (_FREE_TRADE_ZONE, r"\1\2")):
        key = pc.replace_substring_regex(key, pattern, kept)
    return pc.if_else(pc.equal(key, ""), pa.scalar(None, pa.string()), key)
