#!/bin/bash
# Prolog of slurmd: writes down which job has which GPU, for the GPU agent and for dcgm-exporter, and
# for the agent whose the job is. slurm.conf: Prolog=/etc/slurm/prolog.d/* (beside what is there).
# Does nothing for jobs without GPUs, and never fails a job: a failing prolog drains the node.
set -u
jobs="${APPORTION_SLURM_JOBS:-/run/apportion/slurm-jobs}"
[ -n "${SLURM_JOB_GPUS:-}" ] || { mkdir -p "$jobs"; exit 0; }
(
  umask 022
  mkdir -p "$jobs"
  exec 9>"$jobs/.lock"
  flock 9
  printf 'account=%s\nuser=%s\npartition=%s\n' \
    "${SLURM_JOB_ACCOUNT:-}" "${SLURM_JOB_USER:-}" "${SLURM_JOB_PARTITION:-}" >"$jobs/.job"
  mv "$jobs/.job" "$jobs/job-$SLURM_JOB_ID"
  for gpu in ${SLURM_JOB_GPUS//,/ }; do
    { grep -vxF "$SLURM_JOB_ID" "$jobs/$gpu" 2>/dev/null; echo "$SLURM_JOB_ID"; } >"$jobs/.gpu"
    mv "$jobs/.gpu" "$jobs/$gpu"
  done
) || logger -t apportion "job $SLURM_JOB_ID: its GPUs could not be written to $jobs"
exit 0
