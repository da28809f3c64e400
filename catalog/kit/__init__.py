"""Parts that know no noun of the trade: base of tables, paging, bulk writes, errors, terms, money."""
