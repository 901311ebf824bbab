#!/bin/sh
# Ray in an environment of its own, and our tests of runs on it, on a local cluster of two workers.
#
#   scripts/ray_environment.sh [FOLDER]      (default: build/ray; about 2 GB, some minutes)
#
# Other arguments than a folder come from ARGS, for pytest.
set -eu

VERSION=2.60.0
ROOT=$(cd "$(dirname "$0")/.." && pwd)
FOLDER=${1:-$ROOT/build/ray}
PYTHON=${PYTHON:-python3}

if [ ! -e "$FOLDER/installed-$VERSION" ]; then
    "$PYTHON" -m venv "$FOLDER"
    "$FOLDER/bin/python" -m pip --quiet --disable-pip-version-check install --constraint "$ROOT/constraints.txt" \
        --editable "$ROOT" "ray==$VERSION" torch transformers safetensors tokenizers pytest hypothesis jsonschema
    touch "$FOLDER/installed-$VERSION"
fi

cd "$ROOT"
# shellcheck disable=SC2086  # several words
exec "$FOLDER/bin/python" -m pytest -q -p no:cacheprovider tests/integrations/batch ${ARGS:-}
