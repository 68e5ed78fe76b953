#!/bin/sh
# `status.sh JOB`: prints running, success or failed. A job that is gone has failed; of one that cannot be asked about, as
# when the cluster does not answer, nothing is known yet.
said=$(kubectl get "$1" --ignore-not-found \
	--output 'jsonpath=there {.status.conditions[?(@.status=="True")].type}') || said="there unknown"
case " $said " in
*" Complete "*) echo success ;;
*" Failed "* | "  ") echo failed ;;
*) echo running ;;
esac
