#!/usr/bin/env bash
# A real Slurm on this machine's loopback (slurmctld, slurmd, munged; Debian's slurm-wlm and munge),
# set up in a temporary folder, used, and taken down again: Table 1 as Slurm jobs, compared with
# --jobs 2 and with a LocalCluster; then Ctrl-C, cancelled jobs and a queue that does not exist. As
# root, for munged and slurmd want it.
#
#   tests/cluster/slurm.sh [PYTHON [--full] [--seeds 1]]
#
# --full: Table 1 at the paper's size (some hours on 2 cores; with --seeds 1 a fifth of that); else on
# the small simulation.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${1:-.venv/bin/python}
shift || true
python=$(readlink -f "$(dirname "$python")")/$(basename "$python")
for program in slurmctld slurmd munged sbatch scancel; do
    command -v "$program" >/dev/null || { echo "$program is missing: apt install slurm-wlm munge"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "run it as root: slurmd and munged want it"; exit 77; }

here=$(mktemp -d /tmp/xbench-slurm.XXXXXX)
mkdir -p "$here"/{state,spool,munge,logs}
chmod 700 "$here/munge"
# munged wants every folder above its socket to be root's own, or sticky.
chmod 755 "$here"
host=$(hostname -s)
cpus=$(nproc)
memory=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024 - 500))

cat > "$here/slurm.conf" <<CONF
ClusterName=xbench
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=16817
SlurmdPort=16818
AuthType=auth/munge
AuthInfo=socket=$here/munge/socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$here/state
SlurmdSpoolDir=$here/spool
SlurmctldPidFile=$here/slurmctld.pid
SlurmdPidFile=$here/slurmd.pid
SlurmctldLogFile=$here/slurmctld.log
SlurmdLogFile=$here/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmctldTimeout=30
SlurmdTimeout=60
MinJobAge=10
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cpus RealMemory=$memory State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=YES
CONF
export SLURM_CONF="$here/slurm.conf"

munged_id='' slurmctld_id='' slurmd_id=''
down() {
    status=$?
    scancel --partition test 2>/dev/null || true
    for one in $slurmd_id $slurmctld_id $munged_id; do kill "$one" 2>/dev/null || true; done
    wait 2>/dev/null || true
    if [ "$status" = 0 ]; then rm -rf "$here"; else echo "logs are kept in $here"; fi
    exit "$status"
}
trap down EXIT

dd if=/dev/urandom of="$here/munge/key" bs=1024 count=1 status=none
chmod 400 "$here/munge/key"
munged --foreground --key-file="$here/munge/key" --socket="$here/munge/socket" \
    --pid-file="$here/munge/pid" --log-file="$here/munge/log" --seed-file="$here/munge/seed" \
    --num-threads=1 --force >"$here/munge/out" 2>&1 &
munged_id=$!
for _ in $(seq 100); do [ -S "$here/munge/socket" ] && break; sleep 0.1; done
slurmctld -D -c >"$here/slurmctld.out" 2>&1 &
slurmctld_id=$!
slurmd -D -N "$host" >"$here/slurmd.out" 2>&1 &
slurmd_id=$!
for _ in $(seq 300); do sinfo -h -o %T 2>/dev/null | grep -q idle && break; sleep 0.2; done
sinfo
sinfo -h -o %T | grep -q idle || { tail -20 "$here"/*.log "$here"/*.out; exit 1; }

cat > "$here/lab.yml" <<YML
# What a lab keeps: where its jobs go, and what they have.
kind: slurm
queue: test
cores: 1
memory: 3GB
walltime: "04:00:00"
jobs: $cpus
interface: lo
python: $python
environment:
  - export OMP_NUM_THREADS=1
  - export XBENCH_CACHE=$here/cache-of-workers
folder: $here/spool
logs: $here/logs
retries: 3
YML
echo; cat "$here/lab.yml"; echo
export XBENCH_CACHE=${XBENCH_CACHE:-$here/cache}
echo "\$ xbench cluster check --cluster lab.yml --dataset simulated-multiome-small"
"$python" -m xbench cluster check --cluster "$here/lab.yml" --dataset simulated-multiome-small
"$python" tests/cluster/table1_everywhere.py --slurm "$here/lab.yml" "$@"
"$python" tests/cluster/slurm_disturbed.py "$here/lab.yml"
echo "jobs left in the queue: $(squeue -h | wc -l)"
[ "$(squeue -h -t pending,running | wc -l)" = 0 ]
