#!/usr/bin/env bash
# The two MPIs that `npm run test:mpi` starts programs with, from Debian, as root; does nothing where they are.
set -euo pipefail

missing=0
for command in mpirun.openmpi mpirun.mpich; do
  command -v "$command" > /dev/null || missing=1
done
if [ "$missing" = 0 ]; then exit 0; fi
export DEBIAN_FRONTEND=noninteractive
timeout 120 apt-get update -qq
timeout 300 apt-get install -y -qq --no-install-recommends openmpi-bin mpich
