#!/bin/sh
# Run the project on a GPU by one command: its tests, its speed, and CIFAR-100 from images to tables.
#
#     benchmarks/gpu.sh WORK OUT all --data train.zip test.zip [--seconds N] [--device cpu --small]
#
# WORK has stores, checkpoints and compiled code; OUT gets small files. Instead of `all`, one piece: tests, speed or
# cifar100. Each ends after PIECE_SECONDS (570). A second call of speed measures what is missing, and one of cifar100
# resumes. Needs Python 3.11 or newer with torch, torchvision, pandas, scikit-learn, safetensors, pydantic, PyYAML,
# ruamel.yaml, filelock, click, tqdm, tabulate and pytest; neither Snakemake nor DVC. With
# TWINS_GPU_STAND_IN=cpu the tests run on a CPU.
set -eu
cd "$(dirname "$0")/.."
work=$1 out=$2 piece=$3
shift 3
python=${PYTHON:-python3}
limit="timeout ${PIECE_SECONDS:-570}"
mkdir -p "$work" "$out"
export PYTHONUNBUFFERED=1 TORCHINDUCTOR_CACHE_DIR="$work/compiled"

tests() {
    $limit "$python" -m pytest tests/gpu -p no:cacheprovider --durations=5 -rs >"$out/tests.txt" 2>&1 || failed=1
    cat "$out/tests.txt"
}

failed=0
case $piece in
tests) tests ;;
speed | cifar100) $limit "$python" -m benchmarks.gpu "$piece" --work "$work" --out "$out" "$@" ;;
all)
    tests
    for piece in speed cifar100; do
        $limit "$python" -m benchmarks.gpu "$piece" --work "$work" --out "$out" "$@"
    done
    ;;
*)
    echo "piece = $piece: expected tests, speed, cifar100 or all" >&2
    exit 2
    ;;
esac
exit "$failed"
