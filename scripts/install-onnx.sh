#!/usr/bin/env bash
# Python's onnx, whose checker `npm run check:onnx` runs, from Debian, as root; does nothing where it is.
set -euo pipefail

for python in python3 /usr/bin/python3; do
  if "$python" -c "import onnx" 2> /dev/null; then exit 0; fi
done
export DEBIAN_FRONTEND=noninteractive
timeout 120 apt-get update -qq
timeout 300 apt-get install -y -qq --no-install-recommends python3-onnx
