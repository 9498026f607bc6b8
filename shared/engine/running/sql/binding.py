"""Lets one SELECT through that reads named tables alone, as DuckDB's own parser understands it.

And binds it to tables without rows: whether it fits them, and what its result's columns are. The
engine is locked and holds other tables: other steps', and what it knows of itself. So every table
and function of the text is looked up in a list, and what is in none is refused.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb

from shared.engine.applications.query.sql import plain_lower
from shared.engine.database import Database, quoted
from shared.engine.running.sql.faults import at, bound_fault, syntax_fault
from shared.engine.tables.column_names import unique
from shared.errors import Invalid
from shared.language.french import quoted as french_quoted

_BY_KIND = {
    "any values": """
    alias concat contains greatest hash if least len length nullif repeat reverse switch typeof
    uuid_extract_timestamp uuid_extract_version
    """,
    "numbers": """
    abs acos acosh add asin asinh atan atan2 atanh binom cbrt ceil ceiling cos cosh cot degrees
    divide equi_width_bins even exp factorial fdiv floor fmod gamma gcd greatest_common_divisor
    isfinite isinf isnan lcm least_common_multiple lgamma ln log log10 log2 make_type mod multiply
    nextafter pi pow power radians round round_even roundbankers sign signbit sin sinh sqrt subtract
    tan tanh trunc xor
    """,
    "texts and bytes": """
    ascii bar base64 bin bit_count bit_length bit_position bitstring char_length character_length
    chr concat_ws damerau_levenshtein decode editdist3 encode ends_with format format_bytes
    formatreadabledecimalsize formatreadablesize from_base64 from_binary from_hex get_bit hamming
    hex ilike_escape instr jaccard jaro_similarity jaro_winkler_similarity lcase left left_grapheme
    length_grapheme levenshtein like_escape lower lpad ltrim md5 md5_number md5_number_lower
    md5_number_upper mismatches nfc_normalize not_ilike_escape not_like_escape octet_length ord
    overlay parse_dirname parse_dirpath parse_filename parse_formatted_bytes parse_path path_join
    position prefix printf regexp_escape regexp_extract regexp_extract_all regexp_full_match
    regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table replace right
    right_grapheme rpad rtrim set_bit sha1 sha256 split split_part starts_with str_split
    str_split_regex string_split string_split_regex string_to_array strip_accents strlen strpos
    substr substring substring_grapheme suffix to_base to_base64 to_binary to_hex translate trim
    ucase unbin unhex unicode upper url_decode url_encode
    """,
    "times": """
    age ago century current_date current_localtime current_localtimestamp date_add date_diff
    date_part date_sub date_trunc datediff datepart datesub datetrunc day dayname dayofmonth
    dayofweek dayofyear days_in_month decade epoch epoch_ms epoch_ns epoch_us era get_current_time
    get_current_timestamp hour isodow isoyear julian last_day make_date make_time make_timestamp
    make_timestamp_ms make_timestamp_ns make_timestamptz microsecond millennium millisecond minute
    month monthname nanosecond normalized_interval now quarter second strftime strptime time_bucket
    timezone timezone_hour timezone_minute to_centuries to_days to_decades to_hours to_microseconds
    to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds to_timestamp to_weeks
    to_years today transaction_timestamp try_strptime week weekday weekofyear year yearweek
    """,
    "lists": """
    apply array_aggr array_aggregate array_append array_apply array_cat array_concat array_contains
    array_cosine_distance array_cosine_similarity array_cross_product array_distance array_distinct
    array_dot_product array_extract array_filter array_grade_up array_has array_has_all
    array_has_any array_indexof array_inner_product array_intersect array_length
    array_negative_dot_product array_negative_inner_product array_pop_back array_pop_front
    array_position array_prepend array_push_back array_push_front array_reduce array_resize
    array_reverse array_reverse_sort array_select array_slice array_sort array_to_string
    array_to_string_comma_default array_transform array_unique array_value array_where array_zip
    filter flatten generate_series generate_subscripts grade_up list_aggr list_aggregate
    list_any_value list_append list_apply list_approx_count_distinct list_avg list_bit_and
    list_bit_or list_bit_xor list_bool_and list_bool_or list_cat list_concat list_contains
    list_cosine_distance list_cosine_similarity list_count list_distance list_distinct
    list_dot_product list_element list_entropy list_extract list_filter list_first list_grade_up
    list_has list_has_all list_has_any list_histogram list_indexof list_inner_product list_intersect
    list_kurtosis list_kurtosis_pop list_last list_mad list_max list_median list_min list_mode
    list_negative_dot_product list_negative_inner_product list_pack list_position list_prepend
    list_product list_reduce list_resize list_reverse list_reverse_sort list_select list_sem
    list_skewness list_slice list_sort list_stddev_pop list_stddev_samp list_string_agg list_sum
    list_transform list_unique list_value list_var_pop list_var_samp list_where list_zip range
    reduce unnest unpivot_list
    """,
    "maps, structs, unions, variants and enumerations": """
    cardinality element_at enum_code enum_first enum_last enum_range enum_range_boundary map
    map_concat map_contains map_contains_entry map_contains_value map_entries map_extract
    map_extract_value map_from_entries map_keys map_values row struct_concat struct_contains
    struct_extract struct_extract_at struct_has struct_indexof struct_insert struct_keys struct_pack
    struct_position struct_update struct_values union_extract union_tag union_value
    variant_array_length variant_contains variant_exists variant_extract variant_extract_string
    variant_keys variant_type variant_typeof
    """,
    "JSON": """
    array_to_json from_json from_json_strict json json_array json_array_length json_contains
    json_deep_merge json_exists json_extract json_extract_path json_extract_path_text
    json_extract_string json_group_array json_group_object json_insert json_keys json_merge_patch
    json_merge_patch_diff json_normalize json_object json_pretty json_quote json_remove json_replace
    json_set json_strip_nulls json_structure json_transform json_transform_strict json_type
    json_valid json_value row_to_json to_json
    """,
    "geometries": """
    st_asbinary st_asgeojson st_astext st_aswkb st_aswkt st_crs st_geomfromgeojson st_geomfromwkb
    st_intersects_extent st_setcrs vertex_extract
    """,
    "aggregates": """
    any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null
    arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg avg bit_and
    bit_or bit_xor bitstring_agg bool_and bool_or corr count count_if count_star countif covar_pop
    covar_samp entropy favg first fsum geomean geometric_mean group_concat histogram histogram_exact
    kahan_sum kurtosis kurtosis_pop last list listagg lttb mad max max_by mean median min min_by
    mode product quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept
    regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop stddev_samp
    string_agg sum sumkahan var_pop var_samp variance wavg weighted_avg
    """,
    "windows": """
    cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank rank
    rank_dense row_number
    """,
}
FUNCTIONS = frozenset(name for listed in _BY_KIND.values() for name in listed.split())
"""In lower case."""

TABLE_FUNCTIONS = frozenset(("unnest", "range", "generate_series", "json_each", "json_tree"))
_RECURSIVE = "RECURSIVE_CTE_NODE"
_QUERIES = frozenset(("SELECT_NODE", "SET_OPERATION_NODE", _RECURSIVE, "CTE_NODE"))
_SOURCES = frozenset(("EMPTY", "JOIN", "SUBQUERY", "EXPRESSION_LIST", "PIVOT"))
_MODIFIERS = frozenset(
    ("ORDER_MODIFIER", "LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "DISTINCT_MODIFIER")
)
_EXPRESSIONS = frozenset(
    """BETWEEN CASE CAST COLLATE COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION LAMBDA
    LAMBDA_REF OPERATOR POSITIONAL_REFERENCE STAR SUBQUERY TYPE WINDOW""".split()  # noqa: SIM905
)
_ORDERS = ("ORDER_", "ASCENDING", "DESCENDING")

_Tables = frozenset[str]

Types = Mapping[str, str]
"""Columns in order, each with its type as DuckDB writes it."""

_BEFORE, _AFTER = "SELECT * FROM (\n", "\n) AS asked"
_MOST_COLUMNS = 1_000
_LONGEST_NAME = 200
_WHOLE = ("HUGEINT", "UHUGEINT", "UBIGINT")
_FLAT = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
         "FLOAT", "DOUBLE", "DATE", "TIME", "VARCHAR")  # fmt: skip


def bind(sql: str, tables: Mapping[str, Types]) -> dict[str, str]:
    """Return the result's columns with their types; raise Invalid, in French, with the place."""
    with duckdb.connect(
        config={"threads": "1", "memory_limit": "200MB", "errors_as_json": "true"}
    ) as database:
        for name, columns in tables.items():
            shape = ", ".join(f"{quoted(column)} {kind}" for column, kind in columns.items())
            database.execute(f"CREATE TABLE {quoted(name)} ({shape})")
        database.execute("SET enable_external_access = false")
        database.execute("SET lock_configuration = true")
        return bound(database, sql, tables)


