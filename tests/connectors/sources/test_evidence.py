"""Which lines of a file speak for another encoding than the declared one."""

from __future__ import annotations

from connectors.sources.file_drop.evidence import _odd


def test_lines_with_many_rare_signs_are_the_odd_ones() -> None:
    """Big5 read as GB 18030 is rare characters; what is GB 18030 is none, and letters alone say nothing."""
    other, own = "統一編號、廠商名稱、繳納稅額、備註說明".encode("big5"), "统一社会信用代码、企业名称".encode("gb18030")
    chunk = b"\n".join((b"id,name", own, other))
    assert _odd(chunk, chunk.decode("gb18030", "ignore"), "gb18030") == [other]
    assert _odd(own, own.decode("gb18030"), "gb18030") == []
