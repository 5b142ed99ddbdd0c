"""The city of sisters is what it says, and full names of firms that its register lacks are given to no enterprise."""

from __future__ import annotations

from benchmarks.sisters import firms, sister_city


def test_the_city_has_sisters_a_fifth_of_which_the_register_lacks() -> None:
    city = firms(seed=5, groups=60)
    assert city == firms(seed=5, groups=60)
    assert len({firm.name for firm in city}) == len(city)
    share = sum(firm.is_out for firm in city) / len(city)
    assert 0.15 < share < 0.25
    known = {firm.name for firm in city if not firm.is_out}
    heads = {firm.name: firm for firm in city if firm.kind == "parents"}
    branches = [firm for firm in city if firm.kind == "branches"]
    of_head = {head: [b for b in branches if b.name.startswith(head)] for head in heads}
    assert any(heads[head].is_out and any(not b.is_out for b in of_head[head]) for head in heads), "no branch alone"
    assert any(head in known and all(b.is_out for b in of_head[head]) for head in heads), "no parent alone"


def test_no_full_name_is_given_to_a_sister() -> None:
    found = sister_city(seed=5, groups=60)
    for kind in ("firms", "branches", "parents"):
        assert found[kind].rows > 10
        assert found[kind].given == 0, kind
        assert found[f"registered {kind}"].given == 0, kind
