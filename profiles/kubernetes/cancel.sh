#!/bin/sh
# `cancel.sh JOB...`: their pods get SIGTERM, so that runs keep their states, and a job is there until its pod is gone.
# Snakemake waits two seconds for this, and a cluster may take longer.
setsid kubectl delete --ignore-not-found --wait=false --cascade=foreground "$@" &
