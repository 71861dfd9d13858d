"""The package under a real systemd: a Debian that boots, is tried from inside by guest.sh, and powers off.

Strategy: two ways to boot the same root folder. In a container (systemd-nspawn) it takes a few minutes; in a virtual
machine (QEMU) everything is the device's own, the memory limits and their OOM killer too. The machine's disk is made
from the folder (mke2fs -d) and its kernel is handed to QEMU directly: neither loop devices nor a boot loader are
needed. Neither has a network but its own loopback, where a mosquitto listens. What guest.sh finds comes over the
console, one line each.

Rules:
  - With a KVM that boots Debian's kernel the machine is quick; otherwise QEMU emulates, and all waits are longer.
  - The whole console is kept in the cache folder.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

from trial_support.debian import CLONE, Findings, apt, base, call, copied, inside, package, plain

_PACKAGES: Final = ("mosquitto", "mosquitto-clients", "procps", "python3")
_KERNEL: Final = ("linux-image-cloud-amd64", "initramfs-tools")
_DISK: Final = "4G"
_MEMORY: Final = "2048"
_LONGEST_S: Final = 4 * 3600.0
_KERNEL_SPEAKS_S: Final = 60.0
_SLOW: Final = 8
"""So many times longer may everything take under emulation."""
_SAID: Final = "TRIAL "
_CGROUPS: Final = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")


def in_container(debian: int, cache: Path, findings: Findings) -> None:
    """Try it in a container."""
    packages = [package(debian, "amd64", revision, cache) for revision in (1, 2)]
    log = cache / f"container-{debian}.log"
    with copied(base(debian, "amd64", cache), f"container-{debian}") as root:
        apt(root, *_PACKAGES)
        _furnish(root, packages)
        print(f"       booting in a container; its console: {log}", flush=True)
        with plain(root) as folder:
            _spawn(folder, log)
    _judge(log, findings)


def in_machine(debian: int, cache: Path, findings: Findings) -> None:
    """Try it in a virtual machine."""
    packages = [package(debian, "amd64", revision, cache) for revision in (1, 2)]
    disk, kernel, initrd, log = (cache / f"machine-{debian}.{what}" for what in ("img", "vmlinuz", "initrd", "log"))
    disk.unlink(missing_ok=True)
    with copied(base(debian, "amd64", cache), f"machine-{debian}") as root:
        apt(root, *_PACKAGES, *_KERNEL)
        inside(root, "apt-get", "clean")
        _furnish(root, packages)
        shutil.copyfile(next(root.glob("boot/vmlinuz-*")), kernel)
        shutil.copyfile(next(root.glob("boot/initrd.img-*")), initrd)
        with plain(root) as folder:
            call("mke2fs", "-q", "-t", "ext4", "-d", folder, disk, _DISK)
    _boot(disk, kernel, initrd, log)
    disk.unlink()
    _judge(log, findings)


def _furnish(root: Path, packages: list[Path]) -> None:
    """Put in what the trial needs: packages, the sample video, the script and the unit that runs it."""
    trial = root / "trial"
    trial.mkdir()
    for number, deb in enumerate(packages, 1):
        shutil.copyfile(deb, trial / f"edged-{number}.deb")
    shutil.copyfile(CLONE / "tools/sample/sample.mp4", trial / "sample.mp4")
    shutil.copyfile(CLONE / "tests/service/stuck.py", trial / "stuck.py")
    shutil.copyfile(Path(__file__).with_name("guest.sh"), trial / "guest.sh")
    units = root / "etc/systemd/system"
    (units / "trial.service").write_text(
        "[Unit]\nAfter=multi-user.target mosquitto.service\n"
        "[Service]\nType=oneshot\nStandardOutput=tty\nStandardError=tty\nTTYPath=/dev/console\n"
        "ExecStart=/bin/bash /trial/guest.sh\nExecStopPost=/bin/systemctl --no-block poweroff\n"
    )
    (root / "etc/mosquitto/conf.d").mkdir(parents=True, exist_ok=True)
    (root / "etc/mosquitto/conf.d/trial.conf").write_text("listener 1883 127.0.0.1\nallow_anonymous true\n")
    (root / "etc/fstab").write_text("")
    (root / "etc/hostname").write_text("trial\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost trial\n")
    (root / "usr/sbin/policy-rc.d").unlink()
    for getty in ("console-getty.service", "getty@tty1.service", "serial-getty@ttyS0.service"):
        (units / getty).symlink_to("/dev/null")  # a getty would take the console away from the trial
    (root / "etc/systemd/system.conf.d").mkdir()
    (root / "etc/systemd/system.conf.d/quiet.conf").write_text("[Manager]\nShowStatus=no\n")
    wants = units / "graphical.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "trial.service").symlink_to("/etc/systemd/system/trial.service")


def _spawn(root: Path, log: Path) -> None:
    """Boot a folder with systemd-nspawn; where no systemd runs here, in control groups of its own."""
    command = ["systemd-nspawn", "--quiet", "-D", str(root), "--boot", "--private-network", "--console=read-only"]
    groups: list[Path] = []
    if not Path("/run/systemd/system").exists():
        command += ["--register=no", "--keep-unit"]
        groups = [Path(at, root.name) for at in _CGROUPS if Path(at, "cgroup.procs").exists()]
    for group in groups:
        group.mkdir(exist_ok=True)

    def enter() -> None:
        for group in groups:
            (group / "cgroup.procs").write_text(str(os.getpid()))

    with log.open("wb") as sink:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            preexec_fn=enter,
            timeout=_LONGEST_S,
            check=False,
        )
    for group in groups:
        for below in sorted(group.rglob("*"), reverse=True):
            if below.is_dir():
                below.rmdir()
        group.rmdir()


def _boot(disk: Path, kernel: Path, initrd: Path, log: Path) -> None:
    """Boot a disk with QEMU, with KVM if its kernel speaks there, else emulated."""
    for accelerated in (True, False) if os.access("/dev/kvm", os.W_OK) else (False,):
        print(f"       booting {'with' if accelerated else 'without'} KVM; the serial line: {log}", flush=True)
        # An emulated timer may be too late for the kernel's check of it.
        slow = "" if accelerated else f" no_timer_check trial.slow={_SLOW}"
        command = [
            *("qemu-system-x86_64", "-m", _MEMORY, "-smp", "1", "-nographic", "-no-reboot", "-nic", "none"),
            *(("-enable-kvm", "-cpu", "host") if accelerated else ("-cpu", "max")),
            *("-kernel", str(kernel), "-initrd", str(initrd)),
            *("-append", f"root=/dev/vda rw console=ttyS0 systemd.show_status=false panic=-1{slow}"),
            *("-drive", f"file={disk},format=raw,if=virtio,cache=unsafe"),
        ]
        began = time.monotonic()
        with log.open("wb") as sink:
            machine = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
            try:
                while machine.poll() is None:
                    took = time.monotonic() - began
                    speaks = b"Linux version" in log.read_bytes()
                    if took > _LONGEST_S or (accelerated and took > _KERNEL_SPEAKS_S and not speaks):
                        break
                    time.sleep(1)
            finally:
                machine.kill()
                machine.wait()
        if b"Linux version" in log.read_bytes():
            print(f"       it ran for {time.monotonic() - began:.0f} s", flush=True)
            return


def _judge(log: Path, findings: Findings) -> None:
    ended = False
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        _, mark, rest = line.strip().partition(_SAID)
        verdict, _, what = rest.partition(" ")
        if not mark:
            continue
        if verdict == "fact":
            print(f"       {what}")
        elif verdict in {"ok", "FAILED"}:
            findings.note(verdict == "ok", what)
        ended = ended or verdict == "end"
    findings.note(ended, "the trial came to its end")
