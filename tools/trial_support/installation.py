"""The package's life without systemd running: install, configure, upgrade, remove, purge."""

import shutil
from pathlib import Path

from trial_support.debian import Findings, apt, base, copied, files, inside, package

NEEDED = ("python3", "tzdata", "ca-certificates", "procps")


def run(debian: int, cache: Path, findings: Findings) -> None:
    """Try it in a chroot."""
    first, second = (package(debian, "amd64", revision, cache) for revision in (1, 2))
    with copied(base(debian, "amd64", cache), f"install-{debian}") as root:
        apt(root, *NEEDED)
        before = files(root)
        passwd = (root / "etc/passwd").read_text()
        for deb in (first, second):
            shutil.copyfile(deb, root / "root" / deb.name)

        inside(root, "apt-get", "install", "-q", "-y", "--no-install-recommends", f"/root/{first.name}")
        said = inside(root, "edged", "--version").stdout.strip()
        findings.note(said.startswith("edged "), "installs with apt, and answers", said)
        verified = inside(root, "edged", "models", "verify", check=False)
        findings.note(verified.returncode == 0, "models verify", verified.stdout.strip().splitlines()[-1])
        checked = inside(root, "edged", "check-config", check=False)
        findings.note(checked.returncode == 0, "the configuration in /etc/edged is sound", checked.stderr.strip())
        units = [f"/usr/lib/systemd/system/{name}" for name in ("edged-sense.service", "edged-publish.service")]
        verify = inside(root, "systemd-analyze", "verify", *units, "edged.target", check=False)
        heard = [line for line in (verify.stdout + verify.stderr).splitlines() if "edged" in line]
        findings.note(verify.returncode == 0 and not heard, "systemd-analyze verify is silent", " ".join(heard))
        for unit in units:
            judged = inside(root, "systemd-analyze", "security", "--offline=true", "--threshold=15", unit, check=False)
            line = judged.stdout.strip().splitlines()[-1] if judged.stdout.strip() else judged.stderr.strip()
            findings.note(judged.returncode == 0, "exposure is 1.5 or less", line)
        enabled = (root / "etc/systemd/system/multi-user.target.wants/edged.target").is_symlink()
        findings.note(enabled, "starts at boot")
        kept = inside(root, "stat", "-c", "%U:%G %a", "/etc/edged/edged.toml", "/var/lib/edged").stdout.split("\n")[:2]
        findings.note(
            kept == ["root:edged 640", "edged:edged 750"],
            "configuration and state belong to whom they should",
            "; ".join(kept),
        )
        damaged = inside(root, "dpkg", "--verify", "edged", check=False).stdout.strip()
        findings.note(not damaged, "dpkg finds every file as packed", damaged)

        config = root / "etc/edged/edged.toml"
        config.write_text(config.read_text().replace('id = "edged" ', 'id = "till"  '))
        mine = config.read_bytes()
        outbox = root / "var/lib/edged/outbox.sqlite"
        outbox.write_bytes(b"what was not sent yet")
        inside(root, "apt-get", "install", "-q", "-y", "--no-install-recommends", f"/root/{second.name}")
        version = inside(root, "dpkg-query", "-W", "-f", "${Version}", "edged").stdout
        findings.note(f"-2~deb{debian}" in version, "upgrades", version)
        same = config.read_bytes() == mine and outbox.read_bytes() == b"what was not sent yet"
        findings.note(same, "the upgrade keeps configuration and outbox")
        inside(root, "apt-get", "install", "-q", "-y", "--allow-downgrades", f"/root/{first.name}")
        same = config.read_bytes() == mine and outbox.read_bytes() == b"what was not sent yet"
        findings.note(same, "and so does the way back")

        inside(root, "apt-get", "remove", "-q", "-y", "edged")
        findings.note(config.exists() and outbox.exists(), "removal keeps configuration and outbox")
        findings.note(not (root / "opt/edged").exists(), "removal takes the program")
        inside(root, "apt-get", "purge", "-q", "-y", "edged")
        left = sorted(files(root) - before)
        findings.note(not left, "a purge leaves no file", ", ".join(left[:10]))
        findings.note((root / "etc/passwd").read_text() == passwd, "a purge leaves no user")
