#!/bin/sh
# `cancel.sh JOB...`: their pods get SIGTERM, so that runs keep their states.
exec kubectl delete --ignore-not-found --wait=false "$@"
