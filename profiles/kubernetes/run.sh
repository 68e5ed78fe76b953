#!/bin/sh
# `run.sh SCRIPT`: run it in a container, and hand SIGTERM on to all that it starts; a cluster sends it to the container's
# first process alone, which is this one.
setsid sh -c 'trap : TERM; . "$1"' sh "$1" & # the script's shell outlives it: what ends here is killed in there
group=$!
trap 'kill -TERM "-$group"' TERM
wait "$group"
status=$?
while kill -0 "$group" 2>/dev/null; do # SIGTERM came, and what runs is keeping its state
	wait "$group"
	status=$?
done
exit "$status"
