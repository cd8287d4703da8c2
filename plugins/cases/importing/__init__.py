"""How cases are imported: foreign headers and words, numbers by jurisdiction, applicants that become clients."""

from plugins.cases.importing.support import CaseImport

__all__ = ["CaseImport"]