def bound(database: Database, sql: str, tables: Mapping[str, Types]) -> dict[str, str]:
    """Return the result's columns with their types, in a database that has the tables."""
    text = trimmed(sql)
    check_statement(database, text, tables)
    try:
        check_statement(database, _wrapped(text), tables)
        described = database.execute(f"DESCRIBE {_wrapped(text)}").fetchall()
    except duckdb.Error as error:
        before = len("DESCRIBE " + _BEFORE)
        raise bound_fault(text, error, before) from None
    if len(described) > _MOST_COLUMNS:
        raise Invalid(f"le résultat a plus de {_MOST_COLUMNS} colonnes", "sql")
    names = unique(str(row[0])[:_LONGEST_NAME] or "colonne" for row in described)
    return dict(zip(names, (str(row[1]) for row in described), strict=True))


def trimmed(sql: str) -> str:
    """Return the text without the semicolons at its end."""
    return sql.rstrip().rstrip("; \t\r\n")


def _wrapped(text: str) -> str:
    """Return a query as the only source of another."""
    return f"{_BEFORE}{text}{_AFTER}"


def selected(text: str, types: Types, names: Sequence[str]) -> str:
    """Return the query with its columns called so, and of types that a table of the lab can hold.

    Numbers wider than 64 bits must fit into them; lists and structs become JSON, other types text.
    """
    chosen = ", ".join(
        f"{_stored(f'c{number}', kind)} AS {quoted(name)}"
        for number, (name, kind) in enumerate(zip(names, types.values(), strict=True))
    )
    numbered = ", ".join(f"c{number}" for number in range(len(types)))
    return f"SELECT {chosen} FROM (\n{text}\n) AS asked({numbered})"


