#!/bin/sh
# A cluster of one machine for the tests: `slurm.sh start FOLDER`, `slurm.sh stop FOLDER`. Slurm's own programs with a
# configuration, a key, sockets and a state in FOLDER, as root, without systemd, cgroups and accounting. The two cards
# are no cards: Slurm hands them out as it hands out real ones, by CUDA_VISIBLE_DEVICES. SLURM_CONF=FOLDER/slurm.conf has
# Slurm's commands find the cluster; FOLDER/bin before PATH has an srun that needs no such variable, as the executor's
# jobs take away all of SLURM_*.
set -eu

what=${1:?start or stop}
folder=${2:?a folder}

install_slurm() {
	command -v slurmctld >/dev/null && command -v munged >/dev/null && return
	[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 3
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends slurm-wlm munge
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])'
}

start() {
	install_slurm >"$folder.install.log" 2>&1 || {
		echo "slurm-wlm and munge are not here and cannot be installed" >&2
		exit 3
	}
	mkdir -p "$folder/bin" "$folder/state" "$folder/spool"
	cd "$folder"
	folder=$PWD
	chmod 755 .
	host=$(hostname -s)
	ln -s /dev/null card0
	ln -s /dev/zero card1
	dd if=/dev/urandom of=key bs=128 count=1 2>/dev/null
	chmod 400 key
	munged --force --key-file="$folder/key" --socket="$folder/munge" --pid-file="$folder/munged.pid" \
		--log-file="$folder/munged.log" --seed-file="$folder/munged.seed"
	cat >gres.conf <<-END
		Name=gpu File=$folder/card[0-1]
	END
	cat >slurm.conf <<-END
		ClusterName=tests
		SlurmctldHost=$host
		SlurmUser=root
		SlurmctldPort=$(free_port)
		SlurmdPort=$(free_port)
		AuthType=auth/munge
		AuthInfo=socket=$folder/munge
		CredType=cred/munge
		StateSaveLocation=$folder/state
		SlurmdSpoolDir=$folder/spool
		SlurmctldPidFile=$folder/slurmctld.pid
		SlurmdPidFile=$folder/slurmd.pid
		SlurmctldLogFile=$folder/slurmctld.log
		SlurmdLogFile=$folder/slurmd.log
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core_Memory
		SchedulerParameters=batch_sched_delay=0,sched_interval=1
		AccountingStorageType=accounting_storage/none
		JobAcctGatherType=jobacct_gather/none
		MpiDefault=none
		ReturnToService=2
		KillWait=30
		OverTimeLimit=0
		MinJobAge=300
		GresTypes=gpu
		NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo) Gres=gpu:2
		PartitionName=tests Nodes=$host Default=YES MaxTime=INFINITE State=UP
	END
	printf '#!/bin/sh\nSLURM_CONF="%s" exec "%s" "$@"\n' "$folder/slurm.conf" "$(command -v srun)" >bin/srun
	chmod +x bin/srun
	export SLURM_CONF="$folder/slurm.conf"
	slurmctld
	slurmd
	tries=60
	until [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || {
			tail -n 20 slurmctld.log slurmd.log >&2
			stop
			exit 1
		}
		sleep 0.5
	done
}

stop() {
	for name in slurmd slurmctld munged; do
		[ -f "$folder/$name.pid" ] && kill "$(cat "$folder/$name.pid")" || true
	done
}

case $what in
start | stop) "$what" ;;
*)
	echo "$what: allowed is start or stop" >&2
	exit 2
	;;
esac
