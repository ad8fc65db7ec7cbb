#!/bin/bash
# Epilog of slurmd: takes away what slurm-prolog.sh wrote of a job. slurm.conf: Epilog=/etc/slurm/epilog.d/*
# Looks at every device, not at SLURM_JOB_GPUS alone, so that a job leaves nothing behind.
set -u
jobs="${APPORTION_SLURM_JOBS:-/run/apportion/slurm-jobs}"
[ -d "$jobs" ] || exit 0
(
  umask 022
  exec 9>"$jobs/.lock"
  flock 9
  for file in $(cd "$jobs" && grep -lxF -e "$SLURM_JOB_ID" -- * 2>/dev/null); do
    grep -vxF "$SLURM_JOB_ID" "$jobs/$file" >"$jobs/.gpu"
    mv "$jobs/.gpu" "$jobs/$file"
  done
  rm -f "$jobs/job-$SLURM_JOB_ID"
) || logger -t apportion "job $SLURM_JOB_ID could not be taken out of $jobs"
exit 0
