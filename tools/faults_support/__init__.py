"""Behind tools/faults: the registry of cases, the ledger they judge by, and the parts they break. See README.md."""
