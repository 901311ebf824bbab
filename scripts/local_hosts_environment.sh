#!/bin/sh
# llama-cpp-python, ONNX Runtime GenAI and MLX-LM in an environment of their own, and our tests against them.
#
#   scripts/local_hosts_environment.sh [FOLDER]      (default: build/local-hosts; about 2 GB, ten minutes)
#
# Everything runs on a processor alone, MLX too. llama.cpp is compiled here, which needs a C++ compiler and cmake.
set -eu

ROOT=$(cd "$(dirname "$0")/.." && pwd)
FOLDER=${1:-$ROOT/build/local-hosts}
PYTHON=${PYTHON:-python3}

if [ ! -e "$FOLDER/installed" ]; then
    "$PYTHON" -m venv "$FOLDER"
    PIP="$FOLDER/bin/python -m pip --quiet --disable-pip-version-check"
    $PIP install --constraint "$ROOT/constraints.txt" --editable "$ROOT" \
        torch transformers onnxruntime-genai==0.18.0 onnxruntime onnx onnx_ir onnxscript 'mlx[cpu]' mlx-lm==0.32.2 gguf \
        pytest hypothesis jsonschema
    CMAKE_ARGS="-DGGML_NATIVE=ON -DLLAMA_CURL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF \
-DLLAMA_BUILD_TOOLS=OFF -DLLAVA_BUILD=OFF" $PIP install llama-cpp-python==0.3.36
    touch "$FOLDER/installed"
fi

cd "$ROOT"
exec "$FOLDER/bin/python" -m pytest -q -p no:cacheprovider tests/integrations/test_llama_cpp.py \
    tests/integrations/test_onnx_genai.py tests/integrations/test_mlx.py tests/integrations/test_host_examples.py
