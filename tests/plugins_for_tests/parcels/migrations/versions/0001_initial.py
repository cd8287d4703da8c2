"""The table as it is declared."""

from alembic import op

from core.records.base import MODELS

revision = "parcels_0001"
down_revision = None


def upgrade() -> None:
    MODELS["parcels.parcel"].__table__.create(op.get_bind())


def downgrade() -> None:
    MODELS["parcels.parcel"].__table__.drop(op.get_bind())
