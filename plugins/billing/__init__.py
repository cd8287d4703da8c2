"""Money of the agency: prices, official fees, quotations, bills, payments. Who books them elsewhere is not here."""

from plugins.billing.bill import Bill, BillLine
from plugins.billing.ledger import bill_state
from plugins.billing.payment import Allocation, Payment
from plugins.billing.receipts import record_receipt, reverse_receipt

__all__ = ["Allocation", "Bill", "BillLine", "Payment", "bill_state", "record_receipt", "reverse_receipt"]
