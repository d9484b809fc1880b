"""Is it fair: groups, disparity, differential prediction, rule packs, the audit, the gate."""
