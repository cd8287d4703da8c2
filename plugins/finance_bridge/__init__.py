"""Bills to the ledger, payments back. The neutral interface is in `drivers.base`; nothing here is for other plugins."""
