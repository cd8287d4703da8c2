"""Kingdee 云星空 (K3Cloud): signed requests or session login, receivables and vouchers by its dynamic form service."""

from plugins.finance_bridge.drivers.kingdee.client import Account, Client
from plugins.finance_bridge.drivers.kingdee.driver import KingdeeDriver

__all__ = ["Account", "Client", "KingdeeDriver"]
