"""Pure computing of fees, prices, tax, allocation and age: no database, no clock, money as Decimal in yuan."""
