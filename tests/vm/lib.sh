# Sourced by the scenarios, inside the virtual machine.
results=/dev/ttyS1
mkdir -p /results
chmod 1777 /results
cgroups=/sys/fs/cgroup
demo=/vm/demo

say() {
	echo "$*" >$results
	echo "$*"
}

# expect NAME COMMAND...: one result
expect() {
	local name=$1
	shift
	if "$@"; then
		say "ok - vm: $scenario: $name"
	else
		say "not ok - vm: $scenario: $name"
		say "# $*"
	fi
}

same() {
	[ "$1" = "$2" ] && return
	say "# '$1' is not '$2'"
	return 1
}

# delegate GROUP UID: what systemd does for a unit with Delegate=yes
delegate() {
	mkdir -p "$1"
	chown "$2:$2" "$1" "$1/cgroup.procs" "$1/cgroup.subtree_control" "$1/cgroup.threads"
}

# What systemd makes of a machine: a group of a service, and the chain of user@1000.service, whose
# top belongs to the user, like two scopes in it.
service=$cgroups/system.slice/test.service
user=$cgroups/user.slice/user-1000.slice
manager=$user/user@1000.service
mount_unified() {
	mount -t cgroup2 cgroup2 $cgroups
	mkdir -p $service $user/session-1.scope
	for g in $cgroups $cgroups/system.slice $cgroups/user.slice $user; do
		echo '+cpu +memory +pids' >$g/cgroup.subtree_control
	done
	delegate $manager 1000
	echo '+cpu +memory +pids' >$manager/cgroup.subtree_control
	delegate $manager/run-1.scope 1000
	delegate $manager/run-2.scope 1001
}

# within GROUP USER COMMAND...: run a command in a group, as a user
within() {
	local group=$1 user=$2 uid
	shift 2
	(
		echo 0 >"$group/cgroup.procs" || exit 125
		case $user in
		root) exec "$@" ;;
		alice) uid=1000 ;;
		bob) uid=1001 ;;
		esac
		export HOME=/home/$user
		cd "$HOME" || exit 125
		exec /bin/setpriv --reuid $uid --regid $uid --clear-groups "$@"
	)
}

# suite PREFIX COMMAND...: pass on the results of the sandbox's own suite
suite() {
	local prefix=$1 start
	shift
	start=$(cut -d. -f1 /proc/uptime)
	"$@" >/results/suite 2>&1
	cat /results/suite
	sed -n -e "s/^\(ok\|not ok\) [0-9]* /\1 - vm: $scenario: $prefix: /p" -e '/^# /p' \
		/results/suite >$results
	grep -q '^[0-9]* passed' /results/suite || say "not ok - vm: $scenario: $prefix: ends"
	say "# $prefix took $(($(cut -d. -f1 /proc/uptime) - start)) s"
}

# gate NAME PRODUCT STATUS MEMORY COMMAND...: check a demo product; the exit status and what
# memory-held says have to be these
gate() {
	local name=$1 product=$2 status=$3 memory=$4 got=0 verdict
	shift 4
	mkdir -p /results/$name
	chmod 777 /results/$name
	"$@" /vm/assay check --product $demo/$product/marketplace.json --color never \
		--report text=/results/$name/text --report json=/results/$name/json --progress always \
		$demo/$product.oci || got=$?
	if [ "$got" -ne "$status" ]; then
		say "# exit status $got, expected $status"
		sed 's/^/# /' /results/$name/text >$results
	fi
	expect "$name: exit status $status" [ "$got" -eq "$status" ]
	verdict=$(sed -n '/"id": "memory-held"/,/"verdict"/s/.*"verdict": "\(.*\)".*/\1/p' \
		/results/$name/json)
	expect "$name: memory-held is $memory" same "$verdict" "$memory"
}

# holds NAME TEXT: the report says so
holds() {
	expect "$1: says '$2'" grep -qF "$2" /results/$1/json
}

# left: groups of ours that are still there
left() {
	find $cgroups -name 'assay*' -type d
}

nothing_left() {
	expect "$1: no control group is left" same "$(left)" ""
}

# field FILE TEXT: what the kernel has in a file of the only group of an instance
field() {
	local group
	group=$(find $cgroups -path '*/assay-*' -type d -not -name assay-leaf -not -name assay-probe-\*)
	expect "the kernel has $1 $2" same "$(cat "$group/$1")" "$2"
}

# wait_for COMMAND...: up to a minute
wait_for() {
	local tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || return 1
		usleep 100000
	done
}

# instances: how many groups of instances there are
instances() {
	find $cgroups -name 'assay-*' -type d -not -name assay-leaf -not -name assay-probe-\* | wc -l
}
instances_are() {
	[ "$(instances)" -eq "$1" ]
}

# serve NAME COMMAND...: the good product in the background, through assay run; its assay's id in
# the file /results/NAME.pid
serve() {
	local name=$1
	shift
	"$@" sh -c "echo \$\$ >/results/$name.pid; exec /vm/assay run --memory 64 \
		--env BASE_URL=http://clinic.test/fhir $demo/good.oci" >/results/$name.log 2>&1 &
}
