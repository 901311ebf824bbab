#!/bin/sh
# SGLang's grammar layer without its kernels, and our tests against it.
#
#   scripts/sglang_environment.sh [FOLDER]      (default: build/sglang; about 3 GB, some minutes)
#
# SGLang's wheel requires CUDA builds, so it is unpacked and put on the path instead of installed; of its requirements
# only those are installed that the grammar layer imports. No server can be started there.
set -eu

VERSION=0.5.23
ROOT=$(cd "$(dirname "$0")/.." && pwd)
FOLDER=${1:-$ROOT/build/sglang}
PYTHON=${PYTHON:-python3}

if [ ! -e "$FOLDER/installed-$VERSION" ]; then
    mkdir -p "$FOLDER"
    "$PYTHON" -m venv "$FOLDER/venv"
    PIP="$FOLDER/venv/bin/python -m pip --quiet --disable-pip-version-check"
    $PIP install --constraint "$ROOT/constraints.txt" \
        torch transformers orjson dill IPython traitlets pybase64 requests triton pillow starlette msgspec pyzmq aiohttp \
        openai partial_json_parser pytest hypothesis jsonschema
    $PIP install --constraint "$ROOT/constraints.txt" --editable "$ROOT"
    $PIP download "sglang==$VERSION" --no-deps --dest "$FOLDER/wheel"
    "$FOLDER/venv/bin/python" -m zipfile -e "$FOLDER"/wheel/sglang-"$VERSION"-*.whl "$FOLDER/sglang"
    touch "$FOLDER/installed-$VERSION"
fi

cd "$ROOT"
PYTHONPATH="$FOLDER/sglang" exec "$FOLDER/venv/bin/python" -m pytest -q -p no:cacheprovider tests/integrations/sglang
