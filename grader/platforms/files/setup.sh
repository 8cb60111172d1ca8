#!/usr/bin/env bash
# Gradescope runs this once, as root and with a network, when it builds the autograder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${GRADER_ENVIRONMENT:-/opt/grader}

# bubblewrap confines notebooks best; without it grader uses what else the machine has, see the log of `doctor` below.
if command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update && apt-get install -y --no-install-recommends python3 python3-venv bubblewrap libseccomp2; } ||
    echo "setup: the system's packages could not be installed; going on without them"
fi

python=
for name in python3.13 python3.12 python3.11 python3.10 python3.14 python3; do
  if command -v "$name" >/dev/null && "$name" -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    python=$name
    break
  fi
done
if [ -z "$python" ]; then
  echo "setup: grader needs Python 3.10 or newer with venv: choose a newer base image (Ubuntu 22.04 or later)" >&2
  exit 1
fi

[ -x "$target/bin/python" ] || "$python" -m venv "$target"
pip() { "$target/bin/python" -m pip install --disable-pip-version-check "$@"; }
torch_index=@TORCH_INDEX@
if [ -n "$torch_index" ]; then
  pip -c "$here/constraints.txt" --index-url "$torch_index" torch torchvision || pip --index-url "$torch_index" torch torchvision
fi
# The versions that the package was made with; other ones if this Python cannot have them.
pip -c "$here/constraints.txt" "$here/@WHEEL@[colab]" || pip "$here/@WHEEL@[colab]"
"$target/bin/grader" doctor || true
