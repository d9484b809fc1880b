"""Signing: keys and whom they vouch for, signatures, folders as others may have made them.

Roles are named here, so that the command line can offer them without loading what signs.
"""

from enum import StrEnum


class Role(StrEnum):
    """What a key may sign."""

    LOG = "log"  # heads of the event log: the key of a machine
    TRAIN = "train"  # challengers
    AUDIT = "audit"  # that an audit, alone or in a bundle, is the auditor's
    WAIVE = "waive"  # that a check of the gate is waived, for a written reason
    PUBLISH = "publish"  # bundles and champions