def _stored(column: str, kind: str) -> str:
    if kind in _WHOLE:
        return f"CAST({column} AS BIGINT)"
    if kind in ("FLOAT", "DOUBLE"):
        # A division by zero gives no number.
        return f"CASE WHEN isfinite({column}) THEN {column} END"
    if kind in _FLAT or kind.startswith(("DECIMAL", "TIMESTAMP")):
        return column
    if kind.startswith(("STRUCT", "MAP", "UNION", "VARIANT")) or kind.endswith("]"):
        return f"CAST(to_json({column}) AS VARCHAR)"
    return f"CAST({column} AS VARCHAR)"


def check_statement(database: Database, sql: str, tables: Iterable[str]) -> None:
    """Check that `sql` is one SELECT on these tables; raise Invalid, in French, with the place."""
    ((serialized,),) = database.execute("SELECT json_serialize_sql(?)", [sql]).fetchall()
    try:
        answer = json.loads(serialized)
    except RecursionError as error:
        raise Invalid("la requête a trop de niveaux imbriqués", "sql") from error
    if answer["error"]:
        raise syntax_fault(sql, answer)
    statements = answer["statements"]
    if len(statements) != 1:
        raise Invalid("une seule instruction est acceptée", "sql")
    names = frozenset(plain_lower(name) for name in tables)
    stack: list[tuple[Any, _Tables]] = [(statements[0]["node"], names)]
    while stack:
        node, seen = stack.pop()
        if isinstance(node, list):
            stack.extend((child, seen) for child in node)
        elif isinstance(node, dict):
            stack.extend(_parts(sql, node, seen))


def _parts(sql: str, node: dict[str, Any], seen: _Tables) -> Iterator[tuple[Any, _Tables]]:
    """Yield what is to be looked at next, each with the names of tables that it sees."""
    if "class" in node:
        _check_expression(sql, node)
    elif "type" in node and isinstance(node["type"], str):
        _check_node(sql, node, seen)
    if node.get("sample"):
        message = "un tirage au hasard ne peut pas être refait : TABLESAMPLE est refusé"
        raise Invalid(at(sql, node.get("query_location"), message), "sql")
    inside = seen
    for entry in (node.get("cte_map") or {}).get("map", ()):
        name = plain_lower(str(entry["key"]))
        yield entry["value"], inside
        inside |= {name}
    # A recursive table sees itself in its second part: in its first, its name is another table's.
    own = {plain_lower(str(node.get("cte_name")))} if node.get("type") == _RECURSIVE else set()
    for key, value in node.items():
        if key != "cte_map" and isinstance(value, dict | list):
            yield value, inside | own if key == "right" else inside


def _check_expression(sql: str, node: dict[str, Any]) -> None:
    place = node.get("query_location")
    if node["class"] not in _EXPRESSIONS:
        raise Invalid(at(sql, place, "cette expression n'est pas acceptée"), "sql")
    name = str(node.get("function_name") or "").lower()
    if not name:
        return
    if node.get("schema") or node.get("catalog"):
        message = f"la fonction {french_quoted(name)} se nomme par son seul nom"
        raise Invalid(at(sql, place, message), "sql")
    if name not in FUNCTIONS and any(map(str.isalnum, name)):
        message = f"la fonction {french_quoted(name)} n'existe pas, ou n'est pas offerte ici"
        raise Invalid(at(sql, place, message), "sql")


def _check_node(sql: str, node: dict[str, Any], seen: _Tables) -> None:
    kind, place = node["type"], node.get("query_location")
    if kind == "BASE_TABLE":
        name = str(node["table_name"])
        if node["schema_name"] or node["catalog_name"] or node.get("at_clause"):
            message = f"la table {french_quoted(name)} se nomme par son seul nom"
            raise Invalid(at(sql, place, message), "sql")
        if plain_lower(name) not in seen:
            raise Invalid(at(sql, place, f"aucune table ne s'appelle {french_quoted(name)}"), "sql")
    elif kind == "TABLE_FUNCTION":
        name = str(node["function"].get("function_name", "")).lower()
        if name not in TABLE_FUNCTIONS:
            message = f"la fonction {french_quoted(name)} ne peut pas tenir lieu de table"
            raise Invalid(at(sql, place, message), "sql")
    elif kind == "SHOW_REF":
        message = "DESCRIBE, SHOW et SUMMARIZE sont refusés : nommez les colonnes voulues"
        raise Invalid(at(sql, place, message), "sql")
    elif kind not in _QUERIES | _SOURCES | _MODIFIERS and not kind.startswith(_ORDERS):
        raise Invalid(at(sql, place, "seul un SELECT est accepté"), "sql")
