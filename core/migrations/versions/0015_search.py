"""The index of search: pairs of characters and readings, in FTS5 or as tsvector."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

from core.records.types import Id, Instant

revision = "core_0015"
down_revision = "core_0014"

TRIGGERS = {
    "ai": ("INSERT", "INSERT INTO core_search_fts(rowid, words) VALUES (new.id, new.words)"),
    "ad": ("DELETE", "INSERT INTO core_search_fts(core_search_fts, rowid, words) VALUES ('delete', old.id, old.words)"),
    "au": (
        "UPDATE OF words",
        "INSERT INTO core_search_fts(core_search_fts, rowid, words) VALUES ('delete', old.id, old.words);"
        " INSERT INTO core_search_fts(rowid, words) VALUES (new.id, new.words)",
    ),
}


def upgrade() -> None:
    words = sa.Text().with_variant(TSVECTOR(), "postgresql")
    op.create_table(
        "core_search",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("record_key", sa.String(length=80), nullable=False),
        sa.Column("record_id", Id, nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.Column("words", words, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_search")),
    )
    op.create_table(
        "core_search_wait",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("record_key", sa.String(length=80), nullable=False),
        sa.Column("first_id", Id, nullable=False),
        sa.Column("last_id", Id, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_search_wait")),
    )
    op.create_table(
        "core_search_state",
        sa.Column("record_key", sa.String(length=80), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("record_key", name=op.f("pk_core_search_state")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE INDEX ix_core_search_words ON core_search USING gin (words)")
        return
    op.execute(
        "CREATE VIRTUAL TABLE core_search_fts USING fts5("
        "words, content='core_search', content_rowid='id', columnsize=0, tokenize='ascii')"
    )
    for name, (what, does) in TRIGGERS.items():
        op.execute(f"CREATE TRIGGER core_search_{name} AFTER {what} ON core_search BEGIN {does}; END")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER core_search_{name}")
        op.drop_table("core_search_fts")
    for name in ("core_search_state", "core_search_wait", "core_search"):
        op.drop_table(name)
