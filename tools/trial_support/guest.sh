#!/bin/bash
# Runs inside the container or machine of `tools/trial`, as root, under systemd. Each finding is one line: TRIAL ok …
exec 2>&1
SENSE=edged-sense.service
PUBLISH=edged-publish.service
SLOW=$(sed -n 's/.*trial.slow=\([0-9]*\).*/\1/p' /proc/cmdline)
SLOW=${SLOW:-1}
CRASHES=$((SLOW > 1 ? 20 : 100))
VERSION=$(systemctl --version | awk 'NR == 1 { print $2 }')

ok() { echo "TRIAL ok $*"; }
failed() { echo "TRIAL FAILED $*"; }
fact() { echo "TRIAL fact $*"; }
show() { systemctl show --value -p "$2" "$1"; }

# until SECONDS WHAT COMMAND…: the command comes to hold in time
until_holds() {
    local seconds=$(($1 * SLOW)) what=$2 began=$SECONDS
    shift 2
    while ! "$@" >/dev/null 2>&1; do
        if [ $((SECONDS - began)) -ge "$seconds" ]; then
            failed "$what (not within $seconds s)"
            journalctl -b -q -n 25 -o short-monotonic -u "$SENSE" -u "$PUBLISH" --no-pager
            return 1
        fi
        sleep 0.2
    done
    ok "$what ($((SECONDS - began)) s)"
}

is_running() { [ "$(show "$1" SubState)" = running ]; }
is_another() { is_running "$1" && [ "$(show "$1" MainPID)" != "$2" ]; }
journal_has() { journalctl -b -q -o cat -u "$1" | grep -qF -- "$2"; }
windows() { timeout $((60 * SLOW)) mosquitto_sub -q 1 -t 'edged/+/+/window' -C "$1"; }
has_windows() { [ "$(windows "$1" | wc -l)" -eq "$1" ]; }
gone_silent() { [ "$(systemctl show --value -p NRestarts "$1")" -gt "$2" ]; }

echo "TRIAL fact systemd $VERSION, $(uname -r), Python $(python3 --version | cut -d' ' -f2)"

# --- install
if DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends /trial/edged-1.deb >/trial/apt.log; then
    ok "the package installs on a running system"
else
    failed "the package installs: $(tail -n 3 /trial/apt.log)"
fi
is_running $SENSE && failed "a first installation starts nothing" || ok "a first installation starts nothing"
said=$(systemd-analyze verify $SENSE $PUBLISH edged.target 2>&1 | grep edged)
[ -z "$said" ] && ok "systemd-analyze verify is silent" || failed "systemd-analyze verify: $said"
for unit in $SENSE $PUBLISH; do
    level=$(systemd-analyze security --no-pager --threshold=15 $unit | tail -n 1) && ok "$level" || failed "$level"
done

# --- configure and start
cat >/etc/edged/edged.toml <<'TOML'
[device]
id = "till"
[[cameras]]
id = "door"
source = "/trial/sample.mp4"
loop = true
[visits]
same_person_s = 0.0
[windows]
length_s = 5
[privacy]
k = 2
[broker]
status_interval_s = 5.0
TOML
systemctl start edged.target
until_holds 60 "sense is ready" is_running $SENSE
until_holds 60 "publish is ready" is_running $PUBLISH
until_holds 90 "windows reach the broker" has_windows 2
until_holds 30 "sense tells systemd how it goes" grep -q 'camera door is live' <(show $SENSE StatusText)
fact "sense says: $(show $SENSE StatusText); publish says: $(show $PUBLISH StatusText)"
pid=$(show $SENSE MainPID)
[ "$(tail -n +3 "/proc/$pid/net/dev" | cut -d: -f1 | tr -d ' ')" = lo ] && ok "sense has no network but an empty loopback" ||
    failed "sense has a network"
grep -q '^NoNewPrivs:.1' "/proc/$pid/status" && grep -q '^Seccomp:.2' "/proc/$pid/status" && ok "sense is sealed by seccomp"
# 1 byte: then not even a program that dumps are piped to gets one (core(5)).
[ "$(awk '/Max core file size/ { print $5 }' "/proc/$pid/limits")" -le 1 ] && ok "no core dumps" || failed "core dumps"
journalctl -b -q -o json -u $SENSE | grep -q '"PRIORITY":"6"' && ok "the journal knows the levels" ||
    failed "the journal doesn't know the levels"
journalctl -b -q -o cat -u $SENSE EDGED_EVENT=CAMERA_STATE EDGED_CAMERA=door | grep -q 'is live' &&
    ok "the journal knows events and their fields" || failed "the journal doesn't know events and their fields"

# --- kill
for unit in $SENSE $PUBLISH; do
    pid=$(show $unit MainPID)
    kill -9 "$pid"
    until_holds 40 "$unit comes back after SIGKILL" is_another $unit "$pid"
done
until_holds 90 "windows reach the broker again" has_windows 1

# --- hang
for unit in $SENSE $PUBLISH; do
    pid=$(show $unit MainPID)
    kill -STOP "$pid"
    until_holds 70 "$unit comes back after it was halted" is_another $unit "$pid"
    journal_has $unit 'Watchdog timeout' && ok "the journal tells of the watchdog" || failed "no word of the watchdog"
