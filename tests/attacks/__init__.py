"""The attack suite: what an adversary who reads every message for ever learns of one visitor. See docs/ATTACKS.md."""
