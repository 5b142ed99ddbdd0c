"""Compares records that no code and no exact name decides with every known enterprise that they might be.

Each step is one SELECT in this folder, made into a temporary table of the file's name; only what counts edits in
Chinese characters is done by rapidfuzz, because DuckDB's own functions count bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz import process
from rapidfuzz.distance import OSA, LCSseq, Prefix

from warehouse.connection import quote

STEPS = Path(__file__).parent
SIDES = ("left", "right")
_PAIRS_AT_ONCE = 400_000


def read_addresses(connection: duckdb.DuckDBPyConnection) -> None:
    """Cut both sides' addresses into parts: the temporary tables <side>_address.

    Args:
        connection: With the rules loaded, and per side (left, right) the temporary table or view <side>_stated_address
            (id, address_key, building). Ids are whole numbers; an id may have several rows.
    """
    make(connection, "province")
    for side in SIDES:
        connection.execute(f"create or replace temp view stated_address as select * from {side}_stated_address")
        make(connection, "address", f"{side}_address")
    make(connection, "known_place")
    make(connection, "building_place")
    for side in SIDES:
        connection.execute(
            f"""
            update {side}_address set building = b.building from building_place as b
            where {side}_address.building is null and {side}_address.road = b.road
                and regexp_extract({side}_address.premises, '^[0-9]+-[0-9A-Z]+') = b.stem
            """
        )


def read_names(connection: duckdb.DuckDBPyConnection) -> None:
    """Cut both sides' names into parts: the temporary tables <side>_name.

    Args:
        connection: As after `read_addresses`, and with <side>_stated_name (id, name_key, bare_key), likewise.
    """
    for side in SIDES:
        connection.execute(f"create or replace temp view address as select * from {side}_address")
        connection.execute(f"create or replace temp view stated_name as select * from {side}_stated_name")
        make(connection, "name", f"{side}_name")


def check_given(connection: duckdb.DuckDBPyConnection) -> None:
    """Compare the names of the pairs in given_pair (left_id, right_id) into given_name_level.

    The left records of these pairs are not searched for any more: their codes have found them.
    """
    make(connection, "gram_count")
    _compare_names(connection, "given_pair", are_all_kept=True)
    make(connection, "name_difference")
    make(connection, "name_level")
    make(connection, "given_name_level")
    for part in ("name", "address"):
        connection.execute(f"delete from left_{part} where id in (select left_id from given_pair)")


def compare(connection: duckdb.DuckDBPyConnection) -> None:
    """Score the left records' candidates into the temporary table `scored` (see scored.sql).

    Args:
        connection: As after `read_names`, and with <side>_code (id, code), <side>_industry (id, industry) and left_keyed (id):
            left records that are known by their name alone and speak of all who bear it.
    """
    for step in ("known_count", "character_count", "information", "city_count", "building_count"):
        make(connection, step)
    for step in ("prefix", "prefix_count", "premises_count", "pair_budget"):
        make(connection, step)
    for step in ("pair_typing_error", "pair_city_character", "pair_code", "pair"):
        make(connection, step)
    _compare_names(connection, "pair")
    make(connection, "name_difference")
    make(connection, "name_level")
    make(connection, "name_comparison")
    make(connection, "address_pair")
    _compare_addresses(connection)
    connection.execute("create or replace temp table learned as select 0 as joint_stock_bits, 0 as other_bits")
    compared = ("address_comparison", "head_comparison", "code_comparison", "industry_comparison")
    for step in (*compared, "scored", "learned", "scored"):
        make(connection, step)


def make(connection: duckdb.DuckDBPyConnection, step: str, table: str | None = None) -> None:
    """Make one step's temporary table, named like its file or `table`."""
    sql = (STEPS / f"{step}.sql").read_text(encoding="utf-8")
    connection.execute(f"create or replace temp table {quote(table or step)} as {sql}")