done
stuck() { # UNIT COMMAND TARGET STAGE
    mkdir -p "/run/systemd/system/$1.d"
    printf '[Service]\nWorkingDirectory=/trial\nExecStart=\nExecStart=/opt/edged/bin/python /trial/stuck.py %s %s %s\n' \
        "$3" "$2" "--config /etc/edged/edged.toml" >"/run/systemd/system/$1.d/stuck.conf"
    systemctl daemon-reload
    systemctl restart "$1"
    until_holds 90 "$1 names its stuck stage" journal_has "$1" "the stage '$4' has made no progress for 20 s"
    until_holds 30 "and ends with 71" journal_has "$1" "status=71"
    rm "/run/systemd/system/$1.d/stuck.conf"
    systemctl daemon-reload
    systemctl restart "$1"
    until_holds 60 "$1 is well again" is_running "$1"
}
stuck $SENSE sense edged.service.eyes:Eyes.look look
stuck $PUBLISH publish edged.publish.drain:Drain.tend 'outbox drain'

# --- out of memory
for unit in $SENSE $PUBLISH; do
    fact "$unit: $(grep VmRSS "/proc/$(show $unit MainPID)/status" | tr -s '\t ' ' ')"
done
if grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
    systemctl set-property --runtime $SENSE MemoryMax=40M
    until_holds 60 "sense is killed when it has too little memory" journal_has $SENSE "oom-kill"
    systemctl set-property --runtime $SENSE MemoryMax=512M
    until_holds 90 "and comes back" is_running $SENSE
    until_holds 90 "windows reach the broker again" has_windows 1
else
    fact "no memory controller here: the OOM killer is not tried"
fi

# --- reload
pid=$(show $SENSE MainPID)
cp /etc/edged/edged.toml /trial/good.toml
sed -i 's/length_s = 5/length_s = 7/' /etc/edged/edged.toml
systemctl reload $SENSE
until_holds 20 "a wrong configuration is refused" journal_has $SENSE "the new configuration is refused, the old one goes on"
sed 's/length_s = 5/length_s = 10/' /trial/good.toml >/etc/edged/edged.toml
systemctl reload $SENSE $PUBLISH
until_holds 20 "a right one is taken up" journal_has $SENSE "going on with the new configuration"
ten_seconds() { windows 1 | grep -q '"duration_s":10.0'; }
until_holds 90 "and its windows come" ten_seconds
[ "$(show $SENSE MainPID)" = "$pid" ] && ok "by the same process" || failed "by another process"

# --- crash upon crash
mkdir -p /run/systemd/system/$SENSE.d
steps=""
[ "$VERSION" -ge 254 ] && steps="RestartSteps=0"
printf '[Service]\nRestartSec=100ms\n%s\n' "$steps" >/run/systemd/system/$SENSE.d/crash.conf
systemctl daemon-reload
before=$(show $SENSE NRestarts)
for _ in $(seq $CRASHES); do
    for _ in $(seq 100); do
        pid=$(show $SENSE MainPID)
        [ "$pid" != 0 ] && break
        sleep 0.1
    done
    kill -9 "$pid"
    while [ "$(show $SENSE MainPID)" = "$pid" ]; do sleep 0.05; done
done
rm /run/systemd/system/$SENSE.d/crash.conf
systemctl daemon-reload
until_holds 120 "after $CRASHES crashes in a row sense is started again" is_running $SENSE
fact "$(($(show $SENSE NRestarts) - before)) restarts were counted"
if [ "$VERSION" -ge 254 ]; then
    fact "delay before the next restart: $(show $SENSE RestartUSecNext)"
fi
systemctl restart $SENSE

# --- upgrade
retained() { timeout $((60 * SLOW)) mosquitto_sub -t 'edged/+/+/window' -C 1 | sed 's/.*"epoch":"\([^"]*\)".*"sequence":\([0-9]*\).*/\1 \2/'; }
until_holds 60 "windows before the upgrade" has_windows 1
before=$(retained)
cp /etc/edged/edged.toml /trial/mine.toml
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends /trial/edged-2.deb >/trial/apt.log ||
    failed "upgrade: $(tail -n 3 /trial/apt.log)"
cmp -s /etc/edged/edged.toml /trial/mine.toml && ok "an upgrade keeps the configuration" || failed "configuration changed"
until_holds 60 "sense runs after the upgrade" is_running $SENSE
until_holds 60 "publish runs after the upgrade" is_running $PUBLISH
after=$(retained)
[ "${before% *}" = "${after% *}" ] && [ "${after#* }" -gt "${before#* }" ] && ok "the sequence goes on: $before, $after" ||
    failed "the sequence: $before, $after"

# --- remove
journalctl -b -q -o cat -p crit..err -u $SENSE -u $PUBLISH | sort | uniq -c | sort -rn | head -n 12
apt-get purge -q -y edged >/trial/apt.log || failed "purge: $(tail -n 3 /trial/apt.log)"
left=$(ls -d /opt/edged /etc/edged /var/lib/edged /usr/lib/systemd/system/edged* 2>/dev/null)
[ -z "$left" ] && ! getent passwd edged >/dev/null && ! is_running $SENSE && ok "a purge ends and takes everything" ||
    failed "left after a purge: $left"
echo "TRIAL end"
