#!/usr/bin/env bash
# What the action runs: archviz check with annotations beside the lines, then, when asked for, once
# more as SARIF. Takes ARCHVIZ_SOURCE, ARCHVIZ_OPTIONS, ARCHVIZ_SARIF and ARCHVIZ_PYTHON; leaves
# with the exit code of archviz, and writes it to the step's outputs.
set -uo pipefail

python=${ARCHVIZ_PYTHON:-python3}
[ -n "${ARCHVIZ_SOURCE:-}" ] || { echo "::error title=archviz::no source is given"; exit 2; }
read -r -a sources <<<"$ARCHVIZ_SOURCE"
options=()
if [ -n "${ARCHVIZ_OPTIONS:-}" ]; then
    # Quotes in the options are read as a shell reads them, without expanding anything.
    while IFS= read -r -d '' option; do options+=("$option"); done < <(
        printf '%s' "$ARCHVIZ_OPTIONS" | xargs printf '%s\0'
    )
fi

"$python" -m archviz check "${sources[@]}" ${options[@]+"${options[@]}"} --format github
code=$?
if [ -n "${ARCHVIZ_SARIF:-}" ]; then
    "$python" -m archviz check "${sources[@]}" ${options[@]+"${options[@]}"} --format sarif \
        2>/dev/null >"$ARCHVIZ_SARIF"
fi
if [ -n "${GITHUB_OUTPUT:-}" ]; then echo "code=$code" >>"$GITHUB_OUTPUT"; fi
exit "$code"