def _compare_names(connection: duckdb.DuckDBPyConnection, pairs: str, *, are_all_kept: bool = False) -> None:
    """Make name_similarity: for each pair's names the longest common subsequence and the edit distance, in characters.

    Names that have too little in common for any level of name_level are left out, unless all are kept.
    """
    connection.execute(
        """
        create or replace temp table name_similarity (
            left_id bigint, right_id bigint, left_key varchar, right_key varchar, left_body varchar, right_body varchar,
            is_left_branch boolean, is_right_branch boolean, is_left_short boolean,
            is_left_full boolean, left_place varchar, right_place varchar,
            is_left_joint_stock boolean, is_right_joint_stock boolean, left_form varchar, right_form varchar, left_text varchar,
            right_text varchar, common_start smallint,
            common_characters smallint, common_in_name smallint, edit_distance smallint,
            edit_distance_of_keys smallint
        )
        """
    )
    query = f"""
        select
            p.left_id, p.right_id, l.name_key as left_key, r.name_key as right_key, l.body as left_body,
            r.body as right_body, l.is_branch as is_left_branch, r.is_branch as is_right_branch, l.is_short as is_left_short,
            l.is_full as is_left_full, l.place as left_place, r.place as right_place,
            l.is_joint_stock as is_left_joint_stock, r.is_joint_stock as is_right_joint_stock,
            l.foreign_form as left_form, r.foreign_form as right_form,
            starts_with(l.body, r.body) and length(r.body) >= 3 as is_begun
        from {pairs} as p
        inner join left_name as l on p.left_id = l.id
        inner join right_name as r on p.right_id = r.id
    """
    found = []
    for batch in _batches(connection, query):
        common = _pairwise(batch, "left_body", "right_key", LCSseq.similarity)
        length = pc.utf8_length(batch["left_body"]).to_numpy()
        # seven tenths, or two characters: most pairs end here
        is_alike = (
            (common >= np.minimum(np.maximum(0.7 * length, 2), length)) | batch["is_begun"].to_numpy() | are_all_kept
        )
        kept = batch.drop_columns(["is_begun"]).filter(pa.array(is_alike))
        kept = kept.append_column("common_in_name", pa.array(common[is_alike]))
        for column, one, other, measure in (
            ("common_characters", "left_body", "right_body", LCSseq.similarity),
            ("edit_distance", "left_body", "right_body", OSA.distance),
            ("edit_distance_of_keys", "left_key", "right_key", OSA.distance),
        ):
            kept = kept.append_column(column, pa.array(_pairwise(kept, one, other, measure)))
        # where they differ is read from the keys if these are nearly the same, else from the bodies
        is_of_keys = pc.equal(kept["edit_distance_of_keys"], 1)
        for side in SIDES:
            text = pc.if_else(is_of_keys, kept[f"{side}_key"], kept[f"{side}_body"])
            kept = kept.append_column(f"{side}_text", text)
        kept = kept.append_column(
            "common_start", pa.array(_pairwise(kept, "left_text", "right_text", Prefix.similarity))
        )
        found.append(kept)
    for rows in found:
        _append(connection, "name_similarity", rows)


def _pairwise(rows: pa.Table, one: str, other: str, measure: Any, dtype: type = np.int16) -> np.ndarray:
    """What `measure` says of two columns, row by row."""
    # cpdist is rapidfuzz's own name for the pairwise comparison of two lists
    found: np.ndarray = process.cpdist(_texts(rows, one), _texts(rows, other), scorer=measure, dtype=dtype, workers=2)
    return found


def _texts(rows: pa.Table, column: str) -> np.ndarray:
    """A column as Python strings, each distinct one made once: a name occurs in many pairs."""
    coded = pc.fill_null(rows[column].combine_chunks(), "").dictionary_encode()
    distinct: np.ndarray = np.array(coded.dictionary.to_pylist(), dtype=object)
    found: np.ndarray = distinct[coded.indices.to_numpy()]
    return found


def _compare_addresses(connection: duckdb.DuckDBPyConnection) -> None:
    """Make address_similarity: address_pair with the share of characters that the two texts have in common, in order."""
    connection.execute(
        "create or replace temp table address_similarity as "
        "select *, cast(null as double) as text_similarity from address_pair where false"
    )
    similarities = []
    for batch in _batches(connection, "select * from address_pair"):
        similarity = _pairwise(batch, "left_place", "right_place", LCSseq.normalized_similarity, np.float64)
        similarities.append(batch.append_column("text_similarity", pa.array(similarity)))
    for rows in similarities:
        _append(connection, "address_similarity", rows)


def _batches(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[pa.Table]:
    """A query's rows, so many at once. The connection must not be used for anything else meanwhile."""
    for batch in connection.execute(query).to_arrow_reader(_PAIRS_AT_ONCE):
        yield pa.Table.from_batches([batch])


def _append(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    connection.register("rows_to_append", rows)
    connection.execute(f"insert into {quote(table)} by name select * from rows_to_append")
    connection.unregister("rows_to_append")
