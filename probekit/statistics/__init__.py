"""What must be remembered of examples to compute scores later: commutative monoids.

A probe of a representation is nearly always a function of a few sums over examples. The
statistics here keep those sums: small states that can be updated batch by batch and merged in any
order. What a score is belongs to `probekit.measures`; a statistic only remembers.
"""

from probekit.statistics._protocol import (
    Divisible,
    Selectable,
    ShapeDtype,
    Statistic,
    empty_state,
    is_mergeable,
    is_numbered,
    memory_of,
    shape_of,
    shared,
    state_of,
)
from probekit.statistics.bit_groups import BitGroups
from probekit.statistics.conditions import ConditionMoments
from probekit.statistics.cross_kernel import CrossKernel, CrossKernelState
from probekit.statistics.examples import Examples, ExamplesState
from probekit.statistics.folds import FoldGroups, FoldMoments
from probekit.statistics.group_examples import GroupExamples, GroupExamplesState
from probekit.statistics.groups import GroupMoments, GroupMomentsState
from probekit.statistics.kept_groups import KeptGroups, KeptGroupsState
from probekit.statistics.labelled_examples import LabelledExamples
from probekit.statistics.mapped import MappedGroups
from probekit.statistics.moments import Moments, MomentsState
from probekit.statistics.outputs import OutputDifferences, OutputsState
from probekit.statistics.parities import ParityMoments
from probekit.statistics.rows import Rows

__all__ = [
    "BitGroups",
    "ConditionMoments",
    "CrossKernel",
    "CrossKernelState",
    "Divisible",
    "Examples",
    "ExamplesState",
    "FoldGroups",
    "FoldMoments",
    "GroupExamples",
    "GroupExamplesState",
    "GroupMoments",
    "GroupMomentsState",
    "KeptGroups",
    "KeptGroupsState",
    "LabelledExamples",
    "MappedGroups",
    "Moments",
    "MomentsState",
    "OutputDifferences",
    "OutputsState",
    "ParityMoments",
    "Rows",
    "Selectable",
    "ShapeDtype",
    "Statistic",
    "empty_state",
    "is_mergeable",
    "is_numbered",
    "memory_of",
    "shape_of",
    "shared",
    "state_of",
]
