"""The fields of a variety on the case."""

from __future__ import annotations

from core import _, extend, fields
from plugins.cases import Case

extend(
    Case,
    "plant_varieties",
    denomination=fields.text(_("Denomination"), max_length=120, search=True, synonyms=("品种名称", "denomination")),
    species=fields.text(_("Genus or species"), max_length=200, synonyms=("植物属种", "属或种", "species")),
    woody=fields.boolean(_("Tree or vine"), help=_("Trees and vines are protected for longer.")),
    breeders=fields.tags(_("Breeders"), synonyms=("培育人", "breeders")),
    first_sold_on=fields.date(_("First sold in China on"), synonyms=("首次销售日",)),
    first_sold_abroad_on=fields.date(_("First sold abroad on"), synonyms=("境外首次销售日",)),
)
