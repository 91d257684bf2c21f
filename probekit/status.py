"""Why a score is what it is: the codes that stand beside scores, in memory and in files."""

from enum import IntEnum

STATUS_SUFFIX = "_status"
"""The codes of the score ``NAME`` are the variable ``NAME_status``."""


class Status(IntEnum):
    """Why a score is what it is; stored as int8 beside the score, in ``<name>_status``."""

    NOT_RECORDED = -1
    OK = 0
    NON_FINITE_INPUT = 1
    RANK_DEFICIENT = 2
    TOO_FEW_EXAMPLES = 3
    CONSTANT_UNIT = 4

    @property
    def meaning(self) -> str:
        """Its word in ``flag_meanings``, the attribute that CF has for codes."""
        return self.name.lower()

    @property
    def words(self) -> str:
        """As sentences name it."""
        return self.meaning.replace("_", " ")
