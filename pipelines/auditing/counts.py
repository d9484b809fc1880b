"""Ready counts, as somebody else added them up: apart from scores, which are of single people."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from vivavoce.data.problem import Problem, shorten
from vivavoce.data.table import Column, Given, Kind, Maps, Table, read_table
from vivavoce.fairness.table import Group

COUNTS = (
    Column("table", Kind.NAME, meaning="which comparison"),
    Column("group", Kind.NAME, meaning="which group"),
    Column("n", Kind.TEXT, meaning="how many people"),
    Column("selected", Kind.TEXT, meaning="how many of them were selected"),
)


def read_counts(given: Given, maps: Maps | None = None) -> tuple[dict[str, list[Group]], Table]:
    """Read ready counts, ``table,group,n,selected``, decimals exactly as written; returns them and the table.

    Raises
    ------
    TableRefused
        For missing columns, names that are empty or stand twice in a table, and counts that are not 0 ≤ selected ≤ n.
    """
    table = read_table(given, COUNTS, key=("table", "group"), checks=[_counted], maps=maps, called="counts")
    tables: dict[str, list[Group]] = {}
    for name, group, n, selected in table.frame[[one.name for one in COUNTS]].itertuples(index=False):
        tables.setdefault(name, []).append(Group(group, Fraction(Decimal(selected)), Fraction(Decimal(n))))
    return tables, table


def _counted(table: Table) -> list[Problem]:
    """Cells that are no count, and more selected than there are."""
    problems: list[Problem] = []
    for row, (n, selected) in enumerate(zip(table.frame["n"], table.frame["selected"], strict=True)):
        people, chosen = (_count(table, row, name, cell, problems) for name, cell in (("n", n), ("selected", selected)))
        if people is not None and chosen is not None and chosen > people:
            problems.append(table.problem(row, "selected", shorten(selected), f"At most n are selected ({n})."))
    return problems


def _count(table: Table, row: int, name: str, cell: str | None, problems: list[Problem]) -> Fraction | None:
    try:
        value = Decimal(cell or "")
        if value.is_finite() and value >= 0:
            return Fraction(value)
    except InvalidOperation:
        pass
    remedy = "Write a count of at least 0; decimals are allowed."
    problems.append(table.problem(row, name, "nothing" if cell is None else shorten(cell), remedy))
    return None
