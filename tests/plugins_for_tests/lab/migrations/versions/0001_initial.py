"""The lab's tables as they are declared."""

from alembic import op

from core.records.base import MODELS

revision = "lab_0001"
down_revision = None
TABLES = ("lab.folder", "lab.sheet", "lab.drawer")


def upgrade() -> None:
    for key in TABLES:
        MODELS[key].__table__.create(op.get_bind())


def downgrade() -> None:
    for key in reversed(TABLES):
        MODELS[key].__table__.drop(op.get_bind())
